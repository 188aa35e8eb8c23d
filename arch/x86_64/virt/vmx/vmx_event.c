/* SPDX-License-Identifier: MIT */
/*
 * vmx_event.c - event injection and its aftermath (SDM Vol. 3 26.6, 27.2.4). Interrupt window and NMI window stay
 * inside: their exits are EXIT_NONE, and the next entry injects.
 */
#include "virt_bits.h"
#include "vmx.h"

static const u8 vmx_types[] = {
	[EVENT_EXCEPTION] = VMX_EVENT_EXCEPTION,
	[EVENT_NMI] = VMX_EVENT_NMI,
	[EVENT_SOFT_INT] = VMX_EVENT_SOFT_INT,
	[EVENT_SOFT_EXCEPTION] = VMX_EVENT_SOFT_EXCEPTION,
};

/* In real mode no exception pushes an error code, and claiming one is refused (26.2.1.3). */
static void inject(struct vcpu_hw *hw, const struct vcpu_event *e)
{
	u32 type = vmx_types[e->type];
	u32 field;

	if (e->type == EVENT_SOFT_EXCEPTION && e->vector == VECTOR_DB)
		type = VMX_EVENT_ICEBP;
	field = EVENT_VALID | type << EVENT_TYPE_SHIFT | e->vector;
	if (e->has_error && (vmread(VMCS_GUEST_CR0) & CR0_PE)) {
		field |= EVENT_HAS_ERROR;
		vmwrite(VMCS_ENTRY_ERROR, e->error);
	}
	if (e->type == EVENT_SOFT_INT || e->type == EVENT_SOFT_EXCEPTION)
		vmwrite(VMCS_ENTRY_INSN_LEN, e->insn_len);
	if (virt_sets_rf(e))
		vmwrite(VMCS_GUEST_RFLAGS, vmread(VMCS_GUEST_RFLAGS) | RFLAGS_RF);
	if (e->type == EVENT_NMI)	/* it is being put back: its own delivery had set the blocking */
		vmx_set_interruptibility(hw, hw->interruptibility & ~BLOCKING_NMI);
	vmwrite(VMCS_ENTRY_EVENT, field);
}

static void inject_interrupt(const struct vcpu_hw *hw, struct vcpu_entry *entry, u64 rflags)
{
	bool in_shadow = (hw->interruptibility & (BLOCKING_STI | BLOCKING_MOVSS)) != 0;

	if (entry->nmi_pending && !in_shadow && !(hw->interruptibility & BLOCKING_NMI)) {
		vmwrite(VMCS_ENTRY_EVENT, EVENT_VALID | VMX_EVENT_NMI << EVENT_TYPE_SHIFT | VECTOR_NMI);
		entry->nmi_pending = 0;
	} else if (entry->intr_pending && !in_shadow && (rflags & RFLAGS_IF)) {
		vmwrite(VMCS_ENTRY_EVENT, EVENT_VALID | VMX_EVENT_INTR << EVENT_TYPE_SHIFT | entry->intr_vector);
		entry->intr_pending = 0;
	}
}

/* A threshold above the TPR would be refused (26.2.1.1); the guest is at or below it already, and the VMM knows. */
static void set_tpr_threshold(struct vcpu_hw *hw, u32 wanted)
{
	u32 tpr = hw->tpr >> 4 & 0xfu;
	u32 threshold = wanted < tpr ? wanted : tpr;

	if (threshold != hw->tpr_threshold) {
		hw->tpr_threshold = threshold;
		vmwrite(VMCS_TPR_THRESHOLD, threshold);
	}
}

void vmx_event_inject(struct vcpu_hw *hw, struct vcpu_entry *entry, u64 rflags)
{
	u32 window = 0;

	if (unlikely(entry->event.valid))
		inject(hw, &entry->event);
	else
		inject_interrupt(hw, entry, rflags);
	entry->event.valid = 0;
	if (entry->nmi_pending | entry->intr_pending)
		window = (entry->nmi_pending ? PROC_NMI_WINDOW : 0) |
			 (entry->intr_pending ? PROC_INTERRUPT_WINDOW : 0);
	if (window != hw->window) {
		hw->window = window;
		vmx_set_proc_controls(hw);
	}
	set_tpr_threshold(hw, entry->tpr_threshold);
}

void vmx_set_timed(struct vcpu_hw *hw, bool is_timed)
{
	hw->is_timed = is_timed;
	hw->unusual_rflags = RFLAGS_RF | (is_timed ? 0 : RFLAGS_IF) | (hw->has_ports ? RFLAGS_ONE : 0);
	vmwrite(VMCS_PIN_CONTROLS, vmx_controls.pin & ~(is_timed ? 0 : PIN_PREEMPTION_TIMER));
}

void vmx_event_collect(struct vcpu_hw *hw, struct vcpu_entry *entry, bool is_refused)
{
	enum vmcs_field length = is_refused ? VMCS_ENTRY_INSN_LEN : VMCS_EXIT_INSN_LEN;
	u32 info = (u32)vmread(is_refused ? VMCS_ENTRY_EVENT : VMCS_VECTORING);
	struct vcpu_event e = { .valid = 1, .vector = (u8)info };

	if (!(info & EVENT_VALID))
		return;
	switch ((enum vmx_event_type)(info >> EVENT_TYPE_SHIFT & EVENT_TYPE_MASK)) {
	case VMX_EVENT_INTR:
		entry->what |= ENTER_EVENTS;
		entry->intr_pending = 1;
		entry->intr_vector = e.vector;
		return;
	case VMX_EVENT_NMI:
		e.type = EVENT_NMI;
		vmx_set_interruptibility(hw, hw->interruptibility & ~BLOCKING_NMI);
		break;
	case VMX_EVENT_EXCEPTION:
		e.type = EVENT_EXCEPTION;
		break;
	case VMX_EVENT_SOFT_INT:
		e.type = EVENT_SOFT_INT;
		e.insn_len = (u32)vmread(length);
		break;
	case VMX_EVENT_ICEBP:
	case VMX_EVENT_SOFT_EXCEPTION:
		e.type = EVENT_SOFT_EXCEPTION;
		e.insn_len = (u32)vmread(length);
		break;
	}
	if (info & EVENT_HAS_ERROR) {
		e.has_error = 1;
		e.error = (u32)vmread(is_refused ? VMCS_ENTRY_ERROR : VMCS_VECTORING_ERROR);
	}
	entry->what |= ENTER_EVENTS;
	entry->event = e;
}
