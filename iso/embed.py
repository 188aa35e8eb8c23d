#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the assembly of the built-in modules (kernel/embed.h): embed.py NAME=ELF... > embed.S

Each ring-3 program starts on a page and is padded to whole pages; a table names them.  For the program "root" there is
also a table of its segments and its entry point, so that ring 0 reads no ELF.
"""
import struct
import sys

HEADER = struct.Struct('<16sHHIQQQIHHHHHH')
SEGMENT = struct.Struct('<IIQQQQQQ')
PT_LOAD = 1
# ELF's bits of p_flags, and the rights that pages can have (PT_R, PT_W, PT_X of pt.h).
RIGHTS = {4: 1, 2: 2, 1: 4}
FIRST = 'root'


def segments(path):
    """The entry point, and (address, offset, bytes in the file, bytes in memory, rights) of each segment to load."""
    with open(path, 'rb') as file:
        data = file.read()
    _, _, _, _, entry, table, _, _, _, size, count, *_ = HEADER.unpack_from(data)
    loads = []
    for index in range(count):
        kind, flags, offset, address, _, in_file, in_memory, _ = SEGMENT.unpack_from(data, table + index * size)
        if kind == PT_LOAD:
            loads.append((address, offset, in_file, in_memory, sum(RIGHTS[bit] for bit in RIGHTS if flags & bit)))
    return entry, loads


def program(name, path):
    yield '.section .embed,"a"'
    yield '.balign 4096'
    yield f'start_{name}: .incbin "{path}"'
    yield f'end_{name}: .balign 4096'
    yield '.section .rodata.embed,"a"'
    yield f'name_{name}: .asciz "{name}"'


def module_table(names):
    yield '.balign 8'
    yield '.globl embed_modules, embed_count'
    yield 'embed_modules:'
    for name in names:
        yield f'.quad name_{name}, start_{name}, end_{name}'
    yield f'embed_count: .long {len(names)}'


def segment_table(name, path):
    entry, loads = segments(path)
    yield '.balign 8'
    yield '.globl embed_root, embed_root_count, embed_root_entry'
    yield 'embed_root:'
    for address, offset, in_file, in_memory, rights in loads:
        yield f'.quad {address:#x}, start_{name} + {offset:#x}, {in_file:#x}, {in_memory:#x}, {rights}'
    yield f'embed_root_count: .long {len(loads)}'
    yield '.balign 8'
    yield f'embed_root_entry: .quad {entry:#x}'


def main():
    programs = dict(word.split('=', 1) for word in sys.argv[1:])
    lines = ['.section .note.GNU-stack,"",@progbits']
    for name, path in programs.items():
        lines += program(name, path)
    lines += module_table(list(programs))
    lines += segment_table(FIRST, programs[FIRST])
    print('\n'.join(lines))


if __name__ == '__main__':
    main()
