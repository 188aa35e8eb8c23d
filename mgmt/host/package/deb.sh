#!/bin/sh
# SPDX-License-Identifier: MIT
# deb.sh BUILD VERSION: makes Debian packages of what `make install` puts into BUILD/deb, and prints their names:
# vos-host has the programs, which need no library of ours, libvos1 the shared library, libvos-dev what programs are
# built with.
set -eu

build=$(cd "$1" && pwd)
version=$2
arch=$(dpkg --print-architecture)
all=$build/deb

# The versions of the libraries that ours were linked with are the least that they need.
needs()
{
    for package in libc6 libjansson4 "$@"; do
        printf '%s%s (>= %s)' "${comma-}" "$package" "$(dpkg-query -W -f '${Version}' "$package" | sed 's/-.*//')"
        comma=', '
    done
}

# NAME SECTION DEPENDS SUMMARY, files below usr to take, and more of the description as the input.
package()
{
    name=$1
    root=$build/$name
    doc=$root/usr/share/doc/$name
    rm -rf "$root"
    mkdir -p "$root/DEBIAN" "$doc"
    { printf 'Package: %s\nSource: vos\nVersion: %s\nArchitecture: %s\n' "$name" "$version" "$arch"
      printf 'Maintainer: VOS <vos@vos.invalid>\nSection: %s\nPriority: optional\n' "$2"
      printf 'Depends: %s\nDescription: %s\n' "$3" "$4"
      sed 's/^/ /'; } > "$root/DEBIAN/control"
    shift 4
    (cd "$all/usr" && cp -a --parents "$@" "$root/usr")
    cp LICENSE "$doc/copyright"
    { printf 'vos (%s) unstable; urgency=medium\n\n  * Programs and library.\n\n' "$version"
      printf ' -- VOS <vos@vos.invalid>  %s\n' "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"; } > "$doc/changelog"
    gzip -9nf "$doc/changelog"
    sed -i "/^Depends:/i Installed-Size: $(du -sk "$root/usr" | cut -f1)" "$root/DEBIAN/control"
}

# It has all its files now.
build()
{
    (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
    find "$root" -type d -exec chmod 755 {} +
    dpkg-deb --root-owner-group --build "$root" "$build/${name}_${version}_${arch}.deb" > /dev/null
    echo "$build/${name}_${version}_${arch}.deb"
}

lib=$(cd "$all/usr" && echo lib/*/libvos.so.1)
lib=${lib%/*}

package vos-host admin "$(needs zlib1g libzstd1 libsodium23)" 'manage machines that run the VOS hypervisor' \
    bin lib/systemd share/man share/bash-completion <<'MORE'
vos runs the commands of VOS's prompt in a shell of your own machine, vosd
shares a serial line or a socket between several programs, and vos-pool checks
a pool on a disk's image.
MORE
build

package libvos1 libs "$(needs)" 'manage machines that run the VOS hypervisor - library' "$lib/libvos.so.1" <<'MORE'
libvos speaks to VOS over a serial line, a socket, or the vosd of the package
vos-host: VMs, their consoles, events and images.
MORE
printf 'activate-noawait ldconfig\n' > "$root/DEBIAN/triggers"
printf 'libvos 1 libvos1 (>= %s)\n' "$version" > "$root/DEBIAN/shlibs"
build

package libvos-dev libdevel "libvos1 (= $version), libjansson-dev" \
    'manage machines that run the VOS hypervisor - development files' \
    include "$lib/libvos.so" "$lib/libvos.a" "$lib/pkgconfig" <<'MORE'
Headers, the static library and examples of libvos.
MORE
cp -a "$all/usr/share/doc/vos-host/examples" "$doc"
build
