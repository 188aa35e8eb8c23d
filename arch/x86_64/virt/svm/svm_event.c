/* SPDX-License-Identifier: MIT */
/*
 * svm_event.c - event injection and its aftermath (APM Vol. 2 15.20, 15.21).
 *
 * External interrupts go through V_IRQ: the hardware waits for the guest to take it, so there is no interrupt window
 * to exit for. One that the guest can take at once goes through EVENTINJ, as exceptions, NMI and software interrupts
 * do: Bochs looks at V_IRQ only when RFLAGS.IF changes. (QEMU TCG delivers such interrupts twice at times.)
 *
 * NMI blocking is tracked here: the hardware does not, so IRET is intercepted from the delivery of an NMI on. That
 * exit comes before the IRET, and none after it; nor is there one at the end of an interrupt shadow, for which an NMI
 * has to wait. So this one instruction is run with RFLAGS.TF set. If anything else than its trap ends the entry, all
 * is as before.
 */
#include "quirks.h"
#include "quirks_svm.h"
#include "svm.h"
#include "virt_bits.h"

static const u8 svm_types[] = {
	[EVENT_EXCEPTION] = SVM_EVENT_EXCEPTION,
	[EVENT_NMI] = SVM_EVENT_NMI,
	[EVENT_SOFT_INT] = SVM_EVENT_SOFT_INT,
	[EVENT_SOFT_EXCEPTION] = SVM_EVENT_EXCEPTION,
};

static bool is_soft(const struct vcpu_event *e)
{
	return e->type == EVENT_SOFT_INT || e->type == EVENT_SOFT_EXCEPTION;
}

void svm_event_block_nmi(struct vcpu_hw *hw, bool is_blocked)
{
	if (is_blocked) {
		hw->slow_entry |= SLOW_NMI_BLOCKED;
		hw->vmcb->intercept_misc1 |= SVM_INTERCEPT1(SVM_IRET);
	} else {
		hw->slow_entry &= ~SLOW_NMI_BLOCKED;
		hw->vmcb->intercept_misc1 &= ~SVM_INTERCEPT1(SVM_IRET);
	}
}

static void inject(struct vcpu_hw *hw, const struct vcpu_event *e)
{
	struct vmcb *v = hw->vmcb;
	u64 field = SVM_EVENT_VALID | (u64)svm_types[e->type] << SVM_EVENT_TYPE_SHIFT | e->vector;

	if (e->has_error)
		field |= SVM_EVENT_HAS_ERROR | (u64)e->error << 32;
	if (is_soft(e)) {
		/* The frame must show the next instruction: from nRIP where the hardware has it, else from RIP. */
		v->rip += e->insn_len;
		v->next_rip = v->rip;
	}
	if (e->type == EVENT_NMI)
		svm_event_block_nmi(hw, true);
	if (virt_sets_rf(e))
		v->rflags |= RFLAGS_RF;
	v->event_inject = field;
	hw->injected = *e;
}

/* Blocked, but IRET not intercepted: it is what comes next. */
static bool is_at_iret(const struct vcpu_hw *hw)
{
	return (hw->slow_entry & SLOW_NMI_BLOCKED) && !(hw->vmcb->intercept_misc1 & SVM_INTERCEPT1(SVM_IRET));
}

static bool must_step(const struct vcpu_hw *hw, const struct vcpu_entry *entry)
{
	if (entry->event.valid)
		return false;
	if (hw->slow_entry & SLOW_NMI_BLOCKED)
		return is_at_iret(hw);
	return entry->nmi_pending && (hw->vmcb->int_state & SVM_INT_STATE_SHADOW);
}

static void begin_step(struct vcpu_hw *hw)
{
	hw->slow_entry |= SLOW_STEPPED;
	hw->own_tf = hw->vmcb->rflags & RFLAGS_TF;
	hw->own_bs = hw->vmcb->dr6 & DR6_BS;
	hw->vmcb->rflags |= RFLAGS_TF;
}

/* IRET has loaded RFLAGS itself. */
bool svm_event_end_step(struct vcpu_hw *hw)
{
	struct vmcb *v = hw->vmcb;
	bool is_done = v->exit_code == SVM_EXCEPTION + VECTOR_DB && (v->dr6 & DR6_BS);

	hw->slow_entry &= ~SLOW_STEPPED;
	if (!is_done || !is_at_iret(hw))
		v->rflags = (v->rflags & ~RFLAGS_TF) | hw->own_tf;
	if (is_at_iret(hw))
		svm_event_block_nmi(hw, !is_done);
	if (!is_done || hw->own_tf)
		return false;
	v->dr6 = (v->dr6 & ~DR6_BS) | hw->own_bs;
	return !(v->dr6 & DR6_BREAKPOINTS);
}

/* With no other event in the way. */
static bool takes_at_once(const struct vmcb *v)
{
	return (v->rflags & RFLAGS_IF) && !(v->int_state & SVM_INT_STATE_SHADOW) && !svm_features.doubles_interrupts;
}

