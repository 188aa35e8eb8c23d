# SPDX-License-Identifier: MIT
"""Eight programs at once on one line that loses bytes: each request is answered, and done once."""
import os
import statistics

import pytest

from plain_line import PlainLine, PlainWire
from vosmachine import TINY
from wire import REPEATS, Client, Faults, Wire

CLIENTS = 8


def work(number, rounds, results):
    """Requests whose effects can be counted: a VM of a name that is never used again is made, changed and deleted."""
    for turn in range(rounds):
        name = f'c{number}-{turn}'
        made = yield 'create-vm', {'name': name, 'memory': '8M', 'kernel': 'spin'}
        results.append((name, 'made', made.get('return', {}).get('state')))
        yield 'set-vm', {'name': name, 'weight': 100 + turn % 100}
        found = yield 'status-vm', {'name': name}
        results.append((name, 'weight', found.get('return', {}).get('weight') == 100 + turn % 100))
        listed = yield 'list-vm', {}
        results.append((name, 'listed', name in [vm['name'] for vm in listed.get('return', [])]))
        gone = yield 'delete-vm', {'name': name, 'yes': True}
        results.append((name, 'gone', gone.get('return')))


def soak(machine, count, rate):
    rounds = max(1, count // CLIENTS // 5)
    machine.ok('create-vm kept --memory 8M --kernel spin')
    results = []
    wire = Wire(machine, Faults(seed=1, drop=rate, change=rate, delay=0.02))
    clients = [Client(wire, f'c{number}', work(number, rounds, results), patience=machine.slowness,
                      limit=REPEATS * machine.slowness) for number in range(CLIENTS)]
    wire.run(clients)
    dropped = wire.faults_in.dropped + wire.faults_out.dropped
    changed = wire.faults_in.changed + wire.faults_out.changed
    wire.faults_in, wire.faults_out = Faults(), Faults()
    expected = {'made': 'defined', 'weight': True, 'listed': True, 'gone': {}}
    wrong = [result for result in results if result[2] != expected[result[1]]]
    assert not wrong, wrong[:10]        # a request that was done twice would have failed the second time
    assert len(results) == CLIENTS * rounds * 4
    last = Client(wire, 'last', iter_once(results), patience=machine.slowness)
    wire.run([last])
    assert [vm['name'] for vm in results[-1]] == ['kept'], results[-1]   # ... or have made a VM anew
    times = sorted(time for client in clients for time in client.times)
    # VOS forgot nobody who waited: what it had done for them would have been done again.
    assert not any(client.reboots for client in clients), [client.story() for client in clients if client.reboots]
    total = {name: sum(getattr(client, name) for client in clients)
             for name in ('answered', 'repeats', 'resends', 'naks', 'pendings', 'hellos')}
    print(f'{machine.backend}: {total["answered"]} answered, 0 without answer, 0 done twice; '
          f'bytes out {wire.bytes_out}, in {wire.bytes_in}; dropped {dropped}, changed {changed}, '
          f'broken for us {wire.broken}; {total}; '
          f'{latency(times)}')
    assert total['answered'] == CLIENTS * rounds * 5
    return total


def latency(times):
    """Of the requests that were sent once; on a slow machine there may be none."""
    if not times:
        return 'each request was repeated'
    return f'median {statistics.median(times):.3f} s, 99 % {times[len(times) * 99 // 100]:.3f} s'


def iter_once(results):
    listed = yield 'list-vm', {}
    results.append(listed['return'])


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY, in_step=True)
def test_wire_soak(machine):
    """A short one, with more faults."""
    total = soak(machine, 40 if machine.backend == 'bochs' else 500, 1e-4)
    assert total['repeats'] + total['naks'] + total['resends'] > 0
    machine.send('\x15')        # what is left in the line editor of a frame whose start was lost
    assert 'kept' in machine.ok('list-vm')


@pytest.mark.wire
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY, in_step=True)
def test_wire_soak_long(machine):
    default = 1000 if machine.backend == 'bochs' else 20000
    soak(machine, int(os.environ.get('WIRE_REQUESTS') or default), 1e-5)


def reboot(machine, count, wire):
    """The machine starts anew under programs that do not stop asking; GRUB sees what they say."""
    starts = []

    def ask_on():
        while len(starts) <= count:
            yield 'version', {}

    clients = [Client(wire, f'c{number}', ask_on(), limit=1 << 60, longest=1) for number in range(CLIENTS)]

    def all_are_answered():
        boots = {client.boot for client in clients}
        return len(boots) == 1 and None not in boots and not boots & set(starts) and \
            all(client.number is not None and client.fresh > 2 for client in clients)
    for number in range(count + 1):
        for client in clients:
            client.fresh = 0
        wire.run(clients, all_are_answered)
        starts.append(clients[0].boot)
        if number < count:
            machine.send('\x15reboot --yes\r')
    assert len(set(starts)) == count + 1
    print(f'{machine.backend}: {count} starts under {CLIENTS} clients; said hello again '
          f'{sum(client.reboots for client in clients)} times')


@pytest.mark.backends('qemu-bios')
@pytest.mark.machine(**TINY)
def test_reboots_under_clients(machine):
    reboot(machine, 3, Wire(machine))


def reboots(machine):
    return int(os.environ.get('WIRE_REBOOTS') or (5 if machine.backend == 'bochs' else 50))


@pytest.mark.wire
@pytest.mark.backends('qemu-bios', 'bochs')
@pytest.mark.machine(**TINY)
def test_many_reboots_under_clients(machine):
    reboot(machine, reboots(machine), Wire(machine))


@pytest.mark.wire
@pytest.mark.backends('qemu-uefi')
@pytest.mark.machine(**TINY, lines=('port',))
def test_many_reboots_with_uefi(machine):
    """On the virtio port: OVMF reads the serial lines, and an ESC opens its set-up."""
    with PlainLine(machine.socket_of('port')) as line:
        reboot(machine, reboots(machine), PlainWire(machine, line))
