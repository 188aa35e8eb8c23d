/* SPDX-License-Identifier: MIT */
/* links: arch */
/* helpers: fake_cpu.c fake_vmx.c */
/*
 * The VMX back end in front of a processor that is a function: what is in the VMCS at an entry, and what becomes of it
 * when the entry is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu_features.h"
#include "fake_vmx.h"
#include "kernel_upcalls.h"
#include "virt_bits.h"
#include "vmx.h"

#define GUEST_RIP 0x100139u
#define VMX_BAD_GUEST_STATE (BIT32(31) | 33u)

static struct vcpu_page page;
static struct vcpu_entry entry;
static struct vcpu_hw *hw;
static u64 (*processor)(void);
static u64 entered_with;	/* the event field */

const u8 vmx_exit_point[1];
const struct virt_ops svm_ops = { .kind = VIRT_NONE };

void fake_invept(u64 type, u64 pointer)
{
	(void)type, (void)pointer;
}

void arch_interrupt(u32 vector)
{
	(void)vector;
}

void arch_interrupts_poll(void)
{
}

void arch_ports_restore(void)
{
}

u32 vmx_switch(struct vcpu_hw *vcpu)
{
	u64 blocking = vmread(VMCS_GUEST_INTERRUPTIBILITY) & (BLOCKING_STI | BLOCKING_MOVSS);
	bool is_stepped = (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF) != 0;

	if (blocking)	/* SDM Vol. 3 26.3.1.5 */
		assert_int_equal((vmread(VMCS_GUEST_PENDING_DEBUG) & DR6_BS) != 0, is_stepped);
	entered_with = vmread(VMCS_ENTRY_EVENT);
	return vmx_exit(vcpu, vcpu->page, processor());
}

/* VMfail: nothing but the error. */
static u64 vmfail(void)
{
	vmwrite(VMCS_INSN_ERROR, 7);
	return VMX_REFUSED;
}

/* A VM entry that failed for the guest's state; the event stays valid (SDM Vol. 3 26.8). */
static u64 refuse(void)
{
	return VMX_BAD_GUEST_STATE;
}

/* An exit: the event has been delivered, and is not valid any more (27.2.4). */
static u64 leave(void)
{
	vmwrite(VMCS_ENTRY_EVENT, vmread(VMCS_ENTRY_EVENT) & ~(u64)EVENT_VALID);
	vmwrite(VMCS_VECTORING, 0);
	return VMX_CPUID;
}

static int start(void **state)
{
	static struct vmx_cpu cpu;
	static struct thread *thread;
	static u64 fs_base_of_a_thread[64];

	(void)state;
	thread = (struct thread *)(void *)fs_base_of_a_thread;
	cpu = (struct vmx_cpu){ 0 };
	fake_pcpus[0] = (struct pcpu){ .self = &fake_pcpus[0], .virt = &cpu, .current = thread };
	memset(&page, 0, sizeof(page));
	memset(&entry, 0, sizeof(entry));
	virt_limits = (struct virt_limits){ .cr4_mask = ~0ull, .linear_bits = 48 };
	hw = kernel_frames_alloc(VCPU_HW_FRAMES);
	vmx_ops.vcpu_init(hw, HPA(0x5000), 0, page.gpr);
	vmx_ops.prepare(hw, &entry, &page, false);
	vmwrite(VMCS_GUEST_RIP, GUEST_RIP);
	vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_NE);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_ONE | RFLAGS_IF);
	return 0;
}

static int end(void **state)
{
	(void)state;
	vmx_ops.leave(hw);
	kernel_frames_free(hw, VCPU_HW_FRAMES);
	return 0;
}

