# SPDX-License-Identifier: MIT
"""A switch whose uplink is a network card: a VM of Debian's reaches what is on the emulator's wire."""
import pytest

from test_networks import answer, pings, start
from test_restarts import restart
from vosmachine import Machine

GATEWAY = '10.0.2.2'        # of the emulator's own network: it answers ARP and ping


def drop_networks(machine):
    """The default ones, which have the card."""
    machine.until(lambda: answer(machine, 'list-router'), 'the default networks')
    machine.ok('delete-router nat0')
    for switch in ('nat0', 'lan0'):
        machine.until(lambda name=switch: 'would succeed' in machine.cmd(f'delete-switch {name} --dry-run'), 'ports')
        machine.ok(f'delete-switch {switch}')
    machine.until(lambda: 'would succeed' in machine.cmd('create-switch lan --uplink nic0 --dry-run'), 'the card')


def uplink_port(machine):
    return next(row for row in answer(machine, 'show-switch lan')['ports'] if row['kind'] == 'uplink')


def reaches_the_wire(backend, model):
    with Machine(backend, f'uplink-{model}', nics=(model,)) as machine:
        machine.wait_prompt()
        drop_networks(machine)
        assert 'there is no network card "nic1"' in machine.cmd('create-switch lan --uplink nic1')
        machine.ok('create-switch lan --uplink nic0')
        assert 'switch lan has that network card' in machine.cmd('create-switch wan --uplink nic0')
        machine.until(lambda: answer(machine, 'show-switch lan')['uplink-state'] == 'up', 'a carrier')
        start(machine, 'a', 'lan', '10.0.2.50')
        assert pings(machine, 'a', GATEWAY) == 3
        port = uplink_port(machine)
        assert port['state'] == 'up' and not port['guarded'] and port['mac'] == ''
        assert port['sent-frames'] >= 4 <= port['got-frames']      # an answer to ARP, and three to pings
        shown = answer(machine, 'show-switch lan')
        assert any(row['port'] == port['port'] and not row['fixed'] for row in shown['addresses'])
        assert 'uplink nic0;' in machine.ok('export-config')
        # Either end is started again, and the VM sees a pause.
        restart(machine, 'nic0')
        machine.until(lambda: answer(machine, 'show-switch lan')['uplink-state'] == 'up', 'a carrier again')
        assert pings(machine, 'a', GATEWAY) == 3
        restart(machine, 'lan')
        assert pings(machine, 'a', GATEWAY) == 3
        # Another VLAN is another network on the wire, where nobody is.
        machine.ok('delete-vm a --force')
        start(machine, 'b', 'lan,vlan=7', '10.0.2.51')
        assert pings(machine, 'b', GATEWAY, 2) == 0
        machine.ok('delete-vm b --force')
        machine.ok('delete-switch lan')
        machine.until(lambda: 'would succeed' in machine.cmd('create-switch wan --uplink nic0 --dry-run'),
                      'the card')
        assert 'Memory adds up' in machine.ok('accounting')


@pytest.mark.parametrize('model', ('virtio-net-pci', 'e1000e'))
def test_uplink_on_qemu(model):
    reaches_the_wire('qemu-pvh', model)


def test_uplink_in_bochs():
    reaches_the_wire('bochs', 'e1000')
