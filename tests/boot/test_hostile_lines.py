# SPDX-License-Identifier: MIT
"""Programs that break the rules on com1, com2 and the virtio port at once, and a console that is killed in the middle
of an upload: the person at the prompt goes on, and what is whole works afterwards."""
import base64
import hashlib
import json
import select
import struct

import pytest

from plain_line import Client, PlainLine, frame
from vosmachine import BUILD, TINY, Machine
from wire import crc32c

COM2 = 'com2=115200,8n1,0x2f8,3'
PIECE = 3000
HASH = '0' * 64


def text_frame(message):
    body = b'vos;1;control;' + base64.b64encode(json.dumps(message).encode())
    return (b'\x1b_%s;%08x\x1b\\' % (body, crc32c(body))).decode('latin-1')


def request(client, number, verb, **arguments):
    return json.dumps({'execute': verb, 'arguments': arguments, 'c': client, 'id': number}).encode()


def data(stream, offset, content):
    return frame(f's{stream}', struct.pack('<Q', offset) + content)


def drain(line):
    while select.select([line.socket], [], [], 0.01)[0]:
        line.fill()
        while line.taken():
            pass


def flood(line, name):
    """Whatever a program should not do; nobody reads the answers in between."""
    one = Client(line, f'{name}-one')
    for number in range(20):
        line.send('control', json.dumps({'execute': 'hello', 'arguments': {'client': f'{name}{number}'}}).encode())
    for bad in ('', 'x' * 32, 'a\x00b', '\x1b_vos;1;', '\u202e'):
        line.send('control', json.dumps({'execute': 'hello', 'arguments': {'client': bad}}).encode())
    for number in range(1, 12):
        line.send('control', request(one.number, number, 'open-log', **{'from': 'log'}))
        line.send('control', request(one.number, number, 'open-log', **{'from': 'log'}))    # again, and too old soon
    drain(line)
    for stream in range(1, 40):
        line.send('control', request(one.number, 100 + stream, 'credit', stream=stream, to=2**32 - 1))
        line.send('control', request(one.number, 200 + stream, 'credit', stream=stream, to=0, **{'from': 2**53 - 1}))
        line.socket.sendall(data(stream, 2**64 - 1, b'x' * 100) + data(stream, 50, b'y') + data(stream, 0, b'z' * 5000))
    drain(line)
    for number, size in enumerate((2**40, 2**53 - 1, 0, 400 << 20, 400 << 20, 300 << 20, 1 << 20, 2 << 20)):
        line.send('control', request(one.number, 400 + number, 'open-upload', name=f'{name}-never{number}', bytes=size,
                                     hash=HASH))
    for number, bad in enumerate(('', '..', 'a/b', '\x1b[2J', 'n' * 48)):
        line.send('control', request(one.number, 500 + number, 'open-upload', name=bad, bytes=10, hash=HASH))
    line.send('control', request(one.number, 2**53 - 1, 'top', count=4000000000))
    line.socket.sendall(b'VOS1' * 1000 + frame('control', b'x' * 60000)[:300])
    drain(line)
    line.socket.sendall(b'\0' * 70000)      # what the frame that was begun may take
    line.send('control', json.dumps({'execute': 'bye', 'c': one.number}).encode())
    drain(line)


def send_until(line, stream, content, start, end):
    """Pieces, one acknowledged after the other."""
    while start < end:
        line.socket.sendall(data(stream, start, content[start:min(end, start + PIECE)]))
        while True:
            channel, message = line.receive()
            if channel == f'a{stream}':
                start = struct.unpack('<QQ', message)[0]
                break


def upload(client, name, content):
    return client.ok('open-upload', name=name, bytes=len(content),
                     hash=hashlib.blake2b(content, digest_size=32).hexdigest())


def console_is_killed(machine, line):
    machine.send('\x15restart-service console\r')
    while True:
        channel, message = line.receive()
        if channel == 'events' and b'CONSOLE_START' in message:
            return json.loads(message)['data']['start']


@pytest.mark.backends('qemu-pvh')
def test_hostile_programs(backend):
    with open(f'{BUILD}/guests/heartbeat.elf', 'rb') as file:
        kernel = file.read()
    with Machine(backend, 'hostile-lines', lines=('com2', 'port'), append=COM2, cpus=2, mem=512, **TINY) as machine:
        machine.wait_prompt()
        with PlainLine(machine.socket_of('com2')) as com2, PlainLine(machine.socket_of('port')) as port:
            boot = com2.sync()['VOS']
            port.sync()
            for number in range(3):
                machine.send(text_frame({'execute': 'hello',
                                         'arguments': {'client': f't{number}', 'fragment': 2**32 - 1}}))
                machine.send(text_frame({'execute': 'list-vm', 'c': 5, 'id': number})[:-9])
                flood(com2, f'c{number}-')
                flood(port, f'p{number}-')
                machine.send('\x03')
                assert 'VOS' in machine.ok('version')
            # An upload goes on after the console was killed; the machine is the same one.
            one = Client(port, 'one')
            stream = upload(one, 'beat', kernel)
            half = len(kernel) // 2
            send_until(port, stream['stream'], kernel, stream['offset'], half)
            assert console_is_killed(machine, port) == boot['console-start'] + 1
            machine.wait_prompt()
            again = port.sync()['VOS']
            assert again['boot-id'] == boot['boot-id'] and again['console-start'] == boot['console-start'] + 1
            assert one.ask('version')['error']['class'] == 'E_LINK'
            two, three = Client(port, 'two'), Client(com2, 'three')
            found = upload(two, 'beat', kernel)
            assert found['offset'] == half and found['stream'] != stream['stream']
            port.socket.sendall(data(stream['stream'], half, b'stale'))
            send_until(port, found['stream'], kernel, half, len(kernel))
            assert two.ok('finish-upload', stream=found['stream'])['bytes'] == len(kernel)
            # Two delete it while a VM starts from it.
            two.ok('create-vm', name='a', cpu=1, memory='32M', kernel='beat')
            number = next(two.ids)
            port.send('control', request(two.number, number, 'start-vm', name='a'))
            assert three.ask('delete-image', name='beat')['error']['class'] == 'E_STATE'
            assert port.answer(number, two.number)['return']['state'] == 'running'
            assert two.ask('delete-image', name='beat')['error']['class'] == 'E_STATE'
            two.ok('delete-vm', name='a', force=True)
            two.ok('delete-image', name='beat')
            assert three.ask('delete-image', name='beat')['error']['class'] == 'E_NOT_FOUND'
            accounts = three.ok('accounting')
            assert accounts['memory-adds-up']
        machine.until(lambda: 'console ' in machine.ok('list-service'), 'the prompt')
