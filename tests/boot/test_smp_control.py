# SPDX-License-Identifier: MIT
"""Operators' commands at any moment: pause, resume, reset, stop and so on, at random, on running guests with several
CPUs.  The order comes from a seed that is printed (VOS_TEST_SEED repeats one)."""
import json
import os
import random
import re

import pytest

from test_isolation import Victim
from vosmachine import TINY
from work import now, points

SPEC = '--cpu 3 --memory 32M --kernel spin --cmdline "cpus=3 every=50"'
# What a command may find instead of the state it needs.
FAIR = ('E_STATE', 'E_EXISTS', 'E_NOT_FOUND', 'E_BUSY')


def free_memory(machine):
    return json.loads(re.search(r'\{.*\}', machine.ok('info --json')).group(0))['return']['memory-free']


def random_command(dice, name):
    return dice.choice((
        f'start-vm {name}', f'start-vm {name}', f'pause-vm {name}', f'resume-vm {name}', f'pause-vm {name}',
        f'resume-vm {name}', f'reset-vm {name}', f'stop-vm {name} --force', f'stop-vm {name} --timeout 100ms',
        f'delete-vm {name} --force', f'create-vm --name {name} {SPEC}', f'status-vm {name}', 'list-vm'))


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(cpus=4, load=4, **TINY)
def test_random_control(machine):
    seed = int(os.environ.get('VOS_TEST_SEED') or random.randrange(1 << 32))
    print(f'VOS_TEST_SEED={seed}')
    dice = random.Random(seed)
    victim = Victim(machine)
    before = free_memory(machine)
    names = ('a', 'b')
    for turn in range(120 if machine.backend != 'bochs' else 24):
        command = random_command(dice, dice.choice(names))
        error = re.search(r'error\[(\w+)\]', machine.cmd(command))
        assert not error or error.group(1) in FAIR, f'seed {seed}, turn {turn}: {command}: {error.group(0)}'
        if turn % 10 == 9:
            victim.check()
    for name in names:
        machine.cmd(f'delete-vm {name} --force')
        machine.ok(f'create-vm --name {name} {SPEC}')
        machine.ok(f'start-vm {name}')
    for name in names:
        assert now(machine, name) and points(machine, name)
    for name in names:
        machine.ok(f'delete-vm {name} --force')
    victim.check()
    assert free_memory(machine) == before, f'seed {seed}: memory is lost'
    assert 'panic' not in machine.ok('log').lower()
