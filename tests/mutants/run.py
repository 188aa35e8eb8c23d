#!/usr/bin/python3
"""Proves that tests can fail: run.py [words] takes the patches here that have the words in their names or in
their tests' ("unit svm"; all, without words), applies each to a copy of the tree in build/mutants, and fails where a
test that the patch names still passes.

A patch is a unified diff (-p1) which takes a guard away.  Above it stands why the guard is there, and who must notice:
    Caught-by: unit NAME        the host test tests/host/test_NAME.c
    Caught-by: boot EXPRESSION  the boot tests that pytest's -k EXPRESSION selects
The last line is "N passed, N failed".
"""
import glob
import os
import re
import shutil
import subprocess
import sys

HERE = 'tests/mutants'
TREE = os.path.abspath('build/mutants/tree')
# Of build/, what need not be in the copy.
NOT_COPIED = {'mutants', 'corpus', 'test-logs', 'exitbench', 'libfuzzer'}
# The copy is in a repository that git must not find: the patch is meant for the copy.  What a mutant hangs in is waited
# for less long than usual; the tests without it must pass like that too.
OURS = {'GIT_CEILING_DIRECTORIES': os.path.dirname(TREE), 'ASAN_OPTIONS': 'detect_leaks=0', 'VOS_TEST_PATIENCE': '600'}
NOT_OURS = ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL')
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in NOT_OURS} | OURS
UNIT_MAX = 600


def run(command, timeout=None):
    """(exit status, output), in the copy; None instead of a status if it took too long."""
    try:
        done = subprocess.run(command, cwd=TREE, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout, check=False)
        return done.returncode, done.stdout.decode(errors='replace')
    except subprocess.TimeoutExpired as error:
        return None, (error.stdout or b'').decode(errors='replace')


def files_of_tree():
    listed = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                            stdout=subprocess.PIPE, check=True).stdout.decode()
    return {name for name in listed.split('\0') if name and os.path.isfile(name)}


def same(one, other):
    with open(one, 'rb') as a, open(other, 'rb') as b:
        return a.read() == b.read()


def copy_tree():
    """Only what differs is copied, so that make has little to do; build/ is copied once, to begin with."""
    wanted = files_of_tree()
    for name in wanted:
        target = os.path.join(TREE, name)
        if not os.path.exists(target) or not same(name, target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(name, target)
    for folder, folders, files in os.walk(TREE):
        folders[:] = [name for name in folders if os.path.join(folder, name) != f'{TREE}/build']
        for name in files:
            path = os.path.join(folder, name)
            if os.path.relpath(path, TREE) not in wanted:
                os.remove(path)
    if not os.path.exists(f'{TREE}/build'):
        shutil.copytree('build', f'{TREE}/build', symlinks=True,
                        ignore=lambda folder, names: NOT_COPIED & set(names) if folder == 'build' else ())


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
    os.makedirs(TREE, exist_ok=True)
    copy_tree()
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
