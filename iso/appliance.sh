#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the initrd of a router appliance (docs/router-appliance.md) in the folder given, from Debian's packages:
#	appliance.sh OUT
# OUT/router-initrd is the default guest's initrd with bird2, nftables and dnsmasq, and what these need of the kernel.
# The kernel is the default guest's, whose package make images has unpacked. Packages are downloaded, not installed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
kernel=$here/../build/images/packages/kernel
packages='bird2 libssh-gcrypt-4 nftables libnftables1 libnftnl11 libmnl0 libxtables12 libjansson4 libedit2 libbsd0
    libmd0 dnsmasq-base libdbus-1-3 libnetfilter-conntrack3 libnfnetlink0 libidn2-0 libunistring2 libnettle8
    libhogweed6 libgmp10 libreadline8 libtinfo6'
programs='bird birdc nft dnsmasq'
modules='button evdev pvpanic pvpanic-mmio pvpanic-pci failover net_failover virtio virtio_ring virtio_mmio
    virtio_pci virtio_pci_legacy_dev virtio_pci_modern_dev virtio_blk virtio_net virtio_console virtio-rng
    virtio_balloon nfnetlink nf_tables nf_conntrack nf_defrag_ipv4 nf_defrag_ipv6 libcrc32c nf_nat nft_chain_nat
    nft_masq nft_ct nft_nat nft_reject nft_reject_inet nf_reject_ipv4 nf_reject_ipv6'

if [ ! -d "$out/packages" ]; then
    rm -rf "$out/packages.new"
    mkdir "$out/packages.new"
    cd "$out/packages.new"
    # shellcheck disable=SC2086 # a list
    apt-get -qq -o APT::Sandbox::User=root download $packages
    for package in *.deb; do
        dpkg-deb -x "$package" tree
    done
    mv "$out/packages.new" "$out/packages"
fi
tree=$out/packages/tree

# Programs in /bin, libraries where the loader looks: a second archive, which the kernel unpacks over the first one.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/lib/x86_64-linux-gnu" "$root/lib64" "$root/etc" "$root/run" "$root/var/run" \
    "$root/var/lib/misc"
for program in $programs; do
    cp "$tree/usr/sbin/$program" "$root/bin/"
    for library in $(LD_LIBRARY_PATH=$tree/usr/lib/x86_64-linux-gnu:$tree/lib/x86_64-linux-gnu \
        ldd "$tree/usr/sbin/$program" | grep -o '/[^ ]*'); do
        case $library in
            /lib64/*) cp -L "$library" "$root/lib64/" ;;
            *) cp -L "$library" "$root/lib/x86_64-linux-gnu/" ;;
        esac
    done
done
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' > "$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . -mindepth 1 | LC_ALL=C sort |
    cpio --quiet -o -H newc -R 0:0 --reproducible --device-independent) | gzip -9 -n > "$out/more"
# shellcheck disable=SC2086 # a list
"$here/initrd.sh" "$out/first" /bin/busybox "$kernel" $modules
cat "$out/first" "$out/more" > "$out/router-initrd.new"
rm "$out/first" "$out/more"
mv "$out/router-initrd.new" "$out/router-initrd"
