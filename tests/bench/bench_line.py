#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures the lines of the console in QEMU: bytes a second into VOS and out of it, and the round trip of `version`.

The first serial line carries text frames through a pseudo-terminal, com2= and the virtio port carry plain frames
through sockets. In: requests as large as the line takes, which are refused at once. Out: the end of a VM's console, as
a stream, again and again. Answers: list-vm of many VMs, one at a time, which root and the console take their time for.
Bytes are those on the line. Figures depend on the machine under QEMU and on what else it does: the lines take turns,
and the median of the rounds is printed. Writes build/bench_line.json; nothing is asserted.
"""
import base64
import json
import os
import re
import select
import statistics
import time

import bench        # pylint: disable=unused-import    (it finds vosmachine)
from plain_line import HEADER, PlainLine, crc32c, frame
from vosmachine import BUILD, TINY, Machine

VMS, ROUNDS, TRIPS, SECONDS, AT_ONCE, REQUESTS = 96, 5, 100, 4, 4, 200
TEXT = re.compile(rb'\x1b_vos;1;([a-z0-9+]{1,15});([A-Za-z0-9+/=]*);[0-9a-f]{8}\x1b\\')


class Line:
    """Frames of a line, one after the other; checksums take longer here than the line does, and are not looked at."""

    def __init__(self, name, size):
        self.name, self.size, self.data, self.client = name, size, b'', None    # size: of a large request

    def receive(self):
        """The next frame's channel and message, and how many bytes it had with what was before it."""
        while True:
            found = self.taken()
            if found:
                return found
            self.data += self.read()

    def bytes_until(self, number):
        """How many bytes came until the answer to this request, with it."""
        count, end = 0, re.compile(rb'"id":"?%s"?}$' % str(number).encode())
        while True:
            channel, message, size = self.receive()
            count += size
            if channel.startswith('control') and end.search(message):
                self.last = message
                return count

    def request(self, number, execute, **arguments):
        message = {'execute': execute, 'arguments': arguments, 'id': number}
        if self.client:
            message['c'] = self.client
        return self.frame('control', json.dumps(message, separators=(',', ':')).encode())

    def send(self, number, execute, **arguments):
        self.write(self.request(number, execute, **arguments))

    def ask(self, number, execute, **arguments):
        self.send(number, execute, **arguments)
        self.bytes_until(number)
        return json.loads(self.last.rpartition(b'\n')[2])['return']

    def hello(self):
        self.client = self.ask(f'hello-{self.name}', 'hello', client=f'bench-{os.getpid()}-{self.name}')['client']


class TextLine(Line):
    """The person's line."""

    def __init__(self, machine):
        super().__init__('UART1', 4000)
        self.fd = machine.line.child_fd
        self.hello()

    @staticmethod
    def frame(channel, message):
        body = b'vos;1;%s;' % channel.encode() + base64.b64encode(message)
        return b'\x1b_%s;%08x\x1b\\' % (body, crc32c(body))

    def write(self, data):
        while data:
            select.select([], [self.fd], [])
            data = data[os.write(self.fd, data[:4096]):]

    def read(self):
        return os.read(self.fd, 65536)

    def taken(self):
        found = TEXT.search(self.data)
        if not found:
            return None
        self.data = self.data[found.end():]
        return found[1].decode(), base64.b64decode(found[2]), found.end()


class Plain(Line):
    def __init__(self, path, name, size):
        super().__init__(name, size)
        line = PlainLine(path)
        line.sync()
        self.socket = line.socket
        self.hello()

    frame = staticmethod(frame)

    def write(self, data):
        self.socket.sendall(data)

    def read(self):
        return self.socket.recv(262144)

    def taken(self):
        if len(self.data) < HEADER.size:
            return None
        _, channel_bytes, _, message_bytes, _ = HEADER.unpack_from(self.data)
        middle, end = HEADER.size + channel_bytes, HEADER.size + channel_bytes + message_bytes
        if len(self.data) < end:
            return None
        found = self.data[HEADER.size:middle].decode(), self.data[middle:end], end
        self.data = self.data[end:]
        return found


def into(line, numbers):
    """Bytes a second of requests, of which a few are on their way at any time."""
    frames = [(number, line.request(number, 'version', x='a' * line.size)) for number in
              (next(numbers) for _ in range(REQUESTS))]
    sent, total, begun = 0, 0, time.monotonic()
    while sent < REQUESTS and time.monotonic() - begun < SECONDS:
        for number, data in frames[sent:sent + AT_ONCE]:
            line.write(data)
            total += len(data)
        sent += AT_ONCE
        line.bytes_until(number)
    return total / (time.monotonic() - begun)


