# SPDX-License-Identifier: MIT
"""PCI devices: which get a driver, what is said of them, and that a driver's memory is accounted for."""
import json
import os
import re
import tempfile

import pytest

from vosmachine import Machine, TINY

MIB = 1 << 20


def devices(machine):
    """The table, by driver or else by address."""
    reply = json.loads(re.search(r'\{.*\}', machine.ok('list-device --json')).group(0))['return']
    return {row['driver'] or row['address']: row for row in reply}


@pytest.fixture
def images():
    """Three sparse images of disks."""
    with tempfile.TemporaryDirectory(prefix='vos-disks-') as folder:
        paths = [os.path.join(folder, f'{i}.img') for i in range(3)]
        for path in paths:
            with open(path, 'wb') as file:
                file.truncate(64 * MIB)
        yield paths


def check_driven(row):
    assert (row['state'], row['owner'], row['dma']) == ('driven', 'vos', 'not contained'), row


def check_log(machine):
    """No driver complained, faulted or was left without an interrupt."""
    log = machine.ok('log')
    assert not re.search(r'(virtio|nvme|ahci|ata)\d', log), log


@pytest.mark.backends('qemu-bios', 'qemu-pvh')
def test_disks_get_drivers(backend, images):
    with Machine(backend, 'devices', disks=list(zip(('virtio', 'nvme', 'ahci'), images)), **TINY) as machine:
        machine.wait_prompt()
        table = devices(machine)
        for name, interrupts in (('virtio0', '2 messages'), ('nvme0', '2 messages'), ('ahci0', 'message')):
            check_driven(table[name])
            assert table[name]['interrupts'] == interrupts
        for row in table.values():
            if row['class-text'] in ('VGA controller', 'SMBus'):
                assert (row['state'], row['dma']) == ('unused', 'off'), row
        check_log(machine)
        assert 'not contained (no IOMMU)' in machine.ok('info')
        assert 'Memory adds up' in machine.ok('accounting')


@pytest.mark.backends('qemu-pvh')
def test_no_driver(backend, images):
    """By address and by program; a word for nothing harms nobody."""
    with Machine(backend, 'no-driver', disks=list(zip(('virtio', 'nvme', 'ahci'), images)),
                 append='--no-driver=00:1f.2,virtio_blk,ff:1f.7', **TINY) as machine:
        machine.wait_prompt()
        table = devices(machine)
        check_driven(table['nvme0'])
        assert 'virtio0' not in table and 'ahci0' not in table
        alone = [row['address'] for row in table.values() if row['state'] == 'left-alone']
        assert len(alone) == 2 and '00:1f.2' in alone
        assert 'unknown option' not in machine.ok('log')


@pytest.mark.backends('bochs')
def test_ata_gets_a_driver(backend, images):
    with Machine(backend, 'devices', disks=[('ata', images[0])], **TINY) as machine:
        machine.wait_prompt()
        row = devices(machine)['ata0']
        check_driven(row)
        assert row['interrupts'] == '2 lines'
        check_log(machine)
        assert 'Memory adds up' in machine.ok('accounting')
