/* SPDX-License-Identifier: MIT */
/*
 * Grace periods with four pCPUs: who is interrupted, who has passed, and that being idle counts.
 */
/* links: kernel */
/* helpers: fake_arch.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch.h"
#include "kernel_upcalls.h"
#include "quiesce.h"

static int setup(void **state)
{
	(void)state;
	pcpu_count = FAKE_PCPUS;
	fake_here = 0;
	memset(fake_ipis, 0, sizeof(fake_ipis));
	for (u32 i = 0; i < FAKE_PCPUS; i++)
		fake_pcpus[i].is_idle = false;
	fake_tlb_flushes = 0;
	return 0;
}

static void enter_idle(u32 pcpu)
{
	fake_pcpus[pcpu].is_idle = true;	/* as arch_idle does */
}

static void leave_idle(u32 pcpu)
{
	u32 here = fake_here;

	fake_here = pcpu;
	kernel_idle_end();
	fake_here = here;
}

static void test_alone(void **state)
{
	(void)state;
	pcpu_count = 1;
	assert_true(quiesce_passed(quiesce_begin()));
	assert_int_equal(fake_tlb_flushes, 1);
	assert_int_equal(fake_ipis[0] + fake_ipis[1], 0);
}

static void test_everybody_must_pass(void **state)
{
	u64 ticket = quiesce_begin();

	(void)state;
	assert_int_equal(fake_ipis[0], 0);
	for (u32 i = 1; i < FAKE_PCPUS; i++) {
		assert_int_equal(fake_ipis[i], 1);
		assert_false(quiesce_passed(ticket));
		fake_take_ipi(i);
	}
	assert_true(quiesce_passed(ticket));
	assert_int_equal(fake_tlb_flushes, FAKE_PCPUS);
	assert_true(quiesce_passed(0));
}

static void test_idle_ones_are_left_alone(void **state)
{
	u64 ticket;

	(void)state;
	enter_idle(1);
	enter_idle(2);
	ticket = quiesce_begin();
	assert_int_equal(fake_ipis[1] + fake_ipis[2], 0);
	assert_int_equal(fake_ipis[3], 1);
	assert_false(quiesce_passed(ticket));
	fake_take_ipi(3);
	assert_true(quiesce_passed(ticket));
	/* Busy again: it has caught up first. */
	fake_tlb_flushes = 0;
	leave_idle(1);
	assert_int_equal(fake_tlb_flushes, 1);
	assert_true(quiesce_passed(ticket));
	leave_idle(1);
	assert_int_equal(fake_tlb_flushes, 1);
}

/* One that goes idle before it takes the interrupt has passed, and one that wakes up again stays so. */
static void test_going_idle_is_passing(void **state)
{
	u64 ticket;

	(void)state;
	pcpu_count = 2;
	ticket = quiesce_begin();
	assert_false(quiesce_passed(ticket));
	enter_idle(1);
	assert_true(quiesce_passed(ticket));
	leave_idle(1);
	assert_true(quiesce_passed(ticket));
}

/* An interrupt that came for one period ends all that had begun before, and none that begins after. */
static void test_several_at_a_time(void **state)
{
	u64 first, second, third;

	(void)state;
	pcpu_count = 2;
	first = quiesce_begin();
	second = quiesce_begin();
	assert_true(second > first);
	fake_take_ipi(1);
	third = quiesce_begin();
	assert_true(quiesce_passed(first) && quiesce_passed(second));
	assert_false(quiesce_passed(third));
}

/* Whoever answers forgets that a vCPU's translations are loaded: the vCPU must look before it enters again. */
static void test_guests_enter_anew(void **state)
{
	struct vcpu *vcpu = (struct vcpu *)&fake_tlb_flushes;	/* any address */

	(void)state;
	pcpu_count = 2;
	fake_pcpus[0].fast_vcpu = fake_pcpus[1].fast_vcpu = vcpu;
	(void)quiesce_begin();
	assert_null(fake_pcpus[0].fast_vcpu);
	assert_ptr_equal(fake_pcpus[1].fast_vcpu, vcpu);
	enter_idle(1);
	leave_idle(1);
	assert_null(fake_pcpus[1].fast_vcpu);
}

/* Who begins a period and goes on asking from another pCPU. */
static void test_asking_from_elsewhere(void **state)
{
	u64 ticket;

	(void)state;
	pcpu_count = 2;
	ticket = quiesce_begin();
	fake_here = 1;
	assert_false(quiesce_passed(ticket));	/* its own interrupt is still to come */
	fake_take_ipi(1);
	assert_true(quiesce_passed(ticket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_alone, setup),
		cmocka_unit_test_setup(test_everybody_must_pass, setup),
		cmocka_unit_test_setup(test_idle_ones_are_left_alone, setup),
		cmocka_unit_test_setup(test_going_idle_is_passing, setup),
		cmocka_unit_test_setup(test_several_at_a_time, setup),
		cmocka_unit_test_setup(test_guests_enter_anew, setup),
		cmocka_unit_test_setup(test_asking_from_elsewhere, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
