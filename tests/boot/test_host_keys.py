# SPDX-License-Identifier: MIT
"""Secrets of a pool from the operator's own machine: typed, from a pipe, from a file; and a boot module."""
import os
import subprocess

import pexpect

from hostline import Line
from vosmachine import BUILD, PATIENCE, TINY, Machine

PASSPHRASE = 'correct horse battery'
INTEGRITY = 10


def typed(line, words, answers):
    """Runs vos at a terminal; its exit code, and all that the terminal has shown."""
    child = pexpect.spawn(f'{line.tools}/vos', list(words), env=line.environment, encoding='utf-8', timeout=PATIENCE)
    shown = ''
    for question, answer in answers:
        child.expect_exact(question)
        shown += child.before
        child.sendline(answer)
    child.expect(pexpect.EOF)
    shown += child.before
    child.close()
    assert all(answer not in shown for _, answer in answers), shown
    return child.exitstatus, shown


def piped(line, words, text):
    done = subprocess.run([f'{line.tools}/vos', *words], env=line.environment, text=True, check=False, input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    return done.returncode, done.stdout


def set_secrets(line, key):
    question, again = ('New passphrase: ', PASSPHRASE), ('Again: ', PASSPHRASE)
    code, text = typed(line, ['set-pool', 'fast', '--passphrase'], [question, ('Again: ', 'another horse')])
    assert code == 2 and 'not the same' in text, text
    code, text = piped(line, ['set-pool', 'fast', '--passphrase'], 'short\n')
    assert code == 2 and 'at least 8' in text, text
    code, text = line.vos('create-vm', 'v', '--memory', '32M', '--kernel', 'spin', '--disk', '1M,encrypt=on')
    assert code != 0 and 'has no passphrase' in ' '.join(text.split()), text
    code, text = typed(line, ['set-pool', 'fast', '--passphrase'], [question, again])
    assert code == 0, text
    code, text = line.vos('set-pool', 'fast', '--file', key + '.none')
    assert code == 2 and 'read' in text, text
    code, text = line.vos('set-pool', 'fast', '--file', key)
    assert code == 0, text
    code, text = line.vos('create-vm', 'v', '--memory', '32M', '--kernel', 'spin', '--disk', '1M,encrypt=on',
                          '--autostart', 'yes')
    assert code == 0, text


def is_running(line):
    return 'running' in line.vos('status-vm', 'v')[1]


def unlock(machine, line, key):
    """Each of the secrets, after a restart of VOS; none of the wrong ones."""
    assert 'locked' in line.vos('list-pool')[1]
    assert piped(line, ['unlock-pool', 'fast'], 'something else\n')[0] == INTEGRITY
    assert line.vos('unlock-pool', 'fast', '--file', f'{BUILD}/vos.elf')[0] != 0
    assert typed(line, ['unlock-pool', 'fast'], [('Passphrase: ', 'horse')])[0] == INTEGRITY
    assert not is_running(line)
    code, text = line.vos('unlock-pool', 'fast', '--file', key) if key else \
        typed(line, ['unlock-pool', 'fast'], [('Passphrase: ', PASSPHRASE)])
    assert code == 0, text
    machine.until(lambda: is_running(line), 'v with autostart')


def with_module(bundle, name, contents, to):
    """A bundle with one file more, before all others (newc)."""
    def padded(data):
        return data + bytes(-len(data) % 4)
    numbers = (0, 0o100644, 0, 0, 1, 0, len(contents), 0, 0, 0, 0, len(name) + 1, 0)
    header = b'070701' + b''.join(b'%08x' % number for number in numbers)
    with open(bundle, 'rb') as old, open(to, 'wb') as new:
        new.write(padded(header + name.encode() + b'\0') + padded(contents) + old.read())
    return to


def start(name, image, **more):
    return Machine('qemu-pvh', name, disks=[('nvme', image)], **{**TINY, **more})


def test_keys(tmp_path):
    image, key = str(tmp_path / 'disk.img'), str(tmp_path / 'fast.key')
    with open(image, 'wb') as file:
        file.truncate(64 << 20)
    with open(key, 'wb') as file:
        file.write(os.urandom(32))
    with start('test_host_keys', image) as machine:
        machine.wait_prompt()
        machine.ok('create-pool fast nvme0.0 --yes')
        with Line(machine, 'unix') as line:
            set_secrets(line, key)
    for round_key in (None, key):
        with start('test_host_keys-locked', image) as machine:
            machine.expect('Definitions of VMs are kept in pool fast')
            with Line(machine, 'unix') as line:
                unlock(machine, line, round_key)
    with open(key, 'rb') as file:
        bundle = with_module(TINY['bundle'], 'fast.key', file.read(), str(tmp_path / 'bundle.cpio'))
    with start('test_host_keys-module', image, bundle=bundle) as machine:
        machine.expect('Definitions of VMs are kept in pool fast')
        machine.wait_state('v', 'running')
