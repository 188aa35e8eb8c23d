"""The tiny guests of tests/guests: each states what it expects of exits, traps, modes and device memory."""
import re

import pytest

from vosmachine import TINY

GUESTS = ('exits', 'traps', 'modes', 'mmio', 'paging32', 'msrs')


def run_guest(machine, guest, platform):
    word = 'pc' if platform == 'pc' else ''
    machine.ok(f'create-vm --name {guest} --cpu 1 --memory 64M --kernel {guest} --platform {platform} '
               f'--cmdline "{word}"')
    machine.ok(f'start-vm {guest}')
    machine.wait_state(guest, '(stopped|crashed)', 120)
    log = machine.ok(f'log-vm {guest}')
    machine.ok(f'delete-vm {guest}')
    return log


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
@pytest.mark.parametrize('platform', ('modern', 'pc'))
def test_guests(machine, platform):
    bad = []
    for guest in GUESTS:
        log = run_guest(machine, guest, platform)
        done = re.search(r'DONE (\d+) passed, (\d+) failed', log)
        if not done or done.group(2) != '0' or done.group(1) == '0':
            bad.append(f'{guest}: ' + '\n'.join(line for line in log.split('\n') if not line.startswith('ok ')))
    assert not bad, '\n'.join(bad)
