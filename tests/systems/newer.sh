#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches emulators newer than the system's into the folder given, with all that they need, and makes a program of each:
#	newer.sh OUT
# OUT/qemu is QEMU 10.0 of bookworm-backports, OUT/bochs Bochs 3.0 of trixie. What is not to be had is left out.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
# shellcheck source=tests/systems/apt.sh
. "$here/apt.sh"

# install FOLDER TARGET PACKAGE...: unpacks them and what they depend on.
install()
{
    folder=$1
    target=$2
    shift 2
    [ ! -d "$out/$folder" ] || return 0
    begin amd64 "${target%-backports}" "$target"
    private apt-get install -d -y --no-install-recommends -t "$target" "$@" || return 1
    rm -rf "$out/new"
    mkdir "$out/new"
    for package in "$apt"/archives/*.deb; do
        dpkg-deb -x "$package" "$out/new"
    done
    mv "$out/new" "$out/$folder"
}

# program NAME FOLDER FILE ENVIRONMENT ARGUMENTS: with its own C library, whatever the system's is.
program()
{
    root=$out/$2
    lib=usr/lib/x86_64-linux-gnu
    cat > "$out/$1" <<END
#!/bin/sh
exec env $4 "$root/lib64/ld-linux-x86-64.so.2" --library-path "$root/$lib:$root/lib/x86_64-linux-gnu" \\
    --argv0 "$3" "$root/$3" $5 "\$@"
END
    chmod 755 "$out/$1"
}

if install qemu-10 bookworm-backports qemu-system-x86; then
    program qemu qemu-10 usr/bin/qemu-system-x86_64 "QEMU_MODULE_DIR=$out/qemu-10/usr/lib/x86_64-linux-gnu/qemu" \
        "-L $out/qemu-10/usr/share/qemu -L $out/qemu-10/usr/share/seabios"
fi
if install bochs-3 trixie bochs bochs-term; then
    program bochs bochs-3 usr/bin/bochs-bin "LTDL_LIBRARY_PATH=$out/bochs-3/usr/lib/x86_64-linux-gnu/bochs/plugins \
BXSHARE=$out/bochs-3/usr/share/bochs" ''
fi
