/* SPDX-License-Identifier: MIT */
/*
 * Grace periods in earnest: three threads play pCPUs that look handles up and use what they find until they next take
 * an interrupt or go idle; a fourth makes and destroys objects as fast as it can. Nobody may ever hold a freed object.
 */
/* links: kernel */
/* helpers: fake_arch.c fake_objects.c */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <threads.h>

#include <cmocka.h>

#include "arch.h"
#include "fake_objects.h"
#include "frames.h"
#include "handle.h"
#include "kernel_upcalls.h"
#include "quiesce.h"

#define ROUNDS 50000u
#define SLOTS 8u
#define HELD 16u

static struct handle_table table;
static bool is_over, is_interrupted[FAKE_PCPUS];
static u64 found, freed_in_use;

void arch_ipi(const struct pcpu *pcpu)
{
	__atomic_store_n(&is_interrupted[pcpu - fake_pcpus], true, __ATOMIC_SEQ_CST);
}

static void take_interrupts(void)
{
	if (__atomic_exchange_n(&is_interrupted[fake_here], false, __ATOMIC_SEQ_CST))
		kernel_ipi();
}

static void be_idle(void)
{
	__atomic_store_n(&pcpu_self()->is_idle, true, __ATOMIC_SEQ_CST);
	thrd_yield();
	kernel_idle_end();
}

/* A system call: everything it has found must still be there at its end. */
static void use_handles(u32 seed)
{
	struct handle held[HELD];
	u32 count = 0;

	for (u32 i = 0; i < HELD; i++)
		if (handle_get(&table, 16 + (seed + i) % SLOTS, &irq_type, 0, &held[count]) == ST_OK)
			count++;
	if (seed % 64 == 0)
		thrd_yield();
	for (u32 i = 0; i < count; i++)		/* destroyed: one more; freed: two */
		if (__atomic_load_n(&held[i].object->generation, __ATOMIC_ACQUIRE) - held[i].generation > 1)
			__atomic_fetch_add(&freed_in_use, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&found, count, __ATOMIC_RELAXED);
}

static void *run_pcpu(void *id)
{
	fake_here = (u32)(u64)id;
	for (u32 seed = fake_here; !__atomic_load_n(&is_over, __ATOMIC_ACQUIRE); seed = seed * 1664525 + 1013904223) {
		use_handles(seed >> 8);
		if (seed >> 24 == 0)
			be_idle();
		else
			take_interrupts();
	}
	__atomic_store_n(&pcpu_self()->is_idle, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_nothing_is_freed_in_use(void **state)
{
	pthread_t threads[FAKE_PCPUS];
	struct object *objects[SLOTS];
	u64 waited = 0;

	(void)state;
	pcpu_count = FAKE_PCPUS;
	for (u32 i = 0; i < SLOTS; i++) {
		objects[i] = object_alloc(&irq_type);
		assert_int_equal(handle_put(&table, 16 + i, objects[i], 0, 0), ST_OK);
	}
	for (u64 i = 1; i < FAKE_PCPUS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_pcpu, (void *)i), 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 at = i * 5 % SLOTS;

		for (; object_destroy(objects[at]) == ST_AGAIN; waited++)
			thrd_yield();
		objects[at] = object_alloc(&irq_type);
		assert_int_equal(handle_put(&table, 16 + at, objects[at], 0, 0), ST_OK);
	}
	__atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
	for (u32 i = 1; i < FAKE_PCPUS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	print_message("%llu found, waited %llu times\n", (unsigned long long)found, (unsigned long long)waited);
	assert_int_equal(freed_in_use, 0);
	assert_true(found > 0);
	assert_int_equal(fake_steps_taken, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nothing_is_freed_in_use) };

	fake_machine_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
