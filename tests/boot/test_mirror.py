# SPDX-License-Identifier: MIT
"""A pool on two disks: either is taken away while a guest writes, and comes back; the other one has all meanwhile."""
from nbd import FailingDisk
from test_networks import answer
from test_pools import boot_guest, write
from vosmachine import Machine

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

    def gets_it_back(self):
        """Both again: the first one gets what it lacks; then the second one dies."""
        with self.disk(0) as a, self.disk(1) as b, self.machine('again', [(0, a), (1, b)]) as machine:
            machine.wait_prompt()
            machine.wait_defined('v')
            wait_mirror(machine, 'in-sync')
            boot_guest(machine, 'v')
            b.pull()
            self.sums['r4'] = write(machine, 'r4')
            has_all(machine, self.sums)
            machine.detach()
            wait_mirror(machine, 'degraded')


def test_a_mirror(tmp_path):
    mirror = Mirror('qemu-pvh', ('virtio', 'virtio'), ('virtio0', 'virtio1'), tmp_path)
    mirror.starts_with_both()
    mirror.goes_on_with_one()
    mirror.gets_it_back()
