/* SPDX-License-Identifier: MIT */
/*
 * The scheduler of one pCPU: groups by weight and by cap, classes, credit of sleepers, sleepers' order, the timer,
 * stopping, wake-up latencies, and that every tick is accounted to somebody.
 */
/* links: kernel */
/* helpers: fake_arch.c fake_objects.c sched_sim.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel_upcalls.h"
#include "notify.h"
#include "sched_sim.h"

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

static void set_cap(u32 i, u32 percent)
{
	sched_group_set_cap(&groups[i], percent, fake_tsc);
	sched_changed(threads[i]);
}

/* Asking for PCPU_TIME_ELAPSED takes a snapshot, the others are answered from the last one. */
static u64 pcpu_time(enum pcpu_time what)
{
	static u64 times[PCPU_TIME_COUNT];

	if (what == PCPU_TIME_ELAPSED)
		assert_int_equal(sched_pcpu_times(0, times), ST_OK);
	return times[what];
}

static void test_idle(void **state)
{
	u64 times[PCPU_TIME_COUNT];

	(void)state;
	sim_run(HZ);
	assert_int_equal(pcpu_time(PCPU_TIME_ELAPSED), HZ);
	assert_int_equal(pcpu_time(PCPU_TIME_IDLE), HZ);
	assert_int_equal(sim_timer[0], DEADLINE_NONE);		/* nothing to wake up for */
	assert_int_equal(sched_pcpu_times(1, times), ST_INVAL);
	assert_int_equal(sched_pcpu_times(~0ull, times), ST_INVAL);
}

static void test_alone_means_no_ticks(void **state)
{
	u32 before;

	(void)state;
	sim_go(0);
	before = sim_timer_writes;
	sim_run(HZ);
	assert_int_equal(sim_timer_writes, before);
	assert_int_equal(sim_time(0), HZ);
}

static void test_shares_follow_weights(void **state)
{
	(void)state;
	set_weight(1, 300);
	set_weight(2, 600);
	for (u32 i = 0; i < 3; i++)
		sim_go(i);
	sim_run(20 * HZ);
	sim_assert_near(sim_time(0), 2 * HZ, 5);
	sim_assert_near(sim_time(1), 6 * HZ, 5);
	sim_assert_near(sim_time(2), 12 * HZ, 5);
}

static void test_real_time_first(void **state)
{
	(void)state;
	sim_go(0);
	set_class(1, SCHED_CLASS_RT);
	set_class(2, SCHED_CLASS_RT);
	sim_go(1);
	assert_ptr_equal(sim_running(), threads[1]);
	sim_go(2);
	sim_run(HZ);
	sim_assert_near(sim_time(1), HZ / 2, 5);	/* in turn */
	sim_assert_near(sim_time(2), HZ / 2, 5);
	assert_int_equal(sim_time(0), 0);
	sched_stop(threads[1]);
	sched_stop(threads[2]);
	sim_run(HZ);
	sim_assert_near(sim_time(0), HZ, 5);
}

/* Whoever slept for long gets the pCPU soon, but not for as long as it slept. */
static void test_sleeping_earns_little(void **state)
{
	u64 before;

	(void)state;
	sim_go(0);
	sim_wait(DEADLINE_NONE);			/* thread 0 sleeps */
	assert_int_equal(threads[0]->state, THREAD_WAITING);
	sim_go(1);
	sim_run(100 * HZ);
	notify_signal(threads[0], 1);
	sim_run(SLICE / 2);
	assert_ptr_equal(sim_running(), threads[0]);
	before = sim_time(1);
	sim_run(HZ);
	sim_assert_near(sim_time(1) - before, HZ / 2, 5);
}

static void test_wakes_an_idle_pcpu_at_once(void **state)
{
	(void)state;
	sim_go(0);
	sim_wait(DEADLINE_NONE);
	assert_ptr_equal(sim_running(), fake_pcpu.idle);
	notify_signal(threads[0], 4);
	sim_settle();
	assert_ptr_equal(sim_running(), threads[0]);
	assert_int_equal(notify_take(threads[0]), 4);
}

