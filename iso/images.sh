#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the default guest images in the folder given: debian-kernel (Debian's cloud kernel, downloaded once),
# debian-initrd (busybox, mkfs.ext4, a few of that kernel's modules and initrd/init), memtest (memtest86+), seabios and
# ovmf, the BIOS and the UEFI firmware, behind its variables, of VMs that boot from their disks.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$1
modules='button evdev pvpanic pvpanic-mmio pvpanic-pci failover net_failover virtio virtio_ring virtio_mmio virtio_pci
    virtio_pci_legacy_dev virtio_pci_modern_dev virtio_blk virtio_net virtio_console virtio-rng virtio_balloon'

# Puts the one file PACKAGE_*.deb into the current folder; the package needn't be installed.
download()
{
    apt-get -qq -o APT::Sandbox::User=root download "$1" 2>/dev/null && return 0
    # The package lists name a version that is gone from the archive, or there are no lists.
    if [ "$(id -u)" = 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi
    apt-get -qq -o APT::Sandbox::User=root download "$1"
}

fetch()
{
    package=$(LC_ALL=C apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    if [ -z "$package" ]; then
        download linux-image-cloud-amd64
        package=$(dpkg-deb -f linux-image-cloud-amd64_*.deb Depends |
            sed -n 's/.*\(linux-image-[0-9][^ ,]*\).*/\1/p')
    fi
    echo "Fetching $package and memtest86+ (27 MB)"
    download "$package"
    download memtest86+
    dpkg-deb -x "$package"_*.deb kernel
    dpkg-deb -x memtest86+_*.deb memtest
}

mkdir -p "$out"
cd "$out"
if [ ! -d packages ]; then
    rm -rf packages.new
    mkdir packages.new
    (cd packages.new && fetch)
    rm -f packages.new/*.deb
    mv packages.new packages
fi

version=$(basename packages/kernel/lib/modules/*)
# shellcheck disable=SC2086 # a list
PROGRAMS=/sbin/mkfs.ext4 "$here/initrd.sh" debian-initrd.new /bin/busybox packages/kernel $modules
cp "packages/kernel/boot/vmlinuz-$version" debian-kernel.new
cp packages/memtest/boot/memtest86+x64.bin memtest.new
cp /usr/share/seabios/bios-256k.bin seabios.new
cat /usr/share/OVMF/OVMF_VARS_4M.fd /usr/share/OVMF/OVMF_CODE_4M.fd > ovmf.new
for image in debian-kernel debian-initrd memtest seabios ovmf; do
    mv "$image.new" "$image"
done
