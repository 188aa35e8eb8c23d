/*
 * The scheduler in simulated time. A switch only changes fake_pcpu.current here: the test is whoever runs, so it
 * calls sched_* in the place of the current thread. Shares by weight, real time first, credit of sleepers, sleepers'
 * order, the timer, stopping, and that every tick is accounted to somebody.
 */
/* sources: kernel/sched.c kernel/notify.c kernel/object.c kernel/frames.c */
/* sources: tests/host/fake_arch/fake_arch.c tests/host/fake_arch/fake_objects.c */
/* includes: tests/host/fake_arch kernel */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arch.h"
#include "notify.h"
#include "sched.h"

#define HZ 1000000ull		/* one tick = 1 us */
#define SLICE (HZ / 200)
#define THREADS 6u

static u64 timer;
static u32 timer_writes;
static struct thread *threads[THREADS];
static u64 start;

void arch_timer_set(u64 deadline_tsc)
{
	timer = deadline_tsc;
	timer_writes++;
}

void arch_space_switch(hpa_t root)
{
	(void)root;
}

hpa_t arch_space_kernel(void)
{
	return HPA(0);
}

void arch_ports_switch(const struct port_set *ports)
{
	(void)ports;
}

void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
	assert_ptr_not_equal(from, to);
	assert_ptr_equal(to, fake_pcpu.current);
}

void arch_idle(void)
{
}

/* Time passes: interrupts come, and whoever runs reaches a safe point at once. */
static void run(u64 ticks)
{
	u64 end = fake_tsc + ticks;

	while (fake_tsc < end) {
		fake_tsc += timer > fake_tsc && timer < end ? timer - fake_tsc : end - fake_tsc;
		if (fake_tsc >= timer) {
			timer = DEADLINE_NONE;
			kernel_timer();
		}
		if (fake_pcpu.need_resched)
			sched_preempt();
	}
}

static int setup(void **state)
{
	(void)state;
	fake_tsc += 12345;
	timer = DEADLINE_NONE;
	sched_init(HZ);
	start = fake_tsc;
	for (u32 i = 0; i < THREADS; i++) {
		struct object *object = object_alloc(OBJECT_THREAD);

		assert_non_null(object);
		threads[i] = thread_of(object);
		threads[i]->pcpu = &fake_pcpu;
		threads[i]->weight = 100;
		list_init(&threads[i]->run_link);
		list_init(&threads[i]->sleep_link);
	}
	return 0;
}

/* Idle and threads together have all the time there was. */
static int teardown(void **state)
{
	u64 sum, idle;

	(void)state;
	assert_int_equal(sched_idle_time(0, &idle), ST_OK);
	sum = idle;
	for (u32 i = 0; i < THREADS; i++)
		sum += sched_thread_time(threads[i]);
	assert_int_equal(sum, fake_tsc - start);
	return 0;
}

static void go(u32 i)
{
	assert_int_equal(sched_start(threads[i]), ST_OK);
	if (fake_pcpu.need_resched)
		sched_preempt();
}

static void assert_near(u64 value, u64 want)
{
	assert_in_range(value, want - want / 20, want + want / 20);
}

static void test_idle(void **state)
{
	u64 idle;

	(void)state;
	run(HZ);
	assert_int_equal(sched_idle_time(0, &idle), ST_OK);
	assert_int_equal(idle, HZ);
	assert_int_equal(timer, DEADLINE_NONE);		/* nothing to wake up for */
	assert_int_equal(sched_idle_time(1, &idle), ST_INVAL);
	assert_int_equal(sched_idle_time(~0ull, &idle), ST_INVAL);
}

static void test_alone_means_no_ticks(void **state)
{
	u32 before;

	(void)state;
	go(0);
	before = timer_writes;
	run(HZ);
	assert_int_equal(timer_writes, before);
	assert_int_equal(sched_thread_time(threads[0]), HZ);
}

static void test_shares_follow_weights(void **state)
{
	(void)state;
	sched_set_weight(threads[1], 300);
	sched_set_weight(threads[2], 600);
	for (u32 i = 0; i < 3; i++)
		go(i);
	run(20 * HZ);
	assert_near(sched_thread_time(threads[0]), 2 * HZ);
	assert_near(sched_thread_time(threads[1]), 6 * HZ);
	assert_near(sched_thread_time(threads[2]), 12 * HZ);
}

static void test_real_time_first(void **state)
{
	(void)state;
	go(0);
	sched_set_class(threads[1], SCHED_CLASS_RT);
	sched_set_class(threads[2], SCHED_CLASS_RT);
	go(1);
	assert_ptr_equal(fake_pcpu.current, threads[1]);
	go(2);
	run(HZ);
	assert_near(sched_thread_time(threads[1]), HZ / 2);	/* in turn */
	assert_near(sched_thread_time(threads[2]), HZ / 2);
	assert_int_equal(sched_thread_time(threads[0]), 0);
	sched_stop(threads[1]);
	sched_stop(threads[2]);
	run(HZ);
	assert_near(sched_thread_time(threads[0]), HZ);
}

/* Whoever slept for long gets the pCPU soon, but not for as long as it slept. */
static void test_sleeping_earns_little(void **state)
{
	u64 before;

	(void)state;
	go(0);
	sched_wait(DEADLINE_NONE);			/* thread 0 sleeps */
	assert_int_equal(threads[0]->state, THREAD_WAITING);
	go(1);
	run(100 * HZ);
	notify_signal(threads[0], 1);
	run(SLICE);
	assert_ptr_equal(fake_pcpu.current, threads[0]);
	before = sched_thread_time(threads[1]);
	run(HZ);
	assert_near(sched_thread_time(threads[1]) - before, HZ / 2);
}

