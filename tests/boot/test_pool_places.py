# SPDX-License-Identifier: MIT
"""Pools in a partition that another system has made, and pools of another machine."""
import os
import subprocess

import pytest

from test_networks import answer
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


def pool_rows(machine):
    return {row['name']: row for row in answer(machine, 'list-pool')}


def make_machine(backend, name, disk, kind, image, vm):
    """A machine with one disk, on which a pool has a VM; returns the digest of what the VM has written."""
    with Machine(backend, name, disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.ok(f'create-pool fast {disk} --yes')
        machine.ok(f'create-vm --name {vm} --memory 128M --disk 100G')
        boot_guest(machine, vm)
        digest = write(machine, 'r1')
        machine.detach()
        machine.ok(f'stop-vm {vm} --force')
    return digest


def test_a_pool_of_another_machine(tmp_path):
    """Two machines have a pool of the same name; the disk of one comes to the other."""
    folders = [tmp_path / name for name in ('own', 'other')]
    for folder in folders:
        folder.mkdir()
    own, other = (sparse(str(folder), 64 * MIB) for folder in folders)
    mine = make_machine('qemu-pvh', 'test_pool_places-own', 'nvme0.0', 'nvme', own, 'web')
    theirs = make_machine('qemu-pvh', 'test_pool_places-other', 'nvme0.0', 'nvme', other, 'web')
    disks = [('nvme', own), ('nvme', other)]
    with Machine('qemu-pvh', 'test_pool_places-both', disks=disks) as machine:
        machine.wait_prompt()
        machine.until(lambda: 'import-pool takes it over' in machine.ok('list-pool'), 'two pools with definitions')
        assert 'web' not in machine.ok('list-vm')       # whose VM it would be, nobody knows
        rows = pool_rows(machine)
        foreign = next(row for row in rows.values() if row['on'] == 'nvme1.0')
        assert foreign['owner'] == 'another-machine'
        assert 'definitions of VMs are not applied' in machine.ok(f"import-pool {foreign['uuid']} --to old")
        machine.wait_defined('web')
        boot_guest(machine, 'web')
        assert read(machine, 'r1') == mine
        machine.detach()
        machine.ok('stop-vm web --force')
        owners = {row['on']: row['owner'] for row in pool_rows(machine).values()}
        assert owners == {'nvme0.0': 'this-machine', 'nvme1.0': 'imported'}
    with Machine('qemu-pvh', 'test_pool_places-both-again', disks=[('nvme', other), ('nvme', own)]) as machine:
        machine.wait_prompt()
        machine.wait_defined('web')
        volume = next(row['name'] for row in answer(machine, 'list-volume')
                      if row['on'] == 'old')
        machine.ok(f'create-vm --name copy --memory 128M --disk volume={volume}')
        boot_guest(machine, 'copy')
        assert read(machine, 'r1') == theirs
        machine.detach()
        assert 'have volumes of pool old' in machine.cmd('export-pool old')
        machine.ok('stop-vm copy --force')
        machine.ok('delete-vm copy --force')
        assert 'pool old is closed' in machine.ok('export-pool old')
        assert "this machine's definitions" in machine.cmd('export-pool fast')
    with Machine('qemu-pvh', 'test_pool_places-back', disks=[('nvme', other)]) as machine:
        machine.wait_prompt()
        machine.until(lambda: pool_rows(machine)['old']['state'] == 'exported', 'the exported pool')
        assert "they are this machine's from now on" in machine.ok('import-pool old')
        machine.wait_defined('web')
        boot_guest(machine, 'web')
        assert read(machine, 'r1') == theirs
        machine.detach()


def read_big(machine):
    return machine.guest_cmd('dd if=/dev/vda bs=1M skip=2000 count=60 2>/dev/null | md5sum').split()[0]


def grow(backend, kind, disk, folder):
    """The disk has become larger; the pool takes the room while a guest uses it."""
    image = sparse(folder, 64 * MIB)
    digest = make_machine(backend, f'test_pool_places-small-{kind}', disk, kind, image, 'web')
    os.truncate(image, 160 * MIB)
    with Machine(backend, f'test_pool_places-grow-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.wait_defined('web')
        before = pool_rows(machine)['fast']
        boot_guest(machine, 'web')
        machine.guest_cmd('dd if=/dev/urandom of=/root/x bs=64k count=1')
        machine.send('while sleep 0.2; do dd if=/root/x of=/dev/vda bs=64k seek=9000 conv=fsync || echo bad; done '
                     '>/tmp/out 2>&1 &\r')
        machine.detach()
        assert 'pool fast, 158.0 MiB' in machine.ok('grow-pool fast')
        after = pool_rows(machine)['fast']
        assert after['state'] == 'ready' and after['free-bytes'] > before['free-bytes'] + 90 * MIB
        assert 'there is no free room right behind pool fast' in machine.cmd('grow-pool fast')
        machine.attach('web')
        machine.guest_cmd('echo 3 > /proc/sys/vm/drop_caches')
        assert read(machine, 'r1') == digest
        assert 'errors 0' in machine.guest_cmd("echo errors $(dmesg | grep -ci 'i/o error')")
        machine.guest_cmd('dd if=/dev/urandom of=/dev/vda bs=1M seek=2000 count=60 conv=fsync')
        machine.guest_cmd('echo 3 > /proc/sys/vm/drop_caches')
        big = read_big(machine)
        machine.detach()
    with Machine(backend, f'test_pool_places-grown-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.wait_defined('web')
        boot_guest(machine, 'web')
        assert read(machine, 'r1') == digest
        assert read_big(machine) == big
        machine.detach()
        assert 'pool fast is sound' in machine.ok('check-pool fast')


@pytest.mark.io
def test_a_pool_grows(tmp_path):
    grow('qemu-pvh', 'nvme', 'nvme0.0', str(tmp_path))


@pytest.mark.io
def test_a_pool_grows_on_bochs(tmp_path):
    grow('bochs', 'ata', 'ata0.0', str(tmp_path))


def test_a_pool_on_a_partition(tmp_path):
    on_partition('qemu-pvh', 'nvme', 'nvme0.0', str(tmp_path))


@pytest.mark.io
def test_a_pool_on_a_partition_on_bochs(tmp_path):
    on_partition('bochs', 'ata', 'ata0.0', str(tmp_path))