static void test_signal_before_wait_is_not_lost(void **state)
{
	(void)state;
	sim_go(0);
	notify_signal(threads[0], 2);
	sim_wait(DEADLINE_NONE);
	assert_ptr_equal(sim_running(), threads[0]);	/* did not sleep */
	assert_int_equal(threads[0]->state, THREAD_RUNNING);
}

static void test_sleepers_in_order(void **state)
{
	static const u64 delays[] = { 500, 100, 300, 200 };
	u64 base;

	(void)state;
	base = fake_tsc;
	for (u32 i = 0; i < ARRAY_COUNT(delays); i++) {
		sim_go(i);
		sim_wait(base + delays[i]);
	}
	assert_int_equal(sim_timer[0], base + 100);
	sim_run(100);
	assert_ptr_equal(sim_running(), threads[1]);
	sim_wait(DEADLINE_NONE);
	assert_int_equal(sim_timer[0], base + 200);
	sim_run(100);
	assert_ptr_equal(sim_running(), threads[3]);
	sched_stop(threads[2]);					/* a sleeper that is stopped is no longer waited for */
	sim_wait(DEADLINE_NONE);
	assert_int_equal(sim_timer[0], base + 500);
}

static void test_limit_of_the_current_thread(void **state)
{
	u32 writes;

	(void)state;
	sim_go(0);
	sched_timer_limit(fake_tsc + 700);
	assert_int_equal(sim_timer[0], fake_tsc + 700);
	writes = sim_timer_writes;
	sched_timer_limit(fake_tsc + 700);
	assert_int_equal(sim_timer_writes, writes);			/* unchanged: not programmed again */
	fake_pcpu.fast_vcpu = threads[0];
	sim_run(600);
	assert_non_null(fake_pcpu.fast_vcpu);
	sim_run(400);
	assert_int_equal(sim_timer[0], DEADLINE_NONE);
	assert_null(fake_pcpu.fast_vcpu);	/* vcpu_run has to look at its deadline */
	sched_timer_limit(fake_tsc + 700);
	sim_wait(DEADLINE_NONE);
	assert_int_equal(sim_timer[0], DEADLINE_NONE);			/* forgotten with the thread */
	fake_pcpu.fast_vcpu = threads[0];
	notify_signal(threads[0], 1);		/* it idled on its own stack: nobody entered meanwhile */
	sim_settle();
	assert_true(sim_is_running(0));
	assert_ptr_equal(fake_pcpu.fast_vcpu, threads[0]);
}

/* Whatever vcpu_run must look at takes back that it may enter its guest at once. */
static void test_look_before_the_next_entry(void **state)
{
	(void)state;
	sim_go(0);
	threads[0]->vcpu = (struct vcpu *)(void *)&fake_pcpu;	/* never looked into */
	fake_pcpu.fast_vcpu = threads[0];
	notify_signal(threads[0], 1);				/* from an interrupt, while it runs */
	assert_null(fake_pcpu.fast_vcpu);
	fake_pcpu.fast_vcpu = threads[0];
	kernel_ipi();
	assert_null(fake_pcpu.fast_vcpu);
	fake_pcpu.fast_vcpu = threads[0];
	sched_stop(threads[0]);
	assert_null(fake_pcpu.fast_vcpu);
	threads[0]->vcpu = NULL;
	sim_settle();
}

static void test_stop_and_start(void **state)
{
	(void)state;
	sim_go(0);
	assert_int_equal(sched_start(threads[0]), ST_STATE);
	sched_stop(threads[0]);					/* running: at its next safe point */
	assert_false(sched_is_stopped(threads[0]));
	sim_preempt();
	assert_true(sched_is_stopped(threads[0]));
	notify_signal(threads[0], 1);				/* stopped threads don't wake */
	assert_true(sched_is_stopped(threads[0]));
	sim_go(0);
	assert_ptr_equal(sim_running(), threads[0]);
	sim_go(1);
	sched_stop(threads[1]);					/* ready: at once */
	assert_true(sched_is_stopped(threads[1]) || sim_running() == threads[1]);
	sched_stop(threads[0]);
	sim_wait(DEADLINE_NONE);				/* told to stop: doesn't wait, stops */
	assert_int_equal(threads[0]->state, THREAD_STOPPED);
	sim_run(HZ);
	sched_stop(threads[2]);					/* never started: nothing to do */
	assert_true(sched_is_stopped(threads[2]));
}

