# SPDX-License-Identifier: MIT
"""A machine in QEMU whose monitor (the human one) takes orders."""
import os
import socket

from vosmachine import PATIENCE, Machine


class MonitoredMachine(Machine):
    monitor = None

    def command(self):
        command = super().command()
        command[command.index('-monitor') + 1] = f'unix:{self.folder}/monitor,server=on,wait=off'
        return command

    def tell(self, command):
        if self.monitor is None:
            path = f'{self.folder}/monitor'
            self.until(lambda: os.path.exists(path), 'QEMU has its monitor')
            self.monitor = socket.socket(socket.AF_UNIX)
            self.monitor.settimeout(PATIENCE)
            self.monitor.connect(path)
            self.until_prompt()
        self.monitor.sendall(command.encode() + b'\n')
        self.until_prompt()

    def until_prompt(self):
        answer = b''
        while not answer.endswith(b'(qemu) '):
            piece = self.monitor.recv(65536)
            assert piece, f'QEMU is gone: {answer!r}'
            answer += piece
