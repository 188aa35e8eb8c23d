# SPDX-License-Identifier: MIT
"""The operator's side: shares that are set while VMs run, statistics, top, accounting."""
import json
import re

import pytest

from vosmachine import TINY

SPIN = '--memory 32M --kernel spin --cmdline "cpus={0}"'


def reply(machine, command):
    """What the command gives programs."""
    return json.loads(re.search(r'\{.*\}', machine.ok(f'{command} --json')).group(0))['return']


def spin(machine, name, options='', cpus=1):
    machine.ok(f'create-vm --name {name} --cpu {cpus} {options} {SPIN.format(cpus)}')
    machine.ok(f'start-vm {name}')


def busy_permille(machine):
    """Of each pCPU, by guests and VMMs, in the half second or more that this takes."""
    return [pcpu['guest-permille'] + pcpu['vmm-permille']
            for pcpu in reply(machine, 'top --interval 1s')['pcpus']]


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY, cpus=2)
def test_set_vm(machine):
    """What is set is shown, holds at once, and holds at the next start too."""
    spin(machine, 'a', '--cap 60% --affinity 0 --weight 7')
    status = machine.ok('status-vm a')
    for row in (r'Class +fair, weight 7\n', r'Cap +60% of a pCPU\n', r'Affinity +0\n'):
        assert re.search(row, status), status
    # An emulator that shares its processor with others is no clock: what is left for the cap is between bounds.
    assert busy_permille(machine)[0] < 700
    machine.ok('set-vm a --cap 10%')
    assert busy_permille(machine)[0] < 200
    machine.ok('set-vm a --affinity 1 --cap none')
    busy_permille(machine)
    busy = busy_permille(machine)
    assert busy[0] < 200 < 800 < busy[1], busy
    machine.ok('set-vm a --class rt')
    told = reply(machine, 'status-vm a')
    assert (told['class'], told['cap'], told['affinity'], told['weight']) == ('rt', 'none', '1', 7)
    assert 'error[E_USAGE]' in machine.cmd('set-vm a --weight 9')
    machine.ok('stop-vm a --force')
    machine.ok('set-vm a --class fair --cap 10%')
    machine.ok('start-vm a')
    busy_permille(machine)
    assert max(busy_permille(machine)) < 200


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_vcpus(machine):
    """status-vm says what each vCPU is at, and what it has used."""
    spin(machine, 'a', cpus=2)
    machine.ok('create-vm --name b --cpu 3 --memory 32M --kernel spin --cmdline "cpus=2"')
    machine.ok('start-vm b')
    busy_permille(machine)
    for name, online in (('a', [True, True]), ('b', [True, True, False])):
        vcpus = reply(machine, f'status-vm {name}')['vcpus']
        assert [vcpu['online'] for vcpu in vcpus] == online, vcpus
        assert all(vcpu['cpu-time-ns'] > 10**7 for vcpu in vcpus[:2]), vcpus
    text = machine.ok('status-vm b')
    assert re.search(r'vCPUs +0 running, [0-9.]+ s; 1 running, [0-9.]+ s; 2 waiting-for-sipi, ', text), text
    machine.ok('pause-vm b')
    assert [vcpu['state'] for vcpu in reply(machine, 'status-vm b')['vcpus']] == \
        ['paused', 'paused', 'waiting-for-sipi']
    machine.ok('stop-vm b --force')
    assert {vcpu['state'] for vcpu in reply(machine, 'status-vm b')['vcpus']} == {'off'}


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_refused_shares(machine):
    machine.ok('create-vm a --cpu 2 --memory 32M --kernel spin')
    before = reply(machine, 'status-vm a')
    for line, words in (('--affinity 60', 'there is no pCPU 60: this machine has'),
                        ('--affinity 3-1', '--affinity is a list of pCPUs'),
                        ('--cap 201%', '100% of a pCPU for each of its 2 vCPUs'),
                        ('--cap 0', 'would never run'),
                        ('--weight 1001', 'from 1 to 1000'),
                        ('--class system', '--class is fair or rt'),
                        ('--timeout 1s', '--timeout has no meaning for set-vm'),
                        ('', 'set-vm needs something to set')):
        answer = machine.cmd(f'set-vm a {line}')
        assert 'error[E_USAGE]' in answer and words in ' '.join(answer.split()), answer
    assert 'Nothing was changed' in machine.ok('set-vm a --cap 5% --dry-run')
    after = reply(machine, 'status-vm a')
    assert after | {'now-ns': before['now-ns']} == before
    assert 'share 1 pCPU' in machine.ok('create-vm b --cpu 16 --memory 32M --kernel spin --affinity 0')
    assert 'a real-time VM has no weight' in machine.cmd('create-vm c --class rt --weight 5')


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_statistics(machine):
    """Every exit has a reason and a cost, also after the run."""
    machine.ok('create-vm --name a --memory 64M --kernel exits')
    machine.ok('start-vm a')
    machine.wait_state('a', 'stopped')
    stats = reply(machine, 'stats-vm a')
    reasons = {row['reason']: row for row in stats['exit-reasons']}
    # A deadline that had passed before the entry is no exit of the guest's, but has its reason and cost.
    assert sum(row['count'] for row in stats['exit-reasons']) >= stats['exits'] > 0
    assert reasons['cpuid']['count'] > 0 and reasons['cpuid']['ns'] > 0 and reasons['port']['count'] > 0
    assert sum(stats['wake-latency-log2-ns']) == stats['wakeups'] > 0
    assert 0 < stats['guest-time-ns'] < stats['cpu-time-ns']
    text = machine.ok('stats-vm a')
    assert re.search(r'\n +cpuid +[0-9,]+ +[0-9.]+% +[0-9,]+ ', text), text
    assert max(len(line) for line in text.split('\n')) <= 80
    machine.ok('delete-vm a')
    assert 'E_NOT_FOUND' in machine.cmd('stats-vm a')


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY, cpus=2)
def test_accounting(machine):
    """Time adds up on each pCPU and memory to the byte: idle, with VMs at work, and afterwards."""
    for step in (None, ('a', 1), ('b', 2), 'end'):
        if step == 'end':
            machine.ok('delete-vm a --force')
            machine.ok('delete-vm b --force')
        elif step:
            spin(machine, step[0], cpus=step[1])
        account = reply(machine, 'accounting')
        assert account['time-adds-up'] and account['memory-adds-up'], account
        memory = account['memory']
        assert memory['vms'] + memory['system'] + memory['kernel'] + memory['free'] == memory['installed'] > 0
        assert {vm['name'] for vm in memory['vm']} >= ({step[0]} if step and step != 'end' else set())
        assert all(pcpu['difference-ppm'] <= 1000 and pcpu['elapsed-ns'] for pcpu in account['pcpus'])
    text = machine.ok('accounting')
    assert 'Time adds up' in text and 'Memory adds up' in text
    assert max(len(line) for line in text.split('\n')) <= 80


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_top(machine):
    """Tables below each other on a line that says nothing, in place on a terminal; what happens meanwhile is told."""
    spin(machine, 'busy')
    machine.ok('create-vm idle --memory 32M --kernel spin')
    text = machine.ok('top --count 2 --interval 500ms')
    tables = re.findall(r'NAME .*\nbusy .*\nidle .*', text)
    assert len(tables) == 2, text
    assert max(len(line) for line in text.split('\n')) <= 80
    machine.send('top --interval 500ms\r')
    machine.send('\x1b[?1;2c\x1b[24;80R')
    machine.expect('NET/S')
    machine.expect('busy')
    machine.expect('busy')
    machine.send('\x1b[24;40R')        # it has been made narrower
    machine.expect(r'CPU%  USED')
    machine.send('q')
    machine.wait_prompt()
    # Typed ahead of an end that comes by itself: it waits for the prompt.  Ctrl-C ends one that doesn't.
    machine.send('top --count 1\rversion\r')
    machine.expect('NET/S')
    machine.expect('VOS 0')
    machine.wait_prompt()
    machine.send('top\r')
    machine.expect('NET/S')
    machine.send('\x03')
    machine.wait_prompt()
    busy = reply(machine, 'top --interval 1s')['vms'][0]
    assert busy['name'] == 'busy' and busy['cpu-permille'] > 100


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_several_vms(machine):
    """Commands on several VMs: one line each, the highest exit code, and all of them wait together."""
    for name in 'abc':
        machine.ok(f'create-vm {name} --memory 32M --kernel wake --cmdline "period=500000"')
    answer = machine.cmd('start-vm a b nope c a')
    assert [f'{name} is running' in answer for name in 'abc'] == [True] * 3, answer
    assert answer.count('a is running') == 1 and 'there is no VM "nope"' in answer, answer
    assert 'error[E_NOT_FOUND]: start-vm failed for 1 of 4 VMs' in answer, answer
    assert machine.cmd('result').startswith('3 ')
    assert 'c is paused' in machine.ok('pause-vm b c')
    assert 'b is running' in machine.ok('resume-vm --all')
    # These guests have no use for the power button, so that all three wait for the end of --timeout.
    assert 'has not finished for all 3 VMs' in ' '.join(machine.cmd('stop-vm --all --timeout 24h --wait=1s').split())
    told = reply(machine, 'list-vm')
    assert [vm['state'] for vm in told] == ['stopping'] * 3, told
    answer = machine.ok('stop-vm --all --force')
    assert [f'{name} has stopped' in answer for name in 'abc'] == [True] * 3, answer
    machine.drain()
    told = reply(machine, 'start-vm a b')
    assert [(vm['name'], vm['return']['state']) for vm in told] == [('a', 'running'), ('b', 'running')], told
    machine.ok('stop-vm --all --timeout 1s')
    machine.send('delete-vm a b\r')
    machine.expect(r'Delete 2 VMs\? ')
    machine.send('y\r')
    machine.expect('b is deleted')
    machine.wait_prompt()
    assert 'c is deleted' in machine.ok('delete-vm --all --yes')
    assert 'there are no VMs' in machine.ok('stop-vm --all')


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_set_stopped_vm(machine):
    """A VM that has stopped runs with what set-vm made of it; one that runs keeps it."""
    machine.ok('create-vm a --cpu 1 --memory 16M --kernel spin --cmdline "cpus=1"')
    machine.ok('start-vm a')
    answer = ' '.join(machine.cmd('set-vm a --cpu 2').split())
    assert 'error[E_STATE]: a is running. Stop it first' in answer, answer
    assert 'a: restart on-failure:2' in machine.ok('set-vm a --restart on-failure:2')
    machine.ok('stop-vm a --force')
    machine.ok('set-vm a --cpu 2 --memory 32M --cmdline "cpus=2" --platform pc')
    after = reply(machine, 'status-vm a')
    assert (after['cpu'], after['memory'], after['cmdline'], after['platform'], after['restart'], after['kernel']) == \
        (2, 32 << 20, 'cpus=2', 'pc', 'on-failure:2', 'spin'), after
    assert 'error[E_NOT_FOUND]' in machine.cmd('set-vm a --kernel nothing')
    machine.ok('start-vm a')
    busy_permille(machine)
    assert [vcpu['online'] for vcpu in reply(machine, 'status-vm a')['vcpus']] == [True, True]
