# SPDX-License-Identifier: MIT
"""VMs on a switch: Debian's kernel pings and transfers, VLANs do not meet, a switch that is started again under load,
and a guest that sends what it must not."""
import itertools
import json
import os
import re
import shutil

import pytest

from test_restarts import restart
from vosmachine import BUILD, Machine

MIB = {'qemu-pvh': 16, 'bochs': 2}      # of a transfer

# Checksums and segmentation either way, merged buffers: nobody computes or cuts anything between VMs.
FEATURES = (0, 1, 7, 8, 11, 12, 15)


NUMBERS = itertools.count()


def answer(machine, line):
    """A notice may come before or after it."""
    text = machine.ok(f'{line} --json')
    return json.loads(next(part for part in text.splitlines() if part.startswith('{')))['return']


def start(machine, name, nic, address):
    """A VM with a card, which has that address."""
    machine.ok(f'create-vm --name {name} --memory 128M --nic {nic} --cmdline "console=ttyS0 ip=off"')
    machine.ok(f'start-vm {name}')
    machine.attach(name)
    machine.wait_guest()
    machine.guest_cmd('echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6')    # it sends by itself
    machine.guest_cmd(f'ip address add {address}/24 dev eth0; ip link set eth0 up')
    machine.detach()


def on(machine, name, command):
    machine.attach(name)
    text = machine.guest_cmd(command)
    machine.detach()
    return text


def pings(machine, name, address, count=3):
    """How many of so many pings are answered. An attached console shows again what was printed last: each has an end of
    its own, which is waited for."""
    text = on(machine, name, f'ping -c {count} -W 2 {address}; : {next(NUMBERS)}')
    return int(re.search(r'(\d+) packets received', text).group(1))


def ports(machine, switch='lan'):
    """By the VM that is plugged in."""
    return {row['vm']: row for row in answer(machine, f'show-switch {switch}')['ports']}


def listen(machine, name, port):
    """What comes there over TCP goes into a sum. Its other direction stays open, else the sender's nc ends early."""
    on(machine, name, f'rm -f /tmp/sum; tail -f /dev/null | nc -l -p {port} | md5sum > /tmp/sum &')


def sum_of(machine, name):
    text = on(machine, name, 'until [ -s /tmp/sum ]; do sleep 1; done; cat /tmp/sum')
    return re.search(r'[0-9a-f]{32}', text).group(0)


def transfer(machine, sender, receiver, address, mib):
    """A file over TCP: both ends have the same sum of it."""
    listen(machine, receiver, 5000)
    sent = on(machine, sender, f'dd if=/dev/urandom of=/tmp/r bs=1M count={mib} 2> /dev/null; '
                               f'nc {address} 5000 < /tmp/r; md5sum < /tmp/r')
    assert re.search(r'[0-9a-f]{32}', sent).group(0) == sum_of(machine, receiver)


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_two_vms(machine):
    """They have nothing but a switch: ping, TCP, and counts that say so."""
    machine.ok('create-switch lan')
    start(machine, 'a', 'lan', '10.1.0.1')
    start(machine, 'b', 'lan', '10.1.0.2')
    assert pings(machine, 'a', '10.1.0.2') == 3
    bits = re.search('[01]{64}', on(machine, 'a', 'cat /sys/class/net/eth0/device/features')).group(0)
    assert all(bits[feature] == '1' for feature in FEATURES)
    mib = MIB[machine.backend]
    transfer(machine, 'a', 'b', '10.1.0.2', mib)
    of = ports(machine)
    assert of['a']['ipv4'] == '10.1.0.1' and of['b']['ipv4'] == '10.1.0.2'
    assert of['b']['got-bytes'] > mib << 20 and of['a']['sent-bytes'] > mib << 20
    assert sum(of['a']['drops'].values()) == sum(of['b']['drops'].values()) == 0
    machine.ok('delete-vm a --force')
    machine.ok('delete-vm b --force')
    machine.ok('delete-switch lan')


@pytest.mark.backends('qemu-pvh')
def test_vlans(machine):
    """VMs of two VLANs do not meet, however they try; of one, they do."""
    machine.ok('create-switch lan')
    for name, nic, address in (('a', 'lan', '10.1.0.1'), ('b', 'lan,vlan=7', '10.1.0.2'),
                               ('c', 'lan,vlan=7', '10.1.0.3')):
        start(machine, name, nic, address)
    assert pings(machine, 'a', '10.1.0.2', 2) == pings(machine, 'b', '10.1.0.1', 2) == 0
    of = ports(machine)
    assert of['a']['got-frames'] == of['b']['got-frames'] == of['c']['sent-frames'] == 0 < of['a']['sent-frames']
    on(machine, 'a', f'arp -s 10.1.0.2 {of["b"]["mac"]}')
    assert pings(machine, 'a', '10.1.0.2', 2) == 0
    assert ports(machine)['b']['got-frames'] == 0
    assert pings(machine, 'b', '10.1.0.3') == 3
    for name in ('a', 'b', 'c'):
        machine.ok(f'delete-vm {name} --force')


