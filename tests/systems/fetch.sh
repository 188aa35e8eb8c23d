#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches what test-guests boots into the folder given, each system's files under a name of its own:
#	fetch.sh OUT
# Packages of other architectures and suites come through an apt of its own below OUT, with Debian's archive key; the
# system's apt and dpkg are not touched. A package that is not there leaves its system out, which the table says.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
# shellcheck source=tests/systems/apt.sh
. "$here/apt.sh"

# unpack PACKAGE[:ARCH][/SUITE] FOLDER
unpack()
{
    [ ! -d "$out/packages/$2" ] || return 0
    rm -rf "$out/new"
    mkdir -p "$out/new" "$out/packages"
    (cd "$out/new" && private apt-get download "$1") || return 1
    mkdir "$out/packages/$2.new"
    dpkg-deb -x "$out/new"/*.deb "$out/packages/$2.new"
    mv "$out/packages/$2.new" "$out/packages/$2"
}

# linux META FOLDER [SUITE]: the kernel that a metapackage stands for in a suite.
linux()
{
    suite=${3:-$release}
    package=$(private apt-cache show "$1/$suite" 2>/dev/null |
        sed -n 's/^Depends:.*\(linux-image-[0-9][^ ,]*\).*/\1/p' | head -n 1)
    case $1 in *:*) package=$package:${1#*:} ;; esac
    unpack "$package/$suite" "$2" || { echo "$1 is not to be had" >&2; return 0; }
    cp "$out/packages/$2"/boot/vmlinuz-* "$out/$2"
}

# take PACKAGE FOLDER FILE NAME
take()
{
    unpack "$1" "$2" || { echo "$1 is not to be had" >&2; return 0; }
    cp "$out/packages/$2/$3" "$out/$4"
}

begin amd64,i386 "$release" "$release-backports"
linux linux-image-686:i386 linux-686
linux linux-image-686-pae:i386 linux-686-pae
linux linux-image-amd64 linux-amd64
linux linux-image-rt-amd64 linux-rt
linux linux-image-cloud-amd64 linux-backports "$release-backports"
take busybox-static:i386 busybox bin/busybox busybox-i386
take gnumach-image-1.8-486:i386 gnumach boot/gnumach-1.8-486.gz gnumach.gz
take xen-hypervisor-4.17-amd64 xen boot/xen-4.17-amd64.gz xen.gz
take memtest86+ memtest boot/memtest86+ia32.bin memtest-ia32
take ipxe ipxe boot/ipxe.lkrn ipxe-lkrn
# GRUB as a kernel, of the modules that make VOS' own ISO.
grub=/usr/lib/grub/i386-pc
if grub-mkimage -O i386-pc -d $grub -p / -o "$out/new.img" normal serial; then
    cat $grub/lnxboot.img "$out/new.img" > "$out/grub-lkrn"
fi
rm -f "$out/new.img"
for image in gnumach xen; do
    [ ! -f "$out/$image.gz" ] || gzip -cd "$out/$image.gz" > "$out/$image"
done
"$here/../../iso/initrd.sh" "$out/initrd-i386" "$out/busybox-i386"
"$here/../../iso/appliance.sh" "$out/appliance" || echo "a package of the router appliance is not to be had" >&2
