# SPDX-License-Identifier: MIT
"""Memory: promised beyond what there is, exhausted, counted to the byte, and none of it lost."""
import json
import re

import pytest

from test_isolation import Victim
from vosmachine import TINY

SMALL = {**TINY, 'mem': 256}
# What a one-vCPU VM may take beside its RAM and second-level tables.
OVERHEAD_MAX = 512 * 1024


def answer(machine, command):
    return json.loads(re.search(r'\{.*\}', machine.ok(f'{command} --json')).group(0))['return']


def memory(machine):
    """The account of all memory, which must add up."""
    account = answer(machine, 'accounting')
    assert account['memory-adds-up'], account
    return account['memory']


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**SMALL)
def test_more_than_there_is(machine):
    """VMs that were promised far more than there is eat it up; each ends alone, and a neighbour never notices."""
    victim = Victim(machine)
    before = memory(machine)
    foes = [f'foe{i}' for i in range(3 if machine.backend != 'bochs' else 2)]
    for foe in foes:
        machine.ok(f'create-vm --name {foe} --cpu 1 --memory 8G --kernel eat --cmdline "to=2048"')
    for foe in foes:
        machine.cmd(f'start-vm {foe}')      # the last one may end within its start: the first are quick eaters
    for foe in foes:
        state = machine.wait_state(foe, 'crashed')
        assert re.search(r'no-memory: it had \d+ of its 8192 MiB, \d+ MiB were free', re.sub(r'\s+', ' ', state)), state
        assert 'DIRTY' not in machine.ok(f'log-vm {foe}')
        victim.check()
        memory(machine)
    # What one has left is zero for the next, and enough to start with.
    machine.ok('create-vm --name next --cpu 1 --memory 8G --kernel eat --cmdline "to=64"')
    machine.ok('start-vm next')
    machine.wait_state('next', 'stopped')
    assert 'DONE 1 passed, 0 failed' in machine.ok('log-vm next')
    for vm in foes + ['next']:
        machine.ok(f'delete-vm {vm}')
    victim.check()
    assert 'starting it again' not in machine.ok('log')
    after = memory(machine)
    assert (after['vms'], after['installed']) == (before['vms'], before['installed'])
    # Slabs and the console's own heap keep what they once took.
    assert before['free'] - after['free'] <= 256 * 1024


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**SMALL)
def test_policies(machine):
    """An eager VM has all of its memory before its first instruction, and no lazy one can take it away."""
    machine.ok('create-vm --name eager --cpu 1 --memory 64M --memory-policy eager --kernel eat --cmdline "to=64 stay"')
    refused = machine.cmd('create-vm --name large --cpu 1 --memory 300M --memory-policy eager --kernel eat')
    assert 'E_NOMEM' in refused, refused
    machine.ok('start-vm eager')
    assert answer(machine, 'status-vm eager')['memory-granted'] == 64 << 20
    machine.ok('create-vm --name lazy --cpu 1 --memory 200M --kernel eat --cmdline "to=200 stay"')
    machine.ok('start-vm lazy')
    assert answer(machine, 'status-vm lazy')['memory-granted'] < 200 << 20
    machine.wait_state('lazy', 'crashed')
    machine.wait_log('eager', 'DONE 1 passed|ate 64 clean', '--lines 8')
    assert answer(machine, 'status-vm eager')['state'] == 'running'
    memory(machine)
    machine.ok('stop-vm eager --force')
    machine.ok('start-vm eager')
    machine.wait_log('eager', 'ate 64 clean', '--lines 8')
    memory(machine)


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**SMALL)
def test_nothing_left(machine):
    """With next to nothing free a VM ends where it needs its first memory; VOS works on, and so does that VM later."""
    victim = Victim(machine)
    free = answer(machine, 'info')['memory-free']
    most = (free - free // 256 - (4 << 20)) >> 21 << 1
    machine.ok(f'create-vm --name all --memory {most}M --memory-policy eager --kernel eat --cmdline "to=9 stay"')
    machine.ok('start-vm all')
    machine.ok('create-vm --name late --cpu 1 --memory 64M --kernel eat --cmdline "to=64"')
    for _ in range(3):
        machine.cmd('start-vm late')
        assert 'no-memory: it had' in re.sub(r'\s+', ' ', machine.wait_state('late', 'crashed'))
        memory(machine)
    victim.check()
    machine.ok('delete-vm all --force')
    machine.ok('start-vm late')
    machine.wait_state('late', 'stopped')
    assert 'DONE 1 passed, 0 failed' in machine.ok('log-vm late')
    victim.check()


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY, mem=2048)
def test_128_vms(machine):
    """As many VMs as can be defined, all running on 2 GiB."""
    names = [f'tiny{i}' for i in range(128)]
    for name in names:
        machine.send(f'create-vm {name} --cpu 1 --memory 10M --kernel heartbeat --cmdline "ticks=2000000000"\r'
                     f'start-vm {name}\r')
        machine.expect(f'{name} is running')
    listed = machine.ok('list-vm')
    assert len(re.findall(r'tiny\d+ +running', listed)) == 128, listed
    for name in names:
        machine.wait_log(name, r'beat [2-9]\d* sum 0x', '--lines 8')
    account = memory(machine)
    assert len(account['vm']) == 128
    for name in names[::16]:
        assert answer(machine, f'status-vm {name}')['memory-overhead'] <= OVERHEAD_MAX
    for name in names:
        machine.send(f'delete-vm {name} --force\r')
        machine.expect('deleted')
    assert memory(machine)['vms'] == 0


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_nothing_leaks(machine):
    """Create, start, stop, delete, a thousand times (thirty on Bochs): the account is the same to the byte, but for
    what the system's own programs have come to use."""
    cycle = ('create-vm again --memory 10M --kernel heartbeat', 'start-vm again', 'stop-vm again --force',
             'delete-vm again')
    accounts = []
    for i in range(40 if machine.backend != 'bochs' else 30):
        if machine.backend == 'bochs':      # its UART loses what is pasted
            for line in cycle:
                machine.ok(line)
        else:
            machine.send(('\r'.join(cycle) + '\r') * 25 + f'status-vm nobody{i}\r')
            machine.expect(f'no VM "nobody{i}"')
            assert machine.before.count('error[') == 1, machine.before
            machine.wait_prompt()
        accounts.append(memory(machine))
    first, last = accounts[0], accounts[-1]
    # The system's programs touch a page of their own for the first time now and then; a leak would be far more.
    grown = last['system'] - first['system']
    assert 0 <= grown <= 64 << 10, accounts
    assert last == {**first, 'system': first['system'] + grown, 'free': first['free'] - grown}
