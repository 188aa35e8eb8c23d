# SPDX-License-Identifier: MIT
"""A disk that fails, and one that is pulled: the VM pauses or its guest gets I/O errors, and nobody else suffers."""
import json
import os

import pytest

from nbd import FailingDisk
from vosmachine import Machine

# Of the guest whose disk fails: 64 KiB of a number, and what became of it.
WRITE = ('yes {0} | head -c 65536 > /tmp/w; dd if=/tmp/w of=/dev/vda bs=64k conv=fsync 2>/dev/null; '
         'echo "end $? of {0}"')
# The other guest's, for ever: it writes and reads, and says when something is wrong.
BESIDE = ('(while :; do dd if=/dev/urandom of=/tmp/w bs=64k count=16 2>/dev/null; '
          'dd if=/tmp/w of=/dev/vda bs=64k conv=fsync 2>/dev/null || echo no write; '
          'echo 3 > /proc/sys/vm/drop_caches; head -c 1048576 /dev/vda | cmp -s - /tmp/w || echo other data; '
          'done) > /tmp/log 2>&1 &')


def status(machine, name):
    return json.loads(machine.ok(f'status-vm {name} --json'))['return']


def start(machine, name, disk, rest=''):
    there = f'create-vm --name {name} --dry-run --disk volume={disk},trusted'
    machine.until(lambda: 'would succeed' in machine.cmd(there), 'the disk')
    machine.ok(f'create-vm --name {name} --memory 128M --disk volume={disk},trusted {rest}')
    machine.ok(f'start-vm {name}')
    machine.attach(name)
    machine.wait_guest()


def beside_goes_on(machine):
    """The other guest writes more, on its disk."""
    before = status(machine, 'beside')['disks'][0]['written-bytes']
    machine.until(lambda: status(machine, 'beside')['disks'][0]['written-bytes'] >= before + (2 << 20),
                  'the guest beside to write')


def is_paused(machine):
    machine.wait_state('a', 'paused')
    vm = status(machine, 'a')
    assert (vm['state'], vm['reason']) == ('paused', 'io-error'), vm
    return vm


def pauses(machine, disk):
    """Writes fail: the VM pauses, again after a resume that comes too early; then the write ends as if nothing was."""
    disk.fails = {disk.WRITE, disk.FLUSH}
    machine.attach('a')
    machine.send(WRITE.format('paused') + ' > /tmp/end &\r')
    machine.detach()
    is_paused(machine)
    beside_goes_on(machine)
    failed = disk.failed
    assert failed > 0
    machine.ok('resume-vm a')
    machine.until(lambda: disk.failed > failed, 'another attempt')
    is_paused(machine)
    disk.fails = frozenset()
    machine.ok('resume-vm a')
    machine.attach('a')
    assert 'end 0 of paused' in machine.guest_cmd('wait; cat /tmp/end')
    assert 'errors 0' in machine.guest_cmd("echo errors $(dmesg | grep -ci 'i/o error')")
    machine.detach()
    with open(disk.path, 'rb') as file:
        assert file.read(65536) == b'paused\n' * 9362 + b'pa'


def reports(machine, disk):
    """The guest is told of the error, and goes on."""
    machine.ok('set-vm a --on-io-error report')
    disk.fails = {disk.WRITE}
    machine.attach('a')
    assert 'end 1 of reported' in machine.guest_cmd(WRITE.format('reported'))
    assert 'errors 0' not in machine.guest_cmd("echo errors $(dmesg | grep -ci 'i/o error')")
    disk.fails = frozenset()
    assert 'end 0 of better' in machine.guest_cmd(WRITE.format('better'))
    machine.detach()
    vm = status(machine, 'a')
    assert vm['state'] == 'running' and vm['disks'][0]['errors'] > 0
    beside_goes_on(machine)


def is_pulled(machine, disk):
    disk.pull()
    machine.attach('a')
    assert 'end 1 of pulled' in machine.guest_cmd(WRITE.format('pulled'))
    machine.detach()
    assert status(machine, 'a')['state'] == 'running'
    beside_goes_on(machine)


def disk_errors(kind, name, folder):
    beside = os.path.join(folder, 'beside.img')
    with open(beside, 'wb') as file:
        file.truncate(16 << 20)
    with FailingDisk(folder, 16 << 20) as disk, \
            Machine('qemu-pvh', f'test_disk_errors-{kind}',
                    disks=[(kind, disk.path, disk.drive, ''), ('virtio', beside)]) as machine:
        machine.wait_prompt()
        start(machine, 'beside', 'virtio1' if kind == 'virtio' else 'virtio0')
        machine.guest_cmd(BESIDE)
        machine.detach()
        start(machine, 'a', name, '--on-io-error pause')
        machine.detach()
        for step in (pauses, reports, is_pulled):
            step(machine, disk)
        machine.attach('beside')
        assert 'log []' in machine.guest_cmd('echo "log [$(cat /tmp/log)]"')
        machine.detach()
        assert status(machine, 'beside')['disks'][0]['errors'] == 0
        machine.ok('delete-vm a --force')


def test_disk_errors(tmp_path):
    disk_errors('virtio', 'virtio0', str(tmp_path))


@pytest.mark.io
@pytest.mark.parametrize('kind, name', [('nvme', 'nvme0.0'), ('ahci', 'ahci0.0')])
def test_other_disks_errors(kind, name, tmp_path):
    disk_errors(kind, name, str(tmp_path))
