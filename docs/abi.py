#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes docs/abi.md from the headers of kernel/abi: constants, enums and structures with their values, offsets and
comments.  The values are the compiler's.

    docs/abi.py           write docs/abi.md
    docs/abi.py --check   fail if docs/abi.md differs from what would be written
"""
import os
import re
import subprocess
import sys
import tempfile

PAGE = 'docs/abi.md'
FOLDER = 'kernel/abi'
# In the order of reading.  types.h has no constants of the ABI.
HEADERS = ('syscalls.h', 'stats.h', 'status.h', 'vcpu_page.h', 'info_page.h', 'limits.h')

INTRO = """# The ABI between the kernel and ring 3

Written from `kernel/abi` by `docs/abi.py` (`make docs`); `make check` fails if it is out of date. The headers are the
contract, this page is for reading. Sizes and offsets are in bytes.
"""

TOKEN = re.compile(r'(?P<comment>/\*.*?\*/)'
                   r'|(?P<define>^#define[^\n]*?(?=[ \t]*/\*|\n))'
                   r'|(?P<enum>^enum (?P<enum_name>\w+) \{(?P<enum_body>.*?)\};)'
                   r'|(?P<struct>^struct (?P<struct_name>\w+) \{(?P<struct_body>.*?)^\};)', re.S | re.M)
DEFINE = re.compile(r'#define (\w+)[ \t]+(\S.*)')
ENUM_PART = re.compile(r'(?P<comment>/\*.*?\*/)|(?P<name>[A-Za-z_]\w*)(?P<value>\s*=[^,/}]*)?', re.S)


def words(comment):
    """A comment's text on one line."""
    text = re.sub(r'\n\s*\*?', ' ', comment[2:-2])
    return re.sub(r'\s+', ' ', text).strip()


def paragraphs(comment):
    """A comment's paragraphs and list items, each on one line."""
    lines = [re.sub(r'^\s*\*? ?', '', line).rstrip() for line in comment[2:-2].split('\n')]
    text = re.sub(r'^\w+\.h - |^-{3,}\s*|\s*-{3,}$', '', '\n'.join(lines).strip())
    parts = re.split(r'\n\s*\n|\n(?=\s+- )', text)
    return [escape(re.sub(r'\s+', ' ', part).strip()) for part in parts]


def escape(text):
    """Outside of code spans."""
    parts = text.split('`')
    return '`'.join(part if number % 2 else re.sub(r'([_*])', r'\\\1', part) for number, part in enumerate(parts))


def cell(text):
    return text.replace('|', '\\|')


class Compiler:
    """Collects constant expressions; one run of the compiler gives the values of all."""

    def __init__(self):
        self.expressions = []
        self.values = {}

    def want(self, expression):
        self.expressions.append(expression)

    def run(self):
        lines = ['#include <stdio.h>', *(f'#include "{header}"' for header in HEADERS), 'int main(void) {']
        lines += [f'printf("%lld\\n", (long long)({expression}));' for expression in self.expressions]
        lines += ['}']
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, 'values')
            subprocess.run(['gcc', '-w', '-x', 'c', '-iquote', FOLDER, '-o', program, '-'], input='\n'.join(lines),
                           text=True, check=True)
            output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
        self.values = dict(zip(self.expressions, output.split()))

    def number(self, expression):
        value = int(self.values[expression]) % 2 ** 64
        return str(value) if value < 4096 else f'{value:#x}'


def enum_rows(body):
    """Lists of [name, comment], and strings for comments that stand before entries."""
    rows = []
    end = 0
    for match in ENUM_PART.finditer(body):
        starts_line = end == 0 or '\n' in body[end:match.start()]
        end = match.end()
        if match['name']:
            # "(arguments): ..." above an entry is what it does, not a heading.
            is_its = rows and isinstance(rows[-1], str) and rows[-1].startswith('(')
            rows.append([match['name'], rows.pop() if is_its else ''])
        elif starts_line:
            rows.append(words(match['comment']))
        else:
            rows[-1][1] = words(match['comment'])
    return rows


