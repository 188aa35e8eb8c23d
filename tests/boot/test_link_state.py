# SPDX-License-Identifier: MIT
"""Routers of VOS that tell each other their networks by link state: VMs at both ends, two ways between, of which the
one that is used fails and comes back."""
import pytest

from test_networks import answer, pings
from test_probes import guest, states
from vosmachine import Machine

ROUTERS = {
    'r1': (('a', '10.0.1.1'), ('m12', '10.0.12.1'), ('m13', '10.0.13.1')),
    'r2': (('m12', '10.0.12.2'), ('m24', '10.0.24.2')),
    'r3': (('m13', '10.0.13.3'), ('m34', '10.0.34.3')),
    'r4': (('b', '10.0.4.1'), ('m24', '10.0.24.4'), ('m34', '10.0.34.4')),
}
MIDDLE = {'10.0.12.2': 'r2', '10.0.13.3': 'r3'}     # r1's neighbours


def create(machine, name):
    inner = ' '.join(f'--inner {switch},{address}/24' + (',dhcp=off,link-state=on' if switch[0] == 'm' else '')
                     for switch, address in ROUTERS[name])
    # Its ports may still be those of a router that is on its way down.
    machine.until(lambda: 'is made' in machine.cmd(f'create-router {name} {inner}'), f'{name} is made')


def way(machine):
    """The router in the middle that r1 has chosen for the far network, or None."""
    for row in answer(machine, 'show-router r1')['routes']:
        if row['network'] == '10.0.4.0/24':
            assert row['origin'] == 'link-state' and row['preference'] == 110, row
            return MIDDLE[row['gateway']]
    return None


def hops(machine, far):
    """The routers that traceroute finds between r1 and a VM that answers."""
    found = states(machine, f'traceroute {far} --router r1')
    assert found[-1] == ('answered', far), found
    return [address for _, address in found[:-1]]


@pytest.mark.io
def test_path_that_fails():
    with Machine('qemu-pvh', 'test_link_state') as machine:
        machine.wait_prompt()
        for switch in ('a', 'b', 'm12', 'm13', 'm24', 'm34'):
            machine.ok(f'create-switch {switch}')
        for name in ROUTERS:
            create(machine, name)
        guest(machine, 'a')
        far = guest(machine, 'b')
        first = machine.until(lambda: way(machine), 'a way')
        other = 'r2' if first == 'r3' else 'r3'
        assert pings(machine, 'a', far) == 3
        found = hops(machine, far)
        assert MIDDLE[found[0]] == first and len(found) == 2, found
        # It fails: the other one is taken. Both fail: there is none. They come back.
        machine.ok(f'delete-router {first}')
        machine.until(lambda: way(machine) == other, 'the other way')
        assert pings(machine, 'a', far) == 3
        assert MIDDLE[hops(machine, far)[0]] == other
        machine.ok(f'delete-router {other}')
        machine.until(lambda: way(machine) is None, 'no way')
        assert pings(machine, 'a', far, 2) == 0
        assert 'has no route to' in machine.cmd(f'ping {far} --router r1')
        create(machine, first)
        machine.until(lambda: way(machine) == first, 'the first way again')
        assert pings(machine, 'a', far) == 3
        create(machine, other)
        assert pings(machine, 'a', far) == 3
        for name in ('a', 'b'):
            machine.ok(f'delete-vm {name} --force')
