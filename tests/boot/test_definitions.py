# SPDX-License-Identifier: MIT
"""Definitions of VMs in a pool: a reboot and a power cut forget nothing, and leave each change done or not begun."""
import json
import os
import re

import pytest

from vosmachine import TINY, Machine


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
    machine.until(lambda: kept(machine) == {'kept-in': 'pool', 'pool': pool}, f'definitions in pool {pool}')


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