def program(name, folder):
    """A program for a guest as a disk: whole sectors."""
    path = os.path.join(folder, 'program.img')
    shutil.copy(f'{BUILD}/linux/{name}', path)
    with open(path, 'r+b') as file:
        file.truncate(-(-os.path.getsize(path) // 4096) * 4096)
    return path


def hostile_frames(backend, folder, count):
    """A guest sends what it must not: each frame is counted with its reason, and its neighbour hears nothing."""
    disk = {'qemu-pvh': ('virtio', 'virtio0'), 'bochs': ('ata', 'ata0.0')}[backend]
    with Machine(backend, 'test_hostile_frames', disks=[(disk[0], program('frames', folder))]) as machine:
        machine.wait_prompt()
        machine.ok('create-switch lan')
        there = f'create-vm --name x --dry-run --disk volume={disk[1]},ro'
        machine.until(lambda: 'would succeed' in machine.cmd(there), 'the disk')
        start(machine, 'b', 'lan,ip=10.1.0.2', '10.1.0.2')
        start(machine, 'a', f'lan --disk volume={disk[1]},ro', '10.1.0.1')
        assert pings(machine, 'a', '10.1.0.2') == 3
        for name, other, address in (('a', 'b', '10.1.0.2'), ('b', 'a', '10.1.0.1')):
            # Else they ask each other again now and then.
            on(machine, name, f'arp -s {address} {ports(machine)[other]["mac"]}')
        before = ports(machine)
        victim = before['b']['mac'].replace(':', '')
        on(machine, 'a', 'cat /dev/vda > /tmp/f; chmod +x /tmp/f')
        text = on(machine, 'a', f'/tmp/f eth0 {count} {victim} 10.1.0.2')
        assert f'sent {count}' in text
        after = machine.until(lambda: (ports(machine)['a']['sent-frames'] >= before['a']['sent-frames'] + count and
                                       ports(machine)), 'all frames')
        for field in ('got-frames', 'sent-frames', 'drops', 'broken'):
            assert after['b'][field] == before['b'][field]
        more = {why: after['a']['drops'][why] - number for why, number in before['a']['drops'].items()}
        each = count // 12
        wanted = {'mac': 3 * each, 'address': 2 * each, 'vlan': 2 * each, 'dhcp': 2 * each, 'advertisement': each,
                  'reserved': each, 'malformed': each}
        assert {why: number for why, number in more.items() if number} == wanted
        assert pings(machine, 'b', '10.1.0.1') == 3
        print(f'{count} hostile frames, dropped as {wanted}')


def test_hostile_frames_on_qemu(tmp_path):
    hostile_frames('qemu-pvh', str(tmp_path), 90000)


@pytest.mark.backends('qemu-pvh')
def test_changes_of_a_card(machine):
    """What set-vm changes of a card while its guest runs holds at once: filter, VLAN, address, cable."""
    machine.ok('create-switch lan')
    start(machine, 'a', 'lan', '10.1.0.1')
    start(machine, 'b', 'lan', '10.1.0.2')
    assert pings(machine, 'a', '10.1.0.2', 2) == 2
    machine.ok('set-vm a --nic lan,filter=allow-out:icmp:10.1.0.3,filter=deny-out:icmp')
    assert pings(machine, 'a', '10.1.0.2', 3) == 0
    port = ports(machine)['a']
    assert [rule['hits'] for rule in port['filter']] == [0, 3] and port['drops']['filter'] == 3
    assert 'filter deny-out:icmp ' in machine.cmd('show-switch lan')
    for nic, drop, count in (('lan,vlan=7', 'unknown', 4), ('lan,ip=10.1.0.9', 'address', 5)):
        machine.ok(f'set-vm a --nic {nic}')
        before = ports(machine)['a']['drops'][drop]
        assert pings(machine, 'a', '10.1.0.2', count) == 0
        assert ports(machine)['a']['drops'][drop] > before
    machine.ok('set-vm a --nic lan,cable=out')
    on(machine, 'a', 'until [ $(cat /sys/class/net/eth0/carrier) = 0 ]; do sleep 1; done')
    machine.ok('set-vm a --nic lan')
    on(machine, 'a', 'until [ $(cat /sys/class/net/eth0/carrier) = 1 ]; do sleep 1; done')
    assert pings(machine, 'a', '10.1.0.2', 6) == 6
    assert 'E_STATE' in machine.cmd('set-vm a --nic none')
    for name in ('a', 'b'):
        machine.ok(f'delete-vm {name} --force')


LOAD = ('mkfifo /tmp/f; md5sum < /tmp/f > /tmp/sum & '
        '(while [ ! -e /tmp/stop ]; do cat /tmp/r; done | tee /tmp/f | nc 10.1.0.2 5001) &')


@pytest.mark.backends('qemu-pvh')
def test_switch_restarts(machine):
    """A connection survives its switch: what is lost is sent again, and all arrives."""
    machine.ok('create-switch lan')
    start(machine, 'a', 'lan', '10.1.0.1')
    start(machine, 'b', 'lan', '10.1.0.2')
    listen(machine, 'b', 5001)
    on(machine, 'a', 'dd if=/dev/urandom of=/tmp/r bs=1M count=1 2> /dev/null')
    on(machine, 'a', LOAD)
    for _ in range(5):
        got = ports(machine)['b']['got-bytes']
        machine.until(lambda was=got: ports(machine)['b']['got-bytes'] > was + (1 << 20), 'frames for b')
        restart(machine, 'lan')
    got = ports(machine)['b']['got-bytes']
    machine.until(lambda: ports(machine)['b']['got-bytes'] > got + (1 << 20), 'frames for b')
    on(machine, 'a', 'touch /tmp/stop')
    assert sum_of(machine, 'a') == sum_of(machine, 'b')
    print(f"5 restarts, {ports(machine)['b']['got-bytes'] >> 20} MiB")
    machine.ok('delete-vm a --force')
    machine.ok('delete-vm b --force')
