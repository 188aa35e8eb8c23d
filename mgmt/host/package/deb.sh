#!/bin/sh
# SPDX-License-Identifier: MIT
# deb.sh BUILD VERSION: makes BUILD/vos_VERSION_ARCH.deb of what `make install` puts into BUILD/deb.
set -eu

build=$1
version=$2
arch=$(dpkg --print-architecture)
root=$build/deb
doc=$root/usr/share/doc/vos-host

# The versions of the libraries that the programs were linked with are the least that they need.
needs()
{
    for package in libc6 libjansson4; do
        printf '%s%s (>= %s)' "${comma-}" "$package" "$(dpkg-query -W -f '${Version}' "$package" | sed 's/-.*//')"
        comma=', '
    done
}

overrides=$root/usr/share/lintian/overrides
mkdir -p "$root/DEBIAN" "$doc" "$overrides"
cat > "$overrides/vos-host" <<'OVERRIDES'
# One package: the library, its headers and the programs are of one version, and for one machine's operator.
vos-host: package-name-doesnt-match-sonames libvos1
vos-host: link-to-shared-library-in-wrong-package *
OVERRIDES
chmod 644 "$overrides/vos-host"
cp LICENSE "$doc/copyright"
printf 'vos-host (%s) unstable; urgency=medium\n\n  * Programs and library.\n\n' "$version" > "$doc/changelog"
printf ' -- VOS <vos@vos.invalid>  %s\n' "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" >> "$doc/changelog"
gzip -9nf "$doc/changelog"
cat > "$root/DEBIAN/control" <<CONTROL
Package: vos-host
Version: $version
Architecture: $arch
Maintainer: VOS <vos@vos.invalid>
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: $(needs)
Section: admin
Priority: optional
Description: manage machines that run the VOS hypervisor
 vos runs the commands of VOS's prompt in a shell of your own machine, vosd
 shares a serial line or a socket between several programs, and libvos is the
 C library under both.
CONTROL
printf 'activate-noawait ldconfig\n' > "$root/DEBIAN/triggers"
printf 'libvos 1 vos-host (>= %s)\n' "$version" > "$root/DEBIAN/shlibs"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
find "$root" -type d -exec chmod 755 {} +
dpkg-deb --root-owner-group --build "$root" "$build/vos-host_${version}_${arch}.deb" > /dev/null
echo "$build/vos-host_${version}_${arch}.deb"
