#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Commit subjects are "room: imperative summary" of at most 72 columns (CONTRIBUTING.md).

Judged are the commits since the one that added this file.  Without a repository there is nothing to look at.
"""
import re
import subprocess
import sys

COLUMNS = 72
SHAPE = re.compile(r'[a-z0-9_/.-]+(, [a-z0-9_/.-]+)*: [a-z]')
# A summary begins with a verb in the imperative; these words begin a description.
NOT_VERBS = {'a', 'an', 'the', 'this', 'that', 'these', 'those', 'what', 'whatever', 'who', 'whoever', 'which', 'whose',
             'where', 'when', 'why', 'how', 'one', 'each', 'every', 'all', 'any', 'some', 'no', 'nobody', 'nothing',
             'more', 'fewer', 'less', 'it', 'its', 'there', 'if', 'after', 'before', 'for', 'in', 'on', 'of', 'with'}
# The same verb in another form: "adds", "added", "adding".
VERBS = 'add allow avoid call change check cut delete describe drop fix handle keep let make move name print read ' \
        'refuse remove rename replace return run send show split stop take test update use wait write'.split()
OTHER_FORMS = {verb + end for verb in VERBS for end in ('s', 'es', 'd', 'ed', 'ing')} | \
    {verb.rstrip('e') + 'ing' for verb in VERBS} - set(VERBS)

# Landed without having been judged; history stays.
EXCUSED = {'83e6e6a', 'e326a5e'}


def git(*arguments):
    done = subprocess.run(['git', *arguments], capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else None


def judge(subject):
    if len(subject) > COLUMNS:
        yield f'{len(subject)} columns, {COLUMNS} allowed'
    if not SHAPE.match(subject):
        yield 'not "room: imperative summary"'
        return
    word = re.split(r'[^a-z0-9-]', subject.split(': ', 1)[1])[0]
    if word in NOT_VERBS or word in OTHER_FORMS:
        yield f'"{word}" is no verb in the imperative'
    if subject.endswith('.'):
        yield 'ends in a full stop'


def main():
    added = git('log', '--diff-filter=A', '--format=%H', '--', __file__)
    if not added:
        print('no repository, or this check is not in it yet')
        return 0
    commits = git('log', '--no-merges', '--abbrev=7', '--format=%h %s', f'{added[-1]}..HEAD')
    commits = [line for line in commits if line.split(' ', 1)[0] not in EXCUSED]
    complaints = [f'{line}: {text}' for line in commits for text in judge(line.split(' ', 1)[1])]
    print('\n'.join(complaints) or f'{len(commits)} commits')
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
