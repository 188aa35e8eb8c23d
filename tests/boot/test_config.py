# SPDX-License-Identifier: MIT
"""Definitions of VMs: export-config, what is said before they are lost, and vos.conf at the next start."""
import os
import re

import pytest

from test_manage import reply
from test_wire import Program
from vosmachine import TINY, Machine

HOSTILE = r'\\ \"q\"; } vm evil { # x'       # as it is typed
CREATE = ('create-vm a --memory 16M --kernel spin',
          f'create-vm vm --cpu 2 --memory 34M --kernel spin --module heartbeat --cmdline "{HOSTILE}"',
          'set-vm vm --platform pc --restart on-failure:7 --weight 3 --cap 150% --affinity 0',
          'create-vm rt --memory 32M --kernel heartbeat --initrd spin --class rt --memory-policy eager')
LINES = ('\tmodule heartbeat;\n', '\tcmdline "\\\\ \\"q\\"; } vm evil { # x";\n', '\tcap 150%;\n', '\tmemory 34M;\n',
         '\tclass rt;\n', '\trestart on-failure:7;\n', '\tinitrd none;\n', '\tinitrd spin;\n')


def define(machine):
    for line in CREATE:
        machine.ok(line)
    text = reply(machine, 'export-config')['text']
    for line in LINES:
        assert line in text, text
    return text


@pytest.mark.backends('qemu-pvh', 'bochs')
@pytest.mark.machine(**TINY)
def test_export(machine):
    """What there is is printed, and reboot and shutdown ask before it is lost."""
    define(machine)
    one = reply(machine, 'export-config a')['text']
    assert one.startswith('vm a {\n\tcpu 1;\n') and 'vm rt' not in one, one
    program = Program(machine)
    assert program.ask('export-config', name='a')['return']['text'] == one
    assert program.ask('apply-config')['return'] == {'dry-run': False, 'vms': [], 'switches': [],
                                                      'routers': [], 'mistakes': [], 'holds': True}
    assert program.ask('set-vm', name='vm', module=[], vmm='')['return']['module'] == []
    for command in ('reboot', 'shutdown'):
        machine.send(f'{command}\r')
        machine.expect(r'vos.conf does not define a, vm, rt as they are: export-config prints what will\s+be lost')
        machine.expect(r'anyway\? \[y/N\] ')
        machine.send('n\r')
        machine.expect('Nothing was done')
        machine.wait_prompt()
        assert 'vos.conf lacks definitions' in machine.cmd(f'{command} --json')
    assert len(reply(machine, 'list-vm')) == 3
    machine.ok('delete-vm --all --yes')
    machine.send('shutdown\r')
    machine.wait_exit()


# ---------------------------------------------------------------------------------------------------- the next start

def newc(name, data):
    """One file of a cpio archive of the kind "newc"."""
    fields = [1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = ('070701' + ''.join(f'{field:08x}' for field in fields)).encode() + name.encode() + b'\0'
    return head + b'\0' * (-len(head) % 4) + data + b'\0' * (-len(data) % 4)


def bundle_with(path, conf):
    """The bundle of tests with a vos.conf in it."""
    with open(TINY['bundle'], 'rb') as file:
        images = file.read()
    with open(path, 'wb') as file:
        # The first file of the archive: what is there already begins behind it.
        file.write(newc('vos.conf', conf.encode()) + images)
    return path


def test_next_start(tmp_path):
    """The same VMs come from what export-config printed, as it printed them, and nothing would be lost."""
    with Machine('qemu-pvh', 'config-first', **TINY) as machine:
        machine.wait_prompt()
        text = define(machine)
    conf = text + 'vm more {\n\tkernel spin;\n\tcpu x;\n}\n'
    bundle = bundle_with(os.path.join(tmp_path, 'bundle.cpio'), conf)
    with Machine('qemu-pvh', 'config-second', bundle=bundle) as machine:
        machine.wait_prompt()
        machine.until(lambda: len(reply(machine, 'list-vm')) == 3, 'VMs of vos.conf')
        assert reply(machine, 'export-config')['text'] == text
        machine.ok('set-vm a --memory 64M')
        machine.ok('set-vm rt --cap 50%')
        answer = reply(machine, 'apply-config --dry-run')
        found = {vm['name']: vm for vm in answer['vms']}
        assert [found[name]['set'] for name in ('a', 'vm', 'rt')] == [['memory'], [], ['cap']], answer
        assert '--cpu needs a number' in answer['mistakes'][0]['desc'] and not answer['holds'], answer
        assert reply(machine, 'export-config')['text'] != text
        reply(machine, 'apply-config')
        assert reply(machine, 'export-config')['text'] == text
        machine.send('shutdown\r')
        machine.wait_exit()


@pytest.mark.shared
@pytest.mark.backends('qemu-pvh', 'bochs')
def test_least_memory(machine):
    """The least memory for its images is named when a VM is defined, and is enough to load them."""
    answer = ' '.join(machine.cmd('create-vm tiny --memory 2M').split())
    least = re.search(r'error\[E_USAGE\]: tiny would have 2\.0 MiB of memory; .* Try --memory (\d+)M, or more',
                      ' '.join(answer.split()))
    assert least, answer
    least = int(least.group(1))
    assert 'error[E_USAGE]' in machine.cmd(f'create-vm tiny --memory {least - 2}M')
    machine.ok(f'create-vm tiny --memory {least}M')
    assert 'error[E_USAGE]' in machine.cmd(f'set-vm tiny --memory {least - 2}M')
    assert 'tiny is running' in machine.ok('start-vm tiny')
