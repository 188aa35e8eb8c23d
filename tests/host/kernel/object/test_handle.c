/* SPDX-License-Identifier: MIT */
/*
 * Handle tables and object life on real slabs: bounds, kinds, rights, generations, destruction in steps and by the last
 * reference.
 */
/* links: kernel */
/* helpers: fake_arch.c fake_objects.c */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch.h"
#include "fake_objects.h"
#include "frames.h"
#include "handle.h"

static struct handle_table table;

static int setup(void **state)
{
	(void)state;
	memset(&table, 0, sizeof(table));
	fake_steps_left = fake_steps_taken = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	handle_table_fini(&table);
	return 0;
}

static void test_bad_slots(void **state)
{
	static const u64 bad[] = { 0, HANDLE_COUNT, HANDLE_COUNT + 1, 0x80000000, 0x100000001, ~0ull, ~0ull - 4095 };
	struct object *o = object_alloc(&irq_type);
	struct handle h;

	(void)state;
	assert_int_equal(handle_put(&table, 1, o, RIGHT_ALL, 0), ST_OK);
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(handle_get(&table, bad[i], NULL, 0, &h), ST_HANDLE);
		assert_int_equal(handle_get_dying(&table, bad[i], &h), ST_HANDLE);
		assert_int_equal(handle_put(&table, bad[i], o, 0, 0), ST_INVAL);
		assert_int_equal(handle_close(&table, bad[i]), ST_HANDLE);
	}
	/* Slots that the kernel hands out can't be chosen. */
	assert_int_equal(handle_put(&table, HANDLE_CHOSEN, o, 0, 0), ST_INVAL);
	assert_int_equal(handle_put(&table, HANDLE_COUNT - 1, o, 0, 0), ST_INVAL);
	assert_int_equal(handle_put(&table, HANDLE_CHOSEN - 1, o, 0, 0), ST_OK);
	assert_int_equal(handle_get(&table, 2, NULL, 0, &h), ST_HANDLE);		/* free slot, frame there */
	assert_int_equal(handle_get(&table, 4000, NULL, 0, &h), ST_HANDLE);	/* frame not there */
}

static void test_kinds_and_rights(void **state)
{
	struct object *o = object_alloc(&irq_type);
	struct handle h;

	(void)state;
	assert_int_equal(handle_put(&table, 7, o, RIGHT_ACK, 0xbad9e), ST_OK);
	assert_int_equal(handle_put(&table, 7, o, RIGHT_ACK, 0xbad9e), ST_OK);		/* it is there */
	assert_int_equal(handle_put(&table, 7, o, RIGHT_ALL, 0xbad9e), ST_EXISTS);
	assert_int_equal(handle_put(&table, 7, o, RIGHT_ACK, 0xbad9f), ST_EXISTS);
	assert_int_equal(handle_put(&table, 7, object_alloc(&irq_type), RIGHT_ACK, 0xbad9e), ST_EXISTS);
	assert_int_equal(handle_get(&table, 7, &mem_type, 0, &h), ST_HANDLE);
	assert_int_equal(handle_get(&table, 7, &irq_type, RIGHT_CTL, &h), ST_RIGHTS);
	assert_int_equal(handle_get(&table, 7, &irq_type, RIGHT_ACK | RIGHT_CTL, &h), ST_RIGHTS);
	assert_int_equal(handle_get_dying(&table, 7, &h), ST_RIGHTS);
	assert_int_equal(handle_get(&table, 7, &irq_type, RIGHT_ACK, &h), ST_OK);
	assert_ptr_equal(h.object, o);
	assert_int_equal(h.badge, 0xbad9e);
	assert_int_equal(handle_close(&table, 7), ST_OK);
	assert_int_equal(handle_close(&table, 7), ST_HANDLE);
	assert_int_equal(handle_get(&table, 7, NULL, 0, &h), ST_HANDLE);
}

static void test_full_table(void **state)
{
	struct object *o = object_alloc(&irq_type);
	u64 slot, count = 0;

	(void)state;
	while (handle_add(&table, o, 0, 0, &slot) == ST_OK) {
		assert_true(slot >= HANDLE_CHOSEN && slot < HANDLE_COUNT);
		count++;
	}
	assert_int_equal(count, HANDLE_COUNT - HANDLE_CHOSEN);
	assert_int_equal(handle_add(&table, o, 0, 0, &slot), ST_FULL);
	assert_int_equal(handle_close(&table, 2222), ST_OK);
	assert_int_equal(handle_add(&table, o, 0, 0, &slot), ST_OK);
	assert_int_equal(slot, 2222);
}

