# SPDX-License-Identifier: MIT
"""How much work VMs have done: spin guests say it in their logs, against a clock that all VMs share.

    rates = measure(machine, ('a', 'b'), seconds=2)     # batches of work a second of virtual time, each

Nothing here looks at the wall's clock: under -icount and in Bochs time goes with instructions, and elsewhere the
guests' common clock goes on only as far as their common pCPUs do.
"""
import re
import time


def spin(machine, name, options='', words='', cpus=1):
    machine.ok(f'create-vm --name {name} --cpu {cpus} --memory 32M --kernel spin {options} '
               f'--cmdline "cpus={cpus} every=50 {words}"')
    machine.ok(f'start-vm {name}')


def points(machine, name, lines=300):
    """[(ns, batches)] from the VM's log; no batch may have had a wrong result."""
    log = machine.ok(f'log-vm {name} --lines {lines}')
    found = [tuple(int(word) for word in line) for line in re.findall(r'work (\d+) at (\d+) wrong (\d+)\n', log)]
    assert all(wrong == 0 for _, _, wrong in found), f'{name} computed something wrong'
    return [(at, done) for done, at, _ in found]


def at(samples, moment):
    """Batches done at that moment, between two samples by proportion."""
    for (t0, n0), (t1, n1) in zip(samples, samples[1:]):
        if t0 <= moment <= t1:
            return n0 + (n1 - n0) * (moment - t0) / (t1 - t0)
    raise AssertionError(f'{moment} is not within {samples[0][0]} .. {samples[-1][0]}')


def now(machine, name):
    """The VM's time of day at its latest line."""
    samples = points(machine, name, 2)      # what is printed costs the pCPUs that are being measured
    if not samples:
        samples = machine.until(lambda: points(machine, name, 2), f'{name} says how far it is', name)
    return samples[-1][0]


def wait_for_time(machine, name, moment, pause):
    """Until the VM's time of day is past the moment.  One that does not get on is asked whether it has crashed."""
    reached = 0
    while reached < moment:
        before, reached = reached, now(machine, name)
        if reached == before:
            machine.until(lambda: now(machine, name) > before, f'{name} gets on', name)
        elif reached < moment:
            time.sleep(pause)


def measure(machine, names, seconds, skip=0.2):
    """Batches a second of each VM, over one window that begins `skip` seconds from now."""
    start = max(now(machine, name) for name in names) + int(skip * 1e9)
    end = start + int(seconds * 1e9)
    for name in names:
        # Not so often in Bochs that it counts; often under -icount, where idle time takes none and logs soon overflow.
        wait_for_time(machine, name, end, seconds if machine.backend == 'bochs' else 0.05)
    rates = {}
    for name in names:
        samples = points(machine, name)
        if samples and samples[0][0] > start:       # the host was slow to look: more has come since the end
            samples = points(machine, name, 1500)
        rates[name] = (at(samples, end) - at(samples, start)) / seconds
    return rates
