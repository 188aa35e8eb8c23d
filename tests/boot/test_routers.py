# SPDX-License-Identifier: MIT
"""The default networks: a stock DHCP client in a VM, the way out through NAT, forwards to VMs, a router that is started
again under a connection, and README's tutorial as it is printed."""
import http.server
import itertools
import re
import socket
import subprocess
import threading

import pytest

import readme
from test_networks import answer, on, pings
from test_restarts import restart
from vosmachine import PATIENCE, Machine

OUTSIDE = '10.0.2.2'        # the emulator's own network: it answers ping, and is the host's loopback
CARDS = {'qemu-pvh': 'virtio-net-pci', 'bochs': 'e1000'}


def free_port():
    with socket.socket() as made:
        made.bind(('127.0.0.1', 0))
        return made.getsockname()[1]


def machine_with_networks(backend, name, forward):
    return Machine(backend, name, nics=(CARDS[backend],), forward=forward)


def await_networks(machine):
    """They are made while the prompt is there already, and the outer address comes by DHCP."""
    machine.wait_prompt()
    machine.until(lambda: any(row['dhcp'] == 'bound' for row in answer(machine, 'list-router')), 'an outer address')


def start(machine, name, nic='nat0'):
    machine.ok(f'create-vm --name {name} --memory 128M --nic {nic}')
    machine.ok(f'start-vm {name}')
    machine.attach(name)
    machine.wait_guest()
    machine.guest_cmd('until ip route | grep -q default; do sleep 1; done')
    text = machine.guest_cmd('ip -4 address show eth0')
    machine.detach()
    return re.search(r'inet (10\.111\.0\.\d+)/24', text).group(1)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):       # pylint: disable=invalid-name
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'a page of the host')

    def log_message(self, *args):       # pylint: disable=arguments-differ
        pass


@pytest.fixture
def page():
    """Port of a web server on the loopback."""
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def fetch(port):
    done = subprocess.run(['curl', '-sS', '-m', str(PATIENCE), f'http://127.0.0.1:{port}/'], stdout=subprocess.PIPE,
                          text=True, check=False)
    return done.stdout


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_at_once(backend):
    """A VM on a default network may be made as soon as there is a prompt."""
    with machine_with_networks(backend, 'at-once', None) as machine:
        machine.wait_prompt()
        machine.ok('create-vm --name early --memory 128M --nic nat0')
        assert [row['name'] for row in answer(machine, 'list-router')] == ['nat0']


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_way_out_and_in(backend, page):
    """Two VMs behind the router, one with an address of the operator's: both get out, each to the other, and one is
    reached from outside."""
    port = free_port()
    with machine_with_networks(backend, 'routers', (port, 8080)) as machine:
        await_networks(machine)
        addresses = {'web': start(machine, 'web'), 'b': start(machine, 'b', 'nat0,ip=10.111.0.250')}
        assert addresses['b'] == '10.111.0.250' != addresses['web']
        assert 'router-nat0 has that IPv4 address' in machine.cmd('create-vm --name c --nic nat0,ip=10.111.0.1')
        for name in addresses:
            assert pings(machine, name, OUTSIDE) == 3
        assert pings(machine, 'b', addresses['web']) == 3
        assert addresses['web'] in on(machine, 'b', 'nslookup web.vos')
        assert addresses['b'] in on(machine, 'web', 'nslookup b.vos')
        assert "can't find mail.vos" in on(machine, 'b', 'nslookup mail.vos')
        assert 'a page of the host' in on(machine, 'b', f'wget -q -O - http://{OUTSIDE}:{page}/')
        machine.ok('set-router nat0 --forward tcp:8080:web:80')
        on(machine, 'web', 'mkdir www; echo hello > www/index.html; httpd -h www')
        assert 'hello' in fetch(port)
        shown = answer(machine, 'show-router nat0')
        assert {row['vm']: row['address'] for row in shown['lease-table']} == addresses
        assert shown['forwarded'] > 0 and shown['forwards'][0]['address'] == addresses['web']
        assert shown['gateway'] == OUTSIDE and shown['outer-address'] == '10.0.2.15'
        assert 'router nat0 has a port' in machine.cmd('delete-switch lan0')
        text = machine.ok('export-config')
        assert 'inner nat0,10.111.0.1/24;' in text and 'forward tcp:8080:web:80;' in text
        for name in addresses:
            machine.ok(f'delete-vm {name} --force')
        machine.ok('delete-router nat0')
        machine.until(lambda: 'would succeed' in machine.cmd('delete-switch nat0 --dry-run'), 'the ports')
        machine.ok('delete-switch nat0')
        machine.ok('delete-switch lan0')
        assert 'networks none;' in machine.ok('export-config')
        assert 'Memory adds up' in machine.ok('accounting')


def test_restarts_under_a_connection():
    """A transfer to the host goes on while the router is started again ten times, and the switches once."""
    with socket.create_server(('127.0.0.1', 0)) as server, \
            machine_with_networks('qemu-pvh', 'router-restarts', (free_port(), 8080)) as machine:
        await_networks(machine)
        start(machine, 'a')
        got = bytearray()

        def receive():
            peer, _ = server.accept()
            with peer:
                while piece := peer.recv(65536):
                    got.extend(piece)

        receiver = threading.Thread(target=receive, daemon=True)
        receiver.start()
        on(machine, 'a', 'lines() { for i in $(seq 0 59); do echo line $i; sleep 1; done; }')
        on(machine, 'a', f'lines | nc {OUTSIDE} {server.getsockname()[1]} &')
        machine.until(lambda: len(got) > 0, 'the first bytes')
        for name in ['router-nat0'] * 10 + ['nat0', 'lan0']:
            restart(machine, name)
        receiver.join(PATIENCE)
        assert got.decode().split('\n')[:60] == [f'line {i}' for i in range(60)]


def test_readme():
    """As it is printed, except which port of the host is free."""
    port = free_port()
    with machine_with_networks('qemu-pvh', 'readme-networks', (port, 8080)) as machine:
        await_networks(machine)
        for where, line, printed in itertools.chain(*readme.steps('Networks')):
            if where == '$':
                machine.detach()
                done = subprocess.run(line.replace(':8080', f':{port}'), shell=True, stdout=subprocess.PIPE, text=True,
                                      timeout=PATIENCE, check=False)
                assert done.stdout.splitlines() == printed
            elif line.startswith('console '):
                machine.attach(line.split()[1])
                machine.wait_guest()
            elif where == 'guest#':
                machine.guest_cmd(line)
            else:
                assert '\n'.join(printed) in machine.ok(line).replace('\r', '')
