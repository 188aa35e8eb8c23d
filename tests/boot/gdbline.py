# SPDX-License-Identifier: MIT
"""QEMU's gdb server, as far as the tests need it (GDB's manual, Remote Protocol): the boot pCPU, which stops when the
connection is made."""
import socket


class Gdb:
    # Where QEMU has them among all registers: 16 of 8 bytes, RIP, 7 of 4 bytes, the bases of FS and GS.
    RIP, GS_BASE = 128, 172

    def __init__(self, path):
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(300)
        self.line.connect(path)
        self.data = b''
        self.send('qAttached')
        while self.reply() != '1':
            pass                    # QEMU before 8.1 tells unasked that it has stopped

    def close(self):
        self.line.close()

    def reply(self):
        """The next packet's text; it is acknowledged."""
        while b'$' not in self.data or b'#' not in self.data[:-2]:
            self.data += self.line.recv(4096)
        _, _, rest = self.data.partition(b'$')
        text, _, rest = rest.partition(b'#')
        self.data = rest[2:]
        self.line.sendall(b'+')
        return text.decode()

    def send(self, text):
        self.line.sendall(f'${text}#{sum(text.encode()) & 255:02x}'.encode())

    def ask(self, text):
        self.send(text)
        return self.reply()

    def stop(self):
        self.line.sendall(b'\x03')
        return self.reply()

    def read(self, at):
        return int.from_bytes(bytes.fromhex(self.ask('g'))[at:at + 8], 'little')

    def write(self, at, value):
        registers = bytearray.fromhex(self.ask('g'))
        registers[at:at + 8] = value.to_bytes(8, 'little')
        assert self.ask(f'G{registers.hex()}') == 'OK'

    def go_on(self):
        self.send('c')