/* Each kind of thing that an entry may deliver. */
static const struct vcpu_entry requests[] = {
	{ .event = { .valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_PF, .has_error = 1, .error = 0x1234 } },
	{ .event = { .valid = 1, .type = EVENT_EXCEPTION, .vector = VECTOR_UD }, .intr_pending = 1, .intr_vector = 77 },
	{ .event = { .valid = 1, .type = EVENT_SOFT_INT, .vector = 0x80, .insn_len = 2 } },
	{ .event = { .valid = 1, .type = EVENT_SOFT_EXCEPTION, .vector = VECTOR_BP, .insn_len = 1 } },
	{ .event = { .valid = 1, .type = EVENT_SOFT_EXCEPTION, .vector = VECTOR_DB, .insn_len = 1 } },
	{ .event = { .valid = 1, .type = EVENT_NMI, .vector = VECTOR_NMI } },
	{ .intr_pending = 1, .intr_vector = 99 },
};

static void expect_all_back(const struct vcpu_entry *wish)
{
	assert_memory_equal(&entry.event, &wish->event, sizeof(entry.event));
	assert_int_equal(entry.interrupts, wish->interrupts);
	assert_int_equal(entry.what, ENTER_EVENTS);
	assert_int_equal(page.rip, GUEST_RIP);
	assert_false(page.shadow & SHADOW_NMI);
}

static void check_refusals(u64 (*how)(void))
{
	for (u32 i = 0; i < ARRAY_COUNT(requests); i++) {
		u64 first;

		entry = requests[i];
		processor = how;
		assert_int_equal(vmx_ops.enter(hw, ENTER_EVENTS), EXIT_BAD_STATE);
		assert_true(entered_with & EVENT_VALID);
		first = entered_with;
		expect_all_back(&requests[i]);
		processor = leave;	/* once more: the same; then no more */
		assert_int_equal(vmx_ops.enter(hw, ENTER_EVENTS), EXIT_CPUID);
		assert_int_equal(entered_with, first);
		entry = (struct vcpu_entry){ 0 };
		vmx_set_interruptibility(hw, 0);
		assert_int_equal(vmx_ops.enter(hw, 0), EXIT_CPUID);
		assert_false(entered_with & EVENT_VALID);
	}
}

/* The VMM that takes back what it wanted after an entry that was refused: the guest gets nothing of it. */
static void check_withdrawal(u64 (*how)(void))
{
	for (u32 i = 0; i < ARRAY_COUNT(requests); i++) {
		entry = requests[i];
		processor = how;
		assert_int_equal(vmx_ops.enter(hw, ENTER_EVENTS), EXIT_BAD_STATE);
		entry = (struct vcpu_entry){ 0 };
		processor = leave;
		assert_int_equal(vmx_ops.enter(hw, 0), EXIT_CPUID);
		assert_false(entered_with & EVENT_VALID);
	}
}

static void test_fail(void **state)
{
	(void)state;
	check_refusals(vmfail);
	check_withdrawal(vmfail);
}

static void test_bad_state(void **state)
{
	(void)state;
	check_refusals(refuse);
	check_withdrawal(refuse);
}

static u64 machine_check_within(void)
{
	return VMX_ENTRY_MACHINE_CHECK;
}

/* A machine check within an entry: it is judged, for nobody else has seen it, and the guest ends. */
static void test_machine_check(void **state)
{
	(void)state;
	fake_machine_checks = 0;
	check_withdrawal(refuse);
	assert_int_equal(fake_machine_checks, 0);
	check_refusals(machine_check_within);
	assert_int_equal(fake_machine_checks, ARRAY_COUNT(requests));
}

/* One that only waited comes back as an NMI to deliver. */
static void test_pending_nmi(void **state)
{
	(void)state;
	entry = (struct vcpu_entry){ .nmi_pending = 1 };
	processor = refuse;
	assert_int_equal(vmx_ops.enter(hw, ENTER_EVENTS), EXIT_BAD_STATE);
	assert_true(entry.event.valid && entry.event.type == EVENT_NMI && entry.event.vector == VECTOR_NMI);
	assert_false(entry.nmi_pending);
	assert_false(page.shadow & SHADOW_NMI);
}

