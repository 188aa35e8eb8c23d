#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Looks through the kernel's machine code for what ring 0 must not do: SSE and x87, thread-local %fs, `syscall`.

Saving, clearing and loading the extended state of others (fxsave, xsave, fninit, fildl...) is its job and names no such
register.
"""
import re
import subprocess
import sys

ALLOWED_X87 = {'fxsave', 'fxsave64', 'fxrstor', 'fxrstor64', 'fninit', 'fnclex', 'fwait', 'fildl'}
RULES = (
    ('vector register', re.compile(r'%[xyz]?mm\d')),
    ('x87 register', re.compile(r'%st\b')),
    ('%fs segment', re.compile(r'%fs:')),
    ('syscall', re.compile(r'^syscall\b')),
)


def main():
    output = subprocess.run(['objdump', '-d', '--no-show-raw-insn', '-j', '.text', 'build/vos.elf'],
                            capture_output=True,
                            text=True, check=True).stdout
    where = '?'
    seen = 0
    complaints = []
    for line in output.splitlines():
        if line.endswith('>:'):
            where = line
            continue
        match = re.match(r' *[0-9a-f]+:\t(.+)$', line)
        if not match:
            continue
        seen += 1
        code = match.group(1).split('#')[0].strip()
        mnemonic = code.split()[0]
        if mnemonic.startswith('f') and mnemonic not in ALLOWED_X87:
            complaints.append(f'{where} x87 instruction: {line}')
        complaints += [f'{where} {name}: {line}' for name, pattern in RULES if pattern.search(code)]
    print('\n'.join(complaints) or f'{seen} instructions')
    return 1 if complaints or not seen else 0


if __name__ == '__main__':
    sys.exit(main())
