# SPDX-License-Identifier: MIT
"""Definitions of VMs in a pool: a reboot and a power cut forget nothing, and leave each change done or not begun."""
import json
import os
import random
import re
import time

import pytest

from vosmachine import TINY, Machine

CUTS = int(os.environ.get('VOS_DEFINITION_CUTS', '4'))


def sparse(folder, size):
    image = os.path.join(folder, 'disk.img')
    with open(image, 'wb') as file:
        file.truncate(size)
    return image


def reply(machine, command):
    """News may come before the answer."""
    return json.loads(re.search(r'^\{.*\}', machine.ok(f'{command} --json'), re.M).group())['return']


def names(machine, command='list-vm'):
    return sorted(row['name'] for row in reply(machine, command))


def kept(machine):
    return reply(machine, 'info')['definitions']


def wait_kept(machine, pool):
    there = {'kept-in': 'pool', 'pool': pool, 'other-pool': ''}
    machine.until(lambda: kept(machine) == there, f'definitions in pool {pool}')


def definitions_test(backend, kind, disk, size, folder):
    """VMs with all that they have, a switch, an autostart: after a power cut and after a reboot."""
    image = sparse(folder, size)
    with Machine(backend, f'test_definitions-{kind}', disks=[(kind, image)], **TINY) as machine:
        machine.expect('Definitions of VMs are kept in RAM only')
        machine.ok(f'create-pool fast {disk} --yes')
        wait_kept(machine, 'fast')
        machine.ok('create-switch lan')
        machine.ok('create-vm a --memory 32M --kernel spin --disk 16M --disk 1M,on=ram --nic lan,vlan=7 '
                   '--autostart yes --weight 50 --restart on-failure:3')
        machine.ok('create-vm gone --memory 32M --kernel spin --disk 1M')
        machine.ok('create-vm b --memory 32M --kernel spin')
        machine.ok('set-vm b --class rt')
        machine.ok('delete-vm gone --yes')
        text = reply(machine, 'export-config')['text']
        assert 'of VOS' in machine.ok('list-volume')
        assert 'E_' in machine.cmd('delete-volume vos.config')
        assert 'E_' in machine.cmd('create-volume vos.config --size 1M')
        assert 'E_' in machine.cmd('create-vm c --kernel spin --disk volume=vos.config')
        machine.kill()
    with Machine(backend, f'test_definitions-{kind}-again', disks=[(kind, image)], **TINY) as machine:
        machine.expect('Definitions of VMs are kept in pool fast')
        machine.wait_state('a', 'running')
        assert reply(machine, 'export-config')['text'] == text
        assert names(machine, 'list-volume') == ['a.0', 'a.1', disk, 'vos.config']
        assert names(machine, 'list-switch') == ['lan']
        machine.ok('delete-vm a --force')
        machine.ok('set-vm b --autostart yes')
        machine.ok('delete-switch lan')
        machine.send('reboot --yes\r')
        machine.expect('Definitions of VMs are kept in pool fast')
        machine.wait_state('b', 'running')
        assert names(machine) == ['b'] and names(machine, 'list-switch') == []
        machine.ok('delete-vm b --force')
        machine.ok('delete-pool fast --yes')
        machine.until(lambda: kept(machine)['kept-in'] == 'ram', 'definitions in RAM')
        machine.ok('create-vm c --memory 32M --kernel spin')
        machine.send('reboot\r')
        machine.expect('vos.conf does not define c')


def test_definitions(tmp_path):
    definitions_test('qemu-pvh', 'nvme', 'nvme0.0', 64 << 20, str(tmp_path))


@pytest.mark.io
def test_definitions_on_bochs(tmp_path):
    definitions_test('bochs', 'ata', 'ata0.0', 64 << 20, str(tmp_path))


def status(machine, name):
    return reply(machine, f'status-vm {name}')


def check_counts(machine):
    machine.wait_state('well', 'running')
    bad, once = status(machine, 'bad'), status(machine, 'once')
    assert (bad['state'], bad['reason'], bad['restarts'], bad['given-up']) == ('crashed', 'triple-fault', 2, True)
    assert (once['state'], once['reason'], once['restarts']) == ('crashed', 'triple-fault', 0)
    assert status(machine, 'well')['restarts'] == 0


def test_restart_counts(tmp_path):
    """What VMs have been through is there after a power cut and after a reboot; a VM that was given up stays down."""
    image = sparse(str(tmp_path), 64 << 20)
    with Machine('qemu-pvh', 'test_definitions-counts', disks=[('nvme', image)], **TINY) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        wait_kept(machine, 'fast')
        machine.ok('create-vm bad --memory 64M --kernel hostile --cmdline triple --autostart yes '
                   '--restart on-failure:2')
        machine.ok('create-vm once --memory 64M --kernel hostile --cmdline triple')
        machine.ok('create-vm well --memory 32M --kernel spin --autostart yes')
        machine.cmd('start-vm once')
        machine.wait_state('once', 'crashed')
        machine.cmd('start-vm bad')
        machine.until(lambda: status(machine, 'bad')['given-up'], 'bad is given up')
        assert status(machine, 'bad')['restarts'] == 2
        machine.send('reboot --yes\r')
        machine.expect('Definitions of VMs are kept in pool fast')
        check_counts(machine)
        machine.kill()
    with Machine('qemu-pvh', 'test_definitions-counts-again', disks=[('nvme', image)], **TINY) as machine:
        machine.expect('bad is not started: it crashed too often')
        check_counts(machine)
        machine.cmd('start-vm bad')
        machine.until(lambda: status(machine, 'bad')['given-up'], 'bad is given up again')
        machine.ok('delete-vm bad --yes')
        machine.ok('create-vm bad --memory 64M --kernel spin')
        machine.send('reboot --yes\r')
        machine.expect('Definitions of VMs are kept in pool fast')
        machine.wait_state('well', 'running')
        assert (status(machine, 'bad')['state'], status(machine, 'bad')['restarts']) == ('defined', 0)


