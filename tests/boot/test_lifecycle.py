# SPDX-License-Identifier: MIT
"""The five commands as the user writes them, the states between them, and what is refused."""
import re

import pytest

CREATE = 'vos create-vm --name myvm --cpu 1 --memory 256M'


def free_memory(machine):
    """The free-memory figure of `info`, as printed."""
    return re.search(r'(?i)([0-9.]+ ?[KMG]i?B?) free|free:? *([0-9.]+ ?[KMG]i?B?)', machine.ok('info')).group(0)


@pytest.mark.shared
@pytest.mark.backends('qemu-bios', 'qemu-uefi', 'bochs')
def test_five_commands(machine):
    machine.ok(CREATE)
    assert 'defined' in machine.ok('list-vm')
    machine.ok('vos start-vm --name myvm')
    assert 'running' in machine.ok('vos status-vm --name myvm')
    machine.ok('pause-vm myvm')
    assert 'paused' in machine.ok('status-vm myvm')
    machine.ok('resume-vm myvm')
    assert 'running' in machine.ok('status-vm myvm')
    machine.ok('vos stop-vm --name myvm --force')
    machine.wait_state('myvm', 'stopped')
    machine.ok('vos delete-vm --name myvm')
    assert 'error[' in machine.cmd('status-vm myvm')


@pytest.mark.backends('qemu-pvh')
def test_refusals(machine):
    machine.ok(CREATE)
    for line in (CREATE, 'create-vm --name Bad_Name', 'create-vm --name huge --memory 900T', 'start-vm nobody',
                 'stop-vm myvm', 'create-vm --name d --disk 100G', 'create-vm --name k --kernel nothing', 'create-vm',
                 'create-vm --name m --memory 5X', 'create-vm --name u --unknown 1'):
        assert 'error[' in machine.cmd(line), line
    assert machine.ok('list-vm').count('defined') == 1


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
def test_many_times(machine):
    """Create, start, stop, delete Linux many times; free memory is back where it was."""
    before = free_memory(machine)
    for _ in range(30 if machine.backend != 'bochs' else 10):
        for line in ('create-vm --name again --memory 128M', 'start-vm again', 'stop-vm again --force',
                     'delete-vm again'):
            machine.ok(line)
    assert free_memory(machine) == before


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
def test_stop_while_booting(machine):
    """A kernel that boots loses presses of the power button; it is asked until it answers, and powers off by itself."""
    machine.ok(CREATE)
    machine.ok('start-vm myvm')
    machine.ok('stop-vm myvm --timeout 1h')
    assert re.search('Reason +guest-poweroff', machine.ok('status-vm myvm'))
    assert 'Power down' in machine.ok('log-vm myvm')
