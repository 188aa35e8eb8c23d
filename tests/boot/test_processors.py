# SPDX-License-Identifier: MIT
"""What VOS finds out about the processor, and that it touches no MSR that is not there."""
import json
import re

import pytest
from vosmachine import TINY, Machine


class StrictMachine(Machine):
    """Bochs with #GP for each MSR that the model does not have, as on silicon."""

    def bochs(self, iso):
        return super().bochs(iso) + ['--strict-msrs']


# Bochs' Ryzen has SVM without VM_CR.
@pytest.mark.parametrize('model, virt', [('ryzen', 'SVM'), ('corei7_skylake_x', 'VMX'), ('corei7_icelake_u', 'VMX')])
def test_absent_msrs(model, virt):
    with StrictMachine('bochs', f'strict-{model}', cpu=model, **TINY) as machine:
        machine.wait_prompt()
        assert virt in machine.ok('info')


# What info --cpu says of each flaw: v = VULNERABLE, - = not affected.
SKYLAKE = {'meltdown': 'v', 'l1tf': 'v', 'mds': 'v', 'itlb_multihit': 'v', 'tsa': '-', 'srso': '-'}
ZEN_3 = {'srso': 'v', 'tsa': 'v', 'vmscape': 'v', 'meltdown': '-', 'l1tf': '-', 'mds': '-'}


@pytest.mark.parametrize('cpu, microcode, flaws', [
    ('max,vendor=GenuineIntel,family=6,model=85,stepping=4,ucode-rev=0x200006e00000000', '200006e', SKYLAKE),
    ('max,family=25,model=1,stepping=1,ucode-rev=0xa0011d7', 'a0011d7', ZEN_3)])
def test_flaws(cpu, microcode, flaws):
    with Machine('qemu-pvh', f'flaws-{microcode}', cpu=cpu, cpus=1, **TINY) as machine:
        machine.wait_prompt()
        text = machine.ok('info --cpu')
        assert re.search(rf'^Microcode +{microcode}\r?$', text, re.M)
        for name, state in flaws.items():
            words = {'v': 'VULNERABLE', '-': 'not affected'}[state]
            assert re.search(rf'^{name} +{words}', text, re.M), name
        answer = json.loads(re.search(r'\{.*\}', machine.ok('info --cpu --json')).group(0))['return']
        assert answer['microcode'] == int(microcode, 16)
        assert {flaw['name'] for flaw in answer['flaws']} >= set(flaws)


# CPUID offers IBPB on Bochs' Ice Lake alone, whose model also has the register: #GP would be a panic.
@pytest.mark.parametrize('model, does', [('corei7_icelake_u', True), ('corei7_skylake_x', False)])
def test_ibpb_by_cpuid(model, does):
    with StrictMachine('bochs', f'ibpb-{model}', cpu=model, **TINY) as machine:
        machine.wait_prompt()
        text = machine.ok('info --cpu')
        assert re.search(rf'^Mitigations +{"ibpb" if does else "none"}\r?$', text, re.M)
        assert re.search(r'^spectre_v2 +VULNERABLE' + (' in part' if does else ': no microcode'), text, re.M)


@pytest.mark.parametrize('option, does', [('auto', False), ('auto,force:all', True), ('off', False)])
def test_mitigations_option(option, does):
    with Machine('qemu-pvh', f'mitigations-{len(option)}', append=f'mitigations={option}', **TINY) as machine:
        machine.wait_prompt()
        text = machine.ok('info --cpu')
        assert re.search(rf'^Mitigations +{"ibpb" if does else "none"}\r?$', text, re.M)
        # What is forced is no help: the processor has no such command.
        assert 'VULNERABLE in part' not in text
