# SPDX-License-Identifier: MIT
"""Programs on the serial line: commands as JSON in frames (lib/wire/frame.h), and their answers."""
import base64
import json
import re
import time

import pytest

from vosmachine import TINY
from wire import crc32c

FRAME = re.compile(r'\x1b_vos;1;([a-z]+);([A-Za-z0-9+/=]*);([0-9a-f]{8})\x1b\\')


def frame(message):
    body = 'vos;1;control;' + base64.b64encode(json.dumps(message).encode()).decode()
    return f'\x1b_{body};{crc32c(body.encode()):08x}\x1b\\'


class Program:
    """A program on a machine's line. Frames are invisible to tests, so they are taken from what the line carried."""
    def __init__(self, machine):
        self.machine, self.taken, self.number = machine, 0, 0

    def send(self, verb, **arguments):
        self.number += 1
        self.machine.send(frame({'execute': verb, 'arguments': arguments, 'id': self.number}))
        return self.number

    def messages(self):
        self.machine.log.flush()
        with open(self.machine.log_path, encoding='utf-8', errors='replace', newline='') as log:
            frames = FRAME.findall(log.read())
        new, self.taken = frames[self.taken:], len(frames)
        for channel, text, crc in new:
            assert crc32c(f'vos;1;{channel};{text}'.encode()) == int(crc, 16)
        return [json.loads(base64.b64decode(text)) for _, text, _ in new]

    def answers(self, ids):
        """The answers to these commands, by id."""
        found = {}

        def look():
            self.machine.drain()
            found.update({message['id']: message for message in self.messages() if 'id' in message})
            return not set(ids) - set(found)
        self.machine.until(look, f'answers to {ids}', pause=0)
        return found

    def ask(self, verb, **arguments):
        number = self.send(verb, **arguments)
        return self.answers([number])[number]


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_longest_cmdline(machine):
    """2047 characters get to the guest, from a program and from the prompt; what is longer does nothing."""
    program = Program(machine)
    cmdline = 'cpus=2'.rjust(2047, 'x').replace('xcpus', ' cpus')
    made = program.ask('create-vm', name='a', cpu=2, memory='32M', kernel='spin', cmdline=cmdline)
    assert made['return']['cmdline'] == cmdline
    assert program.ask('create-vm', name='b', cmdline=cmdline + 'x')['error']['code'] == 2
    assert 'return' in program.ask('start-vm', name='a')
    deadline = time.monotonic() + 30 * machine.slowness
    while not all(vcpu['online'] for vcpu in program.ask('status-vm', name='a')['return']['vcpus']):
        assert time.monotonic() < deadline
    assert 'is defined' in machine.ok(f'create-vm c --memory 32M --kernel spin --cmdline "{cmdline}"')
    assert program.ask('status-vm', name='c')['return']['cmdline'] == cmdline
    machine.send('create-vm d'.ljust(4200) + '--memory 32M\r')
    machine.expect('more than 4096 characters')
    machine.wait_prompt()
    assert {vm['name'] for vm in program.ask('list-vm')['return']} == {'a', 'c'}


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_bulk(machine):
    """Frames of every length around the receive FIFO's, and of many kilobytes: each is answered as it was sent."""
    program = Program(machine)
    tokens = {program.send('sync', token='x' * count): count for count in range(48)}
    answers = program.answers(tokens)
    for number, count in tokens.items():
        assert answers[number]['return']['token'] == 'x' * count
    padding = {'execute': 'version', 'id': 'long', 'padding': 'y' * 6000}
    machine.send(frame(padding))
    assert 'version' in program.answers(['long'])['long']['return']


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_queue(machine):
    """32 commands at once are done in their order; one that waits can be canceled, and a stop is taken back then."""
    program = Program(machine)
    numbers = [program.send('create-vm', name=f'vm{i}', memory='8M', kernel='spin') for i in range(16)]
    numbers += [program.send('delete-vm', name=f'vm{i}') for i in range(1, 16)]
    numbers.append(program.send('start-vm', name='vm0'))
    answers = program.answers(numbers)
    assert all('return' in answer for answer in answers.values()), answers
    stop = program.send('stop-vm', name='vm0', timeout='24h')       # a guest without ACPI: it does not react
    assert program.ask('cancel', id=stop)['return'] == {'canceled': 1}
    assert program.ask('status-vm', name='vm0')['return']['state'] == 'running'
    assert program.ask('cancel', id=stop)['error']['code'] == 3


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_several_vms(machine):
    program = Program(machine)
    program.ask('sync', token='several')
    for name in 'ab':
        program.ask('create-vm', name=name, memory='32M', kernel='wake', cmdline='period=500000')
    started = program.ask('start-vm', name=['b', 'x', 'a'])['return']
    assert [vm['name'] for vm in started] == ['b', 'x', 'a'], started
    assert [vm['return']['state'] for vm in started[::2]] == ['running'] * 2, started
    assert started[1]['error']['class'] == 'E_NOT_FOUND', started
    stopped = program.ask('stop-vm', all=True, force=True)['return']
    assert {vm['name']: vm['return']['state'] for vm in stopped} == {'a': 'stopped', 'b': 'stopped'}, stopped
    assert program.ask('delete-vm', all=True)['error']['class'] == 'E_STATE'
    assert [vm['return'] for vm in program.ask('delete-vm', all=True, yes=True)['return']] == [{}, {}]
    assert program.ask('stop-vm', all=True)['return'] == []