/* A PD with three threads gets no more than one with one; a weight that changes counts at once. */
static void test_threads_of_a_pd_share(void **state)
{
	u64 before;

	(void)state;
	sim_join(1, 0);
	sim_join(2, 0);
	for (u32 i = 0; i < 4; i++)
		sim_go(i);
	sim_run(10 * HZ);
	sim_assert_near(sim_time(0) + sim_time(1) + sim_time(2), 5 * HZ, 5);
	sim_assert_near(sim_time(1), 5 * HZ / 3, 5);
	before = sim_time(3);
	set_weight(3, 900);
	sim_run(10 * HZ);
	sim_assert_near(sim_time(3) - before, 9 * HZ, 2);
}

static void test_a_small_weight_is_forgotten(void **state)
{
	u64 before;

	(void)state;
	set_weight(0, 1);
	set_weight(1, 1000);
	sim_go(0);
	sim_go(1);
	sim_run(20 * HZ);
	sim_assert_near(sim_time(0), HZ / 50, 30);
	before = sim_time(0);
	set_weight(0, 1000);
	sim_run(HZ);
	sim_assert_near(sim_time(0) - before, HZ / 2, 5);
}

static void test_driver_above_system(void **state)
{
	(void)state;
	set_class(0, SCHED_CLASS_SYSTEM);
	set_class(1, SCHED_CLASS_DRIVER);
	sim_go(0);
	sim_go(1);
	assert_ptr_equal(sim_running(), threads[1]);
	sim_sleep(1, DEADLINE_NONE);
	assert_ptr_equal(sim_running(), threads[0]);
	sim_run(SLICE / 10);
	notify_signal(threads[1], 1);			/* not at the end of the other's turn */
	sim_settle();
	assert_ptr_equal(sim_running(), threads[1]);
}

static void test_system_above_real_time(void **state)
{
	(void)state;
	set_class(0, SCHED_CLASS_RT);
	set_class(1, SCHED_CLASS_RT);
	set_class(2, SCHED_CLASS_SYSTEM);
	sim_go(0);
	sim_go(1);
	sim_run(1);
	sim_go(2);
	assert_ptr_equal(sim_running(), threads[2]);
	sim_sleep(2, DEADLINE_NONE);
	assert_ptr_equal(sim_running(), threads[0]);
	sim_run(SLICE / 2);
	/* Often interrupted, it still has its turn, and not more. */
	for (u32 i = 0; i < 5; i++) {
		notify_signal(threads[2], 1);
		sim_settle();
		assert_ptr_equal(sim_running(), threads[2]);
		(void)notify_take(threads[2]);
		sim_sleep(2, DEADLINE_NONE);
		assert_ptr_equal(sim_running(), threads[0]);
		sim_run(SLICE / 20);
	}
	sim_run(SLICE / 4);
	assert_ptr_equal(sim_running(), threads[1]);
}

static void test_cap_of_a_lonely_thread(void **state)
{
	u64 before;

	(void)state;
	set_cap(0, 50);
	sim_go(0);
	sim_run(HZ);
	sim_assert_near(sim_time(0), HZ / 2, 1);
	sim_assert_near(sim_stat(threads[0], STAT_TIME_READY), HZ / 2, 1);
	before = sim_time(0);
	set_cap(0, 7);						/* while it runs or is parked */
	sim_run(HZ);
	sim_assert_near(sim_time(0) - before, 7 * HZ / 100, 2);
	before = sim_time(0);
	set_cap(0, 0);
	sim_run(HZ);
	sim_assert_near(sim_time(0) - before, HZ, 2);
	before = sim_time(0);
	set_cap(0, 100);
	sim_run(HZ);
	sim_assert_near(sim_time(0) - before, HZ, 1);
}

/* What the capped one leaves is the other's; a real-time class is no way around a cap. */
static void test_cap_beside_others(void **state)
{
	(void)state;
	set_cap(0, 30);
	set_class(0, SCHED_CLASS_RT);
	sim_go(0);
	sim_go(1);
	sim_run(HZ);
	sim_assert_near(sim_time(0), 3 * HZ / 10, 1);
	sim_assert_near(sim_time(1), 7 * HZ / 10, 1);
}

