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

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "These Debian packages are missing, and there is neither root nor sudo to install them:$missing" >&2
        exit 1
    }
    as_root=sudo
fi

echo "Missing Debian packages:$missing"
# The package lists may be older than the archive (or not there at all, on a fresh machine).
# shellcheck disable=SC2086
plan=$(apt-get install --no-install-recommends --assume-no --simulate $missing 2>/dev/null) || {
    echo 'Fetching the package lists (apt-get update)'
    $as_root apt-get update -qq
}
size=$(LC_ALL=C apt-get install --no-install-recommends --assume-no $missing 2>/dev/null |
    grep -E '^(Need to get|After this operation)' || true)
echo "${size:-${plan:-Size unknown.}}"

export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
install="$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"
# shellcheck disable=SC2086
$install $missing || {
    # An index that has fallen behind names files that are gone: refresh it once and try again.
    $as_root apt-get update -qq
    $install $missing
}
