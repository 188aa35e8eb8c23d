"""As many VMs with as many vCPUs as there can be."""
import json
import re

import pytest

from vosmachine import TINY

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