/* Sleeping doesn't save up, and running over is paid back. */
static void test_cap_and_sleep(void **state)
{
	u64 before;

	(void)state;
	set_cap(0, 20);
	sim_go(0);
	sim_sleep(0, DEADLINE_NONE);
	sim_run(10 * HZ);
	before = sim_time(0);
	notify_signal(threads[0], 1);
	sim_run(HZ);
	sim_assert_near(sim_time(0) - before, HZ / 5, 2);
	before = sim_time(0);
	for (u32 i = 0; i < 200; i++) {				/* interrupts that come late: it overdraws each time */
		sim_run(HZ / 400);
		if (sim_is_running(0))
			fake_tsc += HZ / 250;
	}
	sim_run(HZ / 10);
	assert_in_range(sim_time(0) - before, 0, (fake_tsc - before) / 5);
	while (!sim_is_running(0))
		sim_run(100);
	fake_tsc += HZ / 50;
	(void)notify_take(threads[0]);
	sim_sleep(0, DEADLINE_NONE);
	assert_int_equal(threads[0]->state, THREAD_WAITING);
	notify_signal(threads[0], 1);				/* in debt: it does not run, though nobody else does */
	sim_settle();
	assert_int_equal(threads[0]->state, THREAD_PARKED);
}

/* ---- signals to the system's threads ---- */

#define SIGNAL_TICKS (HZ / 2000)	/* what share.c allows: 64 at once, and one for each of these */
#define SIGNALS_AT_ONCE 64u

static void test_signals_that_are_free(void **state)
{
	struct sched_group group;
	u64 now = fake_tsc + HZ;

	(void)state;
	sched_group_init(&group);
	for (u32 round = 0; round < 3; round++) {	/* however long it was quiet */
		for (u32 i = 0; i < SIGNALS_AT_ONCE; i++)
			assert_int_equal(sched_group_signal(&group, now), 0);
		for (u64 i = 1; i < 5; i++)
			assert_int_equal(sched_group_signal(&group, now), now + i * SIGNAL_TICKS);
		now += round == 0 ? HZ : 1000000 * HZ;
	}
	for (u32 i = 0; i < 10000; i++) {		/* at the full rate for ever */
		assert_int_equal(sched_group_signal(&group, now), 0);
		now += SIGNAL_TICKS;
	}
}

/* A clock that begins at 0, goes back a little between pCPUs, or is far ahead. */
static void test_signals_at_odd_times(void **state)
{
	struct sched_group group;
	u64 last = 0, until;

	(void)state;
	sched_group_init(&group);
	assert_int_equal(sched_group_signal(&group, 0), SIGNAL_TICKS);
	assert_int_equal(sched_group_signal(&group, 1), 2 * SIGNAL_TICKS);
	for (u64 now = 2 * HZ; now > HZ; now -= 1000) {
		until = sched_group_signal(&group, now);
		assert_true(until == 0 || (until > now && until > last));
		last = until != 0 ? until : last;
	}
	assert_int_not_equal(last, 0);
	assert_int_equal(sched_group_signal(&group, BIT64(63)), 0);
	until = sched_group_signal(&group, HZ);
	assert_true(until > BIT64(62) && until <= BIT64(63));
}

/* Thread 0 is the system's and waits, thread 1 signals it without end; thread 0 needs `ticks` for each. Returns how
 * often it did until thread 1 is parked. */
static u32 flood(u64 ticks)
{
	u32 served = 0;

	while (threads[1]->state != THREAD_PARKED) {
		while (sim_running() != threads[1])			/* another one's turn */
			sim_run(10);
		sim_send(0, 1);
		sim_settle();
		sim_check(true);
		while (sim_running() == threads[0]) {
			sim_run(ticks);
			assert_int_equal(notify_take(threads[0]), 1);	/* also the one that was too many */
			served++;
			assert_true(served <= SIGNALS_AT_ONCE + 1);
			sim_wait(DEADLINE_NONE);
			sim_settle();
		}
	}
	return served;
}

