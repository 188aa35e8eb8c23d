/* SPDX-License-Identifier: MIT */
/* Yields of the scheduler's threads: to the next in line, and to all siblings that are ready on the same pCPU. */
/* links: kernel */
/* helpers: fake_arch.c fake_objects.c sched_sim.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sched_sim.h"
#include "virt.h"

static void test_yield_lets_the_next_run(void **state)
{
	(void)state;
	sim_go(0);
	sim_go(1);
	for (u32 i = 0; i < 10; i++) {
		struct thread *before = sim_running();

		sim_run(10);
		sim_yield();
		assert_ptr_not_equal(sim_running(), before);
	}
}

/* What a thread waits for may be the work of any thread of its PD, also of one that is due later than all others. */
static void test_yield_lets_siblings_run(void **state)
{
	u64 before;

	(void)state;
	sim_join(1, 0);
	sim_join(2, 0);
	sim_go(0);
	sim_go(1);
	sim_sleep(0, DEADLINE_NONE);
	sim_sleep(1, DEADLINE_NONE);
	sim_go(2);
	sim_run(HZ);
	sim_send(0, 1);
	sim_send(1, 1);
	sim_settle();
	assert_ptr_not_equal(sim_running(), threads[2]);	/* both have slept, and go first */
	before = sim_time(2);
	for (u32 i = 0; i < 4; i++) {
		sim_run(10);
		sim_yield();
	}
	assert_true(sim_time(2) > before);
}

static void run_until(u32 i)
{
	while (sim_running() != threads[i])
		sim_run(1);
}

static void test_waiting_siblings_are_seen(void **state)
{
	struct pcpu *pcpu = pcpu_self();

	(void)state;
	virt_limits.asks_for_siblings = true;
	sim_join(1, 0);
	sim_go(0);
	assert_false(sched_sibling_waits());
	sim_go(2);
	run_until(0);
	assert_false(sched_sibling_waits());	/* a stranger */
	pcpu->fast_vcpu = pcpu;
	sim_go(1);
	assert_null(pcpu->fast_vcpu);		/* so that it is asked again */
	run_until(0);
	assert_true(sched_sibling_waits());
	sched_stop(threads[1]);
	pcpu->fast_vcpu = pcpu;
	sim_yield();
	assert_null(pcpu->fast_vcpu);
	run_until(0);
	assert_false(sched_sibling_waits());
}

/* Thread 1 becomes ready behind thread 0, which is in its guest. Is that prepared anew? */
static bool is_prepared_anew(bool asks)
{
	struct pcpu *pcpu = pcpu_self();

	virt_limits.asks_for_siblings = asks;
	sim_go(0);
	sim_go(1);
	run_until(1);
	sim_run(SLICE * 9 / 10);
	sim_sleep(1, DEADLINE_NONE);
	assert_true(sim_is_running(0));
	pcpu->fast_vcpu = pcpu;
	sim_send(1, 1);
	sim_settle();
	assert_true(sim_is_running(0));
	return pcpu->fast_vcpu == NULL;
}

static void test_queueing_where_siblings_are_asked_for(void **state)
{
	(void)state;
	assert_true(is_prepared_anew(true));
}

static void test_queueing_where_they_are_not(void **state)
{
	(void)state;
	assert_false(is_prepared_anew(false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_yield_lets_the_next_run, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_yield_lets_siblings_run, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_waiting_siblings_are_seen, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_queueing_where_siblings_are_asked_for, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_queueing_where_they_are_not, sim_setup, sim_teardown),
	};

	fake_machine_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
