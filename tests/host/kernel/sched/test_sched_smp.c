/* SPDX-License-Identifier: MIT */
/*
 * The scheduler of several pCPUs: where threads go, real time across pCPUs, affinity, stopping from elsewhere, caps
 * that count all threads of a PD; and a long random run of everything, with the invariants of sched_sim.c after each
 * step.
 */
/* links: kernel */
/* helpers: fake_arch.c fake_objects.c sched_sim.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "notify.h"
#include "sched_sim.h"

static int setup(void **state)
{
	(void)state;
	sim_begin(FAKE_PCPUS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_end();
	return 0;
}

/* What SYS_PD_CTL does for all threads of the PD. */
static void changed(u32 i)
{
	for (u32 j = 0; j < THREADS; j++)
		if (threads[j]->group == &groups[i])
			sched_changed(threads[j]);
}

static void set_affinity(u32 i, u64 mask)
{
	groups[i].affinity = mask;
	changed(i);
}

static void set_class(u32 i, enum sched_class class)
{
	groups[i].class = class;
	changed(i);
}

static void set_weight(u32 i, u32 weight)
{
	groups[i].weight = weight;
	changed(i);
}

static void set_cap(u32 i, u32 percent)
{
	sched_group_set_cap(&groups[i], percent, fake_tsc);
	changed(i);
}

static u32 where(u32 i)
{
	return threads[i]->pcpu->id;
}

static void wake(u32 i)
{
	notify_signal(threads[i], 1);
}

static void sleep_of(u32 i)
{
	(void)notify_take(threads[i]);
	sim_sleep(i, DEADLINE_NONE);
}

/* ---- where threads go --------------------------------------------------------------------------- */

static void test_started_threads_spread(void **state)
{
	u64 used = 0;

	(void)state;
	for (u32 i = 0; i < FAKE_PCPUS; i++) {
		sim_go(i);
		used |= BIT64(where(i));
	}
	assert_int_equal(used, BIT64(FAKE_PCPUS) - 1);
	sim_run(HZ);
	for (u32 i = 0; i < FAKE_PCPUS; i++)
		assert_int_equal(sim_time(i), HZ);
	for (u32 i = FAKE_PCPUS; i < 2 * FAKE_PCPUS; i++)
		sim_go(i);
	sim_run(HZ);
	for (u32 i = FAKE_PCPUS; i < 2 * FAKE_PCPUS; i++)
		sim_assert_near(sim_time(i), HZ / 2, 5);
}

/* All woken by one interrupt on the pCPU where they slept: none waits beside a free pCPU. */
static void test_woken_threads_are_pushed(void **state)
{
	(void)state;
	for (u32 i = 0; i < FAKE_PCPUS; i++) {
		groups[i].affinity = 1;
		sim_go(i);
		sim_sleep(i, DEADLINE_NONE);
		set_affinity(i, ~0ull);
	}
	for (u32 i = 0; i < FAKE_PCPUS; i++)
		wake(i);
	sim_settle();
	sim_check(true);
	for (u32 i = 0; i < FAKE_PCPUS; i++)
		assert_true(sim_is_running(i));
	sim_run(HZ);
	for (u32 i = 0; i < FAKE_PCPUS; i++)
		assert_int_equal(sim_time(i), HZ);
}

/* Who sleeps and wakes alone on its pCPU stays there, and no other pCPU hears of it. */
static void test_stays_at_home(void **state)
{
	u32 home, ipis;

	(void)state;
	sim_go(0);
	home = where(0);
	ipis = sim_ipis;
	for (u32 i = 0; i < 10; i++) {
		sim_sleep(0, fake_tsc + 100);
		sim_run(100);
		assert_true(sim_is_running(0));
		assert_int_equal(where(0), home);
	}
	assert_int_equal(sim_ipis, ipis);
}

static void test_an_idle_pcpu_asks(void **state)
{
	(void)state;
	for (u32 i = 0; i < FAKE_PCPUS + 1; i++)
		sim_go(i);
	sim_run(HZ / 10);
	for (u32 i = 0; i < FAKE_PCPUS + 1; i++) {
		u32 alone = 0;

		for (u32 j = 0; j < FAKE_PCPUS + 1; j++)
			alone += where(j) == where(i);
		if (alone != 1 || !sim_is_running(i))
			continue;
		sleep_of(i);			/* its pCPU takes one of the two that share one */
		break;
	}
	for (u32 p = 0; p < FAKE_PCPUS; p++)
		assert_ptr_not_equal(fake_pcpus[p].current, fake_pcpus[p].idle);
}

