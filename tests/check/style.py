#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The mechanical part of the house style: 120 columns, tabs in C, no trailing blanks, nothing left to do."""
import re
import subprocess
import sys

LIMIT = 120
LINES = 600
TEST_LINES = 700


def judge(path):
    with open(path, encoding='utf-8') as file:
        lines = file.read().split('\n')
    is_c = path.endswith(('.c', '.h', '.S'))
    if is_c and len(lines) > (TEST_LINES if path.startswith('tests/') else LINES):
        yield f'{path}: {len(lines)} lines; split it'
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > LIMIT and not path.endswith('.md'):
            yield f'{path}:{number}: longer than {LIMIT} columns'
        if line != line.rstrip():
            yield f'{path}:{number}: blanks at the end'
        if is_c and re.match(r' {8}', line):
            yield f'{path}:{number}: indented with blanks'
        if re.search(r'\b(TO' r'DO|FIX' r'ME|XX' r'X)\b', line):
            yield f'{path}:{number}: something left to do'


def main():
    paths = subprocess.run(['git', 'ls-files', '*.c', '*.h', '*.S', '*.ld', '*.py', '*.sh', '*.md', '*.mk',
                            'Makefile'], capture_output=True, text=True, check=True).stdout.split()
    complaints = [text for path in paths for text in judge(path)]
    print('\n'.join(complaints) or f'{len(paths)} files')
    return 1 if complaints or not paths else 0


if __name__ == '__main__':
    sys.exit(main())
