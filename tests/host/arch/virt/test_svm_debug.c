/* SPDX-License-Identifier: MIT */
/* links: arch */
/* helpers: fake_cpu.c */
/*
 * What of a guest's state the SVM back end puts into registers that VMRUN does not switch: none of it may act on the
 * host, or be seen by others.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu_features.h"
#include "kernel_upcalls.h"
#include "svm.h"
#include "virt_bits.h"

#define ALL_ENABLED 0x4ffu

static struct vcpu_page page;
static struct vcpu_entry entry;
static struct vcpu_hw *hw;
static u64 dr7_at_entry;
static bool was_by_hand;
static u32 (*processor)(struct vcpu_hw *vcpu);

const struct virt_ops vmx_ops = { .kind = VIRT_NONE };

static u32 run(struct vcpu_hw *vcpu, bool by_hand)
{
	was_by_hand = by_hand;
	dr7_at_entry = fake_dr[7];
	fake_dr[7] = DR7_FIXED;
	vcpu->vmcb->exit_code = SVM_HLT;
	vcpu->vmcb->exit_int_info = 0;
	return svm_exit(vcpu);
}

u32 svm_switch(struct vcpu_hw *vcpu)
{
	if (processor)
		return processor(vcpu);
	return run(vcpu, false);
}

u32 svm_switch_armed(struct vcpu_hw *vcpu)
{
	return run(vcpu, true);
}

static void start(struct svm_features features)
{
	svm_features = features;
	svm_features.asid_count = 16;
	memset(&entry, 0, sizeof(entry));
	memset(fake_dr, 0, sizeof(fake_dr));
	fake_dr[7] = DR7_FIXED;
	assert_int_equal(svm_ops.cpu_on(), ST_OK);
	hw = kernel_frames_alloc(VCPU_HW_FRAMES);
	svm_ops.vcpu_init(hw, HPA(0x5000), 0, page.gpr);
}

static void end(void)
{
	struct svm_cpu *cpu = pcpu_self()->virt;

	kernel_frames_free(hw, VCPU_HW_FRAMES);
	free(cpu);
}

static void enter_with(const u64 dr[4], u64 dr7)
{
	memcpy(page.dr, dr, sizeof(page.dr));
	page.dr6 = DR6_FIXED;
	page.dr7 = dr7;
	svm_ops.load(hw, &page, GROUP_DR);
	svm_ops.prepare(hw, &entry, &page, false);
	assert_int_equal(svm_ops.enter(hw, 0), EXIT_HLT);
}

/* VMRUN takes DR7 from the VMCB: the host's own never enables anything. */
static void test_breakpoints(void **state)
{
	static const u64 dr[4] = { 0xffffffff80111500, 0x1000, 0xffff800000001000, 0x3f8 };

	(void)state;
	start((struct svm_features){ 0 });
	enter_with(dr, ALL_ENABLED);
	assert_false(was_by_hand);
	assert_int_equal(dr7_at_entry, DR7_FIXED);
	assert_int_equal(hw->vmcb->dr7, ALL_ENABLED);
	assert_memory_equal(fake_dr, dr, sizeof(page.dr));
	end();
}

/* Where they have to be armed in the host: none of its own addresses, and what a guest reads back is what it wrote. */
static void test_breakpoints_by_hand(void **state)
{
	static const struct { u64 dr[4], armed; } cases[] = {
		{ { 0xffffffff80111500, 0xffff800000000000, 0xfffffe0000000000, ~0ull }, 0x400 },
		{ { 0x1000, 0xffffffff80111500, 0x2000, 0xffff800000000000 }, 0x433 },
		{ { USER_LIMIT - 8, USER_LIMIT - 7, 0x7fffffffffff, 0x8000000000000000 }, 0x403 },
		{ { 0, 0x3f8, 0x100000, 0x400000 }, 0x4ff },
	};

	(void)state;
	start((struct svm_features){ .leaves_breakpoints = true });
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		enter_with(cases[i].dr, ALL_ENABLED | DR7_GD);
		assert_int_equal(dr7_at_entry, cases[i].armed);
		assert_int_equal(was_by_hand, cases[i].armed != DR7_FIXED);
		svm_ops.store(hw, &page, GROUP_DR);
		assert_memory_equal(page.dr, cases[i].dr, sizeof(page.dr));
		assert_int_equal(page.dr7, ALL_ENABLED | DR7_GD);
	}
	end();
}

static u64 kept_dr7 = ~0ull, tried_dr7;

