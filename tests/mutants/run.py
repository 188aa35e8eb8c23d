#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proves that tests can fail: run.py [words] takes the patches here that have the words in their names or in
their tests' ("unit svm"; all, without words), applies each to a copy of the tree in build/mutants, and fails where a
test that the patch names still passes.

A patch is a unified diff (-p1) which takes a guard away.  Above it stands why the guard is there, and who must notice:
    Caught-by: unit NAME        the host test test_NAME.c below tests/host
    Caught-by: boot EXPRESSION  the boot tests that pytest's -k EXPRESSION selects
The last line is "N passed, N failed".
"""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from scratch import Scratch

HERE = 'tests/mutants'
# What a mutant hangs in is waited for less long than usual; the tests without it must pass like that too.
SCRATCH = Scratch('build/mutants', {'VOS_TEST_PATIENCE': '600'})
UNIT_MAX = 600
run = SCRATCH.run


def build(kind, name):
    goals = [f'build/host/test_{name}'] if kind == 'unit' else ['do-all', 'do-boot-files']
    return run(['make', '-s', f'-j{os.cpu_count() or 1}', *goals])


def judge(kind, name):
    """'passes', 'fails', or what else came of it; and its output."""
    status, output = build(kind, name)
    if status != 0:
        return 'does not build', output
    if kind == 'unit':
        status, output = run([f'build/host/test_{name}'], UNIT_MAX)
        return 'passes' if status == 0 else 'fails', output
    status, output = run(['/usr/bin/python3', '-m', 'pytest', '-p', 'no:cacheprovider', '-q', '-x', 'tests/boot', '-k',
                          name])
    # Of pytest's statuses only 1 means that tests ran and one failed.
    return {0: 'passes', 1: 'fails'}.get(status, f'was not run (pytest: {status})'), output


def catchers(patch):
    with open(patch, encoding='utf-8') as file:
        head = re.split(r'^--- ', file.read(), maxsplit=1, flags=re.M)[0]
    return re.findall(r'^Caught-by: (unit|boot) (.+?) *$', head, re.M)


def is_wanted(patch, words):
    texts = [os.path.basename(patch), *(f'{kind} {name}' for kind, name in catchers(patch))]
    return any(words in text for text in texts)


def try_mutant(patch):
    """Pairs of a test's name and what came of it, for each test that must fail."""
    status, output = run(['git', 'apply', '-C1', os.path.abspath(patch)])
    if status != 0:
        return [('the patch', 'does not apply', output)]
    found = [(f'{kind} {name}', *judge(kind, name)) for kind, name in catchers(patch)]
    run(['git', 'apply', '-R', '-C1', os.path.abspath(patch)])
    return found or [('the patch', 'names no test', '')]


def main():
    words = ' '.join(sys.argv[1:])
    patches = [path for path in sorted(glob.glob(f'{HERE}/*.patch')) if is_wanted(path, words)]
    SCRATCH.fill()
    total = [0, 0]
    for kind, name in sorted({test for patch in patches for test in catchers(patch)}):
        result, output = judge(kind, name)
        if result != 'passes':
            print(f'FAILED without any mutant: {kind} {name} {result}\n{output}', flush=True)
            total[1] += 1
    for patch in patches:
        results = try_mutant(patch)
        is_caught = all(result == 'fails' for _, result, _ in results)
        total[not is_caught] += 1
        for test, result, output in results:
            print(f'{"passed" if result == "fails" else "FAILED"} {os.path.basename(patch)[:-6]}: {test} {result}',
                  flush=True)
            if result not in ('passes', 'fails'):
                print(output, flush=True)
    print(f'{total[0]} passed, {total[1]} failed')
    return 1 if total[1] or not patches else 0


if __name__ == '__main__':
    sys.exit(main())
