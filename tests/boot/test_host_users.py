# SPDX-License-Identifier: MIT
"""Several people with vos on machines of their own: README's lines as they are printed, and logins that end."""
import os
import re
import stat

import pytest

from hostline import Daemon, Line
from readme import steps
from test_host_keys import piped, typed

PASSWORDS = {'alice': 'correct horse', 'bob': 'battery staple'}
DENIED = 6


class Person:
    """Somebody's account, with a folder of its own for what vos keeps."""
    def __init__(self, line, name):
        self.line, self.name, self.tools = line, name, line.tools
        self.folder = f'{line.folder}/{name}/.config'       # which a new account has not

    @property
    def environment(self):
        return {**self.line.environment, 'XDG_CONFIG_HOME': self.folder}

    @property
    def logins(self):
        return f'{self.folder}/vos/logins'

    def vos(self, *words):
        return piped(self, words, '')

    def answers(self, words):
        """What vos asks for, and what this person types then."""
        if words[0] == 'add-user':
            return [('New password: ', PASSWORDS[words[1]]), ('Again: ', PASSWORDS[words[1]])]
        return [(f'Password of {self.name}: ', PASSWORDS[self.name])] if words[0] == 'login' else []

    def follow(self, block):
        """README's lines; the last one's exit code."""
        code = 0
        for _, command, printed in block:
            words = command.split()[1:]
            code, text = typed(self, words, self.answers(words))
            text = re.sub(r'\s+', ' ', text)
            assert ' '.join(printed) in text, (command, text)
            assert code == (DENIED if 'error[E_DENIED]' in text else 0), (command, text)
        return text


def check_ends(alice, bob):
    """Logins that have ended, and how that is said."""
    assert alice.vos('set-user', 'bob', '--role', 'operator')[0] == 0
    code, text = bob.vos('stop-vm', 'web')
    assert code == DENIED and 'E_LOGIN' in text, text
    assert typed(bob, ['login', 'bob'], [('Password of bob: ', 'wrong password')])[0] == DENIED
    assert bob.vos('list-vm')[0] == DENIED
    assert piped(bob, ['login', 'bob'], f'{PASSWORDS["bob"]}\n')[0] == 0
    assert bob.vos('start-vm', 'web')[0] == 0
    os.chmod(bob.logins, 0o644)
    assert bob.vos('list-vm')[0] == DENIED
    code, text = piped(bob, ['login', 'bob'], f'{PASSWORDS["bob"]}\n')
    assert code == 1 and 'chmod 600' in text, text
    os.chmod(bob.logins, 0o600)
    assert bob.vos('list-vm')[0] == 0
    stolen = open(bob.logins, encoding='utf-8').read()
    assert stat.S_IMODE(os.stat(bob.logins).st_mode) == 0o600 and PASSWORDS['bob'] not in stolen
    code, text = typed(bob, ['passwd'], [('Password: ', PASSWORDS['bob']), ('New password: ', 'third horse'),
                                         ('Again: ', 'third horse')])
    assert code == 0, text
    assert bob.vos('list-vm')[0] == DENIED
    assert piped(bob, ['login', 'bob'], 'third horse\n')[0] == 0
    assert bob.vos('logout')[0] == 0 and 'bob' not in open(bob.logins, encoding='utf-8').read()
    with open(bob.logins, 'w', encoding='utf-8') as file:
        file.write(stolen)
    assert bob.vos('list-vm')[0] == DENIED


@pytest.mark.backends('qemu-pvh', 'bochs')              # with the default image, Linux
def test_several_people(machine):
    with Line(machine, 'unix') as line:
        alice, bob = Person(line, 'alice'), Person(line, 'bob')
        first, second, third = steps('Several people')
        alice.follow(first)
        bob.follow([('$', 'vos login bob', []), ('$', 'vos list-vm', [])])
        bob.follow(second)
        assert 'stop-vm web: refused' in alice.follow(third)
        assert bob.vos('list-vm')[0] == DENIED
        assert piped(bob, ['login', 'bob'], f'{PASSWORDS["bob"]}\n')[0] == 0
        # A console that was started again, and a vosd between.
        assert alice.vos('restart-service', 'console')[0] in (0, 8)
        alice_lines = machine.until(lambda: alice.vos('list-vm')[1], 'the console is back')
        assert 'web' in alice_lines
        check_ends(alice, bob)
        daemon = Daemon(line)
        assert 'web' in alice.vos('list-vm')[1] and bob.vos('list-vm')[0] == DENIED
        daemon.end()
