# SPDX-License-Identifier: MIT
"""The other end of a line of plain frames (docs/PROTOCOL.md): a unix socket behind com2= or the virtio port."""
import itertools
import json
import os
import select
import socket
import struct
import time

from wire import Wire, crc32c

HEADER = struct.Struct('<4sHHII')
MAGIC = b'VOS1'
MESSAGE_BYTES = 65536


def frame(channel, message):
    channel = channel.encode()
    head = struct.pack('<4sHI', MAGIC, len(channel), len(message))
    head = struct.pack('<4sHHI', MAGIC, len(channel), crc32c(head) & 0xffff, len(message))
    return head + struct.pack('<I', crc32c(head + channel + message)) + channel + message


class PlainLine:
    """One connection.  Frames that are no answer to what is asked are kept in `others`."""

    def __init__(self, path, patience=900):
        self.path, self.patience = path, patience
        self.data, self.others, self.skipped, self.ids = b'', [], 0, itertools.count(1)
        self.early = {}         # answers to others than who waits
        self.socket = None
        self.open()

    def open(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(self.patience)
        self.socket.connect(self.path)
        self.data = b''

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, channel, message):
        self.socket.sendall(frame(channel, message))

    def fill(self):
        some = self.socket.recv(1 << 16)
        assert some, 'the line was closed'
        self.data += some

    def taken(self):
        """A whole frame of what has come, or None."""
        while True:
            at = self.data.find(MAGIC)
            cut = at if at >= 0 else max(0, len(self.data) - len(MAGIC) + 1)
            self.skipped += cut
            self.data = self.data[cut:]
            if at < 0 or len(self.data) < HEADER.size:
                return None
            _, channel_bytes, check, message_bytes, crc = HEADER.unpack_from(self.data)
            head = struct.pack('<4sHI', MAGIC, channel_bytes, message_bytes)
            if check == crc32c(head) & 0xffff and 1 <= channel_bytes <= 15 and message_bytes <= MESSAGE_BYTES:
                end = HEADER.size + channel_bytes + message_bytes
                if len(self.data) < end:
                    return None
                body = self.data[HEADER.size:end]
                if crc32c(self.data[:12] + body) == crc:
                    self.data = self.data[end:]
                    return body[:channel_bytes].decode(), body[channel_bytes:]
            self.skipped += 1
            self.data = self.data[1:]

    def receive(self):
        while True:
            found = self.taken()
            if found:
                return found
            self.fill()

    def ask(self, message):
        """A request and the answer with its id; fragments are put together."""
        number = message.setdefault('id', next(self.ids))
        self.send('control', json.dumps(message).encode())
        return self.answer(number, message.get('c'))

    def answer(self, number, client=None):
        if (client, number) in self.early:
            return self.early.pop((client, number))
        pieces = {}
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            channel, message = self.receive()
            if channel == 'control+':
                head, _, piece = message.partition(b'\n')
                c, i, seq, count, _crc = head.decode().split()
                if (int(c), int(i)) == (client, number):
                    pieces[int(seq)] = piece
                    if len(pieces) == int(count):
                        return json.loads(b''.join(pieces[k] for k in sorted(pieces)))
                continue
            found = json.loads(message) if channel == 'control' else None
            if not found or 'pending' in found or not isinstance(found.get('id'), int):
                self.others.append((channel, message))
            elif (found.get('c'), found['id']) == (client, number):
                return found
            else:
                self.early[found.get('c'), found['id']] = found
        raise AssertionError(f'no answer to {number}')

    def sync(self):
        """Asks again and again: what is sent before VOS has opened the line goes nowhere."""
        token = f'{next(self.ids)}.{time.monotonic_ns()}'
        message = {'execute': 'sync', 'arguments': {'token': token}, 'id': 'sync'}
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            self.send('control', json.dumps(message).encode())
            found = self.synced(token, time.monotonic() + 5)
            if found:
                return found
        raise AssertionError('no answer to sync')

    def synced(self, token, until):
        while True:
            found = self.taken()
            if not found and not select.select([self.socket], [], [], max(0, until - time.monotonic()))[0]:
                return None
            if not found:
                self.fill()
                continue
            answer = json.loads(found[1]).get('return') if found[0] == 'control' else None
            if isinstance(answer, dict) and answer.get('token') == token:
                return answer


class Client:
    """One of several clients of a line."""

    def __init__(self, line, name):
        self.line = line
        self.number = line.ask({'execute': 'hello', 'arguments': {'client': name}})['return']['client']
        self.ids = itertools.count(2000)

    def ask(self, execute, **arguments):
        message = {'execute': execute, 'c': self.number, 'id': next(self.ids)}
        if arguments:
            message['arguments'] = arguments
        return self.line.ask(message)

    def send(self, execute, number):
        """Without waiting for the answer."""
        self.line.send('control', json.dumps({'execute': execute, 'c': self.number, 'id': number}).encode())

    def ok(self, execute, **arguments):
        answer = self.ask(execute, **arguments)
        assert 'return' in answer, (execute, arguments, answer)
        return answer['return']


class PlainWire(Wire):
    """What many clients share (wire.py), on a PlainLine; the machine writes on its first line too."""
    def __init__(self, machine, line):
        super().__init__(machine)
        self.line, self.fd = line, line.socket.fileno()

    def post(self, message):
        self.send(frame('control', json.dumps(message).encode()))

    def read(self):
        data = os.read(self.fd, 65536)
        assert data, 'the line was closed'
        self.bytes_in += len(data)
        self.line.data += data

    def messages(self, now):
        while found := self.line.taken():
            yield found

    def step(self, clients):
        self.machine.drain(0)
        super().step(clients)
