# SPDX-License-Identifier: MIT
"""Machine checks, as QEMU's monitor makes them."""
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
