# SPDX-License-Identifier: MIT
"""What services do for a VM is charged to it: a VM that storms its disk gets no more of a pCPU than its weight says,
with what the store does for it, and another's reads take no longer than that other's share of the pCPU makes them.

Time is counted in instructions (-icount, Bochs), so nothing here depends on how busy the machine below is."""
import json
import os
import re

import pytest

from vosmachine import GUEST_PROMPT, LOGS

STORM = '(while :; do dd if=/dev/vda of=/dev/null bs=1M iflag=direct; done) > /dev/null 2>&1 &'
SPIN = '(while :; do :; done) &'
READS = 4000


def reply(machine, command):
    return json.loads(re.search(r'\{.*\}', machine.ok(f'{command} --json')).group(0))['return']


def times(machine):
    """{what: ns}: each VM's own time and that of services for it; and of the pCPU."""
    told = {}
    for name in 'ab':
        vm = reply(machine, f'status-vm {name}')
        told[name] = vm['cpu-time-ns']
        told[f'{name} services'] = vm['service-time-ns']
    accounts = reply(machine, 'accounting')
    assert accounts['time-adds-up'], accounts
    pcpu, disks = accounts['pcpus'][0], accounts['io']
    told |= {'elapsed': pcpu['elapsed-ns'], 'system': pcpu['system-ns'], 'idle': pcpu['idle-ns'],
             'services': disks['service-time-ns']}
    assert sum(vm['service-time-ns'] for vm in disks['vm']) <= told['services'] <= told['system'], accounts
    return told


def spent(machine, seconds):
    """The same of a while: until the pCPU has run for so long."""
    before = times(machine)
    machine.until(lambda: reply(machine, 'accounting')['pcpus'][0]['elapsed-ns'] > before['elapsed'] + seconds * 1e9,
                  'time', pause=0.3)
    after = times(machine)
    return {what: after[what] - before[what] for what in before}


def boot(machine, name, weight):
    machine.ok(f'create-vm --name {name} --memory 128M --weight {weight} --affinity 0 --disk 16M,on=ram')
    machine.ok(f'start-vm {name}')
    machine.attach(name)
    machine.wait_guest()
    machine.guest_cmd('dd if=/dev/zero of=/dev/vda bs=1M')      # its memory is granted
    machine.detach()


def run(machine, name, command):
    machine.attach(name)
    machine.guest_cmd(command)
    machine.detach()


def read_ns(machine, name, turn):
    """What a read takes a guest, one at a time.  The console shows again what was said before: so each turn has marks,
    which the guest computes."""
    machine.attach(name)
    machine.send(f'echo from$(({turn} * 7)); cat /proc/uptime; dd if=/dev/vda of=/dev/null bs=4k count={READS} '
                 f'iflag=direct; cat /proc/uptime; echo till$(({turn} * 7))\r')
    machine.expect(rf'from{turn * 7}\s')
    machine.expect(rf'till{turn * 7}\s')
    before, after = re.findall(r'(?m)^(\d+\.\d+) ', machine.before)
    machine.expect(GUEST_PROMPT)
    machine.detach()
    return (float(after) - float(before)) * 1e9 / READS


def keep(machine, text):
    print(text)
    with open(os.path.join(LOGS, f'disk-shares-{machine.backend}.txt'), 'w', encoding='ascii') as file:
        file.write(text)


def shares(machine):
    for name, weight in (('a', 100), ('b', 300)):
        boot(machine, name, weight)
    alone = read_ns(machine, 'b', 1)
    run(machine, 'a', STORM)
    beside = read_ns(machine, 'b', 2)
    bound = alone * 4 / 3 * 1.5
    run(machine, 'b', SPIN)
    got = spent(machine, 2)
    keep(machine, f'a read takes {alone / 1000:.1f} us alone, {beside / 1000:.1f} us beside a storm; '
                  f'bound {bound / 1000:.1f} us\n{got}\n')
    assert alone * 1.1 < beside < bound, (alone, beside)
    assert got['a services'] > got['a'] / 10, 'that is no storm'
    assert abs((got['a'] + got['a services']) / got['b'] * 3 - 1) < 0.05, got
    # What is left of the pCPU beside root and the console is theirs, and b has three quarters of it.
    left = got['elapsed'] - got['idle'] - (got['system'] - got['services'])
    assert abs(got['b'] / left / 0.75 - 1) < 0.05, got
    for name in 'ab':
        machine.ok(f'delete-vm {name} --force')


@pytest.mark.backends('qemu-pvh')
@pytest.mark.machine(icount=3)
def test_shares(machine):
    shares(machine)


@pytest.mark.io
@pytest.mark.backends('bochs')
def test_shares_on_bochs(machine):
    shares(machine)
