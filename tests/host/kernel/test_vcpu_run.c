/* SPDX-License-Identifier: MIT */
/* links: kernel arch */
/* helpers: fake_arch.c fake_objects.c vcpu_model.c vcpu_model_drs.c fake_back_end.c */
/*
 * vcpu_model.h with the SVM back end: the processor takes TLB_CONTROL only at an entry that it does not refuse, and
 * keeps translations by ASID.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "svm.h"
#include "vcpu_model.h"
#include "virt_bits.h"

#define ASIDS 5u

const struct virt_ops vmx_ops = { .kind = VIRT_NONE };

static struct model_cached tlb[FAKE_PCPUS][ASIDS][MODEL_SLOTS];
static u64 flushes, injected;

static u32 type_of(u64 field)
{
	return (u32)(field >> SVM_EVENT_TYPE_SHIFT) & SVM_EVENT_TYPE;
}

static struct vcpu_event event_in(const struct vmcb *v)
{
	u64 field = v->event_inject;
	bool is_soft = type_of(field) == SVM_EVENT_SOFT_INT;

	if (!(field & SVM_EVENT_VALID) || type_of(field) == SVM_EVENT_INTR)
		return (struct vcpu_event){ 0 };
	return (struct vcpu_event){
		.valid = 1, .type = is_soft ? EVENT_SOFT_INT : EVENT_EXCEPTION, .vector = (u8)field,
		.has_error = (field & SVM_EVENT_HAS_ERROR) != 0,
		.error = field & SVM_EVENT_HAS_ERROR ? (u32)(field >> 32) : 0,
		.insn_len = is_soft ? MODEL_INSN_BYTES : 0,
	};
}

static bool injects_interrupt(const struct vmcb *v)
{
	return (v->event_inject & SVM_EVENT_VALID) && type_of(v->event_inject) == SVM_EVENT_INTR;
}

/* Injected only if nothing keeps the guest from taking it, and not on offer too. */
static u32 interrupt_in(const struct vmcb *v)
{
	if (!injects_interrupt(v))
		return v->int_control & SVM_V_IRQ ? v->int_vector : 0;
	CHECK(model_has_interrupts() && !(v->int_control & SVM_V_IRQ));
	injected++;
	return (u8)v->event_inject;
}

static struct model_view look_at(struct vmcb *v)
{
	struct model_view view = {
		.s2_root = v->nested_cr3, .rip = v->rip, .rax = v->rax, .event = event_in(v),
		.vector = interrupt_in(v), .is_injected = injects_interrupt(v), .cached = tlb[fake_here][v->asid],
		.dr_exits = v->intercept_dr != 0, .dr6 = &v->dr6, .dr7 = v->dr7,
	};

	/* The instruction has been stepped over, so that the frame shows the next one. */
	if (view.event.valid && view.event.type == EVENT_SOFT_INT)
		view.rip -= view.event.insn_len;
	return view;
}

static u64 exit_code_of(enum model_exit exit)
{
	static const u64 codes[] = {
		[MODEL_CPUID] = SVM_CPUID, [MODEL_INTERRUPT] = SVM_INTR, [MODEL_FAULT] = SVM_NESTED_FAULT,
		[MODEL_DR] = SVM_DR_WRITE,
	};

	return codes[exit];
}

static void leave(struct vmcb *v, const struct model_view *view)
{
	u64 interrupt = SVM_EVENT_VALID | SVM_EVENT_INTR << SVM_EVENT_TYPE_SHIFT | view->vector;

	v->exit_code = exit_code_of(view->exit);
	v->exit_info1 = SVM_NPF_WRITE;
	v->exit_info2 = view->gpa;
	v->exit_int_info = view->is_event_cut ? v->event_inject : view->is_interrupt_cut ? interrupt : 0;
	v->event_inject = 0;
	if (view->is_taken)
		v->int_control &= ~SVM_V_IRQ;
	if (!view->is_event_cut)	/* else as it was at the entry */
		v->rip = view->rip;
	v->rax = view->rax;
	v->dr7 = view->dr7;
	v->rflags = RFLAGS_ONE | (view->has_interrupts ? RFLAGS_IF : 0);
}

static void run_guest(struct vmcb *v)
{
	struct model_view view;

	v->exit_int_info = 0;
	if (model_is_refused()) {
		v->exit_code = SVM_EXIT_INVALID;
		return;
	}
	CHECK(v->asid != 0 && v->asid < ASIDS);
	if (v->tlb_control) {
		CHECK(v->tlb_control == SVM_TLB_FLUSH_ALL);
		memset(tlb[fake_here], 0, sizeof(tlb[0]));
		flushes++;
	}
	view = look_at(v);
	model_run(&view);
	leave(v, &view);
}

/* Host interrupts are taken behind the exit. */
u32 svm_switch(struct vcpu_hw *hw)
{
	model_begin_entry(hw);
	run_guest(hw->vmcb);
	if (one_in(2))
		model_window();
	else
		model_take_interrupts();
	svm_features.doubles_interrupts = one_in(2);	/* both kinds of processor, by turns */
	return svm_exit(hw);
}

u32 svm_switch_armed(struct vcpu_hw *hw)
{
	return svm_switch(hw);
}

static void cpu_on(void)
{
	virt_limits.asks_for_siblings = true;	/* without a PAUSE filter */
	CHECK(svm_ops.cpu_on() == ST_OK);
}

static void vcpu_on(struct vcpu_hw *hw)
{
	(void)hw;
}

static u64 rip(const struct vcpu_hw *hw)
{
	return hw->vmcb->rip;
}

static void test_interleavings(void **state)
{
	static const struct model_vendor svm = { &svm_ops, &pt_npt, cpu_on, vcpu_on, rip };

	(void)state;
	svm_features = (struct svm_features){ .asid_count = ASIDS };
	model_test(&svm);
	assert_true(flushes > 100 && injected > 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_interleavings) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
