# SPDX-License-Identifier: MIT
"""Virtual disks: volumes in memory, what is refused, and what the guest sees."""
import json
import re

import pytest


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_volumes_in_memory(machine):
    """A volume lives as long as the VM that it was made for, unless it is kept; memory is back afterwards."""
    before = re.search(r'([0-9.]+ ?[KMG]i?B?) free', machine.ok('info')).group(0)
    text = machine.ok('create-vm --name a --memory 128M --disk 64M,on=ram --disk 1M,on=ram,ro,serial=S2')
    assert 'Disk 0: volume a.0, 64.0 MiB in memory: lost when VOS ends' in text
    assert 'Disk 1: volume a.1, 1.0 MiB read-only in memory' in text
    for _ in range(3):
        machine.ok('start-vm a')
        assert re.search(r'Disk 0 +volume a\.0, 64\.0 MiB in memory', machine.ok('status-vm a'))
        machine.ok('stop-vm a --force')
    assert 'disk 64M,on=ram;' in machine.ok('export-config a')
    machine.ok('set-vm a --disk 64M,on=ram')
    assert 'kept: volume a.0' in machine.ok('delete-vm a --keep-disk')
    text = machine.ok('create-vm --name b --memory 128M --disk volume=a.0')
    assert 'volume a.0, 64.0 MiB in memory' in text
    machine.ok('start-vm b')
    machine.ok('delete-vm b --force')
    text = machine.ok('create-vm --name a --memory 128M --disk 64M,on=ram')
    assert 'volume a.0' not in machine.ok('delete-vm a')
    assert 'error[E_EXISTS]' in machine.cmd('create-vm --name a --disk 65M,on=ram')
    assert re.search(r'([0-9.]+ ?[KMG]i?B?) free', machine.ok('info')).group(0) != before    # a.0 and a.1 are there


@pytest.mark.backends('qemu-pvh')
def test_refused_disks(machine):
    for flags, error in (('--disk 100G', 'E_NODISK'), ('--disk 100G,on=nvme7', 'E_NOT_FOUND'),
                         ('--disk volume=nothing', 'E_NOT_FOUND'), ('--disk 900G,on=ram', 'E_USAGE'),
                         ('--disk 60G,on=ram', 'E_NOMEM'), ('--disk 5X', 'E_USAGE'), ('--disk ""', None)):
        text = machine.cmd(f'create-vm --name x --memory 128M {flags}')
        assert ('error[' + error in text) if error else 'defined' in text, text
    assert json.loads(machine.ok('status-vm x --json'))['return']['disks'] == []
