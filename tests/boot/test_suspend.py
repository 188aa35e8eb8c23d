# SPDX-License-Identifier: MIT
"""Linux suspends itself to idle (`freeze`) and is woken: by its console, its alarm clock, and the power button."""
import re

import pytest


def freeze(machine, before=''):
    """From the guest's shell to VOS's prompt, with the guest suspended."""
    machine.send(before + 'echo freeze > /sys/power/state; echo WOKEN $((6*7))\r')
    machine.expect('suspend entry')
    machine.detach()
    machine.wait_state('lin', 'suspended')
    assert re.search(r'lin +suspended', machine.ok('list-vm'))


def uptime(machine):
    """Seconds for which the guest has been there, by its own time; in Bochs that is not ours."""
    hours, minutes, seconds = re.search(r'up (\d+):(\d+):(\d+)', machine.ok('status-vm lin')).groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def sleep_long(machine):
    """Longer than what Linux grants a loop of the firmware (ACPI_MAX_LOOP_TIMEOUT, 30 s)."""
    until = uptime(machine) + 75
    machine.until(lambda: uptime(machine) >= until, 'the guest is to sleep', pause=1)
    assert re.search('State +suspended', machine.ok('status-vm lin'))


def wake_by_key(machine):
    machine.attach('lin')
    machine.send('\r')
    machine.expect('WOKEN 42')
    machine.expect('guest# ')
    machine.detach()
    assert re.search('State +running', machine.ok('status-vm lin'))
    machine.attach('lin')


def stop(machine):
    """The power button wakes it; pressed again, it powers off."""
    machine.ok('stop-vm lin --timeout 1h')
    assert re.search('Reason +guest-poweroff', machine.ok('status-vm lin'))
    assert 'Power down' in machine.ok('log-vm lin')


def start(machine, platform, cpus):
    machine.ok(f'create-vm --name lin --cpu {cpus} --memory 256M --platform {platform}')
    machine.ok('start-vm lin')
    machine.attach('lin')
    machine.wait_guest()


@pytest.mark.shared
@pytest.mark.backends('qemu-bios', 'bochs')
def test_suspend_modern(machine):
    start(machine, 'modern', 1 if machine.backend == 'bochs' else 2)
    freeze(machine)
    sleep_long(machine)
    wake_by_key(machine)
    freeze(machine)
    stop(machine)


@pytest.mark.shared
@pytest.mark.backends('qemu-bios', 'bochs')
def test_suspend_pc(machine):
    start(machine, 'pc', 1)
    freeze(machine)
    wake_by_key(machine)
    machine.send('a=$(date +%s); echo +30 > /sys/class/rtc/rtc0/wakealarm\r')
    machine.expect('guest# ')
    machine.send('echo freeze > /sys/power/state; echo ALARM after $(($(date +%s)-a)) s\r')
    assert int(machine.expect(r'ALARM after (\d+) s').group(1)) >= 29
    machine.expect('guest# ')
    freeze(machine)
    stop(machine)
