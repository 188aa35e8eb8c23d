#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the ISO in Bochs (an Intel CPU with VMX) with this terminal as the machine's first serial line.

Bochs has no way to put a UART on stdin and stdout, so it gets a pseudo-terminal and this program copies bytes to and
fro.  Ctrl-A X leaves, as in QEMU (Ctrl-A Ctrl-A sends a Ctrl-A).  It ends when the machine powers off, and the machine
ends with it, however it ends.  Everything Bochs writes besides goes to files in --dir.
"""
import argparse
import ctypes
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import termios
import time
import tty

BOCHS = os.environ.get('BOCHS') or 'bochs'
BIOS = '/usr/share/bochs/BIOS-bochs-latest'
CONFIG = """\
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=1, serial=1, iodebug=0
display_library: rfb, options="timeout=0"
cpu: model={model}, count={cpus}, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs={lenient}
memory: guest={mem}, host={mem}
romimage: file={bios}
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={iso}, status=inserted
{disk}{nic}boot: cdrom
com1: enabled=1, mode=term, dev={tty}
{com2}log: {log}
panic: action=fatal
error: action={errors}
info: action=report
debug: action=ignore
clock: sync={sync}, time0=1700000000
"""

COM2 = """\
com2: enabled=1, mode=term, dev={tty}
"""

# Behind the card is Bochs' own network, of which the file says nothing but that it is one.
NIC = """\
pci: enabled=1, chipset=i440fx, slot1=e1000
e1000: card=0, enabled=1, mac={mac}, ethmod=slirp, script={script}
"""

# On the other channel: a disk does not wait for the CD-ROM.
CHANNEL = """\
ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15
"""
DISK = """\
ata1-{place}: type=disk, path="{path}", mode=flat
"""
PLACES = ('master', 'slave')

CTRL_A = 1
# With several CPUs, the debugger that Debian's Bochs is built with lets each of them run until a number of
# instructions.  A reset sets their counter to 0, so the one that did it would run alone, without time going by, for as
# long as the machine had run before ("Keyboard error:21").  A stop at the reset vector makes the debugger count anew.
RESETS = 100
DEBUGGER = 'lb 0xfffffff0\n' + 'c\n' * RESETS


def die_with_parent():
    """In the child: a kill -9 of this program must not leave an emulator behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def wait_for_display(bochs, log):
    """Until Bochs has its display's port, or gives up."""
    deadline = time.monotonic() + 30
    while bochs.poll() is None and time.monotonic() < deadline:
        with open(log, errors='replace') as file:
            if '[RFB   ] listening' in file.read():
                return
        time.sleep(0.02)


def disks_of(args):
    disks = [DISK.format(place=place, path=os.path.abspath(path)) for place, path in zip(PLACES, args.disk)]
    return ''.join([CHANNEL, *disks]) if disks else ''


def own_disk(path):
    """One machine at a time has it.  Bochs' own lock file stays behind when Bochs is killed, so it says nothing."""
    disk = open(path, 'rb')
    try:
        fcntl.flock(disk, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f'{path} is in use by another machine')
    if os.path.exists(path + '.lock'):
        os.unlink(path + '.lock')
    return disk


class SecondLine:
    """The second serial line, a pseudo-terminal for Bochs, on a unix socket: one program at a time, as with QEMU. What
    the machine sends goes to a file, too, if there is one."""

    def __init__(self, path, log):
        self.ours, self.theirs = os.openpty()
        tty.setraw(self.theirs)
        self.server = socket.socket(socket.AF_UNIX)
        if os.path.exists(path):
            os.unlink(path)
        self.server.bind(path)
        self.server.listen()
        self.program = None
        self.log = open(log, 'wb', buffering=0) if log else None

    def inputs(self):
        """What is waited for; with neither a program nor a file, what the machine sends stays in the terminal."""
        return [self.program or self.server] + ([self.ours] if self.program or self.log else [])

    def close_program(self):
        self.program.close()
        self.program = None

    def sent(self, data):
        if self.log:
            self.log.write(data)
        if self.program:
            self.program.sendall(data)

    def copy(self, ready):
        if self.server in ready:
            self.program = self.server.accept()[0]
            return
        try:
            if self.program in ready:
                data = self.program.recv(4096)
                if not data:
                    self.close_program()
                    return
                write_all(self.ours, data)
            if self.ours in ready:
                self.sent(os.read(self.ours, 4096))
        except ConnectionError:
            self.close_program()


def nic_of(args):
    if not args.nic:
        return ''
    script = f'{os.path.abspath(args.dir)}/slirp.conf'
    with open(script, 'w') as file:
        file.write('# slirp config\n')
        if args.forward:
            file.write('hostfwd = tcp:127.0.0.1:%s-:%s\n' % tuple(args.forward.split(':')))
    return NIC.format(mac=args.nic, script=script)


