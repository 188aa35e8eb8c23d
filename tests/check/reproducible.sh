#!/bin/sh
# SPDX-License-Identifier: MIT
# The same sources give the same bits: builds a copy of the tree in another folder and compares.
set -eu

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
mkdir "$copy/build"
cp -a build/images "$copy/build/images"

# Not as a part of the make that may have started this; a user's own images stay where they are.
unset MAKEFLAGS MFLAGS MAKELEVEL
files='vos.elf bundle.cpio vos.iso'
if [ -n "${IMAGES:-}${CONF:-}" ]; then
    unset IMAGES CONF
    files=vos.elf
fi
make -s -C "$copy" -j"$(nproc)" do-all do-iso do-bundle
for file in $files; do
    cmp "build/$file" "$copy/build/$file"
done
