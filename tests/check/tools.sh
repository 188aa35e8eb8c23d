#!/bin/sh
# Other people's checkers: cppcheck on the C code, shellcheck on the scripts, codespell on everything.
set -eu

status=0
dirs=
for dir in boot arch kernel drivers mgmt vmm; do
    [ ! -d "$dir" ] || dirs="$dirs $dir"
done

# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --platform=unix64 --enable=warning,portability --inline-suppr --error-exitcode=1 \
    --suppress=missingInclude --suppress=unusedStructMember -D__x86_64__ -D__GNUC__=12 -j 2 $dirs || status=1

shellcheck iso/*.sh tests/check/*.sh .ci/run || status=1
# The guest's own script: words of a list are meant to be split.
shellcheck -s dash -e SC2034,SC2046,SC2013 iso/initrd/init || status=1

git ls-files -z | xargs -0 codespell --quiet-level=35 --ignore-words-list=thre,extint,fro,inout,te,nd,ist || status=1
exit $status
