#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures the lines of the console in QEMU: bytes a second into VOS and out of it, and the round trip of `version`.

The first serial line carries text frames through a pseudo-terminal, com2= and the virtio port carry plain frames
through sockets. In: requests as large as the line takes, which are refused at once. Out: list-vm of many VMs. Bytes
are those on the line. Figures depend on the machine under QEMU and on what else it does: the lines take turns, and the
median of the rounds is printed. Writes build/bench_line.json; nothing is asserted.
"""
import base64
import json
import os
import re
import select
import statistics
import time

import bench        # pylint: disable=unused-import    (it finds vosmachine)
from plain_line import Client, PlainLine, crc32c, frame
from vosmachine import BUILD, TINY, Machine

VMS, ROUNDS, TRIPS, SECONDS, AT_ONCE = 96, 5, 100, 4, 4
TEXT = re.compile(rb'\x1b_vos;1;control[+]?;([A-Za-z0-9+/=]*);[0-9a-f]{8}\x1b\\')


class TextLine:
    """The person's line, in text frames, as PlainLine has it; checksums are not looked at."""

    def __init__(self, machine):
        self.machine, self.fd, self.data = machine, machine.line.child_fd, b''

    @staticmethod
    def frame(message):
        body = b'vos;1;control;' + base64.b64encode(message)
        return b'\x1b_%s;%08x\x1b\\' % (body, crc32c(body))

    def write(self, data):
        while data:
            select.select([], [self.fd], [])
            data = data[os.write(self.fd, data[:4096]):]

    def bytes_until(self, number):
        """How many bytes came until the answer to this request, with it."""
        count = 0
        while True:
            for found in TEXT.finditer(self.data):
                if json.loads(base64.b64decode(found[1])).get('id') == number:
                    self.data = self.data[found.end():]
                    return count
            some = os.read(self.fd, 65536)
            count += len(some)
            self.data += some


class Plain:
    def __init__(self, path, name):
        self.line = PlainLine(path)
        self.line.sync()
        self.client = Client(self.line, name)

    @staticmethod
    def frame(message):
        return frame('control', message)

    def write(self, data):
        self.line.socket.sendall(data)

    def bytes_until(self, number):
        """Checksums take longer here than the line does: only the id, which ends an answer, is looked for."""
        count = 0
        end = re.compile(rb'"id":%d}' % number)
        while True:
            found = end.search(self.line.data)
            if found:
                self.line.data = self.line.data[found.end():]
                return count
            before = len(self.line.data)
            self.line.fill()
            count += len(self.line.data) - before


def request(line, number, execute, **arguments):
    message = {'execute': execute, 'arguments': arguments, 'id': number}
    if isinstance(line, Plain):
        message['c'] = line.client.number
    return line.frame(json.dumps(message, separators=(',', ':')).encode())


def into(line, size, numbers):
    """Bytes a second of requests, of which a few are on their way at any time."""
    frames = [(number, request(line, number, 'version', x='a' * size)) for number in
              (next(numbers) for _ in range(200))]
    sent, total, begun = [], 0, time.monotonic()
    for number, data in frames:
        line.write(data)
        total += len(data)
        sent.append(number)
        if len(sent) == AT_ONCE:
            line.bytes_until(sent[-1])
            sent.clear()
        if time.monotonic() - begun > SECONDS:
            break
    if sent:
        line.bytes_until(sent[-1])
    return total / (time.monotonic() - begun)


def out_of(line, numbers):
    total, begun = 0, time.monotonic()
    while time.monotonic() - begun < SECONDS:
        number = next(numbers)
        line.write(request(line, number, 'list-vm'))
        total += line.bytes_until(number)
    return total / (time.monotonic() - begun)


def trips(line, numbers):
    times = []
    for _ in range(TRIPS):
        number, begun = next(numbers), time.monotonic()
        line.write(request(line, number, 'version'))
        line.bytes_until(number)
        times.append(time.monotonic() - begun)
    times.sort()
    return statistics.median(times), times[len(times) * 99 // 100]


def figures(line, size, numbers):
    median, high = trips(line, numbers)
    return {'in': into(line, size, numbers), 'out': out_of(line, numbers), 'median': median, 'p99': high}


def main():
    numbers = iter(range(1 << 20, 1 << 30))
    with Machine('qemu-pvh', 'bench-line', append='com2=115200', lines=('com2', 'port'), cpus=2, **TINY) as machine:
        machine.wait_prompt()
        port = Plain(machine.socket_of('port'), 'bench')
        for number in range(VMS):
            port.client.ok('create-vm', name=f'v{number}', cpu=1, memory='32M', kernel='heartbeat')
        lines = {'UART (com1), text frames': (TextLine(machine), 4000),
                 'UART (com2), plain frames': (Plain(machine.socket_of('com2'), 'bench'), 4000),
                 'virtio port, plain frames': (port, 60000)}
        rounds = [{name: figures(*line, numbers) for name, line in lines.items()} for _ in range(ROUNDS)]
    rows = {name: {key: statistics.median(one[name][key] for one in rounds) for key in rounds[0][name]}
            for name in lines}
    print(f'{"line":28}{"in KB/s":>10}{"out KB/s":>10}{"median ms":>11}{"p99 ms":>9}')
    for name, row in rows.items():
        print(f'{name:28}{row["in"] / 1000:10.1f}{row["out"] / 1000:10.1f}{row["median"] * 1000:11.1f}'
              f'{row["p99"] * 1000:9.1f}')
    with open(f'{BUILD}/bench_line.json', 'w', encoding='utf-8') as file:
        json.dump({'medians': rows, 'rounds': rounds}, file, indent=1)


if __name__ == '__main__':
    main()
