# SPDX-License-Identifier: MIT
"""What VOS finds out about the processor, and that it touches no MSR that is not there."""
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
