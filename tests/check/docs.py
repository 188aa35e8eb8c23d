#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The documents are true where a program can tell.

Links lead to files and headings; names of files, functions, constants and make targets exist; docs/abi.md is current;
`make help` names every target.
"""
import glob
import os
import re
import subprocess
import sys

TOP = ('ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md', 'SECURITY.md')
SOURCES = ('*.c', '*.h', '*.S', '*.ld', '*.py', '*.sh', '*.mk', '*.awk', '*.patch', 'Makefile', '*.asl', '*.inc')
# Names of others: of the firmware, of Linux, of the user.
FOREIGN = {'vos.conf', 'vosctl.py'}
SPAN = re.compile(r'`([^`\n]+)`')
LINK = re.compile(r'\[[^\]\n]*\]\(([^)\s]+)\)')
FILE = re.compile(r'(?<![\w/.-])(?:[\w-]+/)*[\w-]+\.(?:c|h|S|py|sh|mk|awk|ld|md|conf|patch|txt|asl|inc)(?![\w/])')
FOLDER = re.compile(r'(?<![\w/.-])(?:[\w.-]+/)+(?![\w*{<])')
NAME = re.compile(r'(?<![\w./-])([A-Za-z]\w*_\w*)(\*?)(?![\w/]|\.\w)')
TARGET = re.compile(r'^make ([a-z][a-z-]*)')


def listed():
    """The repository's files; without git, those of the tree."""
    done = subprocess.run(['git', 'ls-files', '--cached', '--others', '--exclude-standard'], capture_output=True,
                          text=True, check=True)
    return [path for path in done.stdout.splitlines() if os.path.exists(path)]


class Tree:
    def __init__(self):
        self.files = set(listed())
        self.bases = {os.path.basename(path) for path in self.files} | FOREIGN
        self.folders = {path[:at + 1] for path in self.files for at, letter in enumerate(path) if letter == '/'}
        self.words = set()
        for path in self.files:
            if any(path.endswith(pattern.lstrip('*')) for pattern in SOURCES):
                with open(path, encoding='utf-8') as file:
                    self.words |= set(re.findall(r'[A-Za-z_]\w*', file.read()))
        self.phony, self.targets = self.make_targets()

    @staticmethod
    def make_targets():
        phony, targets = set(), set()
        for path in ('Makefile', *glob.glob('mk/*.mk'), *glob.glob('tests/*/rules.mk')):
            with open(path, encoding='utf-8') as file:
                text = file.read().replace('\\\n', ' ')
            for names in re.findall(r'^\.PHONY:(.*)$', text, re.M):
                phony |= set(names.split())
            targets |= set(re.findall(r'^([a-z][a-z-]*):', text, re.M))
        return phony, targets

    def has_file(self, name, page):
        beside = os.path.normpath(os.path.join(os.path.dirname(page), name))
        return name in self.files or beside in self.files or ('/' not in name and name in self.bases) or \
            any(path.endswith('/' + name) for path in self.files)

    def has_folder(self, name):
        return name in self.folders or any(folder.endswith('/' + name) for folder in self.folders)

    def has_name(self, name, is_prefix):
        if is_prefix:
            return any(word.startswith(name) for word in self.words)
        return name in self.words


def headings(text):
    """The anchors that a forge makes of a page's headings."""
    found = set()
    for line in re.findall(r'^#+ +(.*)$', text, re.M):
        words = re.sub(r'[^\w\- ]', '', line.lower())
        found.add(words.strip().replace(' ', '-'))
    return found


def judge_links(page, text):
    for target in LINK.findall(text):
        if '://' in target:
            continue
        name, _, anchor = target.partition('#')
        path = os.path.normpath(os.path.join(os.path.dirname(page), name)) if name else page
        if not os.path.exists(path):
            yield f'link to {target}: there is no {path}'
        elif anchor and path.endswith('.md'):
            with open(path, encoding='utf-8') as file:
                if anchor not in headings(file.read()):
                    yield f'link to {target}: no heading makes that anchor'


def is_placeholder(name):
    return 'NAME' in name or 'NNNN' in name or name.startswith('build/') or '...' in name


def judge_span(tree, page, span):
    rest = span
    for name in FILE.findall(span):
        rest = rest.replace(name, ' ')
        if not is_placeholder(name) and not tree.has_file(name, page):
            yield f'there is no file {name}'
    for name in FOLDER.findall(rest):
        if name.split('/')[0] in {path.split('/')[0] for path in tree.folders} and not tree.has_folder(name):
            yield f'there is no folder {name}'
    if '/' in rest:
        return
    for name, star in NAME.findall(rest):
        if not is_placeholder(name) and not tree.has_name(name, star == '*'):
            yield f'nothing is called {name}{star}'
    target = TARGET.match(span)
    if target and target[1] not in tree.targets | tree.phony:
        yield f'make has no target {target[1]}'


def judge(tree, page):
    with open(page, encoding='utf-8') as file:
        text = file.read()
    # Blocks of code and the reader's shell are not names of this tree.
    prose = re.sub(r'^```.*?^```', '', text, flags=re.S | re.M)
    complaints = list(judge_links(page, prose))
    for span in SPAN.findall(prose):
        complaints += judge_span(tree, page, span)
    for name in FILE.findall(re.sub(SPAN, ' ', re.sub(LINK, ' ', prose))):
        if '/' in name and name.split('/')[0] + '/' in tree.folders and not tree.has_file(name, page):
            complaints.append(f'there is no file {name}')
    yield from (f'{page}: {text}' for text in sorted(set(complaints)))


def judge_help(tree):
    with open('mk/help.txt', encoding='utf-8') as file:
        words = set(re.findall(r'[a-z][a-z-]*', file.read()))
    for name in sorted(tree.phony):
        if not name.startswith('do-') and name != 'FORCE' and name not in words:
            yield f'mk/help.txt does not mention the target {name}'


def main():
    tree = Tree()
    pages = sorted({*TOP, *(path for path in tree.files if path.startswith('docs/') and path.endswith('.md'))})
    complaints = [text for page in pages for text in judge(tree, page)]
    complaints += judge_help(tree)
    abi = subprocess.run(['docs/abi.py', '--check'], capture_output=True, text=True, check=False)
    complaints += (abi.stdout + abi.stderr).splitlines()
    print('\n'.join(complaints) or f'{len(pages)} pages')
    return 1 if complaints or abi.returncode else 0


if __name__ == '__main__':
    sys.exit(main())
