# SPDX-License-Identifier: MIT
"""Machine checks, as QEMU's monitor makes them."""
import re

import pytest
from qemu_monitor import MonitoredMachine
from vosmachine import TINY


@pytest.mark.parametrize('append', ['maxcpus=1', 'maxcpus=2'])
def test_broadcast(append):
    """Intel tells all processors: one whose CR4.MCE is clear, because VOS does not use it, would reset the machine."""
    with MonitoredMachine('qemu-pvh', f'broadcast-{append[-1]}', append=append, cpus=3, **TINY) as machine:
        machine.wait_prompt()
        machine.ok('create-vm --name beat --memory 64M --kernel heartbeat')
        machine.ok('start-vm beat')
        machine.tell('mce -b 0 1 0xbe00000000000000 0x5 0xdeadbeef 0x8c')
        machine.expect('PANIC: machine check on pCPU')


def test_fatal():
    """The panic names bank, status and address."""
    with MonitoredMachine('qemu-pvh', 'fatal', cpus=1, **TINY) as machine:
        machine.wait_prompt()
        machine.tell('mce 0 1 0xbf80000000000134 0x4 0x1000 0x8c')
        machine.expect('PANIC: machine check on pCPU 0: bank 1, status bf80000000000134, address 1000')


def test_corrected():
    """Raises nothing: it is found when somebody asks."""
    with MonitoredMachine('qemu-pvh', 'corrected', cpus=2, **TINY) as machine:
        machine.wait_prompt()
        assert 'the processors report none' in machine.ok('info')
        machine.tell('mce 1 1 0x9c00000000000134 0x0 0x1000 0x8c')
        machine.until(lambda: '1 corrected, 0 uncorrected' in machine.ok('info'), 'the error is counted')
        assert re.search(r'corrected error \(cache\), pCPU 1, bank 1, status 9c00000000000134', machine.ok('log'))


def test_damaged_memory():
    """The memory of one VM: it ends, the one beside it and the prompt live; then free memory, which is not used any
    more."""
    with MonitoredMachine('qemu-pvh', 'damaged', cpus=1, **TINY) as machine:
        machine.wait_prompt()
        for name, memory in (('hit', '600M'), ('other', '64M')):
            machine.ok(f'create-vm --name {name} --memory {memory} --memory-policy eager --kernel heartbeat')
            machine.ok(f'start-vm {name}')
            machine.wait_state(name, 'running')
        # The middle of the machine's memory.
        machine.tell('mce 0 1 0xbd80000000000134 0x5 0x20000000 0x8c')
        machine.wait_state('hit', 'crashed')
        assert 'memory-error' in machine.ok('status-vm hit')
        assert 'running' in machine.ok('status-vm other')
        assert '0 corrected, 1 uncorrected; 4 KiB out of use' in machine.ok('info')
        # Nobody's, also while the kernel is giving it back. Not of the same 2 MiB, which are no large page any more, so
        # that small ones are taken from there first.
        machine.tell('mce 0 1 0xbd80000000000134 0x5 0x22001000 0x8c')
        machine.until(lambda: '2 uncorrected; 8 KiB out of use' in machine.ok('info'), 'free memory is retired')
        machine.ok('start-vm hit')
        machine.wait_state('hit', 'running')