def struct_rows(body):
    """Lists of [declaration, field or None, comment], and strings for comments that stand before fields."""
    rows = []
    depth = 0
    at = 0
    pending = ''
    while at < len(body):
        if body.startswith('/*', at):
            end = body.index('*/', at) + 2
            text = words(body[at:end])
            line_start = body.rfind('\n', 0, at) + 1
            if body[line_start:at].strip() and rows and not isinstance(rows[-1], str) and not pending.strip():
                rows[-1][2] = text
            elif not pending.strip():
                rows.append(text)
            at = end
            continue
        character = body[at]
        depth += {'{': 1, '}': -1}.get(character, 0)
        if character == ';' and depth == 0:
            declaration = re.sub(r'\s+', ' ', pending).strip()
            plain = re.sub(r'\{.*\}', '', declaration)
            names = re.findall(r'(\w+)(?:\[[^\]]*\])*\s*(?:,|$)', plain)
            rows.append([declaration, names[0] if names and names[0] not in ('union', 'struct') else None, ''])
            pending = ''
        else:
            pending += character
        at += 1
    return rows


def parse(text):
    """The items of a header in order: ('text', words), ('defines', rows), ('enum', name, rows), ('struct', ...)."""
    items = []
    end = 0
    for match in TOKEN.finditer(text):
        gap = text[end:match.start()]
        end = match.end()
        if match['define']:
            define = DEFINE.match(match['define'])
            if define and define[1] != 'MUST_CHECK':
                if not items or items[-1][0] != 'defines':
                    items.append(('defines', []))
                items[-1][1].append([define[1], ''])
        elif match['enum']:
            items.append(('enum', match['enum_name'], enum_rows(match['enum_body'])))
        elif match['struct']:
            items.append(('struct', match['struct_name'], struct_rows(match['struct_body'])))
        elif '\n' not in gap and items and items[-1][0] == 'defines':
            items[-1][1][-1][1] = words(match['comment'])
        else:
            items.append(('text', paragraphs(match['comment'])))
    return items


def collect(items, compiler):
    for item in items:
        if item[0] in ('defines', 'enum'):
            for row in item[-1]:
                if not isinstance(row, str):
                    compiler.want(row[0])
        elif item[0] == 'struct':
            compiler.want(f'sizeof(struct {item[1]})')
            for row in item[2]:
                if not isinstance(row, str) and row[1]:
                    compiler.want(f'offsetof(struct {item[1]}, {row[1]})')


def table(rows, compiler):
    yield '| name | value | meaning |'
    yield '|---|---:|---|'
    for row in rows:
        yield f'| | | *{cell(row)}* |' if isinstance(row, str) else \
            f'| `{row[0]}` | {compiler.number(row[0])} | {cell(row[1])} |'
    yield ''


def render(items, compiler):
    for item in items:
        if item[0] == 'text':
            for text in item[1]:
                yield from (text, '')
        elif item[0] == 'defines':
            yield from table(item[1], compiler)
        elif item[0] == 'enum':
            yield f'### enum {item[1]}'
            yield ''
            yield from table(item[2], compiler)
        else:
            yield f'### struct {item[1]}'
            yield ''
            yield f'{compiler.number(f"sizeof(struct {item[1]})")} bytes.'
            yield ''
            yield '| offset | member | meaning |'
            yield '|---:|---|---|'
            for row in item[2]:
                if isinstance(row, str):
                    yield f'| | | *{cell(row)}* |'
                    continue
                offset = compiler.number(f'offsetof(struct {item[1]}, {row[1]})') if row[1] else ''
                yield f'| {offset} | `{row[0]}` | {cell(row[2])} |'
            yield ''


def main():
    compiler = Compiler()
    parsed = {}
    for header in HEADERS:
        with open(f'{FOLDER}/{header}', encoding='utf-8') as file:
            parsed[header] = parse(file.read())
        collect(parsed[header], compiler)
    compiler.run()
    lines = [INTRO]
    for header, items in parsed.items():
        lines += [f'## {header}', '', *render(items, compiler)]
    text = '\n'.join(lines).rstrip() + '\n'
    if '--check' not in sys.argv[1:]:
        with open(PAGE, 'w', encoding='utf-8') as file:
            file.write(text)
        return 0
    with open(PAGE, encoding='utf-8') as file:
        if file.read() == text:
            return 0
    print(f'{PAGE} is out of date: run docs/abi.py')
    return 1


if __name__ == '__main__':
    sys.exit(main())