/* Three on one pCPU, one on another, by affinity; freed, they are spread evenly, and then stay. */
static void test_balance(void **state)
{
	u32 count[FAKE_PCPUS] = { 0 };
	u32 switches;

	(void)state;
	for (u32 i = 0; i < 8; i++) {
		groups[i].affinity = i < 5 ? 1 : BIT64(i - 4);
		sim_go(i);
	}
	sim_run(HZ / 10);
	for (u32 i = 0; i < 5; i++)
		set_affinity(i, ~0ull);
	sim_run(HZ / 10);
	for (u32 i = 0; i < 8; i++)
		count[where(i)]++;
	for (u32 p = 0; p < FAKE_PCPUS; p++)
		assert_int_equal(count[p], 2);
	switches = sim_ipis;
	sim_run(HZ);
	assert_int_equal(sim_ipis, switches);
}

/* A fair thread behind one that spins in real time goes where it gets something. */
static void test_fair_flees_from_real_time(void **state)
{
	(void)state;
	for (u32 i = 0; i < FAKE_PCPUS; i++)
		sim_go(i);
	set_class(4, SCHED_CLASS_RT);
	sim_go(4);
	sim_run(HZ);
	for (u32 i = 0; i < 4; i++)
		assert_in_range(sim_time(i), HZ / 4, HZ);
	sim_assert_near(sim_time(4), HZ, 1);
}

/* ---- real time ---------------------------------------------------------------------------------- */

static void test_real_time_preempts_elsewhere(void **state)
{
	(void)state;
	for (u32 i = 4; i < 6; i++) {
		set_class(i, SCHED_CLASS_RT);
		groups[i].affinity = 1;
		sim_go(i);
		sleep_of(i);
		set_affinity(i, ~0ull);
	}
	for (u32 i = 0; i < FAKE_PCPUS; i++)
		sim_go(i);
	sim_run(100);
	fake_here = 3;
	wake(4);			/* its own pCPU runs a fair one */
	sim_settle();
	sim_check(true);
	assert_true(sim_is_running(4));
	fake_here = 3;
	wake(5);			/* its own pCPU runs a real-time one, the others don't */
	sim_settle();
	sim_check(true);
	assert_true(sim_is_running(4));
	assert_true(sim_is_running(5));
	assert_int_not_equal(where(4), where(5));
	assert_int_equal(groups[4].wakes[0] + groups[5].wakes[0], 2);	/* in no time */
}

/* A signal must bring a vCPU's thread out of its guest, wherever that runs. */
static void test_signal_to_a_running_vcpu(void **state)
{
	u32 ipis;

	(void)state;
	sim_go(0);
	sim_go(1);
	sim_be(1);
	assert_int_not_equal(where(0), where(1));
	ipis = sim_ipis;
	wake(0);
	assert_int_equal(sim_ipis, ipis);	/* in ring 3 it looks for itself */
	threads[0]->vcpu = (struct vcpu *)1;
	wake(0);
	assert_int_equal(sim_ipis, ipis + 1);
	sim_be(0);
	wake(0);
	assert_int_equal(sim_ipis, ipis + 1);
	threads[0]->vcpu = NULL;
}

/*
 * One that is parked for its own many signals idles on its own stack, and does not collect bits when it goes on: so
 * vcpu_run must look for what came meanwhile.
 */
static void test_signal_to_a_parked_vcpu(void **state)
{
	(void)state;
	set_class(1, SCHED_CLASS_SYSTEM);
	sim_go(0);
	sim_go(1);
	sim_be(1);
	sim_sleep(1, DEADLINE_NONE);
	sim_be(0);
	threads[0]->vcpu = (struct vcpu *)1;
	fake_pcpus[where(0)].fast_vcpu = threads[0];
	while (threads[0]->state != THREAD_PARKED)
		sim_send(1, 1);
	fake_here = 1 - where(0);
	wake(0);
	while (!sim_is_running(0))
		sim_run(10);
	assert_int_not_equal(threads[0]->pending, 0);
	assert_null(fake_pcpus[where(0)].fast_vcpu);
	threads[0]->vcpu = NULL;
}

static void test_a_pinned_one_waits_its_turn(void **state)
{
	(void)state;
	for (u32 i = 0; i < 2; i++) {
		groups[i].affinity = 2;
		set_class(i, SCHED_CLASS_RT);
		sim_go(i);
	}
	sim_run(HZ);
	assert_int_equal(where(0), 1);
	assert_int_equal(where(1), 1);
	sim_assert_near(sim_time(0), HZ / 2, 5);
	sim_assert_near(sim_time(1), HZ / 2, 5);
}

/* ---- groups ------------------------------------------------------------------------------------- */

