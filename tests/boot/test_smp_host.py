# SPDX-License-Identifier: MIT
"""VOS on several pCPUs: all of them come up, however the machine was started, and VMs live and die on them."""
import re

import pytest
from vosmachine import TINY


def pcpus(machine):
    return int(re.search(r'(\d+) pCPU', machine.ok('info')).group(1))


def life_cycles(machine, rounds):
    """Several VMs at a time, through all states; free memory is back at the end."""
    def free():
        return re.search(r'(?i)([0-9.]+ ?[KMG]i?B?) free', machine.ok('info')).group(0)

    before = free()
    for _ in range(rounds):
        for name in ('one', 'two', 'three'):
            machine.ok(f'create-vm --name {name} --memory 64M --kernel heartbeat')
            machine.ok(f'start-vm {name}')
        machine.ok('pause-vm two')
        machine.ok('resume-vm two')
        for name in ('three', 'one', 'two'):
            machine.ok(f'stop-vm {name} --force')
            machine.ok(f'delete-vm {name}')
    assert free() == before


@pytest.mark.backends('qemu-bios', 'qemu-uefi', 'qemu-pvh')
@pytest.mark.machine(cpus=4, **TINY)
def test_four_pcpus(machine):
    assert pcpus(machine) == 4
    assert 'tsc-in-step' in machine.ok('info --json')
    life_cycles(machine, 5)


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(cpus=8, **TINY)
def test_eight_pcpus(machine):
    assert pcpus(machine) == 8
    life_cycles(machine, 5)


@pytest.mark.backends('bochs')
@pytest.mark.machine(cpus=2, mem=512, **TINY)
def test_two_pcpus(machine):
    assert pcpus(machine) == 2
    life_cycles(machine, 2)


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(cpus=4, append='maxcpus=1', **TINY)
def test_maxcpus_1(machine):
    assert pcpus(machine) == 1
    life_cycles(machine, 1)


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(cpus=4, append='maxcpus=3', **TINY)
def test_maxcpus_3(machine):
    assert pcpus(machine) == 3


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(cpus=2, append='maxcpus=0', **TINY)
def test_maxcpus_nonsense(booting):
    booting.expect('a number from 1 to')
    booting.wait_prompt()
    assert pcpus(booting) == 2


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(cpus=4, append='safe', **TINY)
def test_safe(machine):
    assert pcpus(machine) == 4


@pytest.mark.backends('qemu-bios', 'bochs')
@pytest.mark.machine(cpus=2, mem=512, **TINY)
def test_reboot_beside_guests(machine):
    """All pCPUs come up a second time, although they were in guests when the machine was started again."""
    for name in ('one', 'two', 'three'):
        machine.ok(f'create-vm --name {name} --memory 64M --kernel heartbeat')
        machine.ok(f'start-vm {name}')
    machine.send('reboot --yes\r')
    machine.expect('Type help')
    machine.wait_prompt()
    assert pcpus(machine) == 2
    machine.send('shutdown\r')
    machine.wait_exit()
