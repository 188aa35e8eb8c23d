# SPDX-License-Identifier: MIT
"""ping, traceroute and arp of the prompt: sent by a router, to VMs, to what is outside, by way of another router."""
import re

import pytest

from test_networks import answer
from test_routers import OUTSIDE, await_networks, machine_with_networks

NEXT = '10.0.9.2'       # the other router, as the first one sees it


def guest(machine, name):
    """A VM on the switch of its name, whose router gives it an address: that. It answers pings."""
    machine.ok(f'create-vm --name {name} --memory 128M --nic {name}')
    machine.ok(f'start-vm {name}')
    machine.attach(name)
    machine.wait_guest()
    machine.guest_cmd('until ip route | grep -q default; do sleep 1; done')
    text = machine.guest_cmd('ip -4 address show eth0')
    machine.detach()
    return re.search(r'inet ([0-9.]+)/24', text).group(1)


def states(machine, line):
    shown = answer(machine, line)
    assert shown['sent'] == len(shown['probes'])
    return [(probe['state'], probe['from']) for probe in shown['probes']]


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_between_networks(machine):
    """Two networks, each with its router, and one between these: the first router asks the VM of each."""
    machine.wait_prompt()
    for switch in ('near', 'far', 'middle'):
        machine.ok(f'create-switch {switch}')
    for name, number in (('near', 1), ('far', 2)):
        machine.ok(f'create-router r{number} --inner {name},10.0.{number}.1/24 '
                   f'--inner middle,10.0.9.{number}/24,dhcp=off,link-state=on')
    near, far = guest(machine, 'near'), guest(machine, 'far')
    machine.until(lambda: any(row['network'] == '10.0.2.0/24' for row in answer(machine, 'show-router r1')['routes']),
                  'a route by link state')
    text = machine.ok('ping near --count 2')
    assert f'to {near} by router r1' in text and '2 sent, 2 answered' in text, text
    assert len(re.findall(rf'\d  {near} answers in \d+\.\d\d\d ms', text)) == 2, text
    assert states(machine, f'ping {far} --router r1 --count 2') == [('answered', far)] * 2
    assert states(machine, f'traceroute {far} --router r1') == [('passed-on', NEXT), ('answered', far)]
    assert 'r2' in machine.ok(f'ping {far} --count 1')      # its neighbour is asked if none is named
    assert far in machine.ok('arp --router r2')
    row = next(row for row in answer(machine, 'arp --router r1')['neighbour-table'] if row['address'] == near)
    assert row['mac'] == answer(machine, 'status-vm near')['nics'][0]['mac']
    # Nobody is there, nobody knows the way, there is no such VM; Ctrl-C ends it.
    assert 'error[E_TIMEOUT]' in machine.cmd('ping 10.0.1.77 --count 1')
    assert 'error[E_NOT_FOUND]' in machine.cmd('ping 192.0.2.1 --router r1')
    assert 'error[E_NOT_FOUND]' in machine.cmd('ping nobody')
    machine.send('ping near --count 30\r')
    machine.expect(re.escape(f'to {near} by router r1'))
    machine.send('\x03')
    machine.expect('vos> ')
    assert '1 sent, 1 answered' in machine.ok('ping near --count 1')
    for name in ('near', 'far'):
        machine.ok(f'delete-vm {name} --force')


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_outside(backend):
    """Through the router's outer port: the network of the emulator answers, whose first address is the next router."""
    with machine_with_networks(backend, 'probes', None) as machine:
        await_networks(machine)
        assert states(machine, f'ping {OUTSIDE} --count 2') == [('answered', OUTSIDE)] * 2
        assert states(machine, f'traceroute {OUTSIDE}') == [('answered', OUTSIDE)]
        assert OUTSIDE in machine.ok('arp')
        assert 'to 10.111.0.1 by router nat0' in machine.ok('ping 10.111.0.1 --count 1')    # it itself