/* 1 : 2 : 4 on one pCPU of four; the threads are there by affinity. */
static void test_weights_on_one_pcpu(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++) {
		groups[i].affinity = BIT64(2);
		set_weight(i, 100u << i);
		sim_go(i);
	}
	sim_run(7 * HZ);
	for (u32 i = 0; i < 3; i++)
		sim_assert_near(sim_time(i), HZ << i, 2);
}

static void test_cap_counts_all_threads(void **state)
{
	u64 sum = 0;

	(void)state;
	set_cap(0, 150);
	for (u32 i = 0; i < 4; i++) {
		sim_join(i, 0);
		sim_go(i);
	}
	sim_run(HZ);
	for (u32 i = 0; i < 4; i++)
		sum += sim_time(i);
	sim_assert_near(sum, 3 * HZ / 2, 1);
	set_cap(0, 400);
	sim_run(HZ);
	for (u32 i = 0; i < 4; i++)
		sum -= sim_time(i);
	sim_assert_near(-sum, 4 * HZ, 3);
}

/* ---- affinity ----------------------------------------------------------------------------------- */

static void test_affinity_while_running(void **state)
{
	(void)state;
	sim_go(0);
	for (u32 p = 0; p < 2 * FAKE_PCPUS; p++) {
		fake_here = p / 2;
		set_affinity(0, BIT64(p % FAKE_PCPUS));
		sim_settle();
		sim_check(true);
		assert_true(sim_is_running(0));
		assert_int_equal(where(0), p % FAKE_PCPUS);
	}
	assert_false(sched_mask_ok(0));
	assert_false(sched_mask_ok(BIT64(FAKE_PCPUS)));
	assert_true(sched_mask_ok(BIT64(FAKE_PCPUS) | 1));
}

static void test_affinity_while_ready_and_waiting(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++) {
		groups[i].affinity = 1;
		set_class(i, i == 0 ? SCHED_CLASS_RT : SCHED_CLASS_FAIR);
		sim_go(i);
	}
	sim_run(100);
	assert_int_equal(threads[1]->state, THREAD_READY);
	set_affinity(1, 8);
	sim_settle();
	assert_int_equal(where(1), 3);
	assert_true(sim_is_running(1));
	sleep_of(1);
	set_affinity(1, 4);
	assert_int_equal(where(1), 3);			/* not before it wakes */
	wake(1);
	sim_settle();
	sim_check(true);
	assert_int_equal(where(1), 2);
	assert_true(sim_is_running(1));
	set_cap(1, 1);
	sim_run(HZ / 200);
	assert_int_equal(threads[1]->state, THREAD_PARKED);
	set_affinity(1, 2);
	sim_run(HZ / 10);
	assert_int_equal(where(1), 1);
}

/* Virtual time is a pCPU's own: one that has run for long is no worse off where nobody has. */
static void test_floors_differ(void **state)
{
	u64 before;

	(void)state;
	groups[0].affinity = 1;
	sim_go(0);
	groups[1].affinity = 1;
	sim_go(1);
	sim_run(20 * HZ);
	groups[2].affinity = 2;
	sim_go(2);
	sim_run(100);
	set_affinity(0, 2);
	sim_settle();
	before = sim_time(0);
	sim_run(HZ);
	sim_assert_near(sim_time(0) - before, HZ / 2, 5);
	set_affinity(2, 1);				/* and the other way round */
	sim_settle();
	before = sim_time(1);
	sim_run(HZ);
	sim_assert_near(sim_time(1) - before, HZ / 2, 5);
}

/* ---- stopping ----------------------------------------------------------------------------------- */

static void test_stop_from_another_pcpu(void **state)
{
	(void)state;
	for (u32 i = 0; i < 4; i++) {
		groups[i].affinity = BIT64(3);
		set_class(i, i == 0 ? SCHED_CLASS_RT : SCHED_CLASS_FAIR);
		sim_go(i);
		if (i == 2) {				/* one waits, with a deadline */
			set_class(2, SCHED_CLASS_SYSTEM);
			sim_settle();
			sim_sleep(2, fake_tsc + HZ);
		}
	}
	set_cap(3, 1);
	set_class(3, SCHED_CLASS_RT);
	sim_run(HZ / 10 + 3 * HZ / 400);
	assert_int_equal(threads[0]->state, THREAD_RUNNING);
	assert_int_equal(threads[1]->state, THREAD_READY);
	assert_int_equal(threads[2]->state, THREAD_WAITING);
	assert_int_equal(threads[3]->state, THREAD_PARKED);
	for (u32 i = 4; i-- > 0;) {
		fake_here = 1;
		sched_stop(threads[i]);
		assert_false(sched_is_stopped(threads[i]));	/* that pCPU still has it */
		sim_settle();
		sim_check(true);
		assert_true(sched_is_stopped(threads[i]));
	}
	assert_ptr_equal(fake_pcpus[3].current, fake_pcpus[3].idle);
	sim_run(2 * HZ);
	set_affinity(1, 1);
	sim_go(1);
	assert_int_equal(where(1), 0);
}

