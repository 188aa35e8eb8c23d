# SPDX-License-Identifier: MIT
"""A pool on two disks: either is taken away while a guest writes, and comes back; the other one has all meanwhile. A
new disk takes the place of one; a scrub makes good what one has wrong."""
import os

import pytest

import powercut
from nbd import FailingDisk
from test_networks import answer
from test_pools import boot_guest, write
from vosmachine import BUILD, Machine

VOS_POOL = f'{BUILD}/tools/vos-pool'
SIZE = 64 << 20


def pool_of(machine):
    return answer(machine, 'list-pool fast')[0]


def wait_mirror(machine, state):
    machine.until(lambda: pool_of(machine)['mirror'] == state, f'the mirror is to be {state}')


def has_all(machine, sums):
    machine.guest_cmd('echo 3 > /proc/sys/vm/drop_caches')
    for name, digest in sums.items():
        assert digest in machine.guest_cmd(
            f'dd if=/dev/vda bs=64k count=16 skip=$((0x{name[1:]} * 1000)) 2>/dev/null | md5sum')
    assert 'errors 0' in machine.guest_cmd("echo errors $(dmesg | grep -ci 'i/o error')")


class Mirror:
    """Its two disks, and machines that have them or one of them."""
    def __init__(self, backend, kinds, names, folder):
        self.backend, self.kinds, self.names, self.folder = backend, kinds, names, str(folder)
        self.sums = {}

    def machine(self, what, disks):
        return Machine(self.backend, f'test_mirror-{"-".join(self.kinds)}-{what}', disks=[
            (self.kinds[i], disk.path, disk.drive, '') for i, disk in disks])

    def disk(self, i):
        return FailingDisk(self.folder, SIZE, f'disk{i}')

    def starts_with_both(self):
        """Made, written to; then the first disk dies, and the guest notices nothing."""
        with self.disk(0) as a, self.disk(1) as b, self.machine('both', [(0, a), (1, b)]) as machine:
            machine.wait_prompt()
            assert f'on {",".join(self.names)}' in machine.ok(f'create-pool fast {",".join(self.names)} --yes')
            assert pool_of(machine)['mirror'] == 'in-sync'
            machine.ok('create-vm --name v --memory 128M --disk 100G,integrity=on')
            boot_guest(machine, 'v')
            self.sums['r1'] = write(machine, 'r1')
            a.pull()
            self.sums['r2'] = write(machine, 'r2')
            has_all(machine, self.sums)
            machine.detach()
            wait_mirror(machine, 'degraded')
            assert pool_of(machine)['mirror-lost'] == self.names[0]
            machine.ok('stop-vm v --force')

    def goes_on_with_one(self):
        """The old one alone is no pool: the other one has more. That one is opened by itself."""
        with self.disk(0) as a, self.machine('old', [(0, a)]) as machine:
            machine.wait_prompt()
            machine.until(lambda: pool_of(machine)['error'] == 'other-disk-missing', 'the pool waits')
            assert pool_of(machine)['state'] == 'failed'
        with self.disk(1) as b, self.machine('new', [(1, b)]) as machine:
            machine.wait_prompt()
            machine.wait_defined('v')
            boot_guest(machine, 'v')
            has_all(machine, self.sums)
            self.sums['r3'] = write(machine, 'r3')
            machine.detach()
            assert pool_of(machine)['mirror'] == 'degraded'
            machine.ok('stop-vm v --force')

    def gets_it_back(self, other_dies):
        """Both again: the first one gets what it lacks; then the second one dies."""
        with self.disk(0) as a, self.disk(1) as b, self.machine('again', [(0, a), (1, b)]) as machine:
            machine.wait_prompt()
            machine.wait_defined('v')
            wait_mirror(machine, 'in-sync')
            boot_guest(machine, 'v')
            if other_dies:
                b.pull()
            self.sums['r4'] = write(machine, 'r4')
            has_all(machine, self.sums)
            machine.detach()
            wait_mirror(machine, 'degraded' if other_dies else 'in-sync')