static void test_wakes_an_idle_pcpu_at_once(void **state)
{
	(void)state;
	go(0);
	sched_wait(DEADLINE_NONE);
	assert_ptr_equal(fake_pcpu.current, fake_pcpu.idle);
	notify_signal(threads[0], 4);
	assert_true(fake_pcpu.need_resched);
	sched_preempt();
	assert_ptr_equal(fake_pcpu.current, threads[0]);
	assert_int_equal(notify_take(threads[0]), 4);
}

static void test_signal_before_wait_is_not_lost(void **state)
{
	(void)state;
	go(0);
	notify_signal(threads[0], 2);
	sched_wait(DEADLINE_NONE);
	assert_ptr_equal(fake_pcpu.current, threads[0]);	/* did not sleep */
	assert_int_equal(threads[0]->state, THREAD_RUNNING);
}

static void test_sleepers_in_order(void **state)
{
	static const u64 delays[] = { 500, 100, 300, 200 };
	u64 base;

	(void)state;
	base = fake_tsc;
	for (u32 i = 0; i < ARRAY_COUNT(delays); i++) {
		go(i);
		sched_wait(base + delays[i]);
	}
	assert_int_equal(timer, base + 100);
	run(100);
	assert_ptr_equal(fake_pcpu.current, threads[1]);
	sched_wait(DEADLINE_NONE);
	assert_int_equal(timer, base + 200);
	run(100);
	assert_ptr_equal(fake_pcpu.current, threads[3]);
	sched_stop(threads[2]);					/* a sleeper that is stopped is no longer waited for */
	sched_wait(DEADLINE_NONE);
	assert_int_equal(timer, base + 500);
}

static void test_limit_of_the_current_thread(void **state)
{
	u32 writes;

	(void)state;
	go(0);
	sched_timer_limit(fake_tsc + 700);
	assert_int_equal(timer, fake_tsc + 700);
	writes = timer_writes;
	sched_timer_limit(fake_tsc + 700);
	assert_int_equal(timer_writes, writes);			/* unchanged: not programmed again */
	run(1000);
	assert_int_equal(timer, DEADLINE_NONE);
	sched_timer_limit(fake_tsc + 700);
	sched_wait(DEADLINE_NONE);
	assert_int_equal(timer, DEADLINE_NONE);			/* forgotten with the thread */
}

static void test_stop_and_start(void **state)
{
	(void)state;
	go(0);
	assert_int_equal(sched_start(threads[0]), ST_STATE);
	sched_stop(threads[0]);					/* running: at its next safe point */
	assert_false(sched_is_stopped(threads[0]));
	sched_preempt();
	assert_true(sched_is_stopped(threads[0]));
	notify_signal(threads[0], 1);				/* stopped threads don't wake */
	assert_true(sched_is_stopped(threads[0]));
	go(0);
	assert_ptr_equal(fake_pcpu.current, threads[0]);
	go(1);
	sched_stop(threads[1]);					/* ready: at once */
	assert_true(sched_is_stopped(threads[1]) || fake_pcpu.current == threads[1]);
	sched_stop(threads[0]);
	sched_wait(DEADLINE_NONE);				/* told to stop: doesn't wait, stops */
	assert_int_equal(threads[0]->state, THREAD_STOPPED);
	run(HZ);
	sched_stop(threads[2]);					/* never started: nothing to do */
	assert_true(sched_is_stopped(threads[2]));
}

static void test_yield_lets_the_next_run(void **state)
{
	(void)state;
	go(0);
	go(1);
	for (u32 i = 0; i < 10; i++) {
		struct thread *before = fake_pcpu.current;

		run(10);
		sched_yield();
		assert_ptr_not_equal(fake_pcpu.current, before);
	}
}

static void test_random_run(void **state)
{
	unsigned seed = 5;

	(void)state;
	for (u32 round = 0; round < 50000; round++) {
		struct thread *t = threads[(u32)rand_r(&seed) % THREADS];

		switch (rand_r(&seed) % 6) {
		case 0:
			assert_true(sched_start(t) == ST_OK || t->state != THREAD_STOPPED);
			break;
		case 1:
			sched_stop(t);
			break;
		case 2:
			notify_signal(t, 1);
			break;
		case 3:
			sched_set_class(t, rand_r(&seed) % 8 == 0 ? SCHED_CLASS_RT : SCHED_CLASS_FAIR);
			break;
		case 4:
			if (fake_pcpu.current != fake_pcpu.idle && !fake_pcpu.need_resched) {
				(void)notify_take(fake_pcpu.current);
				sched_wait(fake_tsc + (u64)rand_r(&seed) % 5000);
			}
			break;
		default:
			break;
		}
		run((u64)rand_r(&seed) % 3000);
		assert_int_equal(fake_pcpu.current->state, THREAD_RUNNING);
		assert_true(list_is_empty(&fake_pcpu.current->run_link));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_idle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alone_means_no_ticks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shares_follow_weights, setup, teardown),
		cmocka_unit_test_setup_teardown(test_real_time_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sleeping_earns_little, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wakes_an_idle_pcpu_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal_before_wait_is_not_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sleepers_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit_of_the_current_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_and_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_yield_lets_the_next_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random_run, setup, teardown),
	};

	fake_machine_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
