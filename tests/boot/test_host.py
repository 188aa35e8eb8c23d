# SPDX-License-Identifier: MIT
"""vos, in a shell of the operator's own machine: the prompt's words, texts and exit codes."""
import json
import re

import pytest

from hostline import Line
from vosmachine import TINY

# A life of a VM, with every exit code that it can have on any machine.
LINES = [
    'create-vm --name myvm --cpu 1 --memory 32M --kernel heartbeat',
    'create-vm --name myvm --kernel heartbeat',
    'start-vm --name myvm',
    'delete-vm --name myvm',
    'status-vm --name none',
    'stop-vm --name myvm --force',
    'pause-vm myvm',
    'status-vm --name myvm --json',
    'create-vm --name big --memory 8000G --kernel heartbeat',
    'delete-vm big',
    'create-vm --name big --cpu 4000 --kernel heartbeat',
    'create-vm',
    'create-vm --name x --nic lan,filter=web',
    'show-switch lan',
    'stop-vm myvm --timeout 99h',
    'vm list',
    'delete-vm --name myvm',
    'delete-vm --name myvm',
    'lst-vm',
]


NOTICE = 'Definitions of VMs are kept in RAM only: create-pool makes them last. '


def settled(text):
    """Without figures, and on one line, as the prompt wraps errors; without what the prompt says some time after a
    start."""
    return re.sub(r'\s+', ' ', re.sub(r'\d+', 'N', text)).replace(NOTICE, '').strip()


def at_prompt(machine, line):
    text = machine.cmd(line)
    return int(machine.cmd('result').split()[0]), text


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_lines(machine):
    """The same lines over each transport and at the prompt: the same codes, and the same texts."""
    expected = [at_prompt(machine, line) for line in LINES]
    assert {0, 2, 3, 4, 9} <= {code for code, _ in expected}, expected
    for kind in ('unix', 'tcp', 'serial'):
        with Line(machine, kind) as line:
            for words, (code, text) in zip(LINES, expected):
                found, printed = line.vos(*words.split())
                assert found == code, (kind, words, printed, text)
                if '--json' not in words:
                    assert settled(printed) == settled(text), (kind, words)
    machine.send('\r')
    machine.wait_prompt()
    assert 'no VMs' in machine.ok('list-vm')


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY)
def test_words(machine):
    """JSON, quoting, prefixes, several VMs, top, a log that goes on, and lines that nobody answers."""
    with Line(machine, 'unix') as line:
        assert line.vos('create-vm', 'a', '--mem=32M', '--kernel', 'heartbeat', '--cmdline', 'two  words "x"')[0] == 0
        code, text = line.vos('status-vm', 'a', '--json')
        assert code == 0 and json.loads(text)['return']['cmdline'] == 'two  words "x"'
        assert line.vos('create-vm', 'b', '--kernel', 'heartbeat', '--memory', '32M', '--quiet') == (0, '')
        code, text = line.vos('start-vm', 'a', 'b', 'c')
        assert code == 3 and 'a is running' in text and 'there is no VM "c"' in text
        code, text = line.vos('top', '--count', '2', '--interval', '500ms')
        assert code == 0 and text.count('EXITS/S') == 2 and re.search(r'^a +running', text, re.M)
        code, text = line.vos('stop-vm', '--all', '--force', '--json')
        assert code == 0 and [vm['name'] for vm in json.loads(text)['return']] == ['a', 'b']
        code, text = line.vos('delete-vm', '--all')
        assert code == 4 and 'Say "yes"' in text
        assert line.vos('delete-vm', '--all', '--yes')[0] == 0
        code, text = line.vos('--host', 'tcp:192.0.2.1:4555', 'list-vm')
        assert code == 2 and 'not a loopback address' in text
        code, text = line.vos('--host', f'unix:{line.folder}/nothing', 'list-vm')
        assert code == 8 and 'cannot connect' in text