def mirror_test(kinds, names, folder, other_dies=True):
    mirror = Mirror('qemu-pvh', kinds, names, folder)
    mirror.starts_with_both()
    mirror.goes_on_with_one()
    mirror.gets_it_back(other_dies)


def test_a_mirror(tmp_path):
    mirror_test(('virtio', 'virtio'), ('virtio0', 'virtio1'), tmp_path)


@pytest.mark.io
def test_a_mirror_of_two_kinds(tmp_path):
    # QEMU 7.2 itself ends by a segmentation fault when a disk of its AHCI controller fails.
    mirror_test(('nvme', 'ahci'), ('nvme0.0', 'ahci0.0'), tmp_path, other_dies=False)


def test_another_disk(tmp_path):
    """While a guest runs, a blank disk takes the place of one. Then the other old one dies: the new one has all."""
    folder, sums = str(tmp_path), {}
    with FailingDisk(folder, SIZE, 'a') as a, FailingDisk(folder, SIZE, 'b') as b, FailingDisk(folder, SIZE, 'c') as c:
        with Machine('qemu-pvh', 'test_mirror-replace', disks=[
                ('virtio', disk.path, disk.drive, '') for disk in (a, b, c)]) as machine:
            machine.wait_prompt()
            machine.ok('create-pool fast virtio0,virtio1 --yes')
            machine.ok('create-vm --name v --memory 128M --disk 100G,integrity=on')
            boot_guest(machine, 'v')
            sums['r1'] = write(machine, 'r1')
            machine.detach()
            machine.ok('replace-disk fast virtio1 virtio2 --yes')
            wait_mirror(machine, 'in-sync')
            assert pool_of(machine)['disks'] == ['virtio0', 'virtio2']
            machine.attach_guest('v')
            sums['r2'] = write(machine, 'r2')
            a.pull()
            sums['r3'] = write(machine, 'r3')
            has_all(machine, sums)
            machine.detach()
            wait_mirror(machine, 'degraded')
            assert pool_of(machine)['mirror-lost'] == 'virtio0'
            machine.ok('stop-vm v --force')
    with FailingDisk(folder, SIZE, 'b') as b, FailingDisk(folder, SIZE, 'c') as c:
        with Machine('qemu-pvh', 'test_mirror-replaced', disks=[
                ('virtio', disk.path, disk.drive, '') for disk in (b, c)]) as machine:
            machine.wait_prompt()
            machine.wait_defined('v')
            assert pool_of(machine)['mirror'] == 'degraded'
            boot_guest(machine, 'v')
            has_all(machine, sums)


MARK = b'find this again\n'


def place_in(path):
    """Where the disk has the first of the lines that the guest wrote."""
    with open(path, 'rb') as file:
        return file.read().find(MARK * 3)


def flip(path, place):
    with open(path, 'r+b') as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def test_a_scrub_repairs(tmp_path):
    """A byte of a guest's data is wrong on one disk: the scrub finds it, and writes there what the other one has."""
    images = [os.path.join(str(tmp_path), f'{name}.img') for name in 'ab']
    for image in images:
        with open(image, 'wb') as file:
            file.truncate(SIZE)
    disks = [('nvme', image) for image in images]
    with Machine('qemu-pvh', 'test_mirror-scrub', disks=disks) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0,nvme1.0 --yes')
        machine.ok('create-vm --name v --memory 128M --disk 100G,integrity=on')
        boot_guest(machine, 'v')
        machine.guest_cmd(f'yes "{MARK.decode().strip()}" | head -c 1048576 > /root/l')
        machine.guest_cmd('dd if=/root/l of=/dev/vda bs=64k; sync')
        machine.detach()
        machine.ok('stop-vm v --force')
        assert answer(machine, 'scrub-pool fast')['repaired'] == 0
        place = place_in(images[1])
        assert place > 0
        flip(images[1], place)
        machine.until(lambda: answer(machine, 'scrub-pool fast')['repaired'] == 1, 'the scrub repairs')
        assert pool_of(machine)['scrub-faults'] == 0 and pool_of(machine)['mirror'] == 'in-sync'
        assert place_in(images[1]) == place


