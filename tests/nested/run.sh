#!/bin/sh
# SPDX-License-Identifier: MIT
# In the machine of test-nested, Linux has booted: VOS as a guest of KVM's, with the second serial line as its first.
# Entries of VOS' guests that KVM refuses are told on the first, which is Linux' own.
tracing=/sys/kernel/tracing

if grep -qw svm /proc/cpuinfo; then
    modprobe kvm-amd nested=1
else
    modprobe kvm-intel nested=1
fi
mount -t tracefs tracefs $tracing
echo 1 > $tracing/events/kvm/kvm_nested_vmenter_failed/enable
cat $tracing/trace_pipe > /dev/ttyS0 &
stty -F /dev/ttyS1 raw -echo
echo "nested: traces $(cat $tracing/events/kvm/kvm_nested_vmenter_failed/enable)"
# QEMU 7.2's SVM lets nobody intercept XSETBV: without XSAVE there is none.
qemu -accel kvm -machine q35 -cpu host,xsave=off -m 512 -smp 1 -nodefaults -display none \
    -chardev serial,id=line,path=/dev/ttyS1 -serial chardev:line -L /usr/share/seabios -L /usr/share/qemu \
    -kernel /vos/vos.elf -initrd /vos/test.cpio
echo "nested: ended, status $?"
sleep 1
poweroff -f
