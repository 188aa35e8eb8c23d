# SPDX-License-Identifier: MIT
"""Network cards that come and go while Linux runs: by command with the guest's consent, and by the guest alone."""
import itertools
import json

import pytest

count = itertools.count()


def has_card(machine, name):
    """Each question is another line: to attach to a console shows again what was there before."""
    return 'YES 42' in machine.guest_cmd(f'[ -e /sys/class/net/{name} ] && echo YES $((6*7)); : {next(count):010}')


def cards(machine):
    return json.loads(machine.ok('status-vm lin --json'))['return']['nics']


def attach(machine, nic, name):
    """The guest sees it, with the address that VOS says, and what it sends arrives at the switch."""
    machine.detach()
    machine.ok(f'attach-nic lin --nic {nic}')
    mac = cards(machine)[-1]['mac']
    machine.attach('lin')
    machine.until(lambda: has_card(machine, name), 'the guest sees its card')
    assert mac in machine.guest_cmd(f'cat /sys/class/net/{name}/address')
    machine.guest_cmd(f'ip link set {name} up')
    machine.guest_cmd(f'ip address add 10.9.0.2/24 dev {name}')
    machine.guest_cmd('ping -c 1 -W 1 10.9.0.3')
    machine.detach()
    assert cards(machine)[-1]['sent-frames'] > 0
    machine.attach('lin')
    return mac


def detach(machine, number, name):
    machine.detach()
    machine.ok(f'detach-nic lin --nic {number} --timeout 1h')
    machine.attach('lin')
    assert not has_card(machine, name)


def comes_and_goes(machine, platform):
    machine.ok('create-switch lan')
    machine.ok('create-switch other')
    machine.ok(f'create-vm --name lin --memory 256M --platform {platform} --nic lan --cmdline "console=ttyS0 ip=off"')
    machine.ok('start-vm lin')
    machine.attach('lin')
    machine.wait_guest()
    machine.guest_cmd('dmesg -n 1')
    first = attach(machine, 'other', 'eth1')
    detach(machine, 0, 'eth0')
    attach(machine, 'lan', 'eth0')
    machine.detach()
    assert [card['switch'] for card in cards(machine)] == ['other', 'lan'] and cards(machine)[0]['mac'] == first
    machine.attach('lin')
    for slot in (12, 13):
        machine.guest_cmd(f'echo 0 > /sys/bus/pci/slots/{slot}/power')
    machine.detach()
    machine.until(lambda: not cards(machine), 'the guest has ejected both')
    machine.ok('delete-vm lin --force')
    for switch in ('lan', 'other'):
        machine.until(lambda s=switch: 'would succeed' in machine.cmd(f'delete-switch {s} --dry-run'), 'no ports')
        machine.ok(f'delete-switch {switch}')
    assert 'Memory adds up' in machine.ok('accounting')


@pytest.mark.backends('qemu-pvh')
@pytest.mark.parametrize('platform', ('modern', 'pc'))
def test_comes_and_goes(machine, platform):
    comes_and_goes(machine, platform)


@pytest.mark.io
@pytest.mark.backends('bochs')
def test_comes_and_goes_on_bochs(machine):
    comes_and_goes(machine, 'modern')
