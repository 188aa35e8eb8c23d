# SPDX-License-Identifier: MIT
"""A disk of QEMU that a test can break: a server of the network block device protocol, on a socket of the file system.

    with FailingDisk(folder, 64 << 20) as disk:
        Machine(..., disks=[('virtio', disk.path, disk.drive, '')])
        disk.fails = {disk.WRITE}       # answered with EIO from now on
        disk.pull()                     # the disk is gone

Of the protocol (github.com/NetworkBlockDevice/nbd, doc/proto.md) what QEMU needs: fixed newstyle, simple replies.
"""
import os
import socket
import struct
import threading

IHAVEOPT, REPLY_MAGIC, REQUEST, ANSWER = 0x49484156454f5054, 0x3e889045565a9, 0x25609513, 0x67446698
OPT_GO, REP_ACK, REP_INFO, REP_UNSUPPORTED = 7, 1, 3, 0x80000001
# Flags are there, flush and FUA work.
EXPORT_FLAGS = 1 | 1 << 2 | 1 << 3
EIO = 5


class FailingDisk:
    READ, WRITE, DISCONNECT, FLUSH = range(4)

    def __init__(self, folder, size, name='failing'):
        """What its file has already stays."""
        self.size, self.fails, self.failed = size, frozenset(), 0
        self.path, address = os.path.join(folder, f'{name}.img'), os.path.join(folder, f'{name}.nbd')
        with open(self.path, 'ab') as file:
            file.truncate(size)
        if os.path.exists(address):
            os.unlink(address)
        self.drive = f'driver=nbd,server.type=unix,server.path={address}'
        self.file = open(self.path, 'r+b', buffering=0)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(address)
        self.listener.listen()
        self.client = None

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.pull()

    def pull(self):
        for end in (self.listener, self.client):
            if end:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass        # it is closed already

    def serve(self):
        try:
            while True:
                self.client, _ = self.listener.accept()
                self.talk()
        except (OSError, EOFError):
            pass                # pulled, or the emulator has ended

    def take(self, count):
        data = b''
        while len(data) < count:
            more = self.client.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def talk(self):
        self.client.sendall(b'NBDMAGIC' + struct.pack('>QH', IHAVEOPT, 3))
        self.take(4)
        while not self.negotiate():
            pass
        while self.request():
            pass

    def negotiate(self):
        """One option; true if the client begins with its requests."""
        _, option, length = struct.unpack('>QII', self.take(16))
        self.take(length)
        if option != OPT_GO:
            self.client.sendall(struct.pack('>QIII', REPLY_MAGIC, option, REP_UNSUPPORTED, 0))
            return False
        self.client.sendall(struct.pack('>QIIIHQH', REPLY_MAGIC, option, REP_INFO, 12, 0, self.size, EXPORT_FLAGS) +
                            struct.pack('>QIII', REPLY_MAGIC, option, REP_ACK, 0))
        return True

    def request(self):
        _, _, kind, cookie, at, length = struct.unpack('>IHHQQI', self.take(28))
        data = self.take(length) if kind == self.WRITE else b''
        if kind == self.DISCONNECT:
            return False
        is_failed = kind in self.fails
        self.failed += is_failed
        answer = struct.pack('>IIQ', ANSWER, EIO if is_failed else 0, cookie)
        if not is_failed and kind == self.WRITE:
            os.pwrite(self.file.fileno(), data, at)
        if not is_failed and kind == self.READ:
            answer += os.pread(self.file.fileno(), length, at)
        self.client.sendall(answer)
        return True