static void flood_begin(void)
{
	set_class(0, SCHED_CLASS_SYSTEM);
	sim_go(0);
	sim_wait(DEADLINE_NONE);
	sim_run(HZ);
	sim_go(1);
}

static void test_a_flood_of_signals_pauses(void **state)
{
	u64 before;
	u32 served = 0;

	(void)state;
	flood_begin();
	served = flood(0);
	assert_int_equal(served, SIGNALS_AT_ONCE + 1);
	assert_int_equal(sim_timer[0], fake_tsc + SIGNAL_TICKS);
	notify_signal(threads[1], 8);				/* is kept, and wakes nobody */
	sim_settle();
	assert_int_equal(threads[1]->state, THREAD_PARKED);
	sim_run(SIGNAL_TICKS);
	assert_true(sim_is_running(1));
	assert_int_equal(notify_take(threads[1]), 8);
	/* Beside a third that computes: what the system does for the flood is bounded, however long each takes. */
	sim_go(2);
	before = fake_tsc;
	served = 0;
	while (fake_tsc - before < HZ) {
		while (threads[1]->state != THREAD_RUNNING)
			sim_run(10);
		served += flood(50);
	}
	assert_in_range(served, HZ / SIGNAL_TICKS / 2, HZ / SIGNAL_TICKS + SIGNALS_AT_ONCE);
	assert_true(sim_time(2) > HZ * 85 / 100);
}

static void test_who_may_signal_the_system(void **state)
{
	(void)state;
	flood_begin();
	for (u32 i = 0; i < 10 * SIGNALS_AT_ONCE; i++)		/* one of its own class: as often as it likes */
		sim_send(2, 1);
	assert_true(sim_is_running(1));
	(void)flood(0);
	set_class(1, SCHED_CLASS_SYSTEM);
	while (!sim_is_running(1))
		sim_run(10);
	for (u32 i = 0; i < 10 * SIGNALS_AT_ONCE; i++)
		sim_send(0, 1);
	assert_int_not_equal(threads[1]->state, THREAD_PARKED);
	set_class(1, SCHED_CLASS_RT);				/* a real-time VM isn't the system */
	sim_settle();
	assert_ptr_equal(sim_running(), threads[0]);
	(void)notify_take(threads[0]);
	sim_wait(DEADLINE_NONE);
	sim_settle();
	sim_send(0, 1);
	assert_int_equal(threads[1]->state, THREAD_PARKED);
}

/* What is parked can be stopped, started, capped, moved to another class; its threads together have one rate. */
static void test_a_parked_sender(void **state)
{
	u64 before;

	(void)state;
	flood_begin();
	(void)flood(0);
	sched_stop(threads[1]);
	sim_settle();
	assert_true(sched_is_stopped(threads[1]));
	before = sim_time(1);
	sim_run(HZ / 1000);
	assert_int_equal(sim_time(1), before);
	sim_go(1);
	(void)flood(0);
	set_cap(1, 10);
	set_class(1, SCHED_CLASS_RT);
	assert_int_equal(threads[1]->state, THREAD_PARKED);
	while (!sim_is_running(1))
		sim_run(10);
	sim_send(0, 1);
	sched_stop(threads[1]);
	sim_settle();
}

static void test_wake_latencies(void **state)
{
	(void)state;
	set_class(0, SCHED_CLASS_RT);
	set_class(1, SCHED_CLASS_SYSTEM);
	sim_go(0);
	sim_sleep(0, DEADLINE_NONE);
	for (u32 i = 0; i < 3; i++) {
		notify_signal(threads[0], 1);
		sim_settle();
		(void)notify_take(threads[0]);
		sim_sleep(0, DEADLINE_NONE);
	}
	assert_int_equal(groups[0].wakes[0], 3);		/* at once */
	sim_go(1);
	notify_signal(threads[0], 1);
	sim_run(100);
	sim_sleep(1, DEADLINE_NONE);				/* 100 us = 100,000 ns = 2^16.6 ns later */
	assert_int_equal(groups[0].wakes[16], 1);
	assert_int_equal(sim_stat(threads[0], STAT_TIME_READY), 100);
	set_class(1, SCHED_CLASS_SYSTEM);
	notify_signal(threads[1], 1);
	sim_settle();
	(void)notify_take(threads[1]);
	assert_int_equal(groups[0].wakes[16], 1);		/* interrupted is not woken */
	sim_run(50);
	sim_sleep(1, DEADLINE_NONE);
	assert_int_equal(sim_stat(threads[0], STAT_TIME_READY), 150);
	assert_int_equal(groups[0].wakes[15], 0);
	sched_group_note_wake(&groups[5], ~0ull);
	assert_int_equal(groups[5].wakes[STAT_WAKE_BUCKETS - 1], 1);
}

