#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots build/vos.iso with this terminal as the machine's serial line.  run.sh bios|uefi|intel|gdb
# CPUS, MEM (MiB) and QEMU come from the environment.  A reset inside the machine really restarts it.
set -eu

kind=$1
dir=build
cpus=${CPUS:-4}
qemu=${QEMU:-qemu-system-x86_64}

start_qemu()
{
    exec "$qemu" -accel tcg -machine q35 -cpu max -m "${MEM:-2048}" -smp "$cpus" -nic none \
        -display none -serial mon:stdio -cdrom "$dir/vos.iso" "$@"
}

echo 'To leave: Ctrl-A X.  Or type shutdown at the prompt.'
case $kind in
    bios)
        start_qemu
        ;;
    uefi)
        cp -f /usr/share/OVMF/OVMF_VARS_4M.fd "$dir/ovmf-vars.fd"
        start_qemu -drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
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
        exec /usr/bin/python3 iso/bochs.py --iso "$dir/vos.iso" --mem "${MEM:-1024}" --cpus "${CPUS:-1}" \
            --sync slowdown
        ;;
esac
