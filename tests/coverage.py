#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make coverage: which lines the tests run, per room; files below half are named.

Host tests and fuzzers are compiled with --coverage in build/coverage and counted by gcov.  For the kernel QEMU writes
which of its instructions it has translated (-d in_asm) while the boot tests of BOOT run, and addr2line knows their
lines: a block of translated code ends at the first jump, so what was translated was run, up to a fault in the block.
"""
import collections
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys

import run
from scratch import NOT_OURS

OUT = 'build/coverage'
KERNEL = 'build/vos.elf'
ROOMS = ('boot', 'arch', 'kernel', 'lib', 'drivers', 'mgmt', 'vmm')
BOOT = os.environ.get('BOOT') or '-k test_guests'
BACKENDS = ('qemu-pvh', 'qemu-bios', 'qemu-uefi')
HALF = 50


def is_ours(path):
    return path.split('/')[0] in ROOMS


class Lines:
    """File -> its lines with code, and those that were run."""

    def __init__(self):
        self.all = collections.defaultdict(set)
        self.run = collections.defaultdict(set)

    def note(self, path, line, was_run):
        path = os.path.relpath(os.path.normpath(path))
        if is_ours(path):
            self.all[path].add(line)
            if was_run:
                self.run[path].add(line)

    def percent(self, paths):
        lines = sum(len(self.all[path]) for path in paths)
        return 100 * sum(len(self.run[path]) for path in paths) // lines, lines

    def show(self, title):
        print(f'== {title}')
        rooms = collections.defaultdict(list)
        for path in sorted(self.all):
            rooms[os.path.dirname(path)].append(path)
        for room, paths in rooms.items():
            percent, lines = self.percent(paths)
            low = [f'{os.path.basename(path)} {self.percent([path])[0]} %' for path in paths
                   if self.percent([path])[0] < HALF]
            print(f'{percent:4} % of {lines:6} lines  {room}' + (f'  (low: {", ".join(low)})' if low else ''))
        percent, lines = self.percent(list(self.all))
        print(f'{percent:4} % of {lines:6} lines')


def unit_lines():
    """Runs what `make coverage` has built."""
    for path in glob.glob(f'{OUT}/**/*.gcda', recursive=True):
        os.remove(path)
    with concurrent.futures.ThreadPoolExecutor(run.JOBS) as pool:
        for name, _, failed, output in pool.map(run.host_program, run.built('', f'{OUT}/host')):
            if failed:
                print(f'FAILED {name}\n{output}')
    lines = Lines()
    data = glob.glob(f'{OUT}/**/*.gcda', recursive=True)
    output = subprocess.run(['gcov', '--json-format', '--stdout', *data], capture_output=True, text=True,
                            check=True).stdout
    for document in output.splitlines():
        for file in json.loads(document)['files']:
            for line in file['lines']:
                lines.note(file['file'], line['line_number'], line['count'] > 0)
    return lines


def text_range():
    """Where the kernel's code is: [first, last] address of .text."""
    output = subprocess.run(['objdump', '-h', '-j', '.text', KERNEL], capture_output=True, text=True, check=True).stdout
    size, start = re.search(r'\.text +([0-9a-f]+) +([0-9a-f]+)', output).groups()
    return int(start, 16), int(start, 16) + int(size, 16) - 1


def boot_with_log(first, last):
    """The boot tests with a QEMU that logs; each writes a file of its own."""
    for path in glob.glob(f'{OUT}/qemu-*.log'):
        os.remove(path)
    wrapper = os.path.abspath(f'{OUT}/qemu')
    with open(wrapper, 'w', encoding='utf-8') as file:
        file.write(f'#!/bin/sh\nexec qemu-system-x86_64 -d in_asm -dfilter {first:#x}..{last:#x} '
                   f'-D {os.path.abspath(OUT)}/qemu-$$.log "$@"\n')
    os.chmod(wrapper, 0o755)
    # What Bochs runs is not counted, and a test that fails has run lines too.
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    backends = ' '.join(f'--backend {name}' for name in BACKENDS)
    done = subprocess.run(['make', '-s', 'boot-test', f'T={BOOT} {backends}'], env=environment | {'QEMU': wrapper},
                          check=False)
    if done.returncode:
        print('Some boot tests failed; their lines are counted as far as they came.')


def kernel_lines():
    first, last = text_range()
    boot_with_log(first, last)
    translated = set()
    for path in glob.glob(f'{OUT}/qemu-*.log'):
        with open(path, encoding='utf-8', errors='replace') as file:
            translated |= set(re.findall(r'^0x([0-9a-f]+):', file.read(), re.M))
    translated = {int(address, 16) for address in translated}
    output = subprocess.run(['objdump', '-d', '--no-show-raw-insn', '-j', '.text', KERNEL], capture_output=True,
                            text=True, check=True).stdout
    addresses = [int(address, 16) for address in re.findall(r'^ *([0-9a-f]+):\t', output, re.M)]
    output = subprocess.run(['addr2line', '-e', KERNEL], input='\n'.join(map(hex, addresses)), capture_output=True,
                            text=True, check=True).stdout
    lines = Lines()
    for address, place in zip(addresses, output.splitlines()):
        path, _, line = place.partition(' ')[0].rpartition(':')
        if line.isdigit():
            lines.note(path, int(line), address in translated)
    return lines


def main():
    wanted = sys.argv[1:] or ['unit', 'kernel']
    if 'unit' in wanted:
        unit_lines().show('host tests and fuzzers')
    if 'kernel' in wanted:
        kernel_lines().show(f'kernel in QEMU, boot tests {BOOT}')


if __name__ == '__main__':
    main()
