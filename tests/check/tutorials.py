#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The pages of docs/tutorial are true: in a copy of the tree, what they write is written, and what they run passes.

A block of code whose first line is ```LANGUAGE PATH is a new file.  A block of ```diff changes files: "--- a/PATH" and
"+++ b/PATH", then hunks that begin with "@@"; the old lines of a hunk must be in the file once.  The lines of a ```sh
block are run.  Each page begins with the tree as it is.
"""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
from scratch import Scratch

SCRATCH = Scratch('build/tutorials')
BLOCK = re.compile(r'^```(\w+)(?: (\S+))?\n(.*?)^```$', re.S | re.M)
RUN_MAX = 900


class Wrong(Exception):
    pass


def write_file(path, text):
    target = os.path.join(SCRATCH.tree, path)
    if os.path.exists(target):
        raise Wrong(f'{path} exists already')
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, 'w', encoding='utf-8') as file:
        file.write(text)


def change_file(path, hunk):
    target = os.path.join(SCRATCH.tree, path)
    old = ''.join(line[1:] or '\n' for line in hunk if not line.startswith('+'))
    new = ''.join(line[1:] or '\n' for line in hunk if not line.startswith('-'))
    with open(target, encoding='utf-8') as file:
        text = file.read()
    if text.count(old) != 1:
        raise Wrong(f'{path}: these lines are there {text.count(old)} times, not once:\n{old}')
    with open(target, 'w', encoding='utf-8') as file:
        file.write(text.replace(old, new))


def apply_diff(text):
    path = None
    hunks = []
    for line in text.splitlines(keepends=True):
        if line.startswith('--- a/'):
            path = None
        elif line.startswith('+++ b/'):
            path = line[len('+++ b/'):].strip()
        elif line.startswith('@@'):
            hunks.append((path, []))
        else:
            hunks[-1][1].append(line)
    for name, hunk in hunks:
        change_file(name, hunk)


def run_lines(text):
    for line in text.splitlines():
        status, output = SCRATCH.run(['sh', '-c', line], RUN_MAX)
        if status != 0:
            raise Wrong(f'"{line}" ended with status {status}\n{output}')
        if 'unit T=' in line and not re.search(r'^[1-9]\d* passed, 0 failed$', output, re.M):
            raise Wrong(f'"{line}" ran nothing\n{output}')


def follow(page):
    """How many commands it ran."""
    with open(page, encoding='utf-8') as file:
        text = file.read()
    SCRATCH.fill()
    runs = 0
    for language, path, block in BLOCK.findall(text):
        if language == 'sh':
            run_lines(block)
            runs += len(block.splitlines())
        elif language == 'diff':
            apply_diff(block)
        elif path:
            write_file(path, block)
    if not runs:
        raise Wrong('runs nothing')
    return runs


def main():
    pages = sorted(glob.glob('docs/tutorial/*.md'))
    complaints = []
    runs = 0
    for page in pages:
        try:
            runs += follow(page)
        except Wrong as wrong:
            complaints.append(f'{page}: {wrong}')
    print('\n'.join(complaints) or f'{len(pages)} pages, {runs} commands')
    return 1 if complaints or not pages else 0


if __name__ == '__main__':
    sys.exit(main())
