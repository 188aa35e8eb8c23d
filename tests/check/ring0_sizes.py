#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts ring 0's code lines by subject, and fails where a subject is over its budget (ring0_budgets.txt) or a file
belongs to none.  make sizes prints the same table."""
import fnmatch
import os
import re
import sys

BUDGETS = 'tests/check/ring0_budgets.txt'
LINE = re.compile(r'(\S.*?) +(\d+)  (\S.*)')
# Strings first, so that a comment sign inside one isn't taken for a comment.
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)


def code_lines(path):
    """Lines with something else than blanks and comments."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    text = TOKEN.sub(lambda m: re.sub(r'[^\n]', '', m.group()) if m.group().startswith('/') else 'x', text)
    return sum(1 for line in text.split('\n') if line.strip())


def sources():
    for room in ('boot', 'arch', 'kernel', 'lib/base'):
        for folder, _, files in os.walk(room):
            if not folder.startswith('arch/x86_64/user'):
                yield from (os.path.join(folder, name) for name in files if name.endswith(('.c', '.h', '.S')))


def budgets():
    """[(subject, budget, patterns)]"""
    with open(BUDGETS, encoding='utf-8') as file:
        rows = [LINE.fullmatch(line.rstrip('\n')) for line in file if line.strip() and not line.startswith('#')]
    return [(row.group(1), int(row.group(2)), row.group(3).split()) for row in rows]


def subject_of(path, rows):
    return next((subject for subject, _, patterns in reversed(rows)
                 if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)), None)


def main():
    rows = budgets()
    counts = {subject: 0 for subject, _, _ in rows}
    complaints = []
    for path in sources():
        subject = subject_of(path, rows)
        if subject:
            counts[subject] += code_lines(path)
        else:
            complaints.append(f'{path}: no subject in {BUDGETS}')
    for subject, budget, _ in rows:
        print(f'{subject:16} {counts[subject]:6} of {budget}')
        if counts[subject] > budget:
            complaints.append(f'{subject}: {counts[subject] - budget} code lines over its budget in {BUDGETS}')
    print(f'{"ring 0":16} {sum(counts.values()):6} of {sum(budget for _, budget, _ in rows)} code lines')
    print('\n'.join(complaints), end='\n' if complaints else '')
    return 1 if complaints or not counts else 0


if __name__ == '__main__':
    sys.exit(main())
