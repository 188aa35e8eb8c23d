# SPDX-License-Identifier: MIT
"""A guest that breaks the rules of its disk's queues: the device stops and says so in the VM's log, and another VM's
disk goes on."""
import json
import os
import random
import re

import pytest

from vosmachine import TINY

SEED = int(os.environ.get('VOS_TEST_SEED') or random.SystemRandom().randrange(1 << 31))
RANDOM_RINGS = {'qemu-pvh': 2000, 'bochs': 500}
# What the VM's log says, and how often.
FAULTS = {'the size of the queue is no power of two': 1, 'a ring is not aligned, or not in RAM': 1,
          'the available index is too far ahead': 1, "a descriptor's index is out of range": 2, 'a chain has a loop': 1,
          'a buffer is empty, or not in RAM': 3, 'a readable buffer follows a writable one': 1,
          'a chain has too many bytes': 1, 'an indirect table has a wrong size': 1,
          'an indirect table is not aligned, or not in RAM': 1, 'an indirect descriptor is not allowed there': 2,
          'a request without a header or a status': 1}


def requests(machine):
    disk = json.loads(machine.ok('status-vm victim --json'))['return']['disks'][0]
    assert disk['errors'] == 0
    return disk['reads'] + disk['writes']


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_hostile_rings(machine):
    for name, words in (('victim', 'good'), ('foe', f'random={RANDOM_RINGS[machine.backend]} seed={SEED}')):
        machine.ok(f'create-vm --name {name} --memory 64M --disk 1M,on=ram --kernel rings --cmdline "{words}"')
    machine.ok('start-vm victim')
    machine.wait_log('victim', r'io \d+', '--lines 2')
    before = requests(machine)
    machine.ok('start-vm foe')
    machine.wait_log('foe', 'no header', '--lines 4')
    machine.until(lambda: requests(machine) > before, 'requests of the victim')
    machine.wait_state('foe', '(stopped|crashed)')
    log = machine.ok('log-vm foe')
    assert re.search(r'DONE \d+ passed, 0 failed', log), log
    for fault, times in FAULTS.items():
        assert log.count(f'[vos] virtio-blk stopped: {fault}') == times, f'{fault}: {log}'
    print(re.search(r'random rings .*', log).group(0).strip(), f'seed {SEED}')
    before = requests(machine)
    machine.until(lambda: requests(machine) > before, 'requests of the victim')
    assert 'FAIL' not in machine.ok('log-vm victim --lines 20')
    machine.ok('delete-vm victim --force')
    machine.ok('delete-vm foe --force')
