# SPDX-License-Identifier: MIT
"""Programs on a machine's serial line as docs/PROTOCOL.md describes them, many at a time, over a line that loses bytes.

    wire = Wire(machine, Faults(seed=1, drop=1e-5, change=1e-5, delay=0.05))
    clients = [Client(wire, f'c{number}', work(number)) for number in range(8)]
    wire.run(clients)

A client's work is a generator: it yields (command, arguments) and is sent the answer.  Everything is one loop: bytes of
the line are read, spoiled, taken apart into frames, and given to the clients; what these send is spoiled and written.
"""
import base64
import binascii
import json
import os
import random
import re
import select
import time

from vosmachine import PATIENCE

FRAME = re.compile(rb'\x1b_(vos;1;([a-z0-9+]{1,15});([A-Za-z0-9+/=]*));([0-9a-f]{8})\x1b\\')
TABLE = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0x82f63b78 if number & 1 else 0)
    TABLE.append(number)
REPEATS = 5             # without any sign of life, then a client gives up: code 8
PENDING_S = 2
WAIT_MAX_S = 15         # between repeats: VOS forgets a client that is silent for 60 s, and what it has done for it


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xffffffff


def frame(message):
    body = b'vos;1;control;' + base64.b64encode(json.dumps(message, separators=(',', ':')).encode())
    return b'\x1b_%s;%08x\x1b\\' % (body, crc32c(body))


class Faults:
    """What happens to bytes on their way, the same for the same seed: some are dropped, some changed, all are late."""
    def __init__(self, seed=0, drop=0.0, change=0.0, delay=0.0):
        self.random, self.drop, self.change, self.delay = random.Random(seed), drop, change, delay
        self.dropped = self.changed = 0
        self.next = self.gap()

    def gap(self):
        rate = self.drop + self.change
        return int(self.random.expovariate(rate)) if rate else 1 << 62

    def spoil(self, data):
        data = bytearray(data)
        at = self.next
        while at < len(data):
            if self.random.random() * (self.drop + self.change) < self.drop:
                del data[at]
                self.dropped += 1
            else:
                data[at] ^= 1 << self.random.randrange(8)
                self.changed += 1
                at += 1
            at += self.gap()
        self.next = at - len(data)
        return bytes(data)

    def later(self):
        return time.monotonic() + self.random.random() * self.delay


class Wire:
    """The line, in both directions, with the time at which each piece of it may go on."""
    def __init__(self, machine, faults=None):
        self.machine, self.fd = machine, machine.line.child_fd
        self.ins, self.outs = [], []
        self.faults_in, self.faults_out = faults or Faults(), Faults()
        if faults:
            self.faults_out = Faults(faults.random.random(), faults.drop, faults.change, faults.delay)
        self.received = b''
        self.bytes_in = self.bytes_out = self.broken = 0

    def post(self, message):
        self.send(frame(message))

    def send(self, data):
        self.bytes_out += len(data)
        self.outs.append((max(self.faults_out.later(), self.outs[-1][0] if self.outs else 0),
                          self.faults_out.spoil(data)))

    def read(self):
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return
        self.machine.log.write(data.decode('utf-8', 'replace'))
        self.bytes_in += len(data)
        self.ins.append((max(self.faults_in.later(), self.ins[-1][0] if self.ins else 0), self.faults_in.spoil(data)))

    def write(self, now):
        while self.outs and self.outs[0][0] <= now:
            due, data = self.outs.pop(0)
            taken = self.write_some(data)
            if taken < len(data):
                self.outs.insert(0, (due, data[taken:]))
                return

    def write_some(self, data):
        """Without waiting for a machine that reads nothing: GRUB's menu, or firmware's set-up."""
        os.set_blocking(self.fd, False)
        try:
            return os.write(self.fd, data[:4096])
        except BlockingIOError:
            return 0
        finally:
            os.set_blocking(self.fd, True)

    def messages(self, now):
        """(channel, message) of the frames that are there by now."""
        while self.ins and self.ins[0][0] <= now:
            self.received += self.ins.pop(0)[1]
        at = 0
        for found in FRAME.finditer(self.received):
            at = found.end()
            if crc32c(found[1]) != int(found[4], 16):
                self.broken += 1
                continue
            try:
                yield found[2].decode(), base64.b64decode(found[3], validate=True)
            except binascii.Error:
                self.broken += 1
        # The start of a frame that goes on later may be there; nothing that begins longer ago than a frame is.
        start = self.received.rfind(b'\x1b_', at)
        self.received = self.received[start if start >= at else max(at, len(self.received) - 1):][-65536:]

    def step(self, clients):
        now = time.monotonic()
        select.select([self.fd], [self.fd] if self.outs and self.outs[0][0] <= now else [], [], 0.01)
        if select.select([self.fd], [], [], 0)[0]:
            self.read()
        now = time.monotonic()
        if self.outs and self.outs[0][0] <= now and select.select([], [self.fd], [], 0)[1]:
            self.write(now)
        for channel, message in self.messages(now):
            for client in clients:
                client.take(channel, message, now)
        for client in clients:
            client.proceed(now)

    def run(self, clients, until=None):
        """Until all clients are done, or `until` is true; ends early when one gives up."""
        answered, since = -1, time.monotonic()
        while not (until() if until else all(client.is_done for client in clients)):
            self.step(clients)
            if answered != sum(client.answered for client in clients):
                answered, since = sum(client.answered for client in clients), time.monotonic()
            assert time.monotonic() < since + PATIENCE, f'no answer for {PATIENCE:.0f} s, after {answered}'
            for client in clients:
                assert not client.has_given_up, client.story()


