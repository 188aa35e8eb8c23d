#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes an initrd of busybox and initrd/init:
#	initrd.sh OUT BUSYBOX [PACKAGE MODULE...]
# PACKAGE is the folder of an unpacked kernel package, whose modules named are put in.
# PROGRAMS (environment): programs of this system that go to /bin, with the libraries that they are linked with.
# The same inputs give the same bits: fixed dates and owners, sorted names, no gzip header.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$1
busybox=$2
shift 2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/root" "$root/tmp" "$root/etc/acpi/PWRF" \
    "$root/etc/udhcpc"
cp "$busybox" "$root/bin/busybox"
cp "$here/initrd/init" "$root/init"
cp "$here/initrd/udhcpc" "$root/etc/udhcpc/default.script"
printf '#!/bin/sh\nexec poweroff\n' > "$root/etc/acpi/PWRF/00000080"
printf '#!/bin/sh\necho c > /proc/sysrq-trigger\n' > "$root/bin/panic"
printf '#!/bin/sh\ncd /root\nsetsid cttyhack sh\nexec poweroff\n' > "$root/etc/session"
chmod 755 "$root/bin/busybox" "$root/init" "$root/etc/session" "$root/etc/udhcpc/default.script" \
    "$root/etc/acpi/PWRF/00000080" "$root/bin/panic"
for program in ${PROGRAMS:-}; do
    cp -L "$program" "$root/bin/"
    for library in $(ldd "$program" | grep -o '/[^ ]*'); do
        mkdir -p "$root/$(dirname "$library")"
        cp -L "$library" "$root/$library"
    done
done
if [ $# -gt 0 ]; then
    package=$1
    shift
    version=$(basename "$package"/lib/modules/*)
    tree=lib/modules/$version
    mkdir -p "$root/$tree"
    for module in "$@"; do
        cp "$(find "$package/$tree" -name "$module.ko")" "$root/$tree/"
    done
    busybox depmod -b "$root" "$version"
fi
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . -mindepth 1 | LC_ALL=C sort |
    cpio --quiet -o -H newc -R 0:0 --reproducible --device-independent) | gzip -9 -n > "$out"
