# SPDX-License-Identifier: MIT
"""Counts the instructions of an exit that cost more than one on a processor: QEMU logs each instruction of the kernel
and of the VMM while the guest `repeat` does one thing, and what lies between two VMRUNs most often is that exit."""
import collections
import re
import socket
import subprocess
import time

from vosmachine import BUILD, Machine

TRACE_SECONDS = 1
KERNEL, KERNEL_BYTES = 0xffffffff80000000, 0x1000000
VMM, VMM_BYTES = 0x400000, 0x100000
CLASSES = (
    ('vmrun', r'vmrun'), ('vmload', r'vmload'), ('vmsave', r'vmsave'), ('clgi stgi', r'clgi|stgi'),
    ('syscall sysret', r'syscall|sysret[lq]?'), ('swapgs', r'swapgs'), ('iret', r'iret[lq]?'),
    ('rdmsr wrmsr', r'rdmsr|wrmsr'), ('mov CR3', r'mov.*%cr3'), ('other CR, DR', r'mov.*%(?:cr|db|dr)[0-9]+'),
    ('FS, GS base', r'(?:rd|wr)[fg]sbase.*'), ('xsave xrstor', r'xsave.*|xrstor.*|xsetbv|xgetbv'),
    ('lgdt ltr', r'lgdt.*|lidt.*|ltr.*|mov.*,%[defgs]s'), ('invlpg', r'invlpg.*|invpcid.*'), ('rdtsc', r'rdtscp?'),
    ('locked', r'lock.*|xchg.*\(.*'),
)


class Traced(Machine):
    """A machine that can log instructions into a file: those of the kernel and of programs at the VMM's addresses."""
    def command(self):
        self.trace = f'{self.folder}/trace'
        ranges = f'{KERNEL:#x}+{KERNEL_BYTES:#x},{VMM:#x}+{VMM_BYTES:#x}'
        return super().command() + ['-singlestep', '-D', self.trace, '-dfilter', ranges,
                                    '-monitor', f'unix:{self.folder}/monitor,server,nowait']

    def trace_instructions(self, what):
        """The monitor answers when it is done."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(f'{self.folder}/monitor')
            seen = monitor.recv(4096)
            monitor.sendall(f'log {what}\n'.encode())
            while seen.count(b'(qemu) ') < 2:
                seen += monitor.recv(4096)


def special_addresses():
    """{address: class} of the kernel's and the VMM's special instructions."""
    found = {}
    for program in ('vos.elf', 'pd/vmm.elf'):
        listing = subprocess.run(['objdump', '-d', '--no-show-raw-insn', f'{BUILD}/{program}'], check=True,
                                 capture_output=True, text=True).stdout
        for address, text in re.findall(r'^ *([0-9a-f]+):\t(.*?) *$', listing, re.M):
            for name, pattern in CLASSES:
                if re.fullmatch(pattern + r'(?:\s.*)?', text):
                    found[int(address, 16)] = name
                    break
    return found


def segments(path, special):
    """From each VMRUN to the next: how many instructions, and how many of each class."""
    counts, total, started = collections.Counter(), 0, False
    with open(path, encoding='ascii', errors='replace') as file:
        for line in file:
            found = re.match(r'Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/', line)
            if not found:
                continue
            total += 1
            name = special.get(int(found.group(1), 16))
            if name:
                counts[name] += 1
            if name == 'vmrun':
                if started:
                    yield total, tuple(sorted(counts.items()))
                counts, total, started = collections.Counter(), 0, True


def measure(bundle, operation):
    """(instructions, {class: count}) of the exit that the guest `repeat` has with this operation."""
    special = special_addresses()
    with Traced('qemu-pvh', f'special-{operation}', bundle=bundle, cpus=1) as machine:
        machine.wait_prompt()
        machine.ok(f'create-vm --name bench --cpu 1 --memory 64M --kernel repeat --cmdline "{operation}"')
        machine.ok('start-vm bench')
        machine.wait_log('bench', 'repeating')
        machine.trace_instructions('exec,nochain')
        time.sleep(TRACE_SECONDS)
        machine.trace_instructions('none')
        (total, counts), _ = collections.Counter(segments(machine.trace, special)).most_common(1)[0]
    return total, dict(counts)
