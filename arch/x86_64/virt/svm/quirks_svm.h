/* SPDX-License-Identifier: MIT */
/*
 * quirks_svm.h - workarounds for emulators' SVM that concern exits. docs/emulator-quirks.md lists all.
 */
#ifndef VOS_QUIRKS_SVM_H
#define VOS_QUIRKS_SVM_H

#include "svm.h"

/*
 * QEMU TCG saves the host's state for the guest's when it refuses an entry, or when it takes a fault of the host for
 * one of the guest (see cpu_fpu.c). Then, and only then, the masking of interrupts is off.
 */
static inline bool quirk_tcg_is_host_state(const struct vmcb *v)
{
	return !(v->int_control & SVM_V_INTR_MASKING);
}

/* If so, the VMM must not see it, nor a guest run with it. The guest's is lost: the INIT state takes its place. */
void quirk_tcg_load_init_state(struct vcpu_hw *hw);

/* Asked at each second-level fault. */
static inline bool quirk_tcg_replace_host_state(struct vcpu_hw *hw)
{
	if (likely(!quirk_tcg_is_host_state(hw->vmcb)))
		return false;
	quirk_tcg_load_init_state(hw);
	return true;
}

/*
 * QEMU TCG: VMEXIT_INVALID with the guest's state still there means that the entry was fine, and a MOV to a control
 * register, at which RIP points, was not. Raises #GP, once: if that is refused, the state is at fault after all.
 */
bool quirk_tcg_raise_for_bad_cr(struct vcpu_hw *hw);

/*
 * QEMU TCG forgets the shadow at the next entry: an interrupt on offer would come before the HLT that usually follows,
 * not after it, and the guest would sleep on. One that is on offer only after a second exit at the same place too: that
 * exit does not tell of the shadow any more.
 */
static inline bool quirk_tcg_loses_shadow(const struct vmcb *v)
{
	return (v->int_state & SVM_INT_STATE_SHADOW) != 0;
}

#endif
