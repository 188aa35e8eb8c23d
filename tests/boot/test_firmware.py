# SPDX-License-Identifier: MIT
"""VMs that boot from their own disks, by a BIOS."""
import os
import re

import pytest

from vosmachine import BUILD, TINY, Machine

SECTOR = 512
KINDS = {'qemu-pvh': ('nvme', 'nvme0.0'), 'bochs': ('ata', 'ata0.0')}


def image_of(folder, sectors, size=1 << 20):
    """A disk image with these first sectors."""
    path = os.path.join(folder, 'disk.img')
    with open(path, 'wb') as file:
        for sector in sectors:
            file.write(sector.ljust(SECTOR, b'\0'))
        file.truncate(size)
    return path


def boot_sector():
    with open(f'{BUILD}/guests/boot_sector.bin', 'rb') as file:
        return file.read()


def start(machine, name, disk):
    machine.until(lambda: 'would succeed' in machine.cmd(f'create-vm --name {name} --dry-run --boot disk {disk}'),
                  'the disk is up')
    machine.ok(f'create-vm --name {name} --memory 64M --boot disk {disk}')
    machine.ok(f'start-vm {name}')


@pytest.mark.backends(*KINDS)
def test_boot_sector(backend, tmp_path):
    """It reads and writes its disk through the BIOS, has the keyboard of the serial line, and starts anew."""
    kind, disk = KINDS[backend]
    image = image_of(tmp_path, [boot_sector(), b'second sector'])
    with Machine(backend, 'boot-sector', **TINY, disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        start(machine, 'd', f'--disk volume={disk}')
        machine.wait_log('d', r'boot sector runs: second sector\s+keys:')
        machine.attach('d')
        machine.send('k')
        machine.expect('k')
        machine.send('r')
        machine.expect(r'boot sector runs: second sector\s+keys:')
        machine.detach()
        text = machine.ok('status-vm d')
        assert re.search('^Boot +disk$', text, re.M) and re.search('^Platform +pc$', text, re.M)
        assert 'no-bootable-medium' not in text
        machine.ok('stop-vm d --force')
        assert 'E_USAGE' in machine.cmd('set-vm d --kernel seabios')
        assert 'E_UNSUPPORTED' in machine.cmd('set-vm d --platform modern')
        assert '"boot":"disk"' in machine.ok('status-vm d --json').replace(' ', '')
    with open(image, 'rb') as file:
        file.seek(2 * SECTOR)
        assert file.read(2) == b'r\0'


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_nothing_to_boot(machine):
    """The guest's own message is on its console, and status-vm says the same."""
    machine.ok('create-vm --name empty --memory 32M --boot disk --disk 1M,on=ram')
    machine.ok('start-vm empty')
    machine.wait_log('empty', 'No bootable device')
    assert 'no-bootable-medium' in machine.ok('status-vm empty')
    machine.ok('stop-vm empty --force')
    assert 'no-bootable-medium' not in machine.ok('status-vm empty')
    assert 'E_USAGE' in machine.cmd('create-vm --name none --boot disk')
    assert 'E_USAGE' in machine.cmd('create-vm --name iso --boot iso --disk 1M,on=ram')
    assert 'boot disk;' in machine.ok('export-config empty')
