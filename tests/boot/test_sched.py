# SPDX-License-Identifier: MIT
"""Shares of the processor, by work that guests count: weights, caps, real-time VMs, moving about.

On QEMU with -icount, and in Bochs, time is counted in instructions, so what is measured doesn't depend on how busy the
machine under the emulator is.
"""
import json
import re
import time

import pytest

from vosmachine import TINY
from work import measure, now, points, spin, wait_for_time

COUNTED = {**TINY, 'icount': 3}


def reply(machine, command):
    return json.loads(re.search(r'\{.*\}', machine.ok(f'{command} --json')).group(0))['return']


def shares(rates):
    total = sum(rates.values())
    return {name: rate / total for name, rate in rates.items()}


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**COUNTED)
def test_weights(machine):
    """Three VMs on one pCPU get 1:2:4, within 5 %; and 4:2:1 as soon as they are told so while they run."""
    for name, weight in (('a', 50), ('b', 100), ('c', 200)):
        spin(machine, name, f'--weight {weight} --affinity 0')
    for parts in ({'a': 1, 'b': 2, 'c': 4}, {'a': 4, 'b': 2, 'c': 1}):
        got = shares(measure(machine, parts, 2))
        for name, part in parts.items():
            assert abs(got[name] / (part / 7) - 1) < 0.05, f'{parts}: {got}'
        for name, weight in (('a', 400), ('b', 200), ('c', 100)):
            machine.ok(f'set-vm {name} --weight {weight}')
    machine.ok('pause-vm a')
    got = shares(measure(machine, ('b', 'c'), 1))
    assert abs(got['b'] * 3 / 2 - 1) < 0.05, got


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**COUNTED)
def test_cap(machine):
    """Half of a pCPU is half of what the same VM does without a cap, within 2 %."""
    spin(machine, 'a', '--cap 50% --affinity 0')
    half = measure(machine, ('a',), 3)['a']
    machine.ok('set-vm a --cap none')
    whole = measure(machine, ('a',), 1)['a']
    assert abs(half / whole / 0.5 - 1) < 0.02, f'{half} of {whole}'
    machine.ok('set-vm a --cap 20%')
    fifth = measure(machine, ('a',), 3)['a']
    assert abs(fifth / whole / 0.2 - 1) < 0.05, f'{fifth} of {whole}'
    assert '20' in re.search(r'(?m)^(?i:cap).*$', machine.ok('status-vm a')).group(0)


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**COUNTED)
def test_real_time(machine):
    """A real-time VM that wakes preempts a spinning one at once: a fraction of what it waits in the fair class."""
    spin(machine, 'busy', '--affinity 0')
    machine.ok('create-vm --name w --memory 32M --kernel wake --class rt --affinity 0 --cmdline "cpus=1 period=3000"')
    machine.ok('start-vm w')
    def woken():
        found = re.findall(r'wakes 50 late max (\d+) sum (\d+)\n', machine.ok('log-vm w'))
        return found if len(found) >= 6 else None
    late = machine.until(woken, 'the real-time VM wakes', 'w', 0.5)
    # The console runs before it, at each look above: so the mean of 50 wake-ups, not the longest.
    assert sorted(int(total) for _, total in late)[len(late) // 2] / 50 < 100000, late
    told = reply(machine, 'stats-vm w')['wake-latency-log2-ns']
    assert sum(told) >= 300 and sum(told[:18]) >= 0.95 * sum(told), told
    assert measure(machine, ('busy',), 0.5)['busy'] > 0


def times(machine, name):
    """(ns the VM has had of pCPUs, ns it is up), of one moment"""
    told = reply(machine, f'status-vm {name}')
    assert told['state'] == 'running', f'{name}: {told}'
    return told['cpu-time-ns'], told['uptime-ns']


def used(machine, names, seconds):
    """pCPUs that each VM had, on average over a while."""
    before = {name: times(machine, name) for name in names}
    while True:
        time.sleep(0.5)
        after = {name: times(machine, name) for name in names}
        if all(after[name][1] - before[name][1] > seconds * 1e9 for name in names):
            return {name: (after[name][0] - before[name][0]) / (after[name][1] - before[name][1]) for name in names}


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(cpus=4, load=4, **TINY)
def test_migration(machine):
    """Spinning VMs spread over the pCPUs; affinity moves them while they run, and what they compute stays right."""
    pcpus = machine.cpus
    names = [f'v{i}' for i in range(pcpus)]
    for name in names:
        spin(machine, name)
        now(machine, name)
    had = used(machine, names, 1)
    assert all(part > 0.6 for part in had.values()), f'not spread: {had}'
    for name in names:
        machine.ok(f'set-vm {name} --affinity 1')
    used(machine, names, 0.2)
    had = used(machine, names, 1)
    assert 0.8 < sum(had.values()) < 1.1 and min(had.values()) > 0.5 / pcpus, f'not on one pCPU: {had}'
    for i, name in enumerate(names):
        machine.ok(f'set-vm {name} --affinity {i % 2}')
    used(machine, names, 0.2)
    had = used(machine, names, 1)
    assert 1.6 < sum(had.values()) < 2.1, f'not on two pCPUs: {had}'
    for turn in range(6):
        for i, name in enumerate(names):
            machine.ok(f'set-vm {name} --affinity {(i + turn) % pcpus}')
    for name in names:
        machine.ok(f'set-vm {name} --affinity all')
    used(machine, names, 0.2)
    had = used(machine, names, 1)
    assert all(part > 0.6 for part in had.values()), f'not spread again: {had}'
    for name in names:
        assert points(machine, name)


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(cpus=4, load=4, **TINY)
def test_more_vcpus_than_pcpus(machine):
    """VMs with several CPUs and more of them than there are: all get on, none computes anything wrong."""
    names = ('x', 'y', 'z')
    for name in names:
        spin(machine, name, cpus=2 if machine.backend == 'bochs' else 3)
    for name in names:
        wait_for_time(machine, name, now(machine, name) + 500000000, 0.5)
