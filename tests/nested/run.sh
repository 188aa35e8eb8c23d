#!/bin/sh
# SPDX-License-Identifier: MIT
# In the machine below which test-more runs VOS, Linux has booted: VOS as a guest of KVM's, with the first serial line
# as its own and as many pCPUs as there are here, or as vos.pcpus says. Entries of VOS' guests that KVM refuses are told
# on the second line, which is Linux' own: a shell follows there, in which `dump` tells how all pCPUs and interrupt
# controllers are.
tracing=/sys/kernel/tracing
pcpus=$(sed -n 's/.*vos\.pcpus=\([0-9]*\).*/\1/p' /proc/cmdline)

if grep -qw svm /proc/cpuinfo; then
    modprobe kvm-amd nested=1
else
    modprobe kvm-intel nested=1
fi
mount -t tracefs tracefs $tracing
echo 1 > $tracing/events/kvm/kvm_nested_vmenter_failed/enable
cat $tracing/trace_pipe > /dev/ttyS1 &
stty -F /dev/ttyS0 115200 raw -echo
mkfifo /tmp/monitor.in /tmp/monitor.out
cat /tmp/monitor.out > /dev/ttyS1 &
printf '#!/bin/sh\nprintf "info registers -a\\ninfo lapic\\ninfo pic\\n" > /tmp/monitor.in\n' > /bin/dump
chmod 755 /bin/dump
echo "nested: traces $(cat $tracing/events/kvm/kvm_nested_vmenter_failed/enable)"
# QEMU 7.2's SVM lets nobody intercept XSETBV: without XSAVE there is none.
(
    qemu -accel kvm -machine q35 -cpu host,xsave=off -m 512 -smp "${pcpus:-$(nproc)}" -nodefaults -display none \
        -chardev serial,id=line,path=/dev/ttyS0 -serial chardev:line -L /usr/share/seabios -L /usr/share/qemu \
        -chardev pipe,id=monitor,path=/tmp/monitor -mon chardev=monitor \
        -kernel /vos/vos.elf -initrd /vos/test.cpio
    echo "nested: ended, status $?"
    sleep 1
    poweroff -f
) &