/* Handles die at once, and stay dead when the memory becomes another object. */
static void test_stale_handles(void **state)
{
	struct object *first = object_alloc(&irq_type), *second;
	struct handle h;

	(void)state;
	assert_int_equal(handle_put(&table, 20, first, RIGHT_ALL, 0), ST_OK);
	assert_int_equal(handle_put(&table, 21, first, RIGHT_ACK, 0), ST_OK);
	assert_int_equal(object_destroy(first), ST_OK);
	assert_int_equal(handle_get(&table, 20, NULL, 0, &h), ST_HANDLE);
	second = object_alloc(&irq_type);
	assert_ptr_equal(second, first);
	assert_int_equal(handle_get(&table, 20, NULL, 0, &h), ST_HANDLE);
	assert_int_equal(handle_get_dying(&table, 20, &h), ST_HANDLE);
	assert_int_equal(handle_put(&table, 20, second, RIGHT_ALL, 0), ST_OK);	/* a dead handle's slot is free */
	assert_int_equal(handle_get(&table, 20, &irq_type, 0, &h), ST_OK);
	assert_int_equal(handle_get(&table, 21, NULL, 0, &h), ST_HANDLE);
}

static void test_destroy_in_steps(void **state)
{
	struct object *o = object_alloc(&irq_type);
	struct handle h;

	(void)state;
	assert_int_equal(handle_put(&table, 20, o, RIGHT_ALL, 0), ST_OK);
	assert_int_equal(handle_put(&table, 21, o, RIGHT_ALL, 0), ST_OK);
	fake_steps_left = 2;
	assert_int_equal(handle_get_dying(&table, 20, &h), ST_OK);
	assert_int_equal(object_destroy(o), ST_AGAIN);
	handle_keep_dying(&table, 20);				/* as SYS_OBJECT_DESTROY does */
	assert_int_equal(handle_get(&table, 20, NULL, 0, &h), ST_HANDLE);
	assert_int_equal(handle_get_dying(&table, 21, &h), ST_HANDLE);
	assert_int_equal(handle_get_dying(&table, 20, &h), ST_OK);
	assert_int_equal(object_destroy(o), ST_AGAIN);
	assert_int_equal(object_destroy(o), ST_OK);
	assert_int_equal(fake_steps_taken, 3);
	assert_int_equal(handle_get_dying(&table, 20, &h), ST_HANDLE);
}

/* The slot by which a destruction goes on is not free before it is over: the next call would destroy what is there. */
static void test_slot_of_a_dying_object(void **state)
{
	struct object *before = object_alloc(&mem_type), *other = object_alloc(&mem_type);
	struct object *dying = object_alloc(&irq_type);
	u64 first, slot, at;
	struct handle h;

	(void)state;
	assert_int_equal(handle_add(&table, before, RIGHT_ALL, 0, &first), ST_OK);
	assert_int_equal(handle_add(&table, dying, RIGHT_ALL, 0, &slot), ST_OK);
	assert_int_equal(slot, first + 1);
	assert_int_equal(handle_put(&table, 20, dying, RIGHT_ALL, 0), ST_OK);
	fake_steps_left = 2;
	assert_int_equal(object_destroy(dying), ST_AGAIN);
	handle_keep_dying(&table, slot);
	assert_int_equal(handle_put(&table, 20, other, RIGHT_ALL, 0), ST_OK);	/* a dead handle, kept for nothing */
	assert_int_equal(handle_close(&table, first), ST_OK);
	assert_int_equal(handle_add(&table, other, RIGHT_ALL, 0, &at), ST_OK);
	assert_int_equal(at, first);
	assert_int_equal(handle_add(&table, other, RIGHT_ALL, 0, &at), ST_OK);
	assert_int_equal(at, slot + 1);
	assert_int_equal(handle_get_dying(&table, slot, &h), ST_OK);
	assert_ptr_equal(h.object, dying);
	while (object_destroy(dying) == ST_AGAIN)
		;
	assert_int_equal(handle_close(&table, first), ST_OK);
	assert_int_equal(handle_add(&table, other, RIGHT_ALL, 0, &at), ST_OK);
	assert_int_equal(handle_add(&table, other, RIGHT_ALL, 0, &at), ST_OK);
	assert_int_equal(at, slot);						/* now it is free */
}

static void test_last_reference_finishes(void **state)
{
	struct object *o = object_alloc(&irq_type);

	(void)state;
	object_ref(o);
	object_ref(o);
	fake_steps_left = 1;
	assert_int_equal(object_destroy(o), ST_OK);
	assert_int_equal(fake_steps_taken, 0);
	assert_int_equal(object_destroy(o), ST_OK);		/* again: nothing happens */
	assert_int_equal(object_unref(o), ST_OK);
	assert_int_equal(fake_steps_taken, 0);
	assert_int_equal(object_unref(o), ST_AGAIN);
	assert_int_equal(object_unref(o), ST_OK);
	assert_int_equal(fake_steps_taken, 2);
	assert_ptr_equal(object_alloc(&irq_type), o);		/* it is in the slab again */
}

