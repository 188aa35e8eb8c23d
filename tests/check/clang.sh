#!/bin/sh
# SPDX-License-Identifier: MIT
# clang builds the kernel and the ring-3 programs without a warning, too.
set -eu

# Not as a part of the make that may have started this.
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -j"$(nproc)" COMPILER=clang B=build/clang do-all
