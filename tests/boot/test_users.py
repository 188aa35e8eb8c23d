# SPDX-License-Identifier: MIT
"""Users: the first admin, logins with real passwords, what a viewer may not do, and the next start with the same."""
import os
import re

import pytest

from qemu_monitor import MonitoredMachine
from test_config import newc
from vosmachine import TINY, Machine

PASSWORD = 'correct horse'


def add(machine, user, role, prompt):
    machine.send(f'add-user {user} --role {role}\r')
    machine.expect(f'New password of {user}: ')
    machine.send(PASSWORD + '\r')
    machine.expect(f'Again of {user}: ')
    machine.send(PASSWORD + '\r')
    machine.expect(f'{user} is a user: {role}')
    machine.expect(re.escape(prompt))


def login(machine, user, password=PASSWORD):
    machine.send(f'login {user}\r')
    machine.expect(f'Password of {user}: ')
    machine.send(password + '\r')


def logged_in(machine, user):
    login(machine, user)
    machine.expect(f'{user}@vos> ')


def refused(machine, line, words, prompt):
    machine.send(line + '\r')
    machine.expect(re.escape(words))
    machine.expect(re.escape(prompt))


def exported(machine):
    """What export-users prints; guard may not be back yet."""
    while True:
        machine.send('export-users\r')
        machine.expect(r'(user alice \{[^\n]*\})|E_BUSY')
        if machine.line.match.group(1):
            return machine.line.match.group(1)
        machine.expect(re.escape('alice@vos> '))


def check_roles(machine):
    logged_in(machine, 'bob')
    refused(machine, 'stop-vm a', 'needs the role operator', 'bob@vos> ')
    machine.send('result\r')
    machine.expect(r'6 E_DENIED')
    machine.expect(re.escape('bob@vos> '))
    machine.send('status-vm a\r')
    machine.expect('defined')
    machine.expect(re.escape('bob@vos> '))
    machine.send('logout\r')
    machine.expect('login: ')
    refused(machine, 'list-vm', 'needs a login', 'login: ')
    for _ in range(6):
        login(machine, 'bob', 'wrong password')
        machine.expect('there is no user of that name')
        machine.expect('login: ')
    login(machine, 'bob')
    machine.expect('bob is locked out on this line for')
    machine.expect('login: ')
    logged_in(machine, 'alice')
    refused(machine, 'unlock-user bob', 'bob can log in on every line.', 'alice@vos> ')
    refused(machine, 'audit --user bob', 'bob (viewer)  stop-vm a: refused, E_DENIED', 'alice@vos> ')
    refused(machine, 'audit --vm a', 'create-vm a: done', 'alice@vos> ')
    refused(machine, 'audit --verify', 'are as they were written', 'alice@vos> ')
    logged_in(machine, 'bob')


@pytest.mark.backends('qemu-pvh', 'bochs')
def test_users(machine):
    """Bochs has the ISO's modules; the next start, with a module of ours, is QEMU's."""
    machine.ok('create-vm a')
    add(machine, 'alice', 'admin', 'login: ')
    logged_in(machine, 'alice')
    add(machine, 'bob', 'viewer', 'alice@vos> ')
    machine.send('logout\r')
    machine.expect('login: ')
    check_roles(machine)


def test_next_start(tmp_path):
    """What export-users prints is the boot module; with one that has mistakes, nobody is admin without a login."""
    with Machine('qemu-pvh', 'users-first', **TINY) as machine:
        machine.wait_prompt()
        add(machine, 'alice', 'admin', 'login: ')
        logged_in(machine, 'alice')
        machine.send('restart-service guard\r')
        machine.expect('is restarted')
        text = exported(machine)
    with open(TINY['bundle'], 'rb') as file:
        images = file.read()
    bundle = os.path.join(tmp_path, 'bundle.cpio')
    with open(bundle, 'wb') as file:
        file.write(newc('users', f'{text}\nuser eve {{ role king; }}\n'.encode()) + images)
    with Machine('qemu-pvh', 'users-second', bundle=bundle) as machine:
        machine.expect('login: ')
        refused(machine, 'list-vm', 'needs a login', 'login: ')
        logged_in(machine, 'alice')
        machine.send('log\r')
        machine.expect('guard: users, line 2, column 17: a role is viewer, operator or admin')
        machine.expect(re.escape('alice@vos> '))


def test_break():
    """Whoever pulls the plug is logged out: the next person has to log in, and can't recall what was typed."""
    with MonitoredMachine('qemu-pvh', 'users-break', **TINY) as machine:
        machine.wait_prompt()
        machine.tell('chardev-send-break serial0')      # nobody is logged in: nothing happens
        add(machine, 'alice', 'admin', 'login: ')
        logged_in(machine, 'alice')
        machine.send('create-vm a\r')
        machine.expect(re.escape('alice@vos> '))
        machine.tell('chardev-send-break serial0')
        machine.expect(re.escape('[alice is logged out: a break on the line]'))
        machine.expect('login: ')
        refused(machine, 'list-vm', 'needs a login', 'login: ')
        logged_in(machine, 'alice')
        machine.send('\x1b[A\r')       # the key Up finds nothing
        machine.expect(re.escape('alice@vos> '))
        assert 'list-vm' not in machine.before and 'create-vm' not in machine.before
