#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-tidy with the checks of .clang-tidy, on the sources of the kernel and the ring-3 programs.
set -eu

mkdir -p build/tidy
mk/compdb.py build/tidy/compile_commands.json
# Without the examples, which include headers that are installed.  Names have no blanks.  clang-tidy counts the
# warnings that it does not show.
git ls-files 'boot/*.c' 'kernel/*.c' 'arch/*.c' 'mgmt/*.c' 'vmm/*.c' 'drivers/*.c' 'lib/*.c' \
    ':!mgmt/host/libvos/examples' | \
    xargs -n 16 -P "$(nproc)" clang-tidy --quiet -p build/tidy --extra-arg=-Wno-c2x-extensions \
        --extra-arg=-Wno-unused-command-line-argument 2>&1 | \
    sed '/^[0-9]* warnings\{0,1\} generated\.$/d' > build/tidy/log
! grep -E '(error|warning):' build/tidy/log
