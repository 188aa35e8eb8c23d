#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes disk.img in the folder given: a Debian system as an installer leaves it, which a BIOS or UEFI boots by GRUB to a
# login on the serial line, root without a password. And installer-kernel and -initrd: Debian's installer.
#	debian.sh OUT
# Of packages of the release that the system itself uses. Needs no root: mmdebstrap makes a tar file, and the file
# system is made of it by mke2fs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
# shellcheck source=tests/systems/apt.sh
. "$here/apt.sh"

packages=linux-image-cloud-amd64,systemd-sysv,udev,dbus
image=$out/disk.img
# In sectors of 512 bytes: GRUB's partition for BIOS, the EFI system partition, the root file system.
grub_at=2048
esp_at=4096
esp=65536
root_at=$((esp_at + esp))
root=2097152
modules='part_gpt ext2 normal configfile linux search search_label serial terminal echo test'

system()
{
    # shellcheck disable=SC2016 # $1 is the hook's
    mmdebstrap --variant=minbase --architectures=amd64 --include="$packages" --keyring="$key" \
        --customize-hook='chroot "$1" passwd -q -d root' \
        --customize-hook='echo debian > "$1/etc/hostname"' \
        --customize-hook='echo "LABEL=root / ext4 errors=remount-ro 0 1" > "$1/etc/fstab"' \
        --customize-hook='mkdir -p "$1/boot/efi" "$1/boot/grub"' \
        --customize-hook="copy-in '$out/grub.cfg' /boot/grub" \
        "$release" "$out/new.tar" "deb $uri $release main"
    mv "$out/new.tar" "$out/system.tar"
}

menu()
{
    cat > "$out/grub.cfg" <<'END'
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=2
menuentry debian {
    search --no-floppy --set=root --label root
    linux /vmlinuz root=LABEL=root ro console=ttyS0
    initrd /initrd.img
}
END
    # shellcheck disable=SC2016 # GRUB's variable
    printf '%s\n' 'search --no-floppy --set=root --label root' 'set prefix=($root)/boot/grub' > "$out/early.cfg"
}

root_file_system()
{
    rm -rf "$out/tree" "$out/root.img"
    mkdir "$out/tree"
    # shellcheck disable=SC2016 # the arguments are the inner shell's
    fakeroot sh -eu -c 'tar -C "$1/tree" -xf "$1/system.tar"
        mke2fs -q -t ext4 -L root -d "$1/tree" "$1/root.img" "$2"' sh "$out" "$((root / 2))k"
    rm -rf "$out/tree"
}

efi_system_partition()
{
    # shellcheck disable=SC2086 # a list
    grub-mkimage -O x86_64-efi -p /boot/grub -c "$out/early.cfg" -o "$out/bootx64.efi" fat $modules
    truncate -s $((esp * 512)) "$out/esp.img.new"
    mformat -i "$out/esp.img.new" -v ESP ::
    mmd -i "$out/esp.img.new" ::/EFI ::/EFI/BOOT
    mcopy -i "$out/esp.img.new" "$out/bootx64.efi" ::/EFI/BOOT/BOOTX64.EFI
    mv "$out/esp.img.new" "$out/esp.img"
}

# put FILE SECTOR: into the image, holes left out.
put()
{
    dd if="$1" of="$image.new" bs=512 seek="$2" conv=notrunc,sparse status=none
}

# number BYTE VALUE: little endian, 8 bytes, at that byte of the image.
number()
{
    perl -e 'print pack "Q<", $ARGV[0]' "$2" | dd of="$image.new" bs=1 seek="$1" conv=notrunc status=none
}

# GRUB's boot sector says where its core image begins, whose first sector says where its rest is.
grub_for_bios()
{
    # shellcheck disable=SC2086 # a list
    grub-mkimage -O i386-pc -p /boot/grub -c "$out/early.cfg" -o "$out/core.img" biosdisk $modules
    dd if=/usr/lib/grub/i386-pc/boot.img of="$image.new" bs=440 count=1 conv=notrunc status=none
    number 92 $grub_at
    put "$out/core.img" $grub_at
    number $((grub_at * 512 + 500)) $((grub_at + 1))
}

# installer-kernel and installer-initrd, of the package with Debian's installer for networks.
installer()
{
    begin amd64 "$release"
    package=$(private apt-cache pkgnames debian-installer- | grep -E '^debian-installer-[0-9]+-netboot-amd64$' |
        sort -V | tail -n 1)
    rm -rf "$out/new"
    mkdir "$out/new"
    (cd "$out/new" && private apt-get download "$package")
    dpkg-deb --fsys-tarfile "$out/new"/*.deb | tar -C "$out/new" -xf - --wildcards '*/text/debian-installer/*'
    for pair in linux=kernel initrd.gz=initrd; do
        mv "$out/new"/usr/lib/debian-installer/images/*/amd64/text/debian-installer/amd64/"${pair%=*}" \
            "$out/installer-${pair#*=}"
    done
    rm -rf "$out/new"
}

rm -f "$image.new"
installer
menu
[ -f "$out/system.tar" ] || system 2>"$out/mmdebstrap.log" || { cat "$out/mmdebstrap.log" >&2; exit 1; }
root_file_system
efi_system_partition
truncate -s $(((root_at + root + 2048) * 512)) "$image.new"
sfdisk -q "$image.new" <<END
label: gpt
start=$grub_at, size=2048, type=21686148-6449-6E6F-744E-656564454649
start=$esp_at, size=$esp, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
start=$root_at, size=$root, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709
END
put "$out/esp.img" $esp_at
put "$out/root.img" $root_at
grub_for_bios
mv "$image.new" "$image"
rm -f "$out/root.img" "$out/esp.img" "$out/system.tar"