/* Handles are dead at once, but the object stays until every pCPU has been where it holds none. */
static void test_grace_period(void **state)
{
	struct object *o = object_alloc(&irq_type);
	struct handle h;

	(void)state;
	pcpu_count = 2;
	assert_int_equal(handle_put(&table, 20, o, RIGHT_ALL, 0), ST_OK);
	assert_int_equal(object_destroy(o), ST_AGAIN);
	assert_int_equal(handle_get(&table, 20, NULL, 0, &h), ST_HANDLE);
	assert_int_equal(object_destroy(o), ST_AGAIN);
	assert_int_equal(fake_steps_taken, 0);
	fake_take_ipi(1);
	assert_int_equal(object_destroy(o), ST_OK);
	assert_int_equal(fake_steps_taken, 1);
	pcpu_count = 1;
}

/* The last reference waits for it, too; what nobody knows doesn't. */
static void test_grace_period_of_references(void **state)
{
	struct object *o = object_alloc(&irq_type);

	(void)state;
	pcpu_count = 2;
	object_ref(o);
	assert_int_equal(object_destroy(o), ST_AGAIN);
	assert_int_equal(object_unref(o), ST_AGAIN);
	fake_take_ipi(1);
	assert_int_equal(object_unref(o), ST_OK);
	assert_int_equal(fake_steps_taken, 1);
	object_discard(object_alloc(&irq_type));
	assert_int_equal(fake_steps_taken, 2);
	pcpu_count = 1;
}

/* What is read while somebody writes does not count, however whole it looks. */
static void test_half_written(void **state)
{
	struct object *o = object_alloc(&irq_type);
	struct handle h;

	(void)state;
	assert_int_equal(handle_put(&table, 20, o, RIGHT_ACK, 5), ST_OK);
	table.frames[0][20].version++;
	assert_int_equal(handle_get(&table, 20, &irq_type, RIGHT_ACK, &h), ST_HANDLE);
	assert_int_equal(handle_get_dying(&table, 20, &h), ST_HANDLE);
	table.frames[0][20].version++;
	assert_int_equal(handle_get(&table, 20, &irq_type, RIGHT_ACK, &h), ST_OK);
}

/* A slot that changes all the time is either empty or one of the two handles, never a mixture. */
#define CHANGES 300000u

static struct object *pair[2];
static bool is_over;

static void *change(void *unused)
{
	(void)unused;
	for (u32 i = 0; i < CHANGES; i++) {
		if (handle_put(&table, 20, pair[i % 2], i % 2 ? RIGHT_ACK : RIGHT_SIGNAL, i % 2 ? 111 : 222) != ST_OK ||
		    handle_close(&table, 20) != ST_OK)
			abort();
	}
	__atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
	return NULL;
}

static void test_torn_reads(void **state)
{
	struct handle h;
	pthread_t thread;
	u64 found[2] = { 0 };
	u32 which;

	(void)state;
	is_over = false;
	pair[0] = object_alloc(&irq_type);
	pair[1] = object_alloc(&irq_type);
	pair[0]->generation = pair[1]->generation = 77;
	assert_int_equal(handle_put(&table, 21, pair[0], 0, 0), ST_OK);	/* so that the frame is there */
	assert_int_equal(pthread_create(&thread, NULL, change, NULL), 0);
	while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
		if (handle_get(&table, 20, &irq_type, 0, &h) != ST_OK)
			continue;
		which = h.object == pair[1];
		assert_ptr_equal(h.object, pair[which]);
		assert_int_equal(h.rights, which ? RIGHT_ACK : RIGHT_SIGNAL);
		assert_int_equal(h.badge, which ? 111 : 222);
		found[which]++;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	print_message("found %llu and %llu\n", (unsigned long long)found[0], (unsigned long long)found[1]);
}

static void test_slabs_run_out(void **state)
{
	struct object *o = NULL, *last = NULL;
	u32 count = 0;
	u64 slot;

	(void)state;
	for (; (o = object_alloc(&vm_type)) != NULL; last = o)
		count++;
	assert_true(count > 100);
	assert_null(object_alloc(&pd_type));
	assert_int_equal(handle_add(&table, last, 0, 0, &slot), ST_NOMEM);
	object_free(last);
	assert_ptr_equal(object_alloc(&vm_type), last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kinds_and_rights, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale_handles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroy_in_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slot_of_a_dying_object, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_reference_finishes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grace_period, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grace_period_of_references, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slabs_run_out, setup, teardown),
	};

	fake_machine_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
