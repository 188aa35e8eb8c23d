# SPDX-License-Identifier: MIT
"""Snapshots, reverts and clones of a VM's disks, under Linux; and power cuts in the middle of each."""
import os
import random
import re
import shutil
import time

import pytest

from test_networks import answer
from vosmachine import GUEST_PROMPT, Machine

CUTS = int(os.environ.get('VOS_SNAPSHOT_CUTS', '10'))


def sparse(folder, size):
    image = os.path.join(folder, 'disk.img')
    with open(image, 'wb') as file:
        file.truncate(size)
    return image


def boot_guest(machine, name):
    """Attaching shows what was on the console in runs before: the guest answers with a number that is new."""
    before = answer(machine, f'status-vm {name}')['log-bytes']
    machine.ok(f'start-vm {name}')
    machine.wait_log(name, 'VOS-GUEST-READY', f'--offset {before}')
    machine.attach(name)
    machine.send(f'echo run-$(({before}+1))\r')
    machine.expect(f'run-{before + 1}\r')
    machine.expect(re.escape(GUEST_PROMPT))


def stop(machine, name):
    machine.detach()
    machine.ok(f'stop-vm {name} --force')


def write(machine, text, disk='vda'):
    """The text into the disk's first block, as a file with that content would have it."""
    machine.guest_cmd(f'echo {text} | dd of=/dev/{disk} bs=4096 conv=sync,fsync 2>/dev/null')


def read(machine, disk='vda'):
    return machine.guest_cmd(f'dd if=/dev/{disk} bs=64 count=1 2>/dev/null').split()[0]


def snapshots(machine):
    return [(row['name'], row['vm'] or row['volume'], row['disks'])
            for row in answer(machine, 'list-snapshot')]


def refused(machine, line, code):
    answer = machine.cmd(line)
    assert f'error[{code}]' in answer, answer


def files(machine):
    """Names and contents of the files on the first disk, which is mounted for that."""
    machine.guest_cmd('mkdir -p /m; mount -t ext4 /dev/vda /m')
    return machine.guest_cmd('for f in /m/*; do [ -f $f ] && echo $f=$(cat $f); done').split()