void svm_event_inject(struct vcpu_hw *hw, struct vcpu_entry *entry)
{
	static const struct vcpu_event nmi = { .valid = 1, .type = EVENT_NMI, .vector = VECTOR_NMI };
	struct vmcb *v = hw->vmcb;
	u32 control = (v->int_control & SVM_V_TPR) | SVM_INT_CONTROL;
	bool is_step = must_step(hw, entry);

	if (entry->intr_pending && !is_step) {
		control |= SVM_V_IRQ;
		v->int_vector = entry->intr_vector;
	}
	v->int_control = control;
	/*
	 * A higher TPR holds back what is offered, too. (And QEMU TCG dies of an assertion when CR8 is written with
	 * V_IRQ set.)
	 */
	v->intercept_cr = SVM_INTERCEPT_CR4 |
			  (entry->tpr_threshold || entry->intr_pending ? SVM_INTERCEPT_CR8_WRITE : 0);
	v->event_inject = 0;
	hw->injected = (struct vcpu_event){ 0 };
	if (is_step) {
		begin_step(hw);
	} else if (entry->event.valid) {
		if (is_at_iret(hw))
			svm_event_block_nmi(hw, true);
		inject(hw, &entry->event);
	} else if (entry->nmi_pending && !(hw->slow_entry & SLOW_NMI_BLOCKED)) {
		inject(hw, &nmi);
		entry->nmi_pending = 0;
	} else if ((control & SVM_V_IRQ) && takes_at_once(v)) {
		v->int_control = control & ~SVM_V_IRQ;
		v->event_inject = SVM_EVENT_VALID | SVM_EVENT_INTR << SVM_EVENT_TYPE_SHIFT | entry->intr_vector;
	}
	if (is_step || (control & SVM_V_IRQ) || (v->intercept_cr & SVM_INTERCEPT_CR8_WRITE) || v->event_inject ||
	    v->tlb_control)
		hw->slow_entry |= SLOW_CLEANUP;
	else
		hw->slow_entry &= ~SLOW_CLEANUP;
}

/* The event was not delivered: undo what `inject` did, so that it can be put back as it came. */
static void requeue_event(struct vcpu_hw *hw, struct vcpu_entry *entry)
{
	if (is_soft(&hw->injected))
		hw->vmcb->rip -= hw->injected.insn_len;
	if (hw->injected.type == EVENT_NMI)
		svm_event_block_nmi(hw, false);
	entry->event = hw->injected;
}

static void collect_exception(struct vcpu_hw *hw, struct vcpu_entry *entry, u64 info)
{
	u8 vector = (u8)info;

	if (hw->injected.valid && is_soft(&hw->injected) && hw->injected.vector == vector) {
		requeue_event(hw, entry);
		return;
	}
	if (vector == VECTOR_BP || vector == VECTOR_INTO)
		return;		/* the guest's own INT3 or INTO: RIP still points to it */
	entry->event = (struct vcpu_event){
		.valid = 1, .type = EVENT_EXCEPTION, .vector = vector,
		.has_error = (info & SVM_EVENT_HAS_ERROR) != 0,
		.error = info & SVM_EVENT_HAS_ERROR ? (u32)(info >> 32) : 0,
	};
}

/* The exit cut a delivery short. */
static void collect_interrupted(struct vcpu_hw *hw, struct vcpu_entry *entry, u64 info)
{
	u32 type = (u32)(info >> SVM_EVENT_TYPE_SHIFT) & SVM_EVENT_TYPE;
	u8 vector = (u8)info;

	/*
	 * QEMU TCG calls an interrupt an exception here, and leaves V_IRQ set: then it is still pending, and not to
	 * be queued twice.
	 */
	if (type == SVM_EVENT_INTR || (type == SVM_EVENT_EXCEPTION && vector >= VECTOR_EXCEPTIONS)) {
		if (!entry->intr_pending) {
			entry->intr_pending = 1;
			entry->intr_vector = vector;
		}
	} else if (type == SVM_EVENT_EXCEPTION) {
		collect_exception(hw, entry, info);
	} else if (hw->injected.valid && type == svm_types[hw->injected.type]) {
		requeue_event(hw, entry);
	}	/* else the guest's own INT n: RIP still points to it */
}

void svm_event_collect(struct vcpu_hw *hw, struct vcpu_entry *entry)
{
	struct svm_cpu *cpu = pcpu_self()->virt;
	struct vmcb *v = hw->vmcb;
	/* With the guest's state still there QEMU TCG means a MOV to CR: see handle_invalid. */
	bool is_refused = (u32)v->exit_code == SVM_EXIT_INVALID &&
			  (!svm_features.exits_for_bad_cr || quirk_tcg_is_host_state(v));

	if (svm_features.loses_interrupts)
		quirk_tcg_present_interrupts();
	entry->what |= ENTER_EVENTS;
	if (is_refused) {		/* nothing delivered, perhaps nothing flushed (15.5.1) */
		requeue_event(hw, entry);
		return;
	}
	if (v->tlb_control)
		v->tlb_control = cpu->tlb_control = 0;
	entry->event.valid = 0;
	if (!(hw->slow_entry & SLOW_STEPPED))
		entry->intr_pending = (v->int_control & SVM_V_IRQ) != 0;
	if (v->exit_int_info & SVM_EVENT_VALID)	/* the other bits may be stale */
		collect_interrupted(hw, entry, v->exit_int_info);
}
