# SPDX-License-Identifier: MIT
"""The programs for the operator's own machine (build/tools) at a test machine's line.

    with Line(machine, 'unix') as line:
        code, text = line.vos('list-vm')

The line of the machine is offered as the socket of an emulator (unix), as a TCP port on the loopback interface (tcp),
or as a terminal (serial), while the test does not use it itself.
"""
import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import tty

from vosmachine import BUILD, PATIENCE

TOOLS = f'{BUILD}/tools'


@contextlib.contextmanager
def running(words, **options):
    """A program that may go on for ever: it ends with a test that fails meanwhile, too."""
    with subprocess.Popen(words, **options) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


class Line:
    def __init__(self, machine, kind, under=(), tools=TOOLS):
        """under: words of a program that runs vos and vosd, such as valgrind. tools: the folder of these two."""
        self.machine, self.kind, self.under, self.tools = machine, kind, list(under), tools
        self.folder = tempfile.mkdtemp(prefix='vos-line-')
        self.sanitizer = f'exitcode=99:log_path={self.folder}/report'
        self.carried, self.taken = bytearray(), 0       # from the machine; how much was sent to it
        self.server = self.inner = None
        self.daemons = []
        self.is_over, self.is_out, self.is_dark = threading.Event(), threading.Event(), False
        self.thread = threading.Thread(target=self.carry)
        self.host = {'unix': self.open_unix, 'tcp': self.open_tcp, 'serial': self.open_serial}[kind]()

    def open_unix(self):
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(f'{self.folder}/line')
        self.server.listen(1)
        return f'unix:{self.folder}/line'

    def open_tcp(self):
        self.server = socket.create_server(('127.0.0.1', 0), backlog=1)
        return f'tcp:127.0.0.1:{self.server.getsockname()[1]}'

    def open_serial(self):
        self.outer, self.inner = os.openpty()
        tty.setraw(self.inner)
        return f'serial:{os.ttyname(self.inner)}'

    def carry(self):
        """Bytes between the machine and whoever has opened the line."""
        client = None if self.server else self.outer
        line = self.machine.line.child_fd
        while not self.is_over.is_set():
            if self.server and self.is_out.is_set():
                client = self.go_dark(client)
            wanted = [line] + ([self.server] if self.server and client is None else []) + \
                ([client] if client is not None else [])
            for fd in select.select(wanted, [], [], 0.1)[0]:
                if fd is self.server:
                    client = self.server.accept()[0]
                elif fd == line:
                    data = os.read(line, 65536)
                    self.carried += data
                    if client is not None:
                        self.send(client, data)
                else:
                    data = self.receive(fd)
                    if data:
                        self.give(line, data)
                    else:
                        client.close()
                        client = None
        if self.server and client is not None:
            client.close()

    def go_dark(self, client):
        """A unix socket only: its path is gone meanwhile."""
        self.server.close()
        os.unlink(f'{self.folder}/line')
        if client is not None:
            client.close()
        self.is_dark = True
        while self.is_out.is_set() and not self.is_over.is_set():
            time.sleep(0.02)
        self.is_dark = False
        self.open_unix()

    def unplug(self):
        """As if the emulator had ended, or the adapter was pulled: until plug(), nobody gets at the machine."""
        self.is_out.set()
        while not self.is_dark:
            time.sleep(0.02)

    def plug(self):
        self.is_out.clear()

    def receive(self, client):
        try:
            return client.recv(4096) if self.server else os.read(client, 4096)
        except ConnectionError:         # killed, with bytes that it had not read
            return b''

    def give(self, line, data):
        while data:
            count = os.write(line, data)
            self.taken += count
            data = data[count:]

    @staticmethod
    def send(client, data):
        try:
            if isinstance(client, int):
                os.write(client, data)
            else:
                client.sendall(data)
        except OSError:
            pass                        # it has just closed

    @property
    def environment(self):
        return dict(os.environ, VOS_HOST=self.host, XDG_RUNTIME_DIR=self.folder, XDG_CONFIG_HOME=self.folder,
                    TERM='dumb', ASAN_OPTIONS=self.sanitizer, UBSAN_OPTIONS=self.sanitizer)

    def vos(self, *words, **more):
        """Runs vos; its exit code, and what it printed on both outputs."""
        done = subprocess.run([*self.under, f'{self.tools}/vos', *words], env=self.environment, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              timeout=PATIENCE, **more)
        return done.returncode, done.stdout

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        if self.server:
            self.server.close()
        else:
            os.close(self.outer)
            os.close(self.inner)
        for daemon in self.daemons:     # where a test has failed
            if daemon.process.poll() is None:
                daemon.end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


class Daemon:
    def __init__(self, line):
        self.line, self.socket = line, f'{line.folder}/d.sock'
        self.log = open(f'{line.folder}/vosd.log', 'ab')
        if os.path.exists(self.socket):
            os.unlink(self.socket)      # of one that was killed
        words = [*line.under, f'{line.tools}/vosd', '--host', line.host, '--socket', self.socket]
        self.process = subprocess.Popen(words, stderr=self.log, env=line.environment)
        line.daemons.append(self)
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(self.socket):
            assert self.process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.log.close()
        return self.process.wait(PATIENCE)
