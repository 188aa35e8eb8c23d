# SPDX-License-Identifier: MIT
"""Encrypted disks in a pool: a passphrase at the prompt, a wrong one, a VM that waits for it, another store."""
import os

import pytest

from vosmachine import Machine

PASSPHRASE = 'correct horse battery'
MARK = b'plain words that are to be hidden. '


def sparse(folder, size):
    image = os.path.join(folder, 'disk.img')
    with open(image, 'wb') as file:
        file.truncate(size)
    return image


def ask(machine, command, answers):
    """Types a command and its answers to questions; what came, of which none of the answers is a part."""
    machine.send(command + '\r')
    text = ''
    for question, answer in answers:
        machine.expect(question)
        text += machine.before
        machine.send(answer + '\r')
    machine.wait_prompt()
    text += machine.before
    assert all(answer not in text for _, answer in answers), text
    return text


def set_passphrase(machine):
    text = ask(machine, 'set-pool fast --passphrase', [('New passphrase of pool fast: ', PASSPHRASE),
                                                       ('Again of pool fast: ', PASSPHRASE)])
    assert 'has a new passphrase' in text, text


def encrypted_test(backend, kind, disk, size, folder):
    image = sparse(folder, size)
    with Machine(backend, f'test_encrypted-{kind}', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.ok(f'create-pool fast {disk} --yes')
        assert 'has no passphrase' in machine.cmd('create-vm --name v --memory 128M --disk 100G,encrypt=on')
        set_passphrase(machine)
        assert PASSPHRASE not in machine.cmd('log')
        machine.ok('create-vm --name v --memory 128M --disk 100G,encrypt=on --autostart yes')
        machine.ok('start-vm v')
        machine.attach('v')
        machine.wait_guest()
        machine.guest_cmd(f'for i in $(seq 2000); do echo -n "{MARK.decode()}"; done > /m; wc -c < /m')
        machine.guest_cmd('dd if=/m of=/dev/vda bs=4k conv=fsync')
        digest = machine.guest_cmd('md5sum < /m').split()[0]
        machine.detach()
        machine.ok('restart-service store')
        machine.attach('v')
        machine.guest_cmd('echo 3 > /proc/sys/vm/drop_caches')
        assert machine.guest_cmd(f'head -c {2000 * len(MARK)} /dev/vda | md5sum').split()[0] == digest
        machine.detach()
        machine.ok('stop-vm v --force')
    with open(image, 'rb') as file:
        assert MARK not in file.read()
    with Machine(backend, f'test_encrypted-{kind}-again', disks=[(kind, image)]) as machine:
        machine.wait_prompt()
        machine.wait_defined('v')
        assert 'locked' in machine.ok('list-pool')
        assert 'E_LOCKED' in machine.cmd('start-vm v')
        assert 'E_INTEGRITY' in ask(machine, 'unlock-pool fast', [('Passphrase of pool fast: ', 'something else')])
        assert '10' in machine.cmd('result')
        assert 'is unlocked' in ask(machine, 'unlock-pool fast', [('Passphrase of pool fast: ', PASSPHRASE)])
        machine.wait_state('v', 'running')      # it has autostart
        machine.attach('v')
        machine.wait_guest()
        assert machine.guest_cmd(f'head -c {2000 * len(MARK)} /dev/vda | md5sum').split()[0] == digest
        machine.detach()


def test_an_encrypted_disk(tmp_path):
    encrypted_test('qemu-pvh', 'nvme', 'nvme0.0', 1 << 30, str(tmp_path))


@pytest.mark.io
def test_an_encrypted_disk_on_bochs(tmp_path):
    encrypted_test('bochs', 'ata', 'ata0.0', 64 << 20, str(tmp_path))
