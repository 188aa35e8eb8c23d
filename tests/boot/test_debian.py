# SPDX-License-Identifier: MIT
"""A Debian system on a disk, unmodified, that its own boot loader starts: debian.sh makes its image."""
import subprocess

import pytest

from vosmachine import BUILD, Machine

KINDS = {'qemu-pvh': ('nvme', 'nvme0.0'), 'bochs': ('ata', 'ata0.0')}
SHELL = 'root@debian:~# '


def disk_of(folder):
    """A copy of the image, with its holes."""
    path = f'{folder}/disk.img'
    subprocess.run(['cp', '--sparse=always', f'{BUILD}/debian/disk.img', path], check=True)
    return path


def run(machine, text):
    return machine.dialogue(text, text[-12:], SHELL)


def log_in(machine):
    machine.expect('debian login: ')
    machine.send('root\r')
    machine.expect(SHELL)


def check_debian(backend, tmp_path):
    kind, disk = KINDS[backend]
    with Machine(backend, 'debian', disks=[(kind, disk_of(tmp_path))]) as machine:
        machine.wait_prompt()
        machine.until(lambda: 'would succeed' in machine.cmd(
            f'create-vm --name d --dry-run --boot disk --disk volume={disk},trusted'), 'the disk is up')
        machine.ok(f'create-vm --name d --memory 512M --boot disk --disk volume={disk},trusted')
        machine.ok('start-vm d')
        machine.attach('d')
        log_in(machine)
        assert 'failed 0' in run(machine, 'echo failed $(systemctl --failed --no-legend | wc -l)')
        assert 'running' in run(machine, 'systemctl is-system-running --wait')
        run(machine, 'echo kept $((6*7)) > /root/note; sync')
        machine.send('reboot\r')
        log_in(machine)
        assert 'kept 42' in run(machine, 'cat /root/note')
        machine.detach()
        machine.ok('stop-vm d')   # the power button
        machine.wait_state('d', 'stopped')
        assert 'Power down' in machine.ok('log-vm d')


@pytest.mark.firmware
@pytest.mark.backends('qemu-pvh', 'bochs')
def test_debian(backend, tmp_path):
    """From a BIOS to its login; it reboots, keeps its data, and a press of the power button ends it."""
    check_debian(backend, tmp_path)