class Pieces:
    """An answer that comes in pieces."""
    def __init__(self, count, crc):
        self.count, self.crc, self.parts, self.heard = count, crc, {}, 0

    def missing(self):
        return [seq for seq in range(self.count) if seq not in self.parts]


class Client:
    def __init__(self, wire, name, work, fragment=512, patience=1.0, limit=REPEATS, longest=WAIT_MAX_S):
        self.wire, self.work, self.fragment = wire, work, fragment
        self.name = f'{name}-{random.SystemRandom().getrandbits(32):08x}'
        self.number = self.boot = self.request = None
        self.last_id, self.patience, self.limit, self.longest = 0, patience, limit, longest
        self.fresh = 0          # answers since somebody looked
        self.round_trip = 0.25
        self.is_done = self.has_given_up = False
        self.pieces = {}
        self.answered = self.repeats = self.resends = self.naks = self.pendings = self.hellos = self.reboots = 0
        self.told = 0
        self.times = []
        self.begun = self.deadline = self.wait = self.count = 0
        self.is_repeated = False
        self.answer = None

    def story(self):
        return (f'{self.name} has given up: {self.request}, {self.count} repeats, round trip {self.round_trip:.2f} s, '
                f'{self.answered} answered')

    # ---- sending

    def timeout(self):
        return min(max(1.0, 4 * self.round_trip) * self.patience, self.longest)

    def post(self, now):
        if self.number is None:
            self.wire.post({'execute': 'hello', 'arguments': {'client': self.name, 'fragment': self.fragment},
                            'id': self.name})
            self.hellos += 1
        else:
            command, arguments = self.request
            self.wire.post({'execute': command, 'arguments': arguments, 'c': self.number, 'id': self.last_id})
        self.deadline = now + self.wait

    def ask(self, now):
        self.wait, self.count, self.is_repeated, self.begun = self.timeout(), 0, False, now
        self.post(now)

    def advance(self, now):
        """The next request of the work."""
        try:
            self.request = self.work.send(self.answer)
        except StopIteration:
            self.is_done, self.request = True, None
            return
        self.last_id += 1
        self.ask(now)

    def proceed(self, now):
        if self.is_done or self.has_given_up:
            return
        if self.number is None and not self.deadline:
            self.ask(now)
        elif self.number is not None and self.request is None:
            self.advance(now)
        elif now >= self.deadline:
            self.late(now)

    def late(self, now):
        self.count += 1
        self.is_repeated = True
        if self.count > self.limit:
            self.has_given_up = True
            return
        self.wait = min(2 * self.wait, self.longest)
        self.repeats += 1
        pieces = self.pieces.get(self.last_id)
        if pieces and self.number is not None:
            self.resend(pieces, now)
            self.deadline = now + self.wait
        else:
            self.post(now)

    def resend(self, pieces, now):
        self.resends += 1
        pieces.heard = now
        self.wire.post({'execute': 'resend', 'arguments': {'id': self.last_id, 'seq': pieces.missing()[:40]},
                        'c': self.number})

    # ---- receiving

    def take(self, channel, message, now):
        if channel == 'nak':
            self.naks += 1
            if self.request or self.number is None:
                self.count = 0
                if now - self.told >= 0.2 and not self.is_done:
                    self.told = now
                    self.is_repeated = True
                    self.post(now)
        elif channel == 'control+':
            self.take_piece(message, now)
        elif channel == 'control':
            self.take_message(json.loads(message), now)

    def take_piece(self, message, now):
        head, _, data = message.partition(b'\n')
        number, identity, seq, count, crc = head.split()
        if int(number) != self.number or int(identity) != self.last_id or not self.request:
            return
        pieces = self.pieces.get(self.last_id)
        if not pieces or pieces.crc != crc:
            pieces = self.pieces[self.last_id] = Pieces(int(count), crc)
        pieces.parts[int(seq)] = data
        self.sign(now)
        pieces.heard = now
        if pieces.missing():
            if int(seq) == pieces.count - 1:    # the last one came, and others did not
                self.resend(pieces, now)
            return
        whole = b''.join(pieces.parts[index] for index in range(pieces.count))
        del self.pieces[self.last_id]
        if crc32c(whole) == int(crc, 16):
            self.finish(json.loads(whole), now)

    def sign(self, now):
        """VOS lives, and works for us."""
        self.count, self.wait = 0, self.timeout()
        self.deadline = now + self.wait

    def take_message(self, message, now):
        if self.number is None:
            found = message.get('return', {})
            if message.get('id') == self.name and 'client' in found:
                self.take_number(found, now)
            return
        if message.get('c') != self.number:
            return
        error = message.get('error', {})
        if error.get('class') == 'E_LINK' and 'say hello' in error.get('desc', ''):
            self.reboots += 1
            self.number, self.deadline = None, 0
            return
        if message.get('id') != self.last_id or not self.request:
            return
        if message.get('pending'):
            self.pendings += 1
            self.count, self.deadline = 0, now + PENDING_S * self.patience
        elif message.get('gone'):
            self.pieces.pop(self.last_id, None)
            self.post(now)
        else:
            self.finish(message, now)

    def take_number(self, found, now):
        self.number, self.boot = found['client'], found['boot-id']
        if self.request:
            self.last_id += 1
            self.ask(now)
        else:
            self.advance(now)

    def finish(self, answer, now):
        if not self.is_repeated:
            self.times.append(now - self.begun)
            self.round_trip += (now - self.begun - self.round_trip) / 8
        self.pieces.pop(self.last_id, None)
        self.answered += 1
        self.fresh += 1
        self.answer, self.request = answer, None
        self.advance(now)
