#!/bin/sh
# SPDX-License-Identifier: MIT
# Packs the machine below which test-more runs VOS into the folder given: Debian's kernel with KVM, an initrd with
# Debian's QEMU, as they are installed or unpacked, with run.sh, VOS and the tiny guests, and an ISO of both for Bochs.
#	pack.sh OUT PACKAGE VOS_ELF TEST_CPIO
# PACKAGE is the folder of an unpacked kernel package.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
package=$2
qemu=$(command -v qemu-system-x86_64)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# put FILE...: each at the place that it has here.
put()
{
    for file in "$@"; do
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    done
}

# The first serial line is VOS', the second one Linux'; GRUB is on neither.
make_iso()
{
    tree=$out/iso
    rm -rf "$tree"
    mkdir -p "$tree/boot/grub"
    cp "$out/linux" "$out/initrd" "$tree/"
    printf 'linux (cd)/linux console=ttyS1,115200 mitigations=off vos.test=/bin/nested\ninitrd (cd)/initrd\nboot\n' \
        > "$tree/early.cfg"
    grub-mkimage -O i386-pc-eltorito -p /boot/grub -c "$tree/early.cfg" -o "$tree/boot/grub/bios.img" \
        iso9660 biosdisk linux boot
    xorriso -as mkisofs -quiet -r -b boot/grub/bios.img -no-emul-boot -boot-load-size 4 -boot-info-table \
        -o "$out/linux.iso" "$tree" 2>"$out/xorriso.log" || { cat "$out/xorriso.log" >&2; exit 1; }
    rm -rf "$tree"
}

mkdir -p "$root/bin" "$root/vos"
# shellcheck disable=SC2046
put $(ldd "$qemu" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[ \t]*\(\/[^ ]*\) (.*/\1/p')
put /usr/share/seabios/bios-256k.bin /usr/share/qemu/pvh.bin /usr/share/qemu/kvmvapic.bin
cp "$qemu" "$root/bin/qemu"
cp "$here/run.sh" "$root/bin/nested"
cp "$3" "$root/vos/vos.elf"
cp "$4" "$root/vos/test.cpio"
chmod 755 "$root/bin/nested"
"$here/../../iso/initrd.sh" "$out/base" /bin/busybox "$package" kvm kvm-amd kvm-intel irqbypass
cp "$package"/boot/vmlinuz-* "$out/linux"
# Linux wants an archive that is not compressed where a multiple of four begins: in front.
(cd "$root" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) > "$out/initrd.new"
cat "$out/base" >> "$out/initrd.new"
rm "$out/base"
mv "$out/initrd.new" "$out/initrd"
make_iso
