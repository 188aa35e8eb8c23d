# SPDX-License-Identifier: MIT
"""The prompt itself: it comes up everywhere, explains itself, and the machine can be switched off from it."""
import json
import re

import pytest

from vosmachine import TINY, Machine

WITHOUT_VIRTUALIZATION = {
    'qemu-pvh': (('max,-svm', 'neither AMD SVM nor Intel VMX'),),
    'bochs': (('p4_prescott_celeron_336', 'neither AMD SVM nor Intel VMX'),
              ('core2_penryn_t9600', 'not EPT with unrestricted guest')),
}


@pytest.mark.backends('qemu-bios', 'qemu-uefi', 'qemu-pvh', 'bochs')
def test_prompt(machine):
    answer = machine.cmd('help')
    for verb in ('create-vm', 'start-vm', 'stop-vm', 'status-vm', 'delete-vm', 'list-vm', 'console', 'shutdown'):
        assert verb in answer

    answer = machine.ok('info')
    assert ('VMX' if machine.backend == 'bochs' else 'SVM') in answer

    answer = machine.ok('list-image')
    assert 'debian-kernel' in answer
    assert 'debian-initrd' in answer

    assert 'create-vm' in machine.ok('vos')

    images = json.loads(re.search(r'\{.*\}', machine.ok('info --json')).group(0))['return']['images']
    assert images >= 2
    assert re.search(r'^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \[ +\d+\.\d{6}\] ', machine.ok('log'), re.M)

    assert 'error[' in machine.cmd('no-such-command')
    assert 'error[' in machine.cmd('status-vm nobody')

    machine.send('shutdown\r')
    machine.wait_exit()


@pytest.mark.backends('qemu-bios', 'bochs')
def test_reboot(machine):
    machine.send('reboot\r')
    machine.expect('\n')
    machine.wait_prompt()
    machine.ok('list-image')


@pytest.mark.backends('qemu-pvh')
def test_paste(machine):
    """64 KiB pasted at once: nothing is lost, so a marker behind them is answered."""
    for _ in range(1024):
        machine.send('x' * 62 + '\x15\x0c')
    assert 'debian-kernel' in machine.cmd('list-image')


def refuses_to_start(machine, why):
    machine.wait_prompt()
    assert why in machine.ok('info')
    assert 'no VM can be started' in machine.ok('log')
    assert 'heartbeat' in machine.ok('list-image')
    machine.ok('create-vm --name myvm --memory 64M --kernel heartbeat')
    refusal = json.loads(machine.cmd('start-vm myvm --json'))['error']
    assert refusal['class'] == 'E_UNSUPPORTED' and refusal['code'] == 9 and why in refusal['desc']
    assert 'error[E_UNSUPPORTED]' in machine.cmd('start-vm myvm')
    assert 'defined' in machine.ok('status-vm myvm')
    machine.ok('delete-vm myvm')
    machine.send('shutdown\r')
    machine.wait_exit()


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_no_virtualization(request, backend):
    """A processor that can't run VMs: VOS says so, and does all the rest."""
    for cpu, why in WITHOUT_VIRTUALIZATION[backend]:
        with Machine(backend, f'no-virtualization-{cpu}', cpu=cpu, **TINY) as machine:
            request.node.vos_log = machine.log_path
            refuses_to_start(machine, why)