def lines_on(machine):
    machine.guest_cmd('echo 3 > /proc/sys/vm/drop_caches')
    return int(machine.guest_cmd('echo lines $(dd if=/dev/vda bs=64k count=16 2>/dev/null | '
                                 f'grep -cx "{MARK.decode().strip()}")').split('lines ')[-1].split()[0])


def right_side_test(backend, kind, names, folder):
    """The power goes, and the disk that would be copied from has changed a byte. The program of the host finds it, and
    the next start takes what the other disk has."""
    images = [os.path.join(folder, f'{name}.img') for name in 'ab']
    for image in images:
        with open(image, 'wb') as file:
            file.truncate(SIZE)
    disks = [(kind, image) for image in images]
    with Machine(backend, f'test_mirror-{kind}-cut', disks=disks) as machine:
        machine.wait_prompt()
        machine.ok(f'create-pool fast {names} --yes')
        machine.ok('create-vm --name v --memory 128M --disk 100G,integrity=on')
        boot_guest(machine, 'v')
        machine.guest_cmd(f'yes "{MARK.decode().strip()}" | head -c 1048576 > /root/l')
        machine.guest_cmd('dd if=/root/l of=/dev/vda bs=64k; sync')
        before = lines_on(machine)
        assert before > 60000
        machine.detach()
        machine.ok('snapshot-vm v s')       # a checkpoint: the host's program sees the data
    status, text = powercut.tool(VOS_POOL, 'check', *images)
    assert status == 0, text
    flip(images[0], place_in(images[0]))
    status, text = powercut.tool(VOS_POOL, 'check', *images)
    assert status == 1 and images[0] in text and 'differs from its checksum' in text, text
    with Machine(backend, f'test_mirror-{kind}-right', disks=disks) as machine:
        machine.wait_prompt()
        machine.wait_defined('v')
        assert pool_of(machine)['mirror'] == 'in-sync' and pool_of(machine)['repaired'] >= 1
        boot_guest(machine, 'v')
        assert lines_on(machine) == before
        machine.detach()
        machine.ok('stop-vm v --force')
    status, text = powercut.tool(VOS_POOL, 'check', *images)
    assert status == 0, text


def test_the_right_side_wins(tmp_path):
    right_side_test('qemu-pvh', 'nvme', 'nvme0.0,nvme1.0', str(tmp_path))


@pytest.mark.io
def test_the_right_side_wins_on_bochs(tmp_path):
    right_side_test('bochs', 'ata', 'ata0.0,ata0.1', str(tmp_path))


def alone_test(backend, kind, names, folder):
    """Each disk alone has what was flushed; the one that was away gets what it lacks."""
    images = [os.path.join(folder, f'{name}.img') for name in 'ab']
    for image in images:
        with open(image, 'wb') as file:
            file.truncate(SIZE)
    with Machine(backend, f'test_mirror-{kind}-first', disks=[(kind, image) for image in images]) as machine:
        machine.wait_prompt()
        machine.ok(f'create-pool fast {",".join(names)} --yes')
        machine.ok('create-vm --name v --memory 128M --disk 100G,integrity=on')
        boot_guest(machine, 'v')
        sums = {'r1': write(machine, 'r1')}
        machine.detach()
        machine.ok('stop-vm v --force')
    with Machine(backend, f'test_mirror-{kind}-alone', disks=[(kind, images[1])]) as machine:
        machine.wait_prompt()
        machine.until(lambda: pool_of(machine)['error'] == 'other-disk-missing', 'the pool waits')
        machine.ok('open-pool fast --yes')
        machine.wait_defined('v')
        boot_guest(machine, 'v')
        has_all(machine, sums)
        sums['r2'] = write(machine, 'r2')
        machine.detach()
        assert pool_of(machine)['mirror'] == 'degraded'
        machine.ok('stop-vm v --force')
    status, text = powercut.tool(VOS_POOL, 'check', *images)
    assert status == 1 and f'{images[0]}: stale' in text, text
    with Machine(backend, f'test_mirror-{kind}-both', disks=[(kind, image) for image in images]) as machine:
        machine.wait_prompt()
        machine.wait_defined('v')
        wait_mirror(machine, 'in-sync')
        boot_guest(machine, 'v')
        has_all(machine, sums)
        machine.detach()
        machine.ok('stop-vm v --force')
    status, text = powercut.tool(VOS_POOL, 'check', *images)
    assert status == 0, text


