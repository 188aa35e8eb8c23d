"""Terminals of VMs: what arrives around the end of an attachment, and what a terminal can send beside bytes."""
import pytest

from vosmachine import TINY


def start(machine):
    machine.ok('start-vm t')
    machine.send('console t\r')
    machine.expect('terminal')


def check_end(machine, late):
    """Nothing of what comes late gets to the prompt, which comes with the first Enter."""
    machine.expect(r'Press Enter for the prompt\]')
    machine.send(late)
    assert machine.drain(0.5 * machine.slowness) == ''
    machine.send('\r')
    machine.wait_prompt()
    assert 'VOS 0' in machine.ok('version')


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_end_of_attachment(machine):
    machine.ok('create-vm t --memory 32M --kernel terminal')
    start(machine)
    machine.send('q')       # it asks the terminal, and powers off
    machine.expect('its guest powered off')
    check_end(machine, '\x1b[24;80R')
    start(machine)
    machine.send('c')
    machine.expect('t has crashed: triple-fault')
    check_end(machine, 'shutdown')
