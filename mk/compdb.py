#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""compdb.py [FILE]: writes compile_commands.json for editors and clang-tidy, from what make would run.

Each source is there once, with the flags of the product, or those of the host tests.
"""
import json
import os
import re
import subprocess
import sys

GOALS = ('objs', 'do-host', 'do-unit')
# "compiler ... -c source -o object"
COMPILE = re.compile(r'^(?:gcc|musl-gcc|clang) .* -c (\S+\.[cS]) -o (\S+)$')


def main():
    environment = {name: value for name, value in os.environ.items() if not name.startswith(('MAKE', 'MFLAGS'))}
    output = subprocess.run(['make', '--no-print-directory', '-n', '-B', *GOALS], env=environment, capture_output=True,
                            text=True, check=True).stdout
    entries = {}
    for line in output.splitlines():
        match = COMPILE.match(line)
        if match and match[1] not in entries:
            entries[match[1]] = {'directory': os.getcwd(), 'command': line, 'file': match[1], 'output': match[2]}
    path = sys.argv[1] if len(sys.argv) > 1 else 'compile_commands.json'
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(list(entries.values()), file, indent=1)
        file.write('\n')
    print(f'{path}: {len(entries)} sources')


if __name__ == '__main__':
    main()
