# SPDX-License-Identifier: MIT
"""Limits of disks, by effect: what a guest gets, and that another guest gets more."""
import json

import pytest

READER = '(while :; do echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/vda of=/dev/null bs=64k; done) > /dev/null 2>&1 &'
NS = 1_000_000_000


def look(machine, name):
    """When, requests, bytes."""
    vm = json.loads(machine.ok(f'status-vm {name} --json'))['return']
    disk = vm['disks'][0]
    return vm['now-ns'], disk['reads'] + disk['writes'], disk['read-bytes'] + disk['written-bytes']


def rates(machine, requests):
    """Of both VMs, a second, while the first makes so many requests."""
    before = [look(machine, name) for name in 'ab']
    machine.until(lambda: look(machine, 'a')[1] >= before[0][1] + requests, 'requests')
    after = [look(machine, name) for name in 'ab']
    return [[(new[i] - old[i]) * NS / (new[0] - old[0]) for i in (1, 2)]
            for old, new in zip(before, after, strict=True)]


def is_kept(machine, requests, column, most):
    """A tenth of a second's worth more may come at once."""
    limited, free = rates(machine, max(int(requests / 2), 20))
    assert limited[column] <= most * 1.5, (limited, free, most)
    return free[column] > limited[column] * 2


def limits(machine):
    for name in 'ab':
        machine.ok(f'create-vm --name {name} --memory 128M --disk 16M,on=ram')
        machine.ok(f'start-vm {name}')
        machine.attach(name)
        machine.wait_guest()
        machine.detach()
    # Not before both have started: the first one would take half of the time that the second one needs for that.
    for name in 'ab':
        machine.attach(name)
        machine.guest_cmd(READER)
        machine.detach()
    (requests, data), _ = rates(machine, 200)
    for limit, column, most in ((f'iops={max(int(requests / 8), 1)}', 0, requests / 8),
                                (f'rate={max(int(data / 8) >> 10, 64)}K', 1, max(data / 8, 65536))):
        machine.ok(f'set-vm a --disk 16M,on=ram,{limit}')
        # The other gets more, unless the machine is that slow just now.
        machine.until(lambda: is_kept(machine, requests, column, most), limit)
    assert 'error[E_STATE]' in machine.cmd('set-vm a --disk 16M,on=ram,ro')
    machine.ok('set-vm a --disk 16M,on=ram')
    machine.until(lambda: rates(machine, 200)[0][0] > requests / 4, 'full speed')
    machine.ok('delete-vm a --force')
    machine.ok('delete-vm b --force')


@pytest.mark.backends('qemu-pvh')
def test_limits(machine):
    limits(machine)


@pytest.mark.io
@pytest.mark.backends('bochs')
def test_limits_on_bochs(machine):
    limits(machine)