/* The four kinds of time, also while a guest runs, and that a picture is of one moment. */
static void test_where_time_goes(void **state)
{
	struct vcpu *vcpu = (struct vcpu *)(void *)&fake_pcpu;	/* anything: it is not looked into */
	u64 sum;

	(void)state;
	sim_run(100);
	sim_go(0);
	sim_run(30);
	threads[0]->vcpu = vcpu;
	sim_run(7);
	threads[0]->time_guest_tsc -= fake_tsc;			/* VM entry */
	sim_run(500);
	assert_int_equal(pcpu_time(PCPU_TIME_ELAPSED), 637);
	sim_run(11);
	assert_int_equal(pcpu_time(PCPU_TIME_IDLE), 100);
	assert_int_equal(pcpu_time(PCPU_TIME_SYSTEM) + pcpu_time(PCPU_TIME_VMM), 37);
	assert_int_equal(pcpu_time(PCPU_TIME_GUEST), 500);
	assert_int_equal(sim_stat(threads[0], STAT_TIME_GUEST_TSC), 511);
	threads[0]->time_guest_tsc += fake_tsc;			/* VM exit */
	sim_run(3);
	sum = pcpu_time(PCPU_TIME_ELAPSED);
	assert_int_equal(sum, 651);
	for (u32 what = PCPU_TIME_ELAPSED + 1; what < PCPU_TIME_COUNT; what++)
		sum -= pcpu_time(what);
	assert_int_equal(sum, 0);
	assert_int_equal(pcpu_time(PCPU_TIME_GUEST), 511);
	assert_int_equal(sim_stat(threads[0], STAT_TIME_GUEST_TSC), 511);
	/* Another pCPU, whose clock is ahead, has accounted more than there was. */
	threads[0]->time_guest_tsc -= fake_tsc;
	fake_tsc += 100;
	assert_int_equal(pcpu_time(PCPU_TIME_ELAPSED), 751);
	fake_tsc -= 50;
	threads[0]->time_guest_tsc += fake_tsc;
	sim_run(60);
	assert_int_equal(pcpu_time(PCPU_TIME_ELAPSED), 761);
	assert_int_equal(pcpu_time(PCPU_TIME_GUEST), 611);
	threads[0]->vcpu = NULL;
}

static void test_a_stop_can_be_taken_back(void **state)
{
	(void)state;
	sim_go(0);
	sched_stop(threads[0]);
	assert_int_equal(sched_start(threads[0]), ST_OK);
	sim_settle();
	assert_true(sim_is_running(0));
	sim_stop_current();
	assert_int_equal(threads[0]->state, THREAD_STOPPED);
	assert_ptr_equal(sim_running(), fake_pcpu.idle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_idle, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_alone_means_no_ticks, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_shares_follow_weights, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_real_time_first, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_sleeping_earns_little, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_wakes_an_idle_pcpu_at_once, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_signal_before_wait_is_not_lost, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_sleepers_in_order, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_limit_of_the_current_thread, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_look_before_the_next_entry, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_stop_and_start, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_threads_of_a_pd_share, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_a_small_weight_is_forgotten, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_driver_above_system, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_system_above_real_time, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_cap_of_a_lonely_thread, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_cap_beside_others, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_cap_and_sleep, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_signals_that_are_free, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_signals_at_odd_times, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_a_flood_of_signals_pauses, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_who_may_signal_the_system, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_a_parked_sender, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_wake_latencies, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_where_time_goes, sim_setup, sim_teardown),
		cmocka_unit_test_setup_teardown(test_a_stop_can_be_taken_back, sim_setup, sim_teardown),
	};

	fake_machine_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
