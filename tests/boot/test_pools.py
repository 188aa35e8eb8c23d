# SPDX-License-Identifier: MIT
"""Pools: thin disks whose data is there after a restart of the store, of the VM and of the machine."""
import os

import pytest

from test_networks import answer
from vosmachine import Machine


def sparse(folder, size):
    image = os.path.join(folder, 'disk.img')
    with open(image, 'wb') as file:
        file.truncate(size)
    return image


def boot_guest(machine, name):
    since = machine.log_end(name)
    machine.ok(f'start-vm {name}')
    machine.attach_guest(name, since)


def write(machine, name):
    machine.guest_cmd(f'cd /root; dd if=/dev/urandom of={name} bs=64k count=16')
    machine.guest_cmd(f'dd if={name} of=/dev/vda bs=64k seek=$((0x{name[1:]} * 1000))')
    return machine.guest_cmd(f'sync; md5sum {name}').split()[0]


def read(machine, name):
    return machine.guest_cmd(
        f'dd if=/dev/vda bs=64k count=16 skip=$((0x{name[1:]} * 1000)) 2>/dev/null | md5sum').split()[0]


def pool_test(backend, kind, disk, size, folder):
    image = sparse(folder, size)
    with Machine(backend, f'test_pools-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.ok(f'create-pool fast {disk} --yes')
        machine.ok('create-vm --name v --memory 128M --disk 100G')
        boot_guest(machine, 'v')
        assert int(machine.guest_cmd('cat /sys/block/vda/size').split()[-1]) == 100 << 21
        sums = {'r1': write(machine, 'r1')}
        assert read(machine, 'r1') == sums['r1']
        machine.detach()
        machine.ok('restart-service store')
        machine.attach('v')
        machine.guest_cmd('echo 3 > /proc/sys/vm/drop_caches')
        assert read(machine, 'r1') == sums['r1']
        sums['r2'] = write(machine, 'r2')
        machine.detach()
        assert 'pool fast is sound' in machine.ok('check-pool fast')
        scrub = answer(machine, 'scrub-pool fast')
        assert scrub['scrub-bytes'] > 2 << 20 and scrub['scrub-faults'] == 0
        machine.ok('stop-vm v --force')
    with Machine(backend, f'test_pools-{kind}-again', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.wait_defined('v')
        boot_guest(machine, 'v')
        for name, digest in sums.items():
            assert read(machine, name) == digest
        machine.detach()
        machine.ok('delete-vm v --force')
        row = answer(machine, 'list-pool')[0]
        assert row['name'] == 'fast'


def pool_of(machine):
    return answer(machine, 'list-pool')[0]


def vm_of(machine, name):
    return answer(machine, f'status-vm {name}')


def full_pool_test(backend, kind, disk, folder):
    """A guest fills the pool and stands still; when another VM's disk is deleted it goes on, and nothing is lost."""
    image = sparse(folder, 24 << 20)
    with Machine(backend, f'test_pools-full-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.ok(f'create-pool fast {disk} --yes')
        for name in ('a', 'b'):
            machine.ok(f'create-vm --name {name} --memory 128M --disk 100G')
        boot_guest(machine, 'b')
        machine.guest_cmd('dd if=/dev/urandom of=/f bs=64k count=64')
        machine.guest_cmd('dd if=/f of=/dev/vda bs=64k conv=fsync')
        machine.detach()
        count = pool_of(machine)['free-bytes'] // 65536 + 32
        boot_guest(machine, 'a')
        machine.guest_cmd(f'dd if=/dev/urandom of=/f bs=64k count={count}')
        machine.guest_cmd('w() { dd if=/f of=/dev/vda bs=64k conv=fsync; echo end $?; }')
        machine.send('w >/tmp/end 2>&1 &\r')
        machine.detach()
        machine.wait_state('a', 'paused')
        vm = vm_of(machine, 'a')
        assert (vm['reason'], vm['text']) == ('pool-full', 'disk 0, volume a.0'), vm
        machine.ok('resume-vm a')               # there is no more room than before
        machine.until(lambda: vm_of(machine, 'a')['reason'] == 'pool-full', 'the next try')
        machine.ok('delete-vm b --force')
        machine.wait_state('a', 'running')
        machine.attach('a')
        assert 'end 0' in machine.guest_cmd('wait; cat /tmp/end')
        machine.guest_cmd('echo 3 > /proc/sys/vm/drop_caches')
        written = machine.guest_cmd(f'dd if=/dev/vda bs=64k count={count} 2>/dev/null | md5sum').split()[0]
        assert written == machine.guest_cmd('md5sum /f').split()[0]
        assert 'errors 0' in machine.guest_cmd("echo errors $(dmesg | grep -ci 'i/o error')")
        machine.detach()


def test_a_full_pool(tmp_path):
    full_pool_test('qemu-pvh', 'nvme', 'nvme0.0', str(tmp_path))


@pytest.mark.io
def test_a_full_pool_on_bochs(tmp_path):
    full_pool_test('bochs', 'ata', 'ata0.0', str(tmp_path))


def test_a_pool(tmp_path):
    pool_test('qemu-pvh', 'nvme', 'nvme0.0', 1 << 30, str(tmp_path))


@pytest.mark.io
def test_a_pool_on_bochs(tmp_path):
    pool_test('bochs', 'ata', 'ata0.0', 64 << 20, str(tmp_path))
