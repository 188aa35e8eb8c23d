# SPDX-License-Identifier: MIT
"""Streams and uploads as docs/PROTOCOL.md describes them: a kernel is sent over the line, a VM starts from it, and two
programs see all that it writes."""
import base64
import hashlib
import json
import os
import select
import struct
import time

import pytest

from vosmachine import BUILD, TINY
from wire import FRAME, crc32c

PIECE = 3000


class Line:
    """The line, for programs that do one thing after the other; what comes for others is kept for them."""
    def __init__(self, machine):
        self.machine, self.fd, self.received = machine, machine.line.child_fd, b''
        self.answers, self.ends, self.data, self.acks = {}, [], {}, {}
        self.deadline = time.monotonic() + 200 * machine.slowness

    def send(self, channel, message):
        body = b'vos;1;%s;%s' % (channel.encode(), base64.b64encode(message))
        rest = b'\x1b_%s;%08x\x1b\\' % (body, crc32c(body))
        while rest:
            rest = rest[os.write(self.fd, rest[:1024]):]
            self.take(0)

    def take(self, seconds):
        """All that is there, and what it means."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return
        data = os.read(self.fd, 65536)
        self.machine.log.write(data.decode('utf-8', 'replace'))
        self.received += data
        at = 0
        for found in FRAME.finditer(self.received):
            at = found.end()
            assert crc32c(found[1]) == int(found[4], 16)
            self.frame(found[2].decode(), base64.b64decode(found[3]))
        self.received = self.received[max(at, self.received.rfind(b'\x1b_')):][-65536:]

    def frame(self, channel, message):
        if channel == 'control':
            message = json.loads(message)
            self.answers[message.get('c'), message.get('id')] = message
        elif channel == 'events':
            message = json.loads(message)
            if message['event'] == 'STREAM_END':
                self.ends.append(message['data'])
        elif channel[0] == 's':
            self.data.setdefault(int(channel[1:]), []).append((struct.unpack('<Q', message[:8])[0], message[8:]))
        elif channel[0] == 'a':
            self.acks[int(channel[1:])] = struct.unpack('<QQ', message)

    def until(self, look):
        while not (found := look()):
            assert time.monotonic() < self.deadline, 'too late'
            self.take(0.2)
        return found


class Program:
    def __init__(self, line, name):
        self.line, self.id, self.number = line, 0, None
        self.number = self.ask('hello', client=name)['return']['client']

    def ask(self, command, **arguments):
        self.id += 1
        message = {'execute': command, 'arguments': arguments, 'id': self.id}
        if self.number is not None:
            message['c'] = self.number
        self.line.send('control', json.dumps(message).encode())
        key = self.number, self.id
        return self.line.until(lambda: self.line.answers.pop(key, None))

    def upload(self, stream, data, offset, end):
        """From there on, as far as VOS takes it, and no further than `end`."""
        taken, limit = offset, offset + PIECE
        while taken < end:
            piece = data[taken:min(end, limit, taken + PIECE)]
            self.line.acks.pop(stream, None)
            self.line.send(f's{stream}', struct.pack('<Q', taken) + piece)
            taken, limit = self.line.until(lambda: self.line.acks.get(stream))
        return taken

    def console(self, **arguments):
        answer = self.ask('open-console', **arguments)['return']
        return Viewer(self, answer['stream'], answer['offset'])


class Viewer:
    """One stream of a console, with credit for the next 20,000 bytes at any time."""
    def __init__(self, program, stream, offset):
        self.program, self.stream, self.next, self.text = program, stream, offset, b''
        self.credit()

    def credit(self):
        self.granted = self.next + 20000
        self.program.line.send('control', json.dumps(
            {'execute': 'credit', 'arguments': {'stream': self.stream, 'to': self.granted},
             'c': self.program.number}).encode())

    def look(self):
        for offset, data in self.program.line.data.pop(self.stream, []):
            assert offset == self.next
            self.text += data
            self.next += len(data)
        if self.granted - self.next < 10000:
            self.credit()
        return self.text


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_uploaded_guest(machine):
    with open(f'{BUILD}/guests/lines.elf', 'rb') as file:
        kernel = file.read()
    digest = hashlib.blake2b(kernel, digest_size=32).hexdigest()
    announced = {'name': 'sent', 'bytes': len(kernel), 'hash': digest}
    lines = 1000 if machine.backend == 'bochs' else 3000
    line = Line(machine)
    first, second = Program(line, 'first'), Program(line, 'second')

    # The first one gets no further than the middle; the second goes on.
    stream = first.ask('open-upload', **announced)['return']['stream']
    assert first.upload(stream, kernel, 0, len(kernel) // 2) == len(kernel) // 2
    assert first.ask('finish-upload', stream=stream)['error']['class'] == 'E_STATE'
    assert 'return' in first.ask('close-stream', stream=stream)
    answer = second.ask('open-upload', **announced)['return']
    assert answer['offset'] == len(kernel) // 2
    assert second.upload(answer['stream'], kernel, answer['offset'], len(kernel)) == len(kernel)
    image = second.ask('finish-upload', stream=answer['stream'])['return']
    assert image == {**announced, 'default': False, 'kind': 'uploaded', 'owner': '', 'pool': ''}
    assert image in first.ask('list-image')['return']

    # Other bytes than were announced: nothing is kept.
    stream = first.ask('open-upload', **{**announced, 'name': 'bad', 'hash': '0' * 64})['return']['stream']
    first.upload(stream, kernel, 0, len(kernel))
    assert first.ask('finish-upload', stream=stream)['error']['class'] == 'E_INTEGRITY'
    assert first.ask('open-upload', **announced)['error']['class'] == 'E_EXISTS'
    assert 'bad' not in [image['name'] for image in first.ask('list-image')['return']]

    # A VM starts from it; two programs see each line, and the guest waits for neither.
    assert first.ask('create-vm', name='v', memory='32M', kernel='sent',
                     cmdline=f'lines={lines}')['return']['kernel'] == 'sent'
    assert first.ask('delete-image', name='sent')['error']['class'] == 'E_STATE'
    viewers = [first.console(name='v', write=True), second.console(name='v')]
    assert first.ask('start-vm', name='v')['return']['state'] == 'running'
    line.until(lambda: all(b'press a key' in viewer.look() for viewer in viewers))
    line.send(f's{viewers[0].stream}', struct.pack('<Q', 0) + b'x')
    wanted = ''.join(f'line {number}\r\n' for number in range(lines)).encode()
    line.until(lambda: all([b'end\r\n' in viewer.look() for viewer in viewers]))
    for viewer in viewers:
        assert wanted in viewer.text

    assert first.ask('delete-vm', name='v', force=True)['return'] == {}
    line.until(lambda: len(line.ends) == 2)
    assert {end['reason'] for end in line.ends} == {'the VM was deleted'}
    assert first.ask('delete-image', name='sent')['return'] == {}
    assert first.ask('create-vm', name='v', kernel='sent')['error']['class'] == 'E_NOT_FOUND'
    machine.clear()
    assert 'E_NOT_FOUND' in machine.cmd('delete-image sent')
