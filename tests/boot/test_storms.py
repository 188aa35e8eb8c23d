# SPDX-License-Identifier: MIT
"""A hostile guest with several CPUs floods its machine (tests/isolation/guest_storm.c) beside two VMs that must not
suffer: one whose checksum and heartbeat are watched, one whose wake-ups are timed.  How late the latter were is printed
and kept in build/test-logs/storms-*.txt; it is for people to judge."""
import os
import re
import time

import pytest

from test_isolation import Victim
from vosmachine import LOGS, TINY

MODES = ('ipi', 'self', 'nmi', 'timer', 'halt', 'mmio', 'port', 'icr', 'mixed', 'init', 'init triple')


class Pulse:
    """A VM that sleeps 5 ms again and again, and says how late it woke."""

    def __init__(self, machine):
        self.machine, self.lines = machine, []
        machine.ok('create-vm --name pulse --memory 32M --kernel wake --cmdline "cpus=1 period=5000"')
        machine.ok('start-vm pulse')
        self.note('alone')

    def note(self, when):
        found = self.machine.until(
            lambda: re.findall(r'late max (\d+) sum (\d+)\n', self.machine.ok('log-vm pulse --lines 3')),
            f'pulse wakes beside {when}', 'pulse')
        late = [int(most) for most, _ in found]
        mean = sum(int(total) for _, total in found) / 50 / len(found)
        self.lines.append(f'{when:12} late at most {max(late) / 1000:10.0f} us, {mean / 1000:8.0f} us on average')

    def keep(self):
        text = '\n'.join(self.lines) + '\n'
        with open(os.path.join(LOGS, f'storms-{self.machine.backend}.txt'), 'w', encoding='ascii') as file:
            file.write(text)
        print(text)


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(cpus=4, load=4, **TINY)
def test_storms(machine):
    victim, pulse = Victim(machine), Pulse(machine)
    cpus = machine.cpus
    for mode in MODES:
        machine.ok(f'create-vm --name foe --cpu {cpus} --memory 32M --kernel storm --cmdline "cpus={cpus} {mode}"')
        machine.ok('start-vm foe')
        if 'triple' in mode:
            machine.wait_state('foe', 'crashed')
        else:
            machine.wait_log('foe', 'START')
            time.sleep(1 if machine.backend != 'bochs' else 4)
        victim.check()
        pulse.note(mode)
        state, log = machine.ok('status-vm foe'), machine.ok('log-vm foe')
        assert 'START' in log and 'FAIL' not in log, f'{mode}: {log}'
        assert ('crashed' if 'triple' in mode else 'running') in state, f'{mode}: {state}'
        if 'running' in state:
            machine.ok('stop-vm foe --force')
        machine.ok('delete-vm foe')
    pulse.keep()
    assert 'panic' not in machine.ok('log').lower()
