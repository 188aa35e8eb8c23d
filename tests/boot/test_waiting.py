# SPDX-License-Identifier: MIT
"""The tests' own waiting: whoever waits for a VM hears at once that it has crashed, not when the patience is over."""
import pytest

from test_sched import used
from vosmachine import TINY
from work import now


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_a_crash_ends_the_waiting(machine):
    machine.ok('create-vm --name foe --cpu 1 --memory 64M --kernel hostile --cmdline triple')
    machine.ok('start-vm foe')
    machine.wait_state('foe', 'crashed')
    for wait in (lambda: machine.wait_state('foe', 'paused'), lambda: machine.until(lambda: None, 'it works', 'foe'),
                 lambda: machine.wait_log('foe', 'never said'), lambda: now(machine, 'foe'),
                 lambda: used(machine, ('foe',), 1)):
        with pytest.raises(AssertionError, match='crashed'):
            wait()