void fake_vmrun_refused(void)
{
	tried_dr7 = fake_dr[7];
	fake_dr[7] &= kept_dr7;
}

/* Only an emulator that left the host's breakpoint in DR7 gets the guest's armed by hand; the trial leaves none. */
static void test_probe(void **state)
{
	static const u64 dr[4] = { 0x1000, 0x2000, 0x3000, 0x4000 };

	(void)state;
	for (u32 i = 0; i < 4; i++) {
		bool may_leave = i & 1, leaves = i & 2;

		kept_dr7 = leaves ? ~0ull : ~DR7_ENABLES;
		tried_dr7 = 0;
		start((struct svm_features){ .leaves_breakpoints = may_leave });
		assert_int_equal(tried_dr7, may_leave ? DR7_FIXED | DR7_IO_0 : 0);
		assert_int_equal(fake_dr[7], DR7_FIXED);
		enter_with(dr, ALL_ENABLED);
		assert_int_equal(was_by_hand, may_leave && leaves);
		end();
	}
	kept_dr7 = ~0ull;
}

static u32 steps;
static bool was_seen;

/* After each instruction: what another pCPU would see in the page, which a VMM shares. */
static void look(int signal)
{
	(void)signal;
	steps++;
	was_seen = was_seen || (((volatile struct vcpu_page *)&page)->efer & EFER_SVME);
}

static void set_single_step(bool is_on)
{
	u64 flags = __builtin_ia32_readeflags_u64();

	__builtin_ia32_writeeflags_u64(is_on ? flags | RFLAGS_TF : flags & ~RFLAGS_TF);
}

/* EFER.SVME, which the VMCB must have, is not in the page at any moment. */
static void test_svme_is_never_seen(void **state)
{
	struct sigaction action = { .sa_handler = look };

	(void)state;
	start((struct svm_features){ 0 });
	page.efer = EFER_LME;
	svm_ops.load(hw, &page, GROUP_CR);
	page.efer = 0;
	steps = 0;
	was_seen = false;
	assert_int_equal(sigaction(SIGTRAP, &action, NULL), 0);
	set_single_step(true);
	svm_ops.store(hw, &page, GROUP_CR);
	set_single_step(false);
	assert_true(steps > 20);
	assert_false(was_seen);
	assert_int_equal(page.efer, EFER_LME);
	end();
}

/* TSC_AUX is the guest's while it runs, and nobody else's before ring 3 of another thread does. */
static void test_tsc_aux(void **state)
{
	(void)state;
	fake_tsc_aux = 0xf1;	/* the firmware's */
	start((struct svm_features){ .has_rdtscp = true });
	assert_int_equal(fake_tsc_aux, 0);
	page.tsc_aux = 0x5ec2e7;
	svm_ops.load(hw, &page, GROUP_MSR);
	for (u32 i = 0; i < 2; i++) {
		svm_ops.prepare(hw, &entry, &page, false);
		assert_int_equal(fake_tsc_aux, 0x5ec2e7);
		assert_true(fake_pcpu.has_guest_state);
		svm_ops.put_away(&fake_pcpu);
		assert_int_equal(fake_tsc_aux, 0);
		assert_false(fake_pcpu.has_guest_state);
	}
	page.tsc_aux = 0;
	svm_ops.load(hw, &page, GROUP_MSR);
	svm_ops.prepare(hw, &entry, &page, false);
	assert_int_equal(fake_tsc_aux, 0);
	end();
}

/* Faults show RF = 1 in their frame, traps the guest's. */
static void test_resume_flag(void **state)
{
	static const struct { u8 type, vector; bool is_fault; } events[] = {
		{ EVENT_EXCEPTION, VECTOR_UD, true }, { EVENT_EXCEPTION, VECTOR_GP, true },
		{ EVENT_EXCEPTION, VECTOR_PF, true }, { EVENT_EXCEPTION, VECTOR_DB, false },
		{ EVENT_EXCEPTION, VECTOR_DF, false }, { EVENT_NMI, VECTOR_NMI, false },
		{ EVENT_SOFT_INT, VECTOR_GP, false }, { EVENT_SOFT_EXCEPTION, VECTOR_BP, false },
	};

	(void)state;
	start((struct svm_features){ 0 });
	svm_ops.prepare(hw, &entry, &page, false);
	for (u32 i = 0; i < ARRAY_COUNT(events); i++) {
		hw->vmcb->rflags = RFLAGS_ONE;
		entry.event = (struct vcpu_event){
			.valid = 1, .type = events[i].type, .vector = events[i].vector, .insn_len = 1,
		};
		assert_int_equal(svm_ops.enter(hw, ENTER_EVENTS), EXIT_HLT);
		assert_int_equal(hw->vmcb->rflags, RFLAGS_ONE | (events[i].is_fault ? RFLAGS_RF : 0));
	}
	end();
}

