# SPDX-License-Identifier: MIT
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


def menu(machine, key):
    machine.send('\x1d')
    machine.expect('b break')
    machine.send(key)


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_breaks_and_nmis(machine):
    machine.ok('create-vm t --memory 32M --kernel terminal')
    assert 'error[E_STATE]' in machine.cmd('nmi-vm t')
    start(machine)
    machine.send('a')
    machine.expect(r'\[a\]')
    menu(machine, 'bh')     # the break comes before the key behind it
    machine.expect(r'\[break\]\s+\[h\]')
    menu(machine, 'd')
    machine.wait_prompt()
    for count in (1, 2):
        assert 't received an NMI' in machine.ok('nmi-vm t')
        machine.until(lambda: machine.ok('log-vm t').count('[nmi]') == count, f'{count} NMIs', 't', 0.2)
    machine.ok('pause-vm t')
    machine.send('console t\r')
    machine.expect('t is paused')
    menu(machine, 'd')
    machine.wait_prompt()
    machine.ok('resume-vm t')
    assert 'running' in machine.ok('status-vm t')


@pytest.mark.shared
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