def out_of(line, numbers, vm):
    """Bytes a second of a stream, from the oldest byte that VOS keeps of this console to the newest."""
    opened = line.ask(next(numbers), 'open-console', name=vm, **{'from': 'log'})
    total, begun = 0, time.monotonic()
    while time.monotonic() - begun < SECONDS:
        line.send(next(numbers), 'credit', stream=opened['stream'], to=opened['end'], **{'from': opened['offset']})
        at = opened['offset']
        while at < opened['end']:
            channel, message, size = line.receive()
            total += size
            if channel == f's{opened["stream"]}':
                at = int.from_bytes(message[:8], 'little') + len(message) - 8
    result = total / (time.monotonic() - begun)
    line.ask(next(numbers), 'close-stream', stream=opened['stream'])
    return result


def answers(line, numbers):
    total, begun = 0, time.monotonic()
    while time.monotonic() - begun < SECONDS:
        number = next(numbers)
        line.send(number, 'list-vm')
        total += line.bytes_until(number)
    return total / (time.monotonic() - begun)


def trips(line, numbers):
    times = []
    for _ in range(TRIPS):
        number, begun = next(numbers), time.monotonic()
        line.send(number, 'version')
        line.bytes_until(number)
        times.append(time.monotonic() - begun)
    times.sort()
    return statistics.median(times), times[len(times) * 99 // 100]


def figures(line, numbers, vm):
    median, high = trips(line, numbers)
    return {'in': into(line, numbers), 'out': out_of(line, numbers, vm), 'answers': answers(line, numbers),
            'median': median, 'p99': high}


def talker(line, numbers):
    """A VM that has written more than VOS keeps, and is at rest."""
    line.ask(next(numbers), 'create-vm', name='talker', cpu=1, memory='32M', kernel='lines', cmdline='lines=8000')
    line.ask(next(numbers), 'start-vm', name='talker')
    stream = line.ask(next(numbers), 'open-console', name='talker', **{'from': 'log', 'write': True})['stream']
    end = 0
    while end == 0:     # it asks for a key
        end = line.ask(next(numbers), 'credit', stream=stream, to=0)['end']
    line.write(line.frame(f's{stream}', bytes(8) + b'k'))
    while end < 65536:
        time.sleep(0.5)
        end = line.ask(next(numbers), 'credit', stream=stream, to=0)['end']
    line.ask(next(numbers), 'stop-vm', name='talker', force=True)
    line.ask(next(numbers), 'close-stream', stream=stream)
    return 'talker'


def main():
    numbers = iter(range(1, 1 << 30))
    with Machine('qemu-pvh', 'bench-line', append='com2=115200', lines=('com2', 'port'), cpus=2, **TINY) as machine:
        machine.wait_prompt()
        port = Plain(machine.socket_of('port'), 'port', 60000)
        for number in range(VMS):
            port.ask(next(numbers), 'create-vm', name=f'v{number}', cpu=1, memory='32M', kernel='heartbeat')
        vm = talker(port, numbers)
        lines = {'UART (com1), text frames': TextLine(machine),
                 'UART (com2), plain frames': Plain(machine.socket_of('com2'), 'com2', 4000),
                 'virtio port, plain frames': port}
        rounds = [{name: figures(line, numbers, vm) for name, line in lines.items()} for _ in range(ROUNDS)]
    rows = {name: {key: statistics.median(one[name][key] for one in rounds) for key in rounds[0][name]}
            for name in lines}
    print(f'{"line":28}{"in KB/s":>10}{"out KB/s":>10}{"answers":>10}{"median ms":>11}{"p99 ms":>9}')
    for name, row in rows.items():
        print(f'{name:28}{row["in"] / 1000:10.1f}{row["out"] / 1000:10.1f}{row["answers"] / 1000:10.1f}'
              f'{row["median"] * 1000:11.1f}{row["p99"] * 1000:9.1f}')
    with open(f'{BUILD}/bench_line.json', 'w', encoding='utf-8') as file:
        json.dump({'medians': rows, 'rounds': rounds}, file, indent=1)


if __name__ == '__main__':
    main()
