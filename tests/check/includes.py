#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Dependencies point one way: each #include "..." is a file of a folder on its room's list, and ring 0 takes no libc.

The lists are those of mk/rooms.mk (`make rooms`).  The compiler follows them too; what it would not notice is a path
with a folder in it, a header that no source of its own room includes, or a libc header in ring 0.
"""
import glob
import os
import re
import subprocess
import sys

# string.h for its declarations: the linker offers ring 0 a handful of musl's mem* and str*, and nothing else.
FREESTANDING = {'string.h', 'stdint.h', 'stddef.h', 'stdbool.h', 'stdarg.h', 'stdnoreturn.h', 'stdatomic.h',
                'limits.h', 'stdalign.h'}
# The last one is the font that GRUB's package brings.
ABI_FOLDERS = ('asm/', 'linux/', 'xen/', '/usr/share/grub/ascii.h')
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)


def rooms():
    """room -> (ring, folders it may include from); a room compiled for both rings is listed twice."""
    output = subprocess.run(['make', '-s', '--no-print-directory', 'rooms'], capture_output=True, text=True,
                            check=True).stdout
    for line in output.splitlines():
        ring, room, *folders = line.split()
        yield ring, room, folders


def judge(ring, path, folders):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    for kind, name in INCLUDE.findall(text):
        if kind == '<':
            if ring == 'k' and name not in FREESTANDING and not name.startswith(ABI_FOLDERS):
                yield f'{path}: <{name}> is not for ring 0'
        elif '/' in name:
            yield f'{path}: "{name}" names a folder'
        elif not any(os.path.exists(f'{folder}/{name}') for folder in folders):
            yield f'{path}: "{name}" is in no folder that this room may use: {" ".join(folders)}'


def main():
    seen = 0
    complaints = []
    for ring, room, folders in rooms():
        for path in sorted(glob.glob(f'{room}/*.[chS]')):
            seen += 1
            complaints += judge(ring, path, folders)
    print('\n'.join(complaints) or f'{seen} files')
    return 1 if complaints or not seen else 0


if __name__ == '__main__':
    sys.exit(main())