/*
 * A guest with NMIs: the processor runs an instruction a time, and says where NMIs were delivered. 0: MOV SS, whose
 * shadow is 1's; the handler is 100 and its IRET 101, with an intercept or without.
 */
static u32 delivered_at[8], delivered, rip_in_frame;
static u64 flags_in_frame;

static u32 one_instruction(struct vcpu_hw *vcpu)
{
	struct vmcb *v = vcpu->vmcb;
	bool is_stepped = (v->rflags & RFLAGS_TF) != 0;

	v->exit_int_info = 0;
	v->exit_code = SVM_INTR;
	if ((v->event_inject & SVM_EVENT_VALID) && (u8)v->event_inject == VECTOR_NMI) {
		assert_false(v->int_state & SVM_INT_STATE_SHADOW);
		assert_true(v->rip < 100);
		delivered_at[delivered++ % 8] = rip_in_frame = (u32)v->rip;
		flags_in_frame = v->rflags;
		v->rip = 100;
		v->rflags &= ~RFLAGS_TF;
		v->event_inject = 0;
		return svm_exit(vcpu);
	}
	if (v->rip == 101 && (v->intercept_misc1 & SVM_INTERCEPT1(SVM_IRET))) {
		v->exit_code = SVM_IRET;
		return svm_exit(vcpu);
	}
	v->int_state = v->rip == 0 ? SVM_INT_STATE_SHADOW : 0;
	if (v->rip == 101) {
		v->rflags = flags_in_frame;
		v->rip = rip_in_frame;
	} else {
		v->rip++;
	}
	if (is_stepped) {
		v->dr6 |= DR6_BS;
		v->exit_code = SVM_EXCEPTION + VECTOR_DB;
	}
	return svm_exit(vcpu);
}

/* Runs instructions until `rip`, and returns how many single-step traps the guest saw. */
static u32 run_to(u64 rip)
{
	u32 traps = 0;

	for (u32 i = 0; hw->vmcb->rip != rip || entry.nmi_pending; i++) {
		assert_true(i < 1000);
		traps += svm_ops.enter(hw, entry.what) == EXIT_EXCEPTION;
	}
	return traps;
}

static void test_nmis(void **state)
{
	(void)state;
	start((struct svm_features){ 0 });
	svm_ops.prepare(hw, &entry, &page, false);
	processor = one_instruction;
	for (u32 i = 0; i < 4; i++) {
		u64 tf = i & 1 ? RFLAGS_TF : 0, bs = i & 2 ? DR6_BS : 0;
		u32 traps;

		delivered = 0;
		hw->vmcb->rip = 0;
		hw->vmcb->rflags = RFLAGS_ONE | tf;
		hw->vmcb->dr6 = DR6_FIXED | bs;
		entry = (struct vcpu_entry){ 0 };
		(void)svm_ops.enter(hw, 0);
		assert_int_equal(hw->vmcb->rip, 1);
		entry.nmi_pending = 1;		/* in the shadow */
		entry.what = ENTER_EVENTS;
		traps = run_to(100);
		assert_int_equal(delivered, 1);
		assert_int_equal(delivered_at[0], 2);
		assert_int_equal(traps, tf != 0);
		assert_int_equal(flags_in_frame & RFLAGS_TF, tf);
		entry.nmi_pending = 1;		/* while the first is in service */
		entry.what = ENTER_EVENTS;
		traps = run_to(100);
		assert_int_equal(delivered, 2);
		assert_int_equal(delivered_at[1], 2);
		assert_int_equal(traps, 0);
		(void)run_to(4);
		svm_ops.store(hw, &page, GROUP_GPR | GROUP_DR);
		assert_int_equal(page.shadow, 0);
		assert_int_equal(page.rflags & RFLAGS_TF, tf);
		if (!tf)
			assert_int_equal(page.dr6 & DR6_BS, bs);
		assert_false(hw->slow_entry & SLOW_STEPPED);
	}
	processor = NULL;
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_breakpoints),
		cmocka_unit_test(test_breakpoints_by_hand),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_svme_is_never_seen),
		cmocka_unit_test(test_tsc_aux),
		cmocka_unit_test(test_resume_flag),
		cmocka_unit_test(test_nmis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
