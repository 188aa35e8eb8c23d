# SPDX-License-Identifier: MIT
"""As many VMs with as many vCPUs as there can be, and more boot modules than that."""
import json
import os
import re
import shutil
import subprocess

import pytest

from vosmachine import BUILD, PROMPT, TINY, TOP, Machine

VMS, VCPUS = 128, 16


def states(machine):
    told = json.loads(re.search(r'\{.*\}', machine.ok('list-vm --json')).group(0))['return']
    return [vm['state'] for vm in told]


@pytest.mark.more
@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(**TINY, mem=3072, cpus=2)
def test_all_vms(machine):
    """Each can be started, paused, resumed and stopped, the last one speaks, and nothing of them stays."""
    for i in range(VMS):
        machine.ok(f'create-vm v{i} --cpu {VCPUS} --memory 8M --kernel wake --cmdline "period=500000"')
    answer = machine.cmd('create-vm more --memory 2M --kernel wake')
    assert 'error[E_LIMIT]' in answer and f'{VMS} VMs' in answer, answer
    for verb, state in (('start-vm', 'running'), ('pause-vm', 'paused'), ('resume-vm', 'running')):
        for i in range(VMS):
            machine.ok(f'{verb} v{i}')
        assert states(machine) == [state] * VMS
    machine.attach(f'v{VMS - 1}')
    machine.expect(r'wakes 50 late')
    machine.detach()
    for i in range(VMS):
        machine.ok(f'stop-vm v{i} --force')
        machine.ok(f'delete-vm v{i}')
    assert states(machine) == []
    assert '"memory-adds-up":true' in machine.ok('accounting --json')


@pytest.mark.parametrize('count', [66])
@pytest.mark.backends('qemu-bios', 'qemu-pvh', 'bochs')
def test_too_many_modules(backend, tmp_path, count):
    """What the loader brings beyond the limit is named; so is what is too much in a bundle."""
    shutil.copy(f'{BUILD}/vos.elf', tmp_path)
    (tmp_path / 'file').write_bytes(b'module')
    kind, out = ('bundle', 'many.cpio') if backend == 'qemu-pvh' else ('iso', 'many.iso')
    words = [f'image{i:02}={tmp_path}/file' for i in range(count)]
    subprocess.run([f'{TOP}/iso/mkiso.sh', kind, f'{tmp_path}/{out}', *words], check=True,
                   env=os.environ | {'CONF': '', 'CMDLINE': ''})
    with Machine(backend, 'too-many-modules', iso=f'{tmp_path}/many.iso', bundle=f'{tmp_path}/many.cpio') as machine:
        machine.expect(re.escape(PROMPT))
        log = machine.ok('log')
        there = set(re.findall(r'image\d\d', machine.ok('list-image')))
    line = re.search(r'boot modules left out: (\d+), more than \d+ are not possible:((?: image\d\d)+)', log)
    named = line.group(2).split() if line else re.findall(r'boot module (image\d\d) left out: too many', log)
    assert sorted(there | set(named)) == [word[:7] for word in words], log
    assert len(there) + len(named) == count and (not line or int(line.group(1)) == len(named)), log
