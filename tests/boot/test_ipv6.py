# SPDX-License-Identifier: MIT
"""IPv6 between inner networks of a router: two VMs with Debian's kernel make their own addresses."""
import re

import pytest

from test_networks import answer, on, pings

ROUTER = 'create-router r --inner a,10.1.0.1/24,ip6=fd00:0:0:1::/64 --inner b,10.2.0.1/24,ip6=fd00:0:0:2::/64'


def start(machine, name):
    """A VM on the switch of its name; the address that it made of what the router advertised."""
    machine.ok(f'create-vm --name {name} --memory 128M --nic {name}')
    machine.ok(f'start-vm {name}')
    machine.attach(name)
    machine.wait_guest()
    machine.guest_cmd('until ip -6 a | grep -q "global dyn"; do sleep 1; done')
    machine.guest_cmd('until ip route | grep -q default; do sleep 1; done')
    text = machine.guest_cmd('ip -6 address show eth0')
    machine.detach()
    return re.search(r'inet6 (fd00:[0-9a-f:]+)/64', text).group(1)


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_two_networks(machine):
    """They reach each other and the router over it, also by name; what has no way is refused at once."""
    for switch in 'a', 'b':
        machine.ok(f'create-switch {switch}')
    machine.ok(ROUTER)
    addresses = {name: start(machine, name) for name in ('a', 'b')}
    shown = answer(machine, 'show-router r')
    assert {row['network'] for row in shown['routes6']} == {'fd00:0:0:1::/64', 'fd00:0:0:2::/64'}
    own = [row['address6'] for row in shown['ports']]
    for name, other in (('a', 'b'), ('b', 'a')):
        assert pings(machine, name, addresses[other]) == 3
        assert pings(machine, name, own[0]) == pings(machine, name, own[1]) == 3
        assert addresses[other] in on(machine, name, f'nslookup {other}.vos')
    assert pings(machine, 'a', '2001:db8::1') == 0
    shown = answer(machine, 'show-router r')
    assert set(addresses.values()) <= {row['address'] for row in shown['neighbour6-table']}
    assert shown['drops']['no-route'] >= 3 and shown['forwarded'] >= 12
    for name in addresses:
        machine.ok(f'delete-vm {name} --force')
    machine.ok('delete-router r')
