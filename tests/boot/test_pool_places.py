# SPDX-License-Identifier: MIT
"""Pools that do not begin in a disk's free room: in a partition that another system has made."""
import subprocess

import pytest

from test_pools import boot_guest, read, sparse, write
from vosmachine import Machine

MIB = 1 << 20
FIRST, SECOND = 8 * MIB, 24 * MIB       # where the partitions begin; the first is not VOS' business
POOL = 32 * MIB


def partition(image):
    """Two partitions of Linux with something in each."""
    script = (f'label: gpt\nstart={FIRST // 512}, size={(SECOND - FIRST) // 512}, type=L, name=root\n'
              f'start={SECOND // 512}, size={POOL // 512}, type=L, name=data\n')
    subprocess.run(['/usr/sbin/sfdisk', '-q', image], input=script, check=True, text=True)
    with open(image, 'r+b') as file:
        for begin, end in ((FIRST, SECOND), (SECOND, SECOND + POOL)):
            file.seek(begin)
            file.write(b'old!' * ((end - begin) // 4))


def on_partition(backend, kind, disk, folder):
    image = sparse(folder, 64 * MIB)
    partition(image)
    with Machine(backend, f'test_pool_places-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        assert f'{disk}p2' in machine.ok('list-volume')
        machine.send(f'create-pool fast {disk}p2\r')
        machine.expect(r'All that is in it is lost.*\[y/N\] ')
        machine.send('n\r')
        machine.expect('Nothing was done.')
        assert f'32.0 MiB on {disk}' in machine.ok(f'create-pool fast {disk}p2 --yes')
        assert f'{disk}p2' not in machine.ok('list-volume')
        machine.ok('create-vm --name v --memory 128M --disk 100G')
        boot_guest(machine, 'v')
        digest = write(machine, 'r1')
        assert 'found 0' in machine.guest_cmd('echo found $(dd if=/dev/vda bs=64k count=64 2>/dev/null | grep -c old)')
        machine.detach()
        machine.ok('stop-vm v --force')
    with Machine(backend, f'test_pool_places-{kind}-again', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.wait_defined('v')
        boot_guest(machine, 'v')
        assert read(machine, 'r1') == digest
        machine.detach()
        assert 'pool fast is sound' in machine.ok('scrub-pool fast')
    with open(image, 'rb') as file:
        file.seek(FIRST)
        assert file.read(SECOND - FIRST) == b'old!' * ((SECOND - FIRST) // 4)
    dump = subprocess.run(['/usr/sbin/sfdisk', '--dump', image], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert 'name="root"' in dump and 'name="fast"' in dump and 'name="data"' not in dump


def test_a_pool_on_a_partition(tmp_path):
    on_partition('qemu-pvh', 'nvme', 'nvme0.0', str(tmp_path))


@pytest.mark.io
def test_a_pool_on_a_partition_on_bochs(tmp_path):
    on_partition('bochs', 'ata', 'ata0.0', str(tmp_path))
