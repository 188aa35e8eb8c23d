/* SPDX-License-Identifier: MIT */
/*
 * #GP of the two instructions that may meet an MSR that is not there, and of all others.
 */
/* links: arch */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cpu.h"
#include "kernel_upcalls.h"
#include "virt.h"

struct pcpu fake_pcpus[FAKE_PCPUS];
__thread u32 fake_here;
u64 fake_drs[FAKE_PCPUS][8], fake_tsc_aux;
const struct virt_ops *virt;
const u8 cpu_msr_read_at[1], cpu_msr_write_at[1], cpu_msr_refused[1];
static jmp_buf panicked;
static u32 user_exceptions;

_Noreturn void kernel_panic_frame(const struct trap_frame *frame, u64 address)
{
	(void)frame, (void)address;
	longjmp(panicked, 1);
}

void kernel_user_exception(struct trap_frame *frame, u64 address)
{
	(void)frame, (void)address;
	user_exceptions++;
}

void kernel_exit_check(void)
{
}

void arch_interrupt(u32 vector)
{
	(void)vector;
}

bool arch_interrupt_end_stray(u32 vector)
{
	(void)vector;
	return false;
}

void machine_check(bool is_kernel)
{
	(void)is_kernel;
}

bool fpu_unpark(void)
{
	return false;
}

_Noreturn void arch_halt(void)
{
	for (;;)
		;
}

static bool panics(u64 vector, u64 rip)
{
	struct trap_frame frame = { .vector = vector, .rip = rip, .cs = SEL_KERNEL_CODE };

	if (setjmp(panicked) != 0)
		return true;
	cpu_trap(&frame);
	assert_int_equal(frame.rip, (u64)cpu_msr_refused);
	return false;
}

static void test_ring_0(void **state)
{
	(void)state;
	assert_false(panics(VECTOR_GP, (u64)cpu_msr_read_at));
	assert_false(panics(VECTOR_GP, (u64)cpu_msr_write_at));
	assert_true(panics(VECTOR_GP, (u64)cpu_msr_refused));
	assert_true(panics(VECTOR_UD, (u64)cpu_msr_read_at));
}

/* Ring 3 may jump to these addresses. */
static void test_ring_3(void **state)
{
	struct trap_frame frame = { .vector = VECTOR_GP, .rip = (u64)cpu_msr_read_at, .cs = SEL_USER_CODE };

	(void)state;
	cpu_trap(&frame);
	assert_int_equal(user_exceptions, 1);
	assert_int_equal(frame.rip, (u64)cpu_msr_read_at);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ring_0), cmocka_unit_test(test_ring_3) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
