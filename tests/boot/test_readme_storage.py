# SPDX-License-Identifier: MIT
"""README's tutorial on a machine that keeps its VMs, as it is printed. The power fails where README says so; in a
longer test after each line, too, and whoever follows README goes on where he stood."""
import pytest

import readme
from vosmachine import Machine

DISK_BYTES = 128 << 30      # as make run has it


class Reader:
    """Follows README."""
    def __init__(self, image):
        self.image, self.cuts, self.machine = image, 0, None
        self.is_defined = self.is_running = self.is_attached = False
        self.since = None           # where the boot of its guest begins in its log: at the machine's start
        self.mount = None           # the line that made a folder of the guest's disk

    def switch_on(self):
        self.machine = Machine('qemu-pvh', f'readme-storage-{self.cuts}', disks=[('virtio', self.image)]).start()
        self.machine.wait_prompt()

    def power_cut(self):
        self.machine.kill()
        self.machine.stop()
        self.cuts += 1
        self.is_attached, self.since = False, None
        self.switch_on()

    def go_on(self):
        """After a power cut: the VM has started by itself, and its guest knows of no folder."""
        if not self.is_defined:
            return
        self.machine.wait_defined('db')
        self.machine.wait_state('db', 'running')
        if not self.is_running:
            self.machine.ok('stop-vm db --force')
        elif self.mount:
            self.attach()
            self.machine.guest_cmd(self.mount)

    def attach(self):
        self.machine.attach_guest('db', self.since)
        self.is_attached = True

    def at_guest(self, line, printed):
        if not self.is_attached:
            self.attach()
        shown = self.machine.guest_cmd(line)
        assert '\n'.join(printed) in shown.replace('\r', ''), line
        if 'mount ' in line:
            self.mount = line

    def at_prompt(self, line, printed):
        verb = line.split()[0]
        if self.is_attached:
            self.machine.detach()
            self.is_attached = False
        if verb == 'console':
            self.attach()
            return
        if verb == 'start-vm':
            self.since = self.machine.log_end('db')
        assert '\n'.join(printed) in self.machine.ok(line).replace('\r', ''), line
        self.is_defined = self.is_defined or verb == 'create-vm'
        if verb in ('start-vm', 'stop-vm'):
            self.is_running, self.mount = verb == 'start-vm', None

    def follow(self, step):
        where, line, printed = step
        (self.at_guest if where == 'guest#' else self.at_prompt)(line, printed)


def read(folder, fails_after_each_line):
    image = f'{folder}/disk.img'
    with open(image, 'wb') as file:
        file.truncate(DISK_BYTES)
    reader = Reader(image)
    reader.switch_on()
    try:
        for number, block in enumerate(readme.steps('A machine that keeps its VMs')):
            if number > 0:
                reader.power_cut()
                reader.mount = None         # README says it again
                reader.go_on()
            for step in block:
                reader.follow(step)
                if fails_after_each_line:
                    reader.power_cut()
                    reader.go_on()
    finally:
        reader.machine.stop()


def test_readme(tmp_path):
    read(tmp_path, False)


@pytest.mark.io
def test_power_cut_at_each_line(tmp_path):
    read(tmp_path, True)