/* #DB, of an INT1 behind a MOV SS: what was pending is gone, and the shadow still there. */
static u64 int1(void)
{
	(void)leave();
	vmwrite(VMCS_EXIT_EVENT, EVENT_VALID | VMX_EVENT_ICEBP << EVENT_TYPE_SHIFT | VECTOR_DB);
	vmwrite(VMCS_EXIT_INSN_LEN, 1);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	return VMX_EXCEPTION_NMI;
}

static void test_step_in_a_shadow(void **state)
{
	static const u64 flags[] = { RFLAGS_ONE, RFLAGS_ONE | RFLAGS_TF };

	(void)state;
	for (u32 i = 0; i < 16; i++) {
		page.shadow = i & 1 ? SHADOW_MOVSS : SHADOW_STI;
		page.rflags = flags[i >> 1 & 1] | (i & 1 ? 0 : RFLAGS_IF);
		vmx_ops.load(hw, &page, GROUP_GPR);
		processor = int1;
		assert_int_equal(vmx_ops.enter(hw, 0), EXIT_EXCEPTION);
		assert_int_equal(page.exit.exception.vector, VECTOR_DB);
		assert_int_equal(page.exit.insn_len, 1);
		processor = leave;
		entry.event = requests[4].event;
		assert_int_equal(vmx_ops.enter(hw, i & 4 ? ENTER_EVENTS : ENTER_STEP), EXIT_CPUID);
		page.rflags ^= RFLAGS_TF;
		page.shadow = SHADOW_STI;
		vmx_ops.load(hw, &page, GROUP_GPR);
		assert_int_equal(vmx_ops.enter(hw, i & 8 ? ENTER_STEP : 0), EXIT_CPUID);
	}
}

static u64 refuse_rip(void)
{
	u64 rip = vmread(VMCS_GUEST_RIP);

	return rip == (u64)((s64)(rip << 16) >> 16) ? leave() : VMX_BAD_GUEST_STATE;
}

/* A step to where no address is: the fault of its fetch, unless something else comes first; the VM goes on. */
static void test_step_out_of_space(void **state)
{
	(void)state;
	for (u32 i = 0; i <= ARRAY_COUNT(requests); i++) {
		processor = leave;
		entry = (struct vcpu_entry){ 0 };
		assert_int_equal(vmx_ops.enter(hw, 0), EXIT_CPUID);
		page.rip = 0x800000000000;
		processor = refuse_rip;
		entry = i < ARRAY_COUNT(requests) ? requests[i] : (struct vcpu_entry){ 0 };
		assert_int_equal(vmx_ops.enter(hw, ENTER_STEP | ENTER_EVENTS), EXIT_NONE);
		assert_true(entry.event.valid);
		assert_int_equal(entry.event.vector, i < 6 ? requests[i].event.vector : VECTOR_GP);
		assert_int_equal(vmx_ops.enter(hw, ENTER_EVENTS), EXIT_CPUID);
		assert_int_equal(page.rip, 0xffff800000000000);
	}
}

/* Faults show RF = 1 in their frame; traps, software interrupts and NMIs the guest's. */
static void test_resume_flag(void **state)
{
	(void)state;
	processor = leave;
	for (u32 i = 0; i < ARRAY_COUNT(requests); i++) {
		vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_ONE);
		entry = requests[i];
		assert_int_equal(vmx_ops.enter(hw, ENTER_EVENTS), EXIT_CPUID);
		assert_int_equal(vmread(VMCS_GUEST_RFLAGS), RFLAGS_ONE | (i < 2 ? RFLAGS_RF : 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fail, start, end),
		cmocka_unit_test_setup_teardown(test_bad_state, start, end),
		cmocka_unit_test_setup_teardown(test_machine_check, start, end),
		cmocka_unit_test_setup_teardown(test_pending_nmi, start, end),
		cmocka_unit_test_setup_teardown(test_step_in_a_shadow, start, end),
		cmocka_unit_test_setup_teardown(test_step_out_of_space, start, end),
		cmocka_unit_test_setup_teardown(test_resume_flag, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
