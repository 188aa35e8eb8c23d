#!/bin/sh
# SPDX-License-Identifier: MIT
# Other people's checkers: cppcheck on the C code, shellcheck on the scripts, codespell on everything.
set -eu

status=0
dirs=
for dir in boot arch kernel lib drivers mgmt vmm; do
    [ ! -d "$dir" ] || dirs="$dirs $dir"
done

# Every folder with headers, so that it knows what does not return and how large things are.  It fails to parse a
# compound literal in a conditional expression: that is its error (internalAstError), not ours.  Suppressed too: guesses
# about a value from a later or earlier condition on it, which don't see that panic() doesn't return or that unsigned
# arithmetic wraps; the host tests run the same code under sanitizers.
# shellcheck disable=SC2086
headers=$(find $dirs -name '*.h' -printf '-I%h\n' | sort -u)
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --platform=unix64 --enable=warning,portability --inline-suppr --error-exitcode=1 \
    --suppress=missingInclude --suppress=internalAstError --suppress=unusedStructMember \
    --suppress=arrayIndexOutOfBoundsCond --suppress=integerOverflowCond --suppress=signConversionCond \
    --suppress=nullPointerRedundantCheck --suppress=arrayIndexThenCheck '-D__attribute__(x)=' \
    -D__x86_64__ -D__GNUC__=12 -j 2 $headers $dirs || status=1

shellcheck -x iso/*.sh tests/check/*.sh tests/nested/*.sh tests/systems/*.sh .ci/run || status=1
# The guest's own script: words of a list are meant to be split.
shellcheck -s dash -e SC2034,SC2046,SC2013 iso/initrd/init || status=1

git ls-files -z | xargs -0 codespell --quiet-level=35 --ignore-words-list=thre,extint,fro,inout,te,nd,ist || status=1
exit $status
