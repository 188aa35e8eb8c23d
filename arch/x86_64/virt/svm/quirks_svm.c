/* SPDX-License-Identifier: MIT */
/*
 * quirks_svm.c - see quirks_svm.h.
 */
#include "quirks_svm.h"

#include "virt_bits.h"

void quirk_tcg_load_init_state(struct vcpu_hw *hw)
{
	hw->vmcb->int_control = SVM_INT_CONTROL;
	svm_load(hw, &virt_init_state, GROUP_GPR | GROUP_SEG | GROUP_CR | GROUP_DR);
}

bool quirk_tcg_raise_for_bad_cr(struct vcpu_hw *hw)
{
	if (!svm_features.exits_for_bad_cr || hw->injected.valid)
		return false;
	virt_raise_gp(hw->entry);
	return true;
}
