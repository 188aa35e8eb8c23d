# SPDX-License-Identifier: MIT
"""The tiny guests of tests/guests: each states what it expects of exits, traps, modes and device memory."""
import os
import re
import subprocess

import pexpect
import pytest

from vosmachine import TINY

GUESTS = ('exits', 'traps', 'modes', 'mmio', 'paging32', 'msrs', 'features', 'hpet', 'debug')


# Machines whose processors do things wrong: the guests' heads say what they leave out there.
WORDS = {'max': 'tcg', 'ryzen': 'bochs-svm', 'kvm-amd': 'kvm-amd'}
# KVM's check that refuses VMRESUME of a VMCS that was cleared: VOS asks the processor so, and goes on with VMLAUNCH.
RESUMED_UNLAUNCHED = re.compile(r'kvm_nested_vmenter_failed: vmcs12->launch_state == launch\s*$')


def words_for(machine):
    words = WORDS.get(machine.backend, WORDS.get(machine.cpu, ''))
    if words == 'tcg':
        told = subprocess.run([machine.emulator, '--version'], capture_output=True, text=True, check=True).stdout
        words += ' qemu-10' if int(re.search(r'version (\d+)', told).group(1)) >= 10 else ''
    return words


def run_guest(machine, guest, platform):
    words = ('pc ' if platform == 'pc' else '') + words_for(machine)
    machine.ok(f'create-vm --name {guest} --cpu 1 --memory 64M --kernel {guest} --platform {platform} '
               f'--cmdline "{words}"')
    machine.ok(f'start-vm {guest}')
    machine.wait_state(guest, '(stopped|crashed)')
    log = machine.ok(f'log-vm {guest}')
    machine.ok(f'delete-vm {guest}')
    return log


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
@pytest.mark.parametrize('platform', ('modern', 'pc'))
def test_guests(machine, platform):
    check_guests(machine, platform)


@pytest.mark.more
@pytest.mark.backends('bochs')
@pytest.mark.machine(cpu='ryzen', **TINY)
@pytest.mark.parametrize('platform', ('modern', 'pc'))
def test_guests_with_nrips(machine, platform):
    """The second implementation of SVM: it stores the next RIP, exits for XSETBV, and judges the VMCB at VMRUN."""
    assert 'SVM' in machine.ok('info')
    check_guests(machine, platform)


@pytest.mark.more
@pytest.mark.backends('kvm-amd', 'kvm-intel')
@pytest.mark.machine(cpus=1)
def test_guests_under_kvm(machine):
    """Another implementation of SVM and of VMX: KVM judges VMCB and VMCS, and tells of each entry that it refuses."""
    assert ('SVM' if machine.backend == 'kvm-amd' else 'VMX') in machine.ok('info')
    check_guests(machine, 'modern', ('exits', 'traps', 'modes', 'mmio'))
    assert not refused_entries(machine)


def refused_entries(machine):
    """What KVM has told of so far, but for what VOS expects."""
    with open(machine.linux_log, encoding='utf-8', errors='replace') as file:
        linux = file.read()
    assert 'nested: traces 1' in linux, linux
    refused = [line for line in linux.split('\n') if 'kvm_nested_vmenter_failed' in line]
    return [line for line in refused if not RESUMED_UNLAUNCHED.search(line)]


@pytest.mark.more
@pytest.mark.backends('kvm-amd')
@pytest.mark.machine(cpus=2)
def test_line_under_kvm(machine):
    """A driver's interrupts on one pCPU while guests run on both. If the line falls silent, the failure says how all
    pCPUs were."""
    names = ('exits', 'traps', 'modes')
    assert '2 pCPUs' in machine.ok('info'), machine.dump()
    try:
        for number in range(int(os.environ.get('VOS_TEST_ROUNDS') or 3)):
            for name in names:
                machine.ok(f'create-vm --name {name}{number} --cpu 1 --memory 64M --kernel {name} '
                           f'--cmdline "{words_for(machine)}"')
                machine.ok(f'start-vm {name}{number}')
            for name in names:
                machine.wait_state(f'{name}{number}', 'stopped')
                assert re.search(r'DONE \d+ passed, 0 failed', machine.ok(f'log-vm {name}{number}'))
                machine.ok(f'delete-vm {name}{number}')
    except pexpect.TIMEOUT as error:
        raise AssertionError(machine.dump()) from error
    assert not refused_entries(machine)


def check_guests(machine, platform, guests=GUESTS):
    bad = []
    for guest in guests:
        log = run_guest(machine, guest, platform)
        done = re.search(r'DONE (\d+) passed, (\d+) failed', log)
        if not done or done.group(2) != '0' or done.group(1) == '0':
            bad.append(f'{guest}: ' + '\n'.join(line for line in log.split('\n') if not line.startswith('ok ')))
    assert not bad, '\n'.join(bad)


@pytest.mark.backends('bochs')
@pytest.mark.machine(cpu='corei7_icelake_u', **TINY)
def test_newer_features(machine):
    """A processor with protection keys, UMIP and others that the usual one lacks."""
    log = run_guest(machine, 'features', 'modern')
    assert re.search(r'DONE \d+ passed, 0 failed', log) and 'PKRU kept over exits' in log, log


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_task_switch(machine):
    """With SVM the processor switches tasks. With VMX software has to, and VOS does not: the VM ends and says so."""
    machine.ok('create-vm --name tasks --cpu 1 --memory 64M --kernel tasks')
    machine.ok('start-vm tasks')
    if machine.backend == 'bochs':
        machine.wait_state('tasks', 'crashed')
        assert re.search(r'task switch at [0-9a-f]+', machine.ok('status-vm tasks') + machine.ok('log-vm tasks'))
    else:
        machine.wait_log('tasks', 'ok the second task runs')
    machine.ok('delete-vm tasks --force')


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_low_kernels(machine):
    """Multiboot kernels may lie where loaders like to have their own things; a module has a text."""
    for address in ('1000', '8000'):
        machine.ok(f'create-vm --name low --cpu 1 --memory 16M --kernel low-{address} --cmdline hello '
                   '--module "low-8000 a=1, b"')
        machine.ok('start-vm low')
        machine.wait_state('low', '(stopped|crashed)')
        assert 'told hello, module low-8000 a=1, b, all whole' in machine.ok('log-vm low')
        machine.ok('delete-vm low')
