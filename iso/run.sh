#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots build/vos.iso with this terminal as the machine's serial line.  run.sh bios|uefi|intel|gdb
# run.sh bg boots it in the background, with its serial line and a virtio port on unix sockets; run.sh stop-bg ends
# that.  BG (build/vos unless told otherwise) is what their names begin with.
# CPUS, MEM (MiB) and QEMU come from the environment.  A reset inside the machine really restarts it.
# Disks: DISK (virtio; in Bochs ATA; default build/disk.img, made at the first run, sparse, kept; "none" for none), NVME
# and AHCI (none by default) are paths of images, raw or *.qcow2.  IOMMU=vtd or amd.
# A network card with the emulator's own network behind it, NIC=none for none; FORWARD=PORT: what comes to that port of
# this machine's loopback goes to the same port of VOS' address there.
set -eu

kind=$1
dir=build
cpus=${CPUS:-4}
qemu=${QEMU:-qemu-system-x86_64}
disk_size=128G

# The run's own disk.  What a person names must be there.
find_disk()
{
    disk=${DISK:-}
    [ "$disk" != none ] || disk=
    if [ -z "${DISK:-}" ]; then
        disk=$dir/$1
        [ -e "$disk" ] || truncate -s "$2" "$disk"
    fi
    for path in "$disk" "${NVME:-}" "${AHCI:-}"; do
        [ -z "$path" ] || [ -e "$path" ] || { echo "$path: no such image" >&2; exit 1; }
    done
}

# drive ID PATH: a drive for a -device; discarded blocks leave holes in the file.
drive()
{
    format=raw
    case $2 in *.qcow2) format=qcow2 ;; esac
    printf 'if=none,id=%s,file=%s,format=%s,discard=unmap' "$1" "$(printf %s "$2" | sed 's/,/,,/g')" "$format"
}

# Is it the machine that was started with these sockets?
bg_pid()
{
    written=$(cat "$bg.pid" 2>/dev/null) || return 1
    tr '\0' '\n' 2>/dev/null < "/proc/$written/cmdline" | grep -Fq "path=$bg.sock," && echo "$written"
}

# A process that has ended but that nobody waited for holds no files any more, nor does one that is gone.
has_files()
{
    grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null
}

start_bg()
{
    if pid=$(bg_pid); then
        echo "VOS runs in the background already (pid $pid); make stop-bg ends it" >&2
        exit 1
    fi
    behind=${IOMMU:+,iommu_platform=on,disable-legacy=on}
    leave=
    start_qemu -daemonize -pidfile "$bg.pid" -monitor none \
        -chardev "socket,id=serial,path=$bg.sock,server=on,wait=off" -serial chardev:serial \
        -chardev "socket,id=port,path=$bg-port.sock,server=on,wait=off" \
        -device "virtio-serial-pci$behind" -device virtserialport,chardev=port,name=vos
    echo "VOS runs in the background (pid $(cat "$bg.pid"))."
    echo "  serial line   $bg.sock        a person and programs; one connection at a time"
    echo "  virtio port   $bg-port.sock   programs, in plain frames (docs/PROTOCOL.md)"
    echo "shutdown at the prompt ends it in order, make stop-bg like a power cut."
}

stop_bg()
{
    if pid=$(bg_pid); then
        kill "$pid"
        while has_files "$pid"; do sleep 0.2; done
        echo "VOS in the background (pid $pid) is ended."
    else
        echo 'VOS does not run in the background.'
    fi
    rm -f "$bg.sock" "$bg-port.sock" "$bg.pid"
}

# The network behind the card: QEMU's own.
network()
{
    printf 'user,id=net'
    [ -z "${FORWARD:-}" ] || printf ',hostfwd=tcp:127.0.0.1:%s-:%s' "$FORWARD" "$FORWARD"
}

start_qemu()
{
    machine=q35
    behind=
    find_disk disk.img "$disk_size"
    case ${IOMMU:-} in
        '') ;;
        vtd) machine=q35,kernel-irqchip=split; set -- "$@" -device intel-iommu,intremap=on ;;
        amd) machine=q35,kernel-irqchip=split; set -- "$@" -device amd-iommu,intremap=on,pt=off ;;
        *) echo "IOMMU=$IOMMU: vtd or amd" >&2; exit 1 ;;
    esac
    [ -z "${IOMMU:-}" ] || behind=,iommu_platform=on,disable-legacy=on
    [ "${NIC:-}" = none ] || set -- "$@" -netdev "$(network)" -device "virtio-net-pci,netdev=net$behind"
    [ -z "$disk" ] || set -- "$@" -drive "$(drive disk "$disk")" -device "virtio-blk-pci,drive=disk,serial=disk$behind"
    [ -z "${NVME:-}" ] || set -- "$@" -drive "$(drive nvme "$NVME")" -device nvme,drive=nvme,serial=nvme
    [ -z "${AHCI:-}" ] || set -- "$@" -drive "$(drive ahci "$AHCI")" -device ide-hd,drive=ahci,bus=ide.0
    $leave "$qemu" -accel tcg -machine "$machine" -cpu max -m "${MEM:-2048}" -smp "$cpus" -nic none \
        -display none -drive "if=none,id=cd,media=cdrom,readonly=on,file=$dir/vos.iso" \
        -device ide-cd,drive=cd,bus=ide.2,bootindex=0 "$@"
}

bg=${BG:-$PWD/$dir/vos}
leave='exec'
case $kind in
    bg) start_bg; exit ;;
    stop-bg) stop_bg; exit ;;
esac
echo 'To leave: Ctrl-A X.  Or type shutdown at the prompt.'
case $kind in
    bios)
        start_qemu -serial mon:stdio
        ;;
    uefi)
        cp -f /usr/share/OVMF/OVMF_VARS_4M.fd "$dir/ovmf-vars.fd"
        start_qemu -serial mon:stdio \
            -drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
            -drive if=pflash,format=raw,unit=1,file="$dir/ovmf-vars.fd"
        ;;
    gdb)
        # QEMU's own loader: no GRUB, and gdb waits on a socket in the build folder.
        rm -f "$dir/gdb.sock"
        "$qemu" -accel tcg -machine q35 -cpu max -m "${MEM:-2048}" -smp "$cpus" -nic none -display none \
            -serial file:"$dir/gdb-serial.log" -kernel "$dir/vos-pvh.elf" -initrd "$dir/bundle.cpio" \
            -append "${CMDLINE:-}" -S -chardev socket,path="$dir/gdb.sock",server=on,wait=off,id=gdb -gdb chardev:gdb &
        machine=$!
        trap 'kill "$machine" 2>/dev/null' EXIT
        for _ in 1 2 3 4 5 6 7 8 9 10; do [ -S "$dir/gdb.sock" ] || sleep 0.3; done
        gdb -q "$dir/vos-pvh.elf" -ex "target remote $dir/gdb.sock"
        ;;
    intel)
        echo 'Bochs interprets every instruction: the prompt takes some ten seconds, Linux a minute or two.'
        find_disk disk-intel.img "$disk_size"
        exec /usr/bin/python3 iso/bochs.py --iso "$dir/vos.iso" --mem "${MEM:-1024}" --cpus "${CPUS:-1}" \
            --sync slowdown ${disk:+--disk "$disk"} --nic 52:54:00:12:34:56 ${FORWARD:+--forward "$FORWARD:$FORWARD"}
        ;;
esac