@pytest.mark.io
def test_a_mirror_on_bochs(tmp_path):
    alone_test('bochs', 'ata', ('ata0.0', 'ata0.1'), str(tmp_path))


def test_either_disk_alone(tmp_path):
    alone_test('qemu-pvh', 'nvme', ('nvme0.0', 'nvme1.0'), str(tmp_path))


def test_definitions_wait_for_their_pool(tmp_path):
    """A VM's disk is on a mirror that is not opened with one disk alone. open-pool opens it, and the VM is there."""
    folder = str(tmp_path)
    with FailingDisk(folder, SIZE, 'home') as home, FailingDisk(folder, SIZE, 'a') as a, \
            FailingDisk(folder, SIZE, 'b') as b:
        with Machine('qemu-pvh', 'test_mirror-waits', disks=[
                ('virtio', disk.path, disk.drive, '') for disk in (home, a, b)]) as machine:
            machine.wait_prompt()
            machine.ok('create-pool home virtio0 --yes')
            machine.ok('create-pool data virtio1,virtio2 --yes')
            machine.ok('create-vm --name v --memory 128M --disk 1G,on=data')
    with FailingDisk(folder, SIZE, 'home') as home, FailingDisk(folder, SIZE, 'a') as a:
        with Machine('qemu-pvh', 'test_mirror-waited', disks=[
                ('virtio', disk.path, disk.drive, '') for disk in (home, a)]) as machine:
            machine.wait_prompt()
            machine.until(lambda: 'on=data' in machine.cmd('forget-definitions'), 'the definition waits')
            assert answer(machine, 'list-vm') == []
            assert 'are applied now' in machine.ok('open-pool data --yes')
            machine.wait_defined('v')


def test_a_mirror_moves(tmp_path):
    """Exported, it is in no machine's use, also after a start; imported with another name, it has all again."""
    folder, sums = str(tmp_path), {}
    with FailingDisk(folder, SIZE, 'home') as home, FailingDisk(folder, SIZE, 'a') as a, \
            FailingDisk(folder, SIZE, 'b') as b:
        disks = [('virtio', disk.path, disk.drive, '') for disk in (home, a, b)]
        with Machine('qemu-pvh', 'test_mirror-leaves', disks=disks) as machine:
            machine.wait_prompt()
            machine.ok('create-pool home virtio0 --yes')
            machine.ok('create-pool data virtio1,virtio2 --yes')
            machine.ok('create-vm --name v --memory 128M --disk 1G,on=data')
            boot_guest(machine, 'v')
            sums['r1'] = write(machine, 'r1')
            machine.detach()
            machine.ok('stop-vm v --force')
            machine.ok('delete-vm v --keep-disk --yes')
            # The store may still be taking the mark of the VM from its volume.
            machine.until(lambda: 'is closed' in machine.cmd('export-pool data'), 'the export')
            assert [p['state'] for p in answer(machine, 'list-pool data')] == ['exported']
    with FailingDisk(folder, SIZE, 'home') as home, FailingDisk(folder, SIZE, 'a') as a, \
            FailingDisk(folder, SIZE, 'b') as b:
        disks = [('virtio', disk.path, disk.drive, '') for disk in (home, a, b)]
        with Machine('qemu-pvh', 'test_mirror-comes', disks=disks) as machine:
            machine.wait_prompt()
            machine.until(lambda: 'exported' in machine.cmd('list-pool'), 'the pool is seen')
            machine.ok('import-pool data --to moved')
            row = answer(machine, 'list-pool moved')[0]
            assert row['state'] == 'ready' and row['mirror'] == 'in-sync'
            machine.ok('create-vm --name w --memory 128M --disk volume=v.0')
            boot_guest(machine, 'w')
            has_all(machine, sums)
            machine.detach()
            machine.ok('stop-vm w --force')
