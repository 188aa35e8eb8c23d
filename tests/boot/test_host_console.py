# SPDX-License-Identifier: MIT
"""vos console at a terminal: the menu behind Ctrl-], other VMs, ends of the VM and of vos, and the terminal afterwards;
vos events by their numbers."""
import json
import os
import re
import signal
import subprocess
import termios
import time

import pexpect
import pytest

from hostline import TOOLS, Daemon, Line, running
from vosmachine import PATIENCE, TINY

MENU = 'd detach  n next VM  p previous  l log  s status  o power off  f force off  ] send Ctrl-]  ? help'


def console(line, name):
    """vos at a terminal of its own, once it has taken it."""
    program = pexpect.spawn(f'{TOOLS}/vos', ['console', name], env=line.environment, encoding='latin-1',
                            timeout=PATIENCE)
    program.expect(rf'\[attached to {name}; Ctrl-\] opens a menu\]')
    deadline = time.monotonic() + PATIENCE
    while termios.tcgetattr(program.child_fd)[3] & termios.ICANON:
        assert time.monotonic() < deadline and program.isalive()
        time.sleep(0.02)
    return program


def is_restored(program):
    """A pty's modes outlive the program that set them while our end is open."""
    _, output, _, local = termios.tcgetattr(program.child_fd)[:4]
    return bool(local & termios.ICANON and local & termios.ECHO and output & termios.OPOST)


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_console_menu(machine):
    with Line(machine, 'unix') as line:
        daemon = Daemon(line)
        for name in ('t', 'u'):
            assert line.vos('create-vm', name, '--memory', '32M', '--kernel', 'terminal')[0] == 0
        code, text = line.vos('console', 't')
        assert code == 4 and 't is defined. Try start-vm t' in text
        code, text = line.vos('console', 'none')
        assert code == 3 and 'there is no VM "none"' in text
        assert line.vos('start-vm', 't', 'u')[0] == 0
        one = console(line, 't')
        one.send('x')
        one.expect_exact('[x]')
        # A second viewer sees the last lines, and both what comes.
        two = console(line, 't')
        two.expect_exact('[x]')
        two.send('y')
        two.expect_exact('[y]')
        one.expect_exact('[y]')
        # Their vosd is killed: both go on with the next one.
        daemon.end(signal.SIGKILL)
        daemon = Daemon(line)
        two.send('r')
        two.expect_exact('[r]')
        one.expect_exact('[r]')
        one.send('\x1d')
        one.expect_exact(f'[t] {MENU}')
        one.send('?')
        one.expect_exact('f  force it off at once; asks first')
        one.expect_exact(f'[t] {MENU}')
        one.send('s')
        one.expect(r'State +running')
        one.send('\x1dl')
        one.expect_exact('[x]')
        one.expect_exact('[t continues]')
        one.send('\x1d]')
        one.expect_exact('[\x1d]')
        one.send('\x1dn')
        one.expect_exact('[attached to u;')
        one.send('z')
        one.expect_exact('[z]')
        one.send('\x1dp')
        one.expect_exact('[attached to t;')
        # A pause is told to both, and a "no" is one.
        assert line.vos('pause-vm', 't')[0] == 0
        one.expect_exact('[t is paused; vos resume-vm t resumes it]')
        assert line.vos('resume-vm', 't')[0] == 0
        two.expect_exact('[t is running again]')
        one.send('\x1dfn')
        one.expect_exact('y for yes, any other key for no]')
        one.send('w')
        one.expect_exact('[w]')
        # Killed, vos leaves the terminal as it was; the VM goes on.
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGABRT):
            three = console(line, 'u')
            three.kill(number)
            three.expect(pexpect.EOF)
            assert is_restored(three)
            three.close()
            assert three.signalstatus == number
        # Stopped and going on: the terminal is the shell's meanwhile.
        two.kill(signal.SIGTSTP)
        while not is_restored(two):
            time.sleep(0.02)
        two.kill(signal.SIGCONT)
        while is_restored(two):
            time.sleep(0.02)
        two.send('v')
        two.expect_exact('[v]')
        # The guest does not know its power button: forced off, which ends both.
        two.send('\x1do')
        two.expect_exact('[t: its power button was pressed; it is forced off after 30 s]')
        one.send('\x1dfy')
        for program in (one, two):
            program.expect_exact('[t is stopped (forced)]')
            program.expect(pexpect.EOF)
            assert is_restored(program)
            program.close()
            assert program.exitstatus == 0
        four = console(line, 'u')
        four.send('\x1dn')
        four.expect_exact('[no other VM is running]')
        four.send('\x1dd')
        four.expect_exact('[detached from u; vos console u attaches again]')
        four.expect(pexpect.EOF)
        assert is_restored(four)
        four.close()
        assert four.exitstatus == 0
        assert line.vos('delete-vm', 't', 'u', '--force', '--yes')[0] == 0
        assert daemon.end() == 0


def numbers(text):
    return [int(line.split()[0]) for line in text.splitlines()]


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_events(machine):
    """A program that was away goes on with the number behind its last event; one whose vosd is killed misses none."""
    with Line(machine, 'unix') as line:
        daemon = Daemon(line)
        assert line.vos('create-vm', 'e', '--memory', '32M', '--kernel', 'terminal')[0] == 0
        assert line.vos('start-vm', 'e')[0] == 0
        code, text = line.vos('events')
        seen = numbers(text)
        assert code == 0 and seen == list(range(seen[0], seen[0] + len(seen)))
        assert re.search(r'^\d+ \d+\.\d{6} e: running, request$', text, re.M), text
        after = seen[-1] + 1
        with running([f'{TOOLS}/vos', 'events', '--since', str(after), '--count', '8', '--json'],
                     env=line.environment, stdout=subprocess.PIPE, text=True) as events:
            assert line.vos('pause-vm', 'e')[0] == 0
            first = json.loads(events.stdout.readline())
            assert (first['seq'], first['data']['name'], first['data']['state']) == (after, 'e', 'paused')
            daemon.end(signal.SIGKILL)
            assert line.vos('resume-vm', 'e')[0] == 0       # by a line of its own, while the other is away
            daemon = Daemon(line)
            for _ in range(3):
                assert line.vos('pause-vm', 'e')[0] == 0 and line.vos('resume-vm', 'e')[0] == 0
            rest = [json.loads(event) for event in events.stdout.read().splitlines()]
            assert events.wait(PATIENCE) == 0
        assert [event['seq'] for event in rest] == list(range(after + 1, after + 8))
        assert [event['data']['state'] for event in rest] == ['running', 'paused'] * 3 + ['running']
        code, text = line.vos('events', '--since', str(after + 6))
        assert code == 0 and numbers(text) == [after + 6, after + 7]
        code, text = line.vos('events', '--since', str(after + 100))
        assert code == 0 and f'[VOS has only had {after + 8} events since it, or its console, was started]' in text
        assert line.vos('events', '--since', 'x')[0] == 2
        assert line.vos('delete-vm', '--all', '--force', '--yes')[0] == 0
        assert daemon.end() == 0 and not os.path.exists(daemon.socket)
