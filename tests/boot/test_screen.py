# SPDX-License-Identifier: MIT
"""What somebody sees who has only the screen: VGA text, or a framebuffer, read back letter by letter."""
import os
import re

import pytest
from qemu_monitor import MonitoredMachine
from vosmachine import TINY

FONT = '/usr/share/grub/ascii.h'
COLUMNS, ROWS = 80, 25
# The driver has taken over, and has painted all of it: a look may come in the middle.
BOOTED = r'hypervisor\nIts prompt is on [\s\S]*virtualization: AMD SVM\n[\s\S]*\d pCPU'


class Seen(MonitoredMachine):
    """A QEMU whose monitor tells what is on the screen."""

    def file_of(self, command, name):
        path = os.path.join(self.folder, name)
        self.tell(f'{command} "{path}"')
        with open(path, 'rb') as file:
            return file.read()

    def vga(self):
        cells = self.file_of(f'pmemsave 0xb8000 {2 * COLUMNS * ROWS}', 'vga')[::2].replace(b'\0', b' ')
        return [cells[row * COLUMNS:(row + 1) * COLUMNS].decode('latin1').rstrip() for row in range(ROWS)]

    def framebuffer(self):
        picture = self.file_of('screendump', 'picture')
        header = re.match(rb'P6\n(\d+) (\d+)\n255\n', picture)
        width, height = int(header.group(1)), int(header.group(2))
        pixels = picture[header.end():]
        glyphs = font()
        lines = []
        for top in range(0, height - 15, 16):
            text = ''
            for left in range(0, width - 7, 8):
                rows = (pixels[3 * ((top + y) * width + left):][:24:3] for y in range(16))
                text += glyphs.get(bytes(sum(0x80 >> x for x in range(8) if row[x]) for row in rows), '~')
            lines.append(text.rstrip())
        return lines

    def wait_for(self, look, pattern):
        """The screen, once it shows the pattern."""
        def shown():
            lines = look()
            return lines if re.search(pattern, '\n'.join(lines)) else None
        return self.until(shown, f'the screen shows {pattern}', pause=0.5)


def font():
    """Rows of a letter -> letter."""
    with open(FONT, encoding='utf-8') as file:
        rows = bytes(int(number, 16) for number in re.findall(r'0x([0-9a-fA-F]{2})\b', file.read()))
    assert len(rows) == 128 * 16
    return {rows[16 * c:16 * c + 16]: chr(c) for c in range(0x7e, 0x1f, -1)}


def check_boot(lines):
    assert re.match(r'VOS \S+, a bare-metal hypervisor', lines[0])
    assert re.match(r'Its prompt is on the serial port at 0x3f8: 115200 baud, 8N1\.', lines[1])
    assert any(line.endswith('virtualization: AMD SVM') for line in lines)
    assert '~' not in ''.join(lines)


def machine_check(machine, look):
    """A machine check in ring 0 is a panic, over whatever the driver has painted."""
    machine.tell('mce 0 0 0xbe00000000000000 0x5 0xdeadbeef 0x8c')
    lines = machine.wait_for(look, 'halted')
    assert re.search(r'PANIC: machine check on pCPU 0: bank 0, status ', lines[0]), lines
    assert any(re.search(r'f{8}80[0-9a-f]{6}: f{8}80[0-9a-f]{6}', line) for line in lines[1:]), lines
    assert 'hypervisor' not in ''.join(lines)


def test_text():
    """Boot, a log that scrolls, a panic."""
    with Seen('qemu-pvh', 'screen-text', append='noreboot', cpus=2, **TINY) as machine:
        machine.wait_prompt()
        check_boot(machine.wait_for(machine.vga, BOOTED))
        machine.ok('create-vm --name foe --memory 64M --kernel heartbeat --vmm hostile-vmm --cmdline ud')
        for _ in range(25):             # each of them leaves a line in the log: more than the screen has
            machine.cmd('start-vm foe')     # it may run before it faults
            machine.wait_state('foe', 'crashed')
        machine.wait_for(machine.vga, r'\A\[ *\d+\.\d+\] pd [\s\S]*fault 7 at')
        machine_check(machine, machine.vga)


def test_framebuffer():
    with Seen('qemu-uefi', 'screen-framebuffer', cpus=2, **TINY) as machine:
        machine.wait_prompt()
        check_boot(machine.wait_for(machine.framebuffer, BOOTED))


@pytest.mark.parametrize('append', ['console=vga', 'console=none com1=9600'])
def test_no_serial_port(append):
    with Seen('qemu-pvh', 'screen-only', append=append, cpus=1, **TINY) as machine:
        lines = machine.wait_for(machine.vga, r'No serial[\s\S]*virtualization: AMD SVM\n[\s\S]*\d pCPU')
        assert lines[1].startswith('No serial port was found')
        assert any(line.endswith('virtualization: AMD SVM') for line in lines)
