# SPDX-License-Identifier: MIT
"""A person at the terminal and eight programs behind a vosd, of which one floods VOS with requests and one never reads
what it gets: how long the others wait for their answers, alone and beside these two, is printed."""
import json
import socket
import statistics
import threading
import time

import pytest

from hostline import Daemon, Line
from plain_line import Client, PlainLine, frame
from vosmachine import TINY, Machine

WORKERS, TRIPS, VMS = 6, 20, 24


class PortLine(Line):
    """The virtio port, which is a socket already; the first line is the test's."""

    def open_unix(self):
        return f'unix:{self.machine.socket_of("port")}'

    def carry(self):
        self.is_over.wait()

    def __exit__(self, *_):
        self.server = socket.socket()       # nothing of ours listens
        super().__exit__()


class Flooder:
    """Four large answers are under way at any time."""

    def __init__(self, path):
        self.line = PlainLine(path)
        self.client, self.count, self.is_over = Client(self.line, 'flooder'), 0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        numbers, under_way = iter(range(10000, 1 << 30)), 0
        while not self.is_over.is_set():
            for _ in range(under_way, 4):
                self.client.send('list-vm', next(numbers))
            under_way = 4 - self.takes_answer()
            self.count += 4 - under_way

    def takes_answer(self):
        """Is the next message an answer, or the last piece of one?"""
        channel, message = self.line.receive()
        if channel != 'control+':
            return channel == 'control'
        _, _, piece, pieces, _ = message.partition(b'\n')[0].split()
        return int(piece) + 1 == int(pieces)

    def end(self):
        self.is_over.set()
        self.thread.join()
        self.line.close()


def stall(path):
    """Asks for all that there is, and reads none of it."""
    line = PlainLine(path)
    client = Client(line, 'staller')
    for source, arguments in (('open-console', {'name': 'v0'}), ('open-log', {}), ('open-events', {})):
        stream = client.ok(source, **arguments, **({} if source == 'open-events' else {'from': 'log'}))['stream']
        line.send('control', json.dumps({'execute': 'credit', 'arguments': {'stream': stream, 'to': 1 << 40},
                                         'c': client.number}).encode())
    for number in range(5000, 5004):
        line.socket.sendall(frame('control', json.dumps({'execute': 'list-vm', 'c': client.number,
                                                         'id': number}).encode()))
    return line


def work(path, number, times):
    with PlainLine(path) as line:
        client = Client(line, f'worker{number}')
        for turn in range(TRIPS):
            begun = time.monotonic()
            assert client.ok('status-vm', name=f'v{turn % VMS}')['name'] == f'v{turn % VMS}'
            times.append(time.monotonic() - begun)


def measure(machine, path, has_person):
    """How long programs wait for an answer, and a person for the prompt."""
    times, typed = [], []
    workers = [threading.Thread(target=work, args=(path, number, times)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    while has_person and len(typed) < TRIPS:
        begun = time.monotonic()
        assert 'VOS' in machine.ok('version')
        typed.append(time.monotonic() - begun)
    for worker in workers:
        worker.join()
    assert len(times) == WORKERS * TRIPS
    return times, typed


def told(measured):
    return '; '.join(f'{who} median {statistics.median(times) * 1000:.0f} ms, longest {max(times) * 1000:.0f} ms'
                     for who, times in zip(('programs', 'person'), measured) if times)


def share(machine, line, name, has_person):
    daemon = Daemon(line)
    for number in range(VMS):
        assert line.vos('create-vm', f'v{number}', '--memory', '32M', '--kernel', 'heartbeat')[0] == 0
    assert line.vos('start-vm', 'v0')[0] == 0
    alone = measure(machine, daemon.socket, has_person)
    flooder, staller = Flooder(daemon.socket), stall(daemon.socket)
    beside = measure(machine, daemon.socket, has_person)
    flooder.end()
    staller.close()
    assert flooder.count > 4
    print(f'{name}: alone: {told(alone)}; beside a program that floods ({flooder.count} large answers) and one that '
          f'reads nothing: {told(beside)}')
    assert line.vos('delete-vm', '--all', '--force', '--yes')[0] == 0
    assert daemon.end() == 0


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_programs_share_a_serial_line(machine):
    with Line(machine, 'unix') as line:
        share(machine, line, 'first serial line', False)


@pytest.mark.backends('qemu-pvh')
def test_person_beside_programs(backend):
    with Machine(backend, 'fair-lines', lines=('port',), cpus=2, mem=512, **TINY) as machine:
        machine.wait_prompt()
        with PortLine(machine, 'unix') as line:
            share(machine, line, 'virtio port', True)