def start(args, second):
    """Returns the Bochs process and our end of its serial line."""
    log = f'{os.path.abspath(args.dir)}/bochs.log'
    os.makedirs(args.dir, exist_ok=True)
    open(log, 'w').close()      # an old one would say what this one has not done yet
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    with open(f'{args.dir}/bochsrc', 'w') as file:
        file.write(CONFIG.format(model=args.model, cpus=args.cpus, lenient=int(not args.strict_msrs), mem=args.mem,
                                 iso=os.path.abspath(args.iso),
                                 tty=os.ttyname(theirs), com2=COM2.format(tty=os.ttyname(second.theirs)) if second
                                 else '', log=log, bios=BIOS, sync=args.sync,
                                 disk=disks_of(args), nic=nic_of(args),
                                 errors='ignore' if args.model == 'ryzen' else 'report'))
    with open(f'{args.dir}/rc', 'w') as file:
        file.write('c\n' if args.cpus == 1 else DEBUGGER)
    # Two that look for a port for their displays at the same moment find the same one, and one of them ends.
    with open(BIOS, 'rb') as lock, open(f'{args.dir}/bochs.out', 'w') as out:
        fcntl.flock(lock, fcntl.LOCK_EX)
        bochs = subprocess.Popen([BOCHS, '-q', '-f', f'{args.dir}/bochsrc', '-rc', f'{args.dir}/rc'],
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=die_with_parent)
        wait_for_display(bochs, log)
    # Their end stays open here: closing it while Bochs has not opened it yet would look like a hang-up.
    return bochs, ours, theirs


def from_user(data, state):
    """Takes Ctrl-A sequences out of what was typed.  Returns (bytes for the machine, leave?)."""
    out = bytearray()
    for byte in data:
        if state['escape']:
            state['escape'] = False
            if byte in b'xX':
                return bytes(out), True
            out.append(byte)
        elif byte == CTRL_A:
            state['escape'] = True
        else:
            out.append(byte)
    return bytes(out), False


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]


def bridge(bochs, line, second):
    """Copies until the machine or the user has had enough."""
    state = {'escape': False}
    inputs = [line, sys.stdin.fileno()]
    while bochs.poll() is None:
        ready, _, _ = select.select(inputs + (second.inputs() if second else []), [], [], 0.2)
        if second:
            second.copy(ready)
        if line in ready:
            write_all(sys.stdout.fileno(), os.read(line, 4096))
        if sys.stdin.fileno() in ready:
            data = os.read(sys.stdin.fileno(), 4096)
            if not data:
                inputs.remove(sys.stdin.fileno())
            data, leave = from_user(data, state)
            write_all(line, data)
            if leave:
                return
    while select.select([line], [], [], 0)[0]:
        write_all(sys.stdout.fileno(), os.read(line, 4096))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--iso', default='build/vos.iso')
    parser.add_argument('--disk', action='append', default=[], help='raw image of an ATA disk; twice: two disks')
    parser.add_argument('--nic', metavar='MAC', help="a network card with Bochs' own network behind it")
    parser.add_argument('--forward', metavar='HOST:PORT',
                        help="port of the host's loopback that goes to that port of the machine")
    parser.add_argument('--com2', help='unix socket for the second serial line; none without')
    parser.add_argument('--com2-log', help='a file for what the machine sends on that line')
    parser.add_argument('--dir', default='build/bochs', help='for the log and what else Bochs writes')
    parser.add_argument('--mem', type=int, default=1024, help='MiB')
    parser.add_argument('--cpus', type=int, default=1)
    parser.add_argument('--model', default='corei7_skylake_x')
    parser.add_argument('--strict-msrs', action='store_true', help='#GP for MSRs that the model does not have')
    parser.add_argument('--sync', default='none', choices=('none', 'slowdown'),
                        help='slowdown: an idle machine does not run ahead of the clock on the wall')
    args = parser.parse_args()

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    if len(args.disk) > len(PLACES):
        parser.error('there are two places for disks')
    _disks = [own_disk(path) for path in args.disk]
    second = SecondLine(args.com2, args.com2_log) if args.com2 else None
    bochs, line, _theirs = start(args, second)
    saved = termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None
    try:
        if saved:
            tty.setraw(sys.stdin)
        bridge(bochs, line, second)
    finally:
        bochs.kill()
        bochs.wait()
        if saved:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)
    # Bochs says 1 for an orderly power-off too; what it has to complain about is in its log.
    print('\r')
    return 0


if __name__ == '__main__':
    sys.exit(main())
