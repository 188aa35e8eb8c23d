# SPDX-License-Identifier: MIT
"""Tiny guests with several CPUs (tests/guests/smp.c): how CPUs start, every form of IPI, clocks, timers, TLBs."""
import re

import pytest

from vosmachine import TINY


def run_smp(machine, cpus, words, platform='modern'):
    machine.ok(f'create-vm --name smp --cpu {cpus} --memory 32M --kernel smp --platform {platform} '
               f'--cmdline "cpus={cpus} {"pc " if platform == "pc" else ""}{words}"')
    machine.ok('start-vm smp')
    state = machine.wait_state('smp', '(stopped|crashed)')
    log = machine.ok('log-vm smp')
    machine.ok('delete-vm smp')
    done = re.search(r'DONE (\d+) passed, (\d+) failed', log)
    good = done and done.group(2) == '0' and int(done.group(1)) > 25 and 'stopped' in state
    return [] if good else [f'{cpus} CPUs, {platform}, {words}: {state}', log]


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(cpus=4, load=4, **TINY)
@pytest.mark.parametrize('mode', ('x2apic', 'xapic'))
def test_smp_guest(machine, mode):
    bad = []
    for cpus, words, platform in ((2, '', 'modern'), (4, 'off=3', 'modern'), (3, 'off=1', 'pc')):
        if machine.backend == 'bochs' and cpus == 4:
            continue
        rounds = 10 if machine.backend == 'bochs' else 60
        bad += run_smp(machine, cpus, f'{mode} rounds={rounds} {words}', platform)
    assert not bad, '\n'.join(bad)


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(cpus=1, **TINY)
def test_smp_guest_on_one_pcpu(machine):
    bad = run_smp(machine, 4, 'rounds=20') + run_smp(machine, 16, 'rounds=2')
    assert not bad, '\n'.join(bad)
