/* SPDX-License-Identifier: MIT */
/*
 * Services: their class, that VMs may signal them as often as they like, and that what they do for a VM is the VM's.
 */
/* links: kernel */
/* helpers: fake_arch.c fake_objects.c sched_sim.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "notify.h"
#include "sched_sim.h"

#define SERVICE 3u
#define WORK (HZ / 1000)	/* for each request */

static void set_weight(u32 i, u32 weight)
{
	groups[i].weight = weight;
	sched_changed(threads[i]);
}

static void set_class(u32 i, enum sched_class class)
{
	groups[i].class = class;
	sched_changed(threads[i]);
}

static void charge(u32 i, u64 ticks)
{
	groups[i].owed += ticks;
}

/* A service that waits, and VMs of weights 100 and 300. */
static void begin(void)
{
	set_class(SERVICE, SCHED_CLASS_SERVICE);
	sim_go(SERVICE);
	sim_sleep(SERVICE, DEADLINE_NONE);
	set_weight(1, 300);
	sim_go(0);
	sim_go(1);
}

/* Whenever thread `client` runs it has the service work for it. */
static void storm(u32 client, u64 until, bool is_charged)
{
	while (fake_tsc < until) {
		if (!sim_is_running(client)) {
			sim_run(10);
			continue;
		}
		sim_run(10);
		if (!sim_is_running(client))
			continue;
		sim_send(SERVICE, 1);
		sim_settle();
		assert_true(sim_is_running(SERVICE));
		sim_run(WORK);
		(void)notify_take(threads[SERVICE]);
		if (is_charged)
			charge(client, WORK);
		sim_sleep(SERVICE, DEADLINE_NONE);
	}
}

static void test_a_storm_pays(void **state)
{
	(void)state;
	begin();
	storm(0, fake_tsc + 40 * HZ, true);
	/* A quarter of the pCPU for the one with the service's work, three quarters for the other. */
	sim_assert_near(sim_time(0) + sim_time(SERVICE), 10 * HZ, 5);
	sim_assert_near(sim_time(1), 30 * HZ, 2);
}

/* What the test above would see if nobody were charged: the storm has nearly all. */
static void test_a_storm_that_does_not_pay(void **state)
{
	(void)state;
	begin();
	storm(0, fake_tsc + 10 * HZ, false);
	assert_true(sim_time(1) < HZ);
}

/* In pieces that are longer than a slice, late, and while it sleeps. */
static void test_a_debt_is_kept(void **state)
{
	u64 before;

	(void)state;
	set_weight(0, 100);
	set_weight(1, 100);
	sim_go(0);
	sim_go(1);
	sim_run(HZ);
	before = sim_time(0);
	charge(0, HZ);
	sim_run(HZ);
	assert_in_range(sim_time(0) - before, 0, 3 * SLICE);
	sim_run(HZ);
	sim_assert_near(sim_time(0) - before, HZ / 2, 5);
}

static void test_a_cap_includes_services(void **state)
{
	u64 before;

	(void)state;
	begin();
	sched_group_set_cap(&groups[0], 40, fake_tsc);
	sched_changed(threads[0]);
	sched_stop(threads[1]);
	sim_settle();
	before = fake_tsc;
	storm(0, fake_tsc + 10 * HZ, true);
	sim_assert_near(sim_time(0) + sim_time(SERVICE), (fake_tsc - before) * 40 / 100, 3);
}

static void test_all_time_is_somebodys(void **state)
{
	u64 times[PCPU_TIME_COUNT];

	(void)state;
	begin();
	charge(0, 12345);
	storm(0, fake_tsc + HZ, true);
	assert_int_equal(sched_pcpu_times(0, times), ST_OK);
	assert_int_equal(times[PCPU_TIME_SYSTEM] + times[PCPU_TIME_VMM] + times[PCPU_TIME_GUEST] +
			 times[PCPU_TIME_IDLE], times[PCPU_TIME_ELAPSED]);
	assert_int_equal(times[PCPU_TIME_SYSTEM], sim_time(0) + sim_time(1) + sim_time(SERVICE));
}

static void test_class(void **state)
{
	(void)state;
	set_class(0, SCHED_CLASS_RT);
	sim_go(0);
	set_class(SERVICE, SCHED_CLASS_SERVICE);
	sim_go(SERVICE);
	assert_true(sim_is_running(SERVICE));
	sim_run(2 * SLICE);
	assert_true(sim_is_running(SERVICE));
	set_class(2, SCHED_CLASS_SYSTEM);
	sim_go(2);
	assert_true(sim_is_running(2));		/* root can stop a service that spins */
}

/* More often than the system may be signalled: a disk that is fast is not slowed down. */
static void test_signals_do_not_pause(void **state)
{
	(void)state;
	set_class(SERVICE, SCHED_CLASS_SERVICE);
	sim_go(SERVICE);
	sim_sleep(SERVICE, DEADLINE_NONE);
	sim_go(0);
	for (u32 i = 0; i < 1000; i++) {
		sim_send(SERVICE, 1);
		sim_settle();
		assert_true(sim_is_running(SERVICE));
		(void)notify_take(threads[SERVICE]);
		sim_sleep(SERVICE, DEADLINE_NONE);
		assert_true(sim_is_running(0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_storm_pays, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_a_storm_that_does_not_pay, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_a_debt_is_kept, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_a_cap_includes_services, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_all_time_is_somebodys, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_class, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_signals_do_not_pause, sim_setup, sim_teardown),
	};

	fake_machine_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
