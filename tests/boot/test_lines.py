# SPDX-License-Identifier: MIT
"""Lines for programs alone: a second UART (com2=) and a virtio port. Two clients at once, the five commands, programs
that come and go, and drivers that are started again under them."""
import os
import subprocess

import pytest

from plain_line import Client, PlainLine
from vosmachine import BUILD, TINY, TOP, Machine

COM2 = 'com2=115200,8n1,0x2f8,3'


def five_commands(client, name):
    assert client.ok('create-vm', name=name, cpu=1, memory='32M', kernel='heartbeat')['state'] == 'defined'
    assert client.ok('start-vm', name=name)['state'] == 'running'
    assert client.ok('status-vm', name=name)['state'] == 'running'
    assert client.ok('stop-vm', name=name, force=True)['state'] == 'stopped'
    client.ok('delete-vm', name=name)
    assert client.ask('status-vm', name=name)['error']['class'] == 'E_NOT_FOUND'


def two_clients(line):
    """Two at once, whose requests overlap: each gets its own answers."""
    assert line.sync()['VOS']['protocol'] == 1
    one, two = Client(line, 'one'), Client(line, 'two')
    assert one.number != two.number
    for number in range(10):
        for client in (one, two):
            client.send('version', 1000 + number)
        for client in (two, one):
            assert 'return' in line.answer(1000 + number, client.number)
    five_commands(one, 'a')
    five_commands(two, 'b')
    return one, two


def comes_and_goes(client):
    """Half a frame of one program does not spoil the next one's, and the client's number is still the client's."""
    line = client.line
    line.socket.sendall(b'VOS1\x07\x00')
    line.close()
    line.open()
    line.sync()
    client.ok('version')
    for _ in range(5):
        line.close()
        line.open()
        assert client.ok('version')


def driver_is_restarted(machine, service, client):
    assert service in machine.ok(f'restart-service {service}')
    machine.until(lambda: f'{service} ' in machine.ok('list-service') and
                  'running            1' in service_row(machine, service), f'{service} runs again')
    client.line.sync()
    client.ok('version')


def service_row(machine, service):
    return next(row for row in machine.ok('list-service').splitlines() if row.startswith(service))


@pytest.mark.backends('qemu-pvh')
@pytest.mark.parametrize('iommu', [None, 'vtd', 'amd'])
def test_virtio_port(backend, iommu):
    with Machine(backend, f'virtio-port-{iommu}', iommu=iommu, lines=('port',), cpus=2, mem=512, **TINY) as machine:
        machine.wait_prompt()
        row = next(row for row in machine.ok('list-device').splitlines() if 'port0' in row)
        assert ('not contained' in row) == (iommu is None)
        with PlainLine(machine.socket_of('port')) as line:
            client, _ = two_clients(line)
            comes_and_goes(client)
            driver_is_restarted(machine, 'port0', client)


def iso_with_com2():
    """An ISO with a tiny guest, whose kernel is told of the second line."""
    path = f'{BUILD}/com2.iso'
    subprocess.run(['iso/mkiso.sh', 'iso', path, f'heartbeat={BUILD}/guests/heartbeat.elf'], cwd=TOP, check=True,
                   env={**os.environ, 'CMDLINE': COM2}, stdout=subprocess.DEVNULL)
    return path


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_second_serial_line(backend):
    arguments = {**TINY, 'iso': iso_with_com2()} if backend == 'bochs' else {**TINY, 'append': COM2}
    with Machine(backend, 'com2', lines=('com2',), cpus=2, mem=512, **arguments) as machine:
        machine.wait_prompt()
        with PlainLine(machine.socket_of('com2')) as line:
            client, _ = two_clients(line)
            comes_and_goes(client)
            driver_is_restarted(machine, 'serial2', client)


@pytest.mark.backends('qemu-pvh')
@pytest.mark.parametrize('com2,said', [('com2=,,0x2e8,0', 'serial2: no UART at port 0x2e8'),
                                       ('com2=nonsense', 'there is no second serial line'),
                                       ('com2=9600,8n1,0x3f8', "the first serial line's")])
def test_no_second_line(backend, com2, said):
    """Said in the log, and VOS goes on."""
    with Machine(backend, 'no-com2', append=com2, cpus=1, mem=512, **TINY) as machine:
        machine.wait_prompt()
        machine.until(lambda: said in machine.ok('log'), said)
        assert 'VOS' in machine.ok('version')
