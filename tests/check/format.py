#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""C sources have the shape of .clang-format where clang-format can judge it (docs/decisions/0052-formatting-gate.md).

clang-format only moves blanks and line breaks, so its output and the source have the same characters, and each gap
between two of them can be compared.  Judged are: blanks inside a line, the indentation of statements, braces at the end
or the begin of a line, and empty lines.  Not judged are: where a long line breaks, how the rest of it is aligned, and
how wide a gap in a table or in front of a comment is.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

# clang-format does not know the code's types: it takes "(n) - 1" for a cast, "(u8)~x" for arithmetic, and wants a blank
# in "(u32)offsetof(...)".
# Nor does it know GNU C's ranges, [A ... B].
UNCLEAR = '*&-+~[."'


def gaps(text):
    """What is in front of each character that is not blank: [(blanks, where the character is)]."""
    found, end = [], 0
    for match in re.finditer(r'\S', text):
        found.append((text[end:match.start()], match.start()))
        end = match.end()
    return found


def without_continuation(text):
    return re.sub(r'[ \t]*\\\n', '\n', text)


def indentation(gap):
    return len(gap.rsplit('\n', 1)[1].expandtabs(8))


def ends_line(text, at):
    return re.match(r'[ \t]*(/\*[^\n]*)?\n', text[at + 1:]) is not None


def judge_gap(source, at, gap, wanted_source, wanted_at, wanted):
    """What is wrong with the gap in front of source[at], or None."""
    before, letter = source[:at - len(gap)][-1:], source[at]
    if gap.count('\n') > 2:
        return 'more than one empty line'
    if '\n' not in gap + wanted:
        is_unclear = letter in UNCLEAR or before in UNCLEAR or source.startswith('(*', at) or \
            (before == ')' and not gap and letter.isalnum())
        return None if bool(gap) == bool(wanted) or is_unclear else 'a blank too many' if gap else 'no blank'
    is_brace = letter == '{' and ends_line(source, at) and ends_line(wanted_source, wanted_at)
    is_else = before == '}' and re.match(r'(else|while)\b', source[at:])
    if ('\n' in gap) != ('\n' in wanted):
        return 'a line break is misplaced at a brace' if is_brace or is_else else None
    is_statement = before in ('', ';', '{', '}') and not source.startswith(('/*', '.', '['), at)
    if is_statement and indentation(gap) != indentation(wanted):
        return f'indented by {indentation(gap)}, not {indentation(wanted)}'
    return None


def judge(path):
    with open(path, encoding='utf-8') as file:
        source = file.read()
    if re.search(r'^\s*\.macro', source, re.M):      # a header of assembler
        return []
    wanted = subprocess.run(['clang-format', '--style=file', path], capture_output=True, text=True, check=True).stdout
    source, wanted = without_continuation(source), without_continuation(wanted)
    pairs = list(zip(gaps(source), gaps(wanted)))
    if len(gaps(source)) != len(gaps(wanted)):
        return [f'{path}: clang-format changes more than blanks']
    return [f'{path}:{source.count(chr(10), 0, at) + 1}: {text}'
            for (gap, at), (other, other_at) in pairs
            if (text := judge_gap(source, at, gap, wanted, other_at, other))]


def main():
    paths = subprocess.run(['git', 'ls-files', '*.c', '*.h'], capture_output=True, text=True, check=True).stdout.split()
    paths = [path for path in paths if os.path.exists(path)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [text for found in pool.map(judge, paths) for text in found]
    print('\n'.join(complaints) or f'{len(paths)} files')
    return 1 if complaints or not paths else 0


if __name__ == '__main__':
    sys.exit(main())