static void test_stop_and_start_in_one_breath(void **state)
{
	(void)state;
	groups[0].affinity = BIT64(2);
	sim_go(0);
	fake_here = 0;
	for (u32 i = 0; i < 3; i++) {
		sched_stop(threads[0]);
		assert_int_equal(sched_start(threads[0]), ST_OK);
		sim_settle();
		assert_true(sim_is_running(0));
	}
	sleep_of(0);
	fake_here = 0;
	sched_stop(threads[0]);				/* taken off its queue, not yet stopped */
	assert_int_equal(sched_start(threads[0]), ST_OK);
	sim_settle();
	sim_check(true);
	assert_true(sim_is_running(0));
}

/* A wake-up that comes while its thread is on the way elsewhere is not lost. */
static void test_signal_while_moving(void **state)
{
	(void)state;
	sim_go(0);
	fake_here = (where(0) + 1) % FAKE_PCPUS;
	set_affinity(0, BIT64(fake_here));
	wake(0);
	sim_settle();
	sim_be(0);
	sim_wait(DEADLINE_NONE);
	assert_true(sim_is_running(0));
}

/* ---- everything at once ------------------------------------------------------------------------- */

static u64 random_mask(unsigned *seed)
{
	u64 mask = (u32)rand_r(seed) % BIT32(FAKE_PCPUS);

	return mask != 0 && rand_r(seed) % 2 == 0 ? mask : ~0ull;
}

static void random_change(u32 i, unsigned *seed)
{
	switch (rand_r(seed) % 4) {
	case 0:
		set_class(i, (enum sched_class)((u32)rand_r(seed) % SCHED_CLASS_COUNT));
		break;
	case 1:
		set_weight(i, 1 + (u32)rand_r(seed) % 1000);
		break;
	case 2:
		set_cap(i, rand_r(seed) % 2 == 0 ? 0 : (u32)rand_r(seed) % 200);
		break;
	default:
		set_affinity(i, random_mask(seed));
		break;
	}
}

/* The thread that runs here does something. */
static void random_act(unsigned *seed)
{
	struct thread *self = thread_current();

	if (!sim_can_call())
		return;
	switch (rand_r(seed) % 5) {
	case 0:
		sim_yield();
		break;
	case 4:
		for (u32 left = 100; left != 0 && sim_can_call() && thread_current() == self; left--)
			sim_send((u32)rand_r(seed) % THREADS, 1);
		break;
	case 1:
		sim_stop_current();
		break;
	case 2:
		sched_timer_limit(fake_tsc + (u64)rand_r(seed) % 5000);
		break;
	default:
		(void)notify_take(self);
		sim_wait(rand_r(seed) % 2 == 0 ? DEADLINE_NONE : fake_tsc + (u64)rand_r(seed) % 5000);
		break;
	}
}

static void random_step(unsigned *seed)
{
	u32 i = (u32)rand_r(seed) % THREADS;

	fake_here = (u32)rand_r(seed) % FAKE_PCPUS;
	switch (rand_r(seed) % 8) {
	case 0:
	case 1:
		(void)!sched_start(threads[i]);
		break;
	case 2:
		sched_stop(threads[i]);
		break;
	case 3:
	case 4:
		wake(i);
		break;
	case 5:
		random_change(i, seed);
		break;
	default:
		random_act(seed);
		break;
	}
}

static void test_random_run(void **state)
{
	unsigned seed = 5;

	(void)state;
	for (u32 i = 8; i < THREADS; i++)
		sim_join(i, i - 8);
	for (u32 round = 0; round < 30000; round++) {
		random_step(&seed);
		sim_check(false);
		fake_tsc += (u64)rand_r(&seed) % 4 == 0 ? (u64)rand_r(&seed) % 3000 : 0;
		if (round % 4 == 0)
			sim_settle_randomly(&seed);
		if (round % 64 == 0)
			sim_run((u64)rand_r(&seed) % 20000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_started_threads_spread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_woken_threads_are_pushed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stays_at_home, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_idle_pcpu_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_balance, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fair_flees_from_real_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_real_time_preempts_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal_to_a_running_vcpu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal_to_a_parked_vcpu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_pinned_one_waits_its_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_weights_on_one_pcpu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cap_counts_all_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_affinity_while_running, setup, teardown),
		cmocka_unit_test_setup_teardown(test_affinity_while_ready_and_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_floors_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_from_another_pcpu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_and_start_in_one_breath, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal_while_moving, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_run, setup, teardown),
	};

	fake_machine_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