def snapshots_test(backend, kind, disk, size, folder):
    image = sparse(folder, size)
    with Machine(backend, 'test_snapshots', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.ok(f'create-pool fast {disk} --yes')
        machine.ok('create-vm --name web --memory 128M --disk 40M --disk 10G')
        boot_guest(machine, 'web')
        assert 'MADE 0' in machine.guest_cmd('mkfs.ext4 -q /dev/vda; echo MADE $?')
        files(machine)
        machine.guest_cmd('echo one > /m/first; sync')
        write(machine, 'one', 'vdb')
        machine.detach()
        assert 'snapshot snap1 of web is made, of 2 disks' in machine.ok('snapshot-vm web')
        machine.attach('web')
        machine.guest_cmd('echo two > /m/second; sync')
        write(machine, 'two', 'vdb')
        assert (files(machine), read(machine, 'vdb')) == (['/m/first=one', '/m/second=two'], 'two')
        machine.detach()
        machine.ok('snapshot-vm web later')
        refused(machine, 'snapshot-vm web later', 'E_EXISTS')
        refused(machine, 'revert-vm web snap1 --yes', 'E_STATE')
        machine.ok('clone-vm web --to copy --snapshot snap1')
        refused(machine, 'delete-snapshot web snap1', 'E_EXISTS')
        machine.ok('restart-service store')
        machine.until(lambda: 'fast' in machine.cmd('list-pool') and 'ready' in machine.cmd('list-pool'), 'the pool')
        assert snapshots(machine) == [('snap1', 'web', 2), ('later', 'web', 2)]
        machine.ok('stop-vm web --force')
        machine.ok('revert-vm web snap1 --yes')
        assert snapshots(machine) == [('snap1', 'web', 2)]
        boot_guest(machine, 'web')
        assert (files(machine), read(machine, 'vdb')) == (['/m/first=one'], 'one')
        machine.guest_cmd('echo three > /m/third; sync')
        stop(machine, 'web')
        boot_guest(machine, 'copy')
        assert (files(machine), read(machine, 'vdb')) == (['/m/first=one'], 'one')
        machine.guest_cmd('echo own > /m/own; sync')
        stop(machine, 'copy')
    with Machine(backend, 'test_snapshots-again', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.wait_defined('copy')
        machine.wait_defined('web')
        assert snapshots(machine) == [('snap1', 'web', 2)]
        boot_guest(machine, 'copy')
        assert files(machine) == ['/m/first=one', '/m/own=own']
        stop(machine, 'copy')
        boot_guest(machine, 'web')
        assert files(machine) == ['/m/first=one', '/m/third=three']
        stop(machine, 'web')
        machine.ok('delete-vm copy')
        machine.ok('delete-snapshot web snap1')
        machine.ok('delete-vm web')
        rows = answer(machine, 'list-pool')
        assert [(row['volumes'], row['snapshots']) for row in rows] == [(0, 0)]


def test_snapshots(tmp_path):
    """Back to a snapshot; a clone has its own data; both are there after restarts of the store and of the machine."""
    snapshots_test('qemu-pvh', 'nvme', 'nvme0.0', 1 << 30, str(tmp_path))


@pytest.mark.io
def test_snapshots_on_bochs(tmp_path):
    snapshots_test('bochs', 'ata', 'ata0.0', 64 << 20, str(tmp_path))


def sizes_test(backend, kind, disk, size, folder):
    with Machine(backend, 'test_snapshots-sizes', disks=[(kind, sparse(folder, size))]) as machine:
        machine.wait_prompt()
        machine.ok(f'create-pool fast {disk} --yes')
        machine.ok('create-vm --name web --memory 128M --disk 40M')
        boot_guest(machine, 'web')
        assert machine.guest_cmd('cat /sys/block/vda/size').split()[-1] == str(40 * 2048)
        write(machine, 'one')
        machine.detach()
        refused(machine, 'resize-disk web --disk 0 --size 20M', 'E_UNSUPPORTED')
        machine.ok('resize-disk web --disk 0 --size 10G')
        machine.attach('web')
        machine.until(lambda: machine.guest_cmd('cat /sys/block/vda/size').split()[-1] == str(10 * 2097152),
                      'the size in the guest')
        machine.guest_cmd('echo end | dd of=/dev/vda bs=1M seek=10239 conv=sync,fsync 2>/dev/null')
        assert read(machine) == 'one'
        assert machine.guest_cmd('dd if=/dev/vda bs=1M skip=10239 count=1 2>/dev/null | head -c 3').split()[0] == 'end'
        stop(machine, 'web')
        machine.ok('create-volume loose --size 40M')
        refused(machine, 'rename-volume loose web.0', 'E_EXISTS')
        machine.ok('rename-volume loose data')
        assert 'data' in machine.ok('list-volume') and 'loose' not in machine.ok('list-volume')


def test_sizes(tmp_path):
    """A disk grows under its guest, which sees it; a volume of nobody gets another name."""
    sizes_test('qemu-pvh', 'nvme', 'nvme0.0', 1 << 30, str(tmp_path))


@pytest.mark.io
def test_sizes_on_bochs(tmp_path):
    sizes_test('bochs', 'ata', 'ata0.0', 64 << 20, str(tmp_path))


def test_one_moment(tmp_path):
    """Two disks under writes: what the guest wrote to the second one was on the first before."""
    image = sparse(str(tmp_path), 1 << 30)
    with Machine('qemu-pvh', 'test_snapshots-moment', disks=[('nvme', image)]) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        machine.ok('create-vm --name web --memory 128M --disk 10G --disk 1G')
        boot_guest(machine, 'web')
        machine.guest_cmd('(i=1000; while true; do i=$((i+1)); for d in vda vdb; do echo $i | '
                          'dd of=/dev/$d bs=4096 conv=sync,fsync 2>/dev/null; done; done) &')
        machine.detach()
        for i in range(5):
            time.sleep(0.5)
            machine.ok(f'snapshot-vm web s{i}')
        machine.ok('stop-vm web --force')
        seen = []
        for i in reversed(range(5)):
            machine.ok(f'revert-vm web s{i} --yes')
            boot_guest(machine, 'web')
            first, second = int(read(machine)), int(read(machine, 'vdb'))
            assert first - second in (0, 1), (first, second)
            seen.append(first)
            stop(machine, 'web')
        assert seen == sorted(seen, reverse=True) and seen[-1] > 1000, seen


def test_deletions_in_every_order(tmp_path):
    """Snapshots, a clone and a clone's clone: what must go first is said, and in the end the pool is empty."""
    image = sparse(str(tmp_path), 1 << 30)
    with Machine('qemu-pvh', 'test_snapshots-deleted', disks=[('nvme', image)]) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        empty = answer(machine, 'list-pool')[0]['free-bytes']
        for order in (('a', 'b', 'c'), ('c', 'b', 'a'), ('b', 'c', 'a')):
            machine.ok('create-vm --name web --memory 128M --disk 10G')
            boot_guest(machine, 'web')
            for name in 'abc':
                machine.guest_cmd(f'dd if=/dev/urandom of=/dev/vda bs=1M count=20 seek={ord(name) - 90} conv=fsync')
                machine.detach()
                machine.ok(f'snapshot-vm web {name}')
                machine.attach('web')
            stop(machine, 'web')
            machine.ok('clone-vm web copy --snapshot b')
            machine.ok('create-vm again --template copy --memory 96M')
            refused(machine, 'delete-snapshot web b', 'E_EXISTS')
            refused(machine, 'revert-vm web a --yes', 'E_EXISTS')
            refused(machine, 'delete-vm copy', 'E_EXISTS')
            refused(machine, 'delete-vm web', 'E_EXISTS')
            machine.ok('delete-vm again')
            machine.until(lambda: ('again', 'copy', 1) not in snapshots(machine), "the clone's snapshot goes with it")
            machine.ok('delete-vm copy')
            for name in order:
                machine.ok(f'delete-snapshot web {name}')
            machine.ok('delete-vm web')
        row = answer(machine, 'list-pool')[0]
        assert (row['volumes'], row['snapshots']) == (0, 0)
        machine.until(lambda: answer(machine, 'list-pool')[0]['free-bytes'] >= empty * 0.99,
                      'the room is free again')


# ------------------------------------------------------------------------------------------------------ power cuts
# What is cut, and the snapshots and VMs' volumes before and after it.
CHANGES = (
    ('snapshot-vm web new', {'old', 'new'}, set()),
    ('clone-vm web copy --snapshot old', {'old'}, {'copy.0', 'copy.1'}),
    ('clone-vm web copy', {'old', 'copy'}, {'copy.0', 'copy.1'}),
    ('revert-vm web old --yes', {'old'}, set()),
)


def test_power_cuts(tmp_path):
    """QEMU is killed in the middle: all disks of the VM have what the change makes, or none; and the change works."""
    folder, rng = str(tmp_path), random.Random(7)
    clean, image = sparse(folder, 1 << 30), os.path.join(folder, 'cut.img')
    with Machine('qemu-pvh', 'test_snapshots-cut', disks=[('nvme', clean)]) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        machine.ok('create-vm --name web --memory 128M --disk 10G --disk 1G')
        machine.ok('snapshot-vm web old')
    for cut in range(CUTS):
        line, new_snapshots, new_volumes = CHANGES[cut % len(CHANGES)]
        shutil.copy(clean, image)
        with Machine('qemu-pvh', f'test_snapshots-cut{cut}', disks=[('nvme', image)]) as machine:
            machine.wait_prompt()
            machine.wait_defined('web')
            machine.drain()
            machine.send(line + '\r')
            time.sleep(rng.random() * 0.04)
            machine.kill()
        with Machine('qemu-pvh', f'test_snapshots-cut{cut}-after', disks=[('nvme', image)]) as machine:
            machine.wait_prompt()
            machine.wait_defined('web')
            had = snapshots(machine)
            volumes = {row['name'] for row in answer(machine, 'list-volume')
                       if row['kind'] == 'thin'} - {'web.0', 'web.1'}
            assert all(disks == 2 for _, _, disks in had), had
            names = {name for name, _, _ in had}
            assert (names, volumes) in (({'old'}, set()), (new_snapshots, new_volumes)), (line, had, volumes)
            if re.search(r'^copy ', machine.ok('list-vm'), re.M):
                machine.ok('delete-vm copy --keep-disk')
            for name in volumes:
                machine.ok(f'delete-volume {name}')
            machine.until(lambda: 'copy' not in {name for name, _, _ in snapshots(machine)},
                          "the clone's snapshot goes with it")
            for name in names - {'copy'}:
                machine.ok(f'delete-snapshot web {name}')
            machine.ok('delete-vm web --keep-disk')
            machine.ok('delete-volume web.0')
            machine.ok('delete-volume web.1')
