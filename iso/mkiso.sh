#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes vos.iso (BIOS and UEFI, CD or USB stick) or bundle.cpio (the same modules in one archive, for QEMU's -kernel).
#	mkiso.sh iso|bundle OUT NAME=FILE...
# vos.elf is taken from OUT's folder; CMDLINE and CONF come from the environment.  The image is the same from build to
# build: fixed dates, FAT serial and identifiers, and every module of GRUB that is needed is inside its two cores.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
kind=$1
out=$2
shift 2
: "${SOURCE_DATE_EPOCH:=1700000000}"
export SOURCE_DATE_EPOCH
stage=$out.stage
common='iso9660 part_msdos part_gpt search search_fs_file normal test echo configfile multiboot2 serial terminal
    reboot halt minicmd ls gzio keystatus'
bios_modules="$common biosdisk vga_text"
efi_modules="$common fat efi_gop all_video"

# Copies the modules to the folder given, each under its name; a later one replaces an earlier one of the same name.
put_modules()
{
    folder=$1
    shift
    mkdir -p "$folder"
    for word in "$@"; do
        name=${word%%=*}
        file=${word#*=}
        if [ "$name" = "$word" ] || ! echo "$name" | grep -Eqx '[a-z0-9][a-z0-9-]{0,30}'; then
            echo "IMAGES: '$word' is not NAME=FILE with a name of [a-z0-9-], at most 31 long" >&2
            exit 1
        fi
        cp -f "$file" "$folder/$name"
    done
    [ -z "${CONF:-}" ] || cp -f "$CONF" "$folder/vos.conf"
    chmod 644 "$folder"/*
}

fixed_dates()
{
    find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

make_bundle()
{
    put_modules "$stage" "$@"
    fixed_dates "$stage"
    (cd "$stage" && find . -type f | sed 's|^\./||' | LC_ALL=C sort |
        cpio --quiet -o -H newc -R 0:0 --reproducible --device-independent) > "$out.new"
}

# The FAT image with GRUB for UEFI; as large as needs be, in steps of 64 KiB.
make_efi_image()
{
    # shellcheck disable=SC2016
    printf 'search --file --set=root /boot/vos.elf\nset prefix=($root)/boot/grub\n' > "$stage/early.cfg"
    # shellcheck disable=SC2086
    grub-mkimage -O x86_64-efi -p /boot/grub -c "$stage/early.cfg" -o "$stage/bootx64.efi" $efi_modules
    fixed_dates "$stage/bootx64.efi"
    kib=$(($(stat -c %s "$stage/bootx64.efi") / 1024 + 64))
    kib=$((kib + 64 - kib % 64))
    truncate -s "${kib}K" "$1"
    mformat -i "$1" -N 56304f53 -T $((kib * 2)) -h 1 -s 1 -v VOS ::
    mmd -i "$1" ::/EFI ::/EFI/BOOT
    mcopy -m -i "$1" "$stage/bootx64.efi" ::/EFI/BOOT/BOOTX64.EFI
}

make_iso()
{
    tree=$stage/tree
    mkdir -p "$tree/boot/grub"
    put_modules "$tree/images" "$@"
    objcopy --strip-all "$(dirname "$out")/vos.elf" "$tree/boot/vos.elf"
    if [ -f "$tree/images/vos.conf" ]; then mv "$tree/images/vos.conf" "$tree/vos.conf"; fi

    modules=$(for file in "$tree"/images/*; do
        [ ! -f "$file" ] || printf '\tmodule2 /images/%s %s\n' "${file##*/}" "${file##*/}"
    done
    [ ! -f "$tree/vos.conf" ] || printf '\tmodule2 /vos.conf vos.conf\n')
    MODULES=$modules CMDLINE=${CMDLINE:-} awk '
        /^@MODULES@$/ { print ENVIRON["MODULES"]; next }
        /@CMDLINE@/ { at = index($0, "@CMDLINE@"); $0 = substr($0, 1, at - 1) ENVIRON["CMDLINE"] substr($0, at + 9) }
        { print }' "$here/grub.cfg" > "$tree/boot/grub/grub.cfg"

    # shellcheck disable=SC2086
    grub-mkimage -O i386-pc-eltorito -p /boot/grub -o "$tree/boot/grub/bios.img" $bios_modules
    make_efi_image "$tree/boot/grub/efi.img"
    fixed_dates "$tree"
    xorriso -as mkisofs -quiet -r -V VOS -o "$out.new" \
        --modification-date="$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S00)" \
        --grub2-mbr /usr/lib/grub/i386-pc/boot_hybrid.img --protective-msdos-label \
        -b boot/grub/bios.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
        --efi-boot boot/grub/efi.img -efi-boot-part --efi-boot-image \
        "$tree" 2>"$stage/xorriso.log" || { cat "$stage/xorriso.log" >&2; exit 1; }
}

rm -rf "$stage"
mkdir -p "$stage"
case $kind in
    iso) make_iso "$@" ;;
    bundle) make_bundle "$@" ;;
esac
rm -rf "$stage"
mv "$out.new" "$out"
