#!/bin/sh
# Installs the packages of packages.txt that are missing, after saying which they are and how much that is.
# Quick when nothing is missing: `make run` and `make test` call it every time.
set -eu

list=$(dirname "$0")/packages.txt
wanted=$(sed 's/#.*//' "$list" | tr -s ' \t\n' ' ')

# One dpkg-query for all; a package it doesn't know is simply not in its answer.
# shellcheck disable=SC2086
have=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' $wanted 2>/dev/null || true)"
missing=
for package in $wanted; do
    case $have in
        *" installed=$package "*) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

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

echo "Debian packages to install:$missing"
if ! size=$(plan); then
    echo 'Fetching the package lists (apt-get update)'
    as_root apt-get update -qq
    size=$(plan)
fi
echo "$size" | grep -E '^(Need to get|After this operation)'

# A list that has fallen behind names files that are gone: refresh it once and try again.
install || { as_root apt-get update -qq && install; }
