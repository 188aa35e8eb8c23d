# SPDX-License-Identifier: MIT
"""The router appliance of docs/router-appliance.md, as that page is printed: bird2 of Debian's speaks RIP with a
router of VOS, whose VMs reach what is behind it; dnsmasq gives addresses, and nftables keeps a network to itself. For
make test-guests."""
import itertools
import os
import subprocess

import pytest

import readme
from test_networks import NUMBERS, answer, on, pings
from test_probes import guest
from vosmachine import BUILD, TOP, Machine

INITRD = f'{BUILD}/systems/appliance/router-initrd'
IMAGES = ('debian-kernel', 'debian-initrd')
PAGE = 'docs/router-appliance.md'


def follow(machine, title):
    """A section of the page. What it does on the operator's machine, make test-guests has done."""
    is_attached = False
    for where, line, _ in itertools.chain(*readme.steps(title, PAGE)):
        if where == 'vos>' and is_attached:
            machine.detach()
        is_attached = where == 'guest#' or line.startswith('console ')
        if where == 'guest#':
            machine.guest_cmd(line)
        elif is_attached:
            machine.attach(line.split()[1])
            if title == 'The VM':
                machine.wait_guest()
            machine.guest_cmd(f': {next(NUMBERS)}')     # behind what the console shows again
        else:
            machine.ok(line)
    if is_attached:
        machine.detach()


def route(machine, network):
    return next((row for row in answer(machine, 'show-router r1')['routes'] if row['network'] == network), None)


def learned(machine):
    return machine.until(lambda: route(machine, '10.3.0.0/24'), 'a route by RIP')


@pytest.mark.systems
def test_bird_speaks_rip(tmp_path):
    if not os.path.exists(INITRD):
        pytest.skip('the packages could not be fetched')
    bundle = f'{tmp_path}/bundle.cpio'
    images = [f'{name}={BUILD}/images/{name}' for name in IMAGES]
    subprocess.run([f'{TOP}/iso/mkiso.sh', 'bundle', bundle, f'router-initrd={INITRD}', *images], cwd=TOP, check=True,
                   env=dict(os.environ, CONF=''), stdout=subprocess.DEVNULL)
    with Machine('qemu-pvh', 'test_appliance', bundle=bundle, mem=2048) as machine:
        machine.wait_prompt()
        for title in ('The networks', 'The VM'):
            follow(machine, title)
        # Each has learned the other's network.
        row = learned(machine)
        assert (row['origin'], row['gateway'], row['preference']) == ('rip', '10.2.0.2', 120), row
        machine.until(lambda: 'via 10.2.0.1' in on(machine, 'bird', 'ip route show 10.1.0.0/24'), 'a route of bird')
        # A VM behind the router and one behind bird, which has its address from dnsmasq, reach each other.
        near, far = guest(machine, 'lan'), guest(machine, 'far')
        assert far.startswith('10.3.0.1')
        assert pings(machine, 'lan', far) == pings(machine, 'far', near) == 3
        follow(machine, 'What there is now')
        assert pings(machine, 'lan', far, 2) == 0
        assert pings(machine, 'far', near) == 3         # it asks
        # bird ends without a word: its route is forgotten after 180 s. It comes back with bird.
        on(machine, 'bird', 'birdc -s /run/bird.ctl down')
        machine.until(lambda: route(machine, '10.3.0.0/24') is None, 'the route goes')
        assert 'has no route to' in machine.cmd(f'ping {far} --router r1')
        on(machine, 'bird', 'bird -c /etc/bird.conf -s /run/bird.ctl')
        learned(machine)
        for name in ('lan', 'far', 'bird'):
            machine.ok(f'delete-vm {name} --force')