def log_of(machine, name):
    """All of it; an answer has a part."""
    part = reply(machine, f'log-vm {name}')
    text = part['text']
    while part['next'] < part['end']:
        part = reply(machine, f'log-vm {name} --offset {part["next"]}')
        text += part['text']
    return text


def has_logs(image):
    """A block of a log is on the disk."""
    with open(image, 'rb') as file:
        return b'VOSLOG01' in file.read()


SEAM = '--- VOS was started again'


def test_logs(tmp_path):
    """What a VM has printed is there after a power cut and after a reboot, and goes with the VM."""
    image = sparse(str(tmp_path), 64 << 20)
    with Machine('qemu-pvh', 'test_definitions-logs', disks=[('nvme', image)], **TINY) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        wait_kept(machine, 'fast')
        # A line a second: what it prints stays within what is kept, however slow the machine is.
        machine.ok('create-vm a --memory 32M --kernel spin --cmdline "cpus=1 every=1000" --autostart yes')
        machine.ok('start-vm a')
        machine.until(lambda: has_logs(image), 'its log is in the pool')
        time.sleep(8)               # what is on the disk counts when it is flushed: at the end of a round of 3 s
        first = log_of(machine, 'a').split('\n')[0]
        assert 'E_' in machine.cmd('delete-volume vos.log')
        machine.kill()
    with Machine('qemu-pvh', 'test_definitions-logs-again', disks=[('nvme', image)], **TINY) as machine:
        machine.expect('Definitions of VMs are kept in pool fast')
        machine.until(lambda: SEAM in log_of(machine, 'a'), 'what it printed before')
        machine.until(lambda: len(log_of(machine, 'a').split(SEAM)[1]) > 200, 'what it prints now')
        text = log_of(machine, 'a')
        assert text.startswith(first) and text.count(SEAM) == 1
        machine.send('reboot --yes\r')
        machine.expect('Definitions of VMs are kept in pool fast')
        machine.until(lambda: log_of(machine, 'a').count(SEAM) == 2, 'all that it printed')
        assert log_of(machine, 'a').startswith(text)
        machine.ok('delete-vm a --force')
        machine.ok('create-vm a --memory 32M --kernel spin')
        assert log_of(machine, 'a') == ''


def pool_volumes(machine):
    return {row['name'] for row in reply(machine, 'list-volume') if row['kind'] == 'thin'}


def change(draw, there):
    """A command that makes or deletes a VM, and the VMs that there are after it."""
    name = f'v{draw.randrange(6)}'
    if name in there:
        return f'delete-vm {name} --force', there - {name}
    if draw.randrange(2):
        return f'clone-vm base {name} --snapshot old', there | {name}
    return f'create-vm {name} --memory 32M --kernel spin --disk 1M', there | {name}


def cut_within(machine, draw, there):
    """Some changes, and a power cut within the last one. Returns the VMs before and after that one."""
    for _ in range(draw.randrange(3)):
        command, there = change(draw, there)
        machine.ok(command)
    command, after = change(draw, there)
    machine.drain()
    machine.send(command + '\r')
    time.sleep(draw.random() * 0.1)
    machine.kill()
    return there, after


def check_cut(machine, before, after):
    """The VMs are those of before or of after, each with its disk. A disk without a VM is one that was being made or
    deleted. Returns the VMs."""
    there = set(names(machine))
    assert there in (before, after), (there, before, after)
    volumes = pool_volumes(machine)
    assert {f'{name}.0' for name in there} <= volumes, (there, volumes)
    for name in volumes - {f'{name}.0' for name in there}:
        assert name in {f'{vm}.0' for vm in before | after}, (name, before, after)
        machine.ok(f'delete-volume {name}')
    machine.ok('revert-vm base old --yes')
    return there


def test_power_cuts(tmp_path):
    """QEMU is killed while VMs are made, cloned and deleted: each of these is done or not begun. VOS_DEFINITION_CUTS=N
    cuts N times."""
    image, seed = sparse(str(tmp_path), 64 << 20), random.randrange(1 << 32)
    draw = random.Random(seed)
    print('seed', seed)
    before = after = {'base'}
    with Machine('qemu-pvh', 'test_definitions-cuts', disks=[('nvme', image)], **TINY) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        wait_kept(machine, 'fast')
        machine.ok('create-vm base --memory 32M --kernel spin --disk 1M')
        machine.ok('snapshot-vm base old')
        before, after = cut_within(machine, draw, before)
    for cut in range(CUTS):
        with Machine('qemu-pvh', f'test_definitions-cut{cut}', disks=[('nvme', image)], **TINY) as machine:
            machine.expect('Definitions of VMs are kept in pool fast')
            there = check_cut(machine, before, after)
            before, after = cut_within(machine, draw, there)
