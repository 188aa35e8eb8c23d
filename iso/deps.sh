#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh SECTION...: installs the packages of these sections of packages.txt that are missing, after saying which they
# are, what for, and how much that is.  Quick when nothing is missing: most targets of the Makefile call it every time.
set -eu

list=$(dirname "$0")/packages.txt

# The packages of a section, and the words behind its name.
section_packages()
{
    sed -n "/^\[$1\]/,/^\[/p" "$list" | sed -n '/^[a-z0-9]/p'
}

section_purpose()
{
    sed -n "s/^\[$1\] *//p" "$list"
}

is_installed()
{
    case $have in *" installed=$1 "*) return 0 ;; esac
    return 1
}

as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "Neither root nor sudo to run: $*" >&2
        exit 1
    fi
}

# apt's own summary of what would happen; --print-uris only looks, and needs no root.  Fails when the package lists are
# missing, as on a fresh machine.
plan()
{
    # shellcheck disable=SC2086
    LC_ALL=C apt-get install --no-install-recommends --print-uris -y $missing 2>/dev/null
}

install()
{
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
}

wanted=
for section in "$@"; do
    packages=$(section_packages "$section" | tr '\n' ' ')
    [ -n "$packages" ] || { echo "$list has no section '$section'" >&2; exit 1; }
    wanted="$wanted $packages"
done

# One dpkg-query for all; a package it doesn't know is simply not in its answer.
# shellcheck disable=SC2086
have=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' $wanted 2>/dev/null || true)"
missing=
for section in "$@"; do
    lacks=
    for package in $(section_packages "$section"); do
        is_installed "$package" || lacks="$lacks $package"
    done
    [ -z "$lacks" ] || echo "Debian packages to install $(section_purpose "$section"):$lacks"
    missing="$missing$lacks"
done
[ -n "$missing" ] || exit 0

if ! size=$(plan); then
    echo 'Fetching the package lists (apt-get update)'
    as_root apt-get update -qq
    size=$(plan)
fi
echo "$size" | grep -E '^(Need to get|After this operation)'

# A list that has fallen behind names files that are gone: refresh it once and try again.
install || { as_root apt-get update -qq && install; }
