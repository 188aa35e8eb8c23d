# SPDX-License-Identifier: MIT
"""Services and drivers that are started again while a guest works: nobody sees more than a pause."""
import json
import os

import pytest

from vosmachine import Machine

DISKS = [('virtio', 'virtio0', 'virtio0'), ('nvme', 'nvme0.0', 'nvme0'), ('ahci', 'ahci0.0', 'ahci0')]
# Rounds of a writer: other data in each, written, and read from the disk again.  Errors go to /tmp/log.  Digests take a
# tenth of the instructions of busybox' cmp, which counts in Bochs.
WRITER = ('(i=0; while [ ! -e /tmp/stop ]; do i=$((i+1)); '
          'dd if=/tmp/r of=/tmp/w bs=4k skip=$((i % 24)) count={blocks} 2>/dev/null; '
          'dd if=/tmp/w of=/dev/vda bs=64k conv=fsync 2>/dev/null || echo no write $i; '
          'echo 3 > /proc/sys/vm/drop_caches; '
          '[ "$(dd if=/dev/vda bs=4k count={blocks} 2>/dev/null | md5sum)" = "$(md5sum < /tmp/w)" ] || '
          'echo other data $i; '
          'echo $i > /tmp/rounds; done) > /tmp/log 2>&1 &')
BLOCKS = {'qemu-pvh': 1000, 'bochs': 250}       # of 4 KiB, in a round


def service(machine, name):
    return next(row for row in json.loads(machine.ok('list-service --json'))['return'] if row['name'] == name)


def restart(machine, name):
    """Until it and, with the store, all drivers are up again."""
    before = service(machine, name)['restarts']
    assert 'restarted' in machine.ok(f'restart-service {name}')
    machine.until(lambda: service(machine, name)['restarts'] == before + 1 and
                  '"restarting"' not in machine.ok('list-service --json'), f'{name} to be up again')


def counts(machine):
    return json.loads(machine.ok('status-vm a --json'))['return']['disks'][0]


def writes_more(machine, than):
    """A fourth of a round."""
    more = BLOCKS[machine.backend] << 10
    machine.until(lambda: counts(machine)['written-bytes'] >= than + more, 'the guest to write')
    return counts(machine)['written-bytes']


def restarts_under_load(backend, disk, name, folder, rounds):
    kind, volume, driver = disk
    image = os.path.join(folder, 'disk.img')
    with open(image, 'wb') as file:
        file.truncate(64 << 20)
    with Machine(backend, f'{name}-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        there = f'create-vm --name a --dry-run --disk volume={volume},trusted'
        machine.until(lambda: 'would succeed' in machine.cmd(there), 'the disk')
        assert 'There are' in machine.cmd('restart-service nothing')
        machine.ok(f'create-vm --name a --memory 128M --disk volume={volume},trusted')
        machine.ok('start-vm a')
        machine.attach('a')
        machine.wait_guest()
        machine.guest_cmd('dd if=/dev/urandom of=/tmp/r bs=64k count=64')
        machine.guest_cmd(WRITER.format(blocks=BLOCKS[backend]))
        machine.detach()
        written = writes_more(machine, 0)
        for i in range(rounds):
            restart(machine, driver if i % 2 == 0 else 'store')
            written = writes_more(machine, written)
        machine.attach('a')
        machine.guest_cmd('touch /tmp/stop; wait')
        done = machine.guest_cmd('echo rounds $(cat /tmp/rounds), log [$(cat /tmp/log)]')
        assert 'log []' in done, done
        assert 'errors 0' in machine.guest_cmd("echo errors $(dmesg | grep -ci 'i/o error')")
        machine.detach()
        disk = counts(machine)
        assert disk['errors'] == 0 and disk['in-flight'] == 0
        print(f'{rounds} restarts, {done.strip()}')
        machine.ok('delete-vm a --force')


def test_restarts_on_qemu(tmp_path):
    restarts_under_load('qemu-pvh', DISKS[0], 'test_restarts', str(tmp_path), 4)


def test_restarts_on_bochs(tmp_path):
    restarts_under_load('bochs', ('ata', 'ata0.0', 'ata0'), 'test_restarts', str(tmp_path), 2)


@pytest.mark.io
@pytest.mark.parametrize('disk', DISKS, ids=lambda disk: disk[0])
def test_a_hundred_restarts(disk, tmp_path):
    restarts_under_load('qemu-pvh', disk, 'test_hundred', str(tmp_path), 100)


@pytest.mark.io
def test_more_restarts_on_bochs(tmp_path):
    restarts_under_load('bochs', ('ata', 'ata0.0', 'ata0'), 'test_more_restarts', str(tmp_path), 30)


@pytest.mark.backends('qemu-pvh')
def test_other_services(machine):
    """The prompt works after each; a console that is started again greets anew."""
    for name in ('screen', 'serial'):
        if any(row['name'] == name for row in json.loads(machine.ok('list-service --json'))['return']):
            restart(machine, name)
    machine.send('restart-service console\r')
    machine.wait_prompt()
    assert service(machine, 'console')['restarts'] == 1
