/* SPDX-License-Identifier: MIT */
/*
 * The shared byte ring: order, wrap-around, all-or-nothing, waiting flags, and a peer that publishes nonsense.
 */
/* links: rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ring.h"

#define SIZE 64u

static struct {
	struct ring_shared shared;
	u8 data[SIZE];
	u8 guard[64];		/* beyond the ring: never written */
} memory;

static struct ring producer, consumer;

static int setup(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	memset(memory.guard, 0x5a, sizeof(memory.guard));
	ring_attach_producer(&producer, &memory.shared, SIZE);
	ring_attach_consumer(&consumer, &memory.shared, SIZE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (u32 i = 0; i < sizeof(memory.guard); i++)
		assert_int_equal(memory.guard[i], 0x5a);
	return 0;
}

/* At each place of the ring; bytes that are not taken yet stay. */
static void test_take_leaves_nothing(void **state)
{
	u8 sent[40], got[40];

	(void)state;
	memset(sent, 7, sizeof(sent));
	for (u32 i = 0; i < SIZE; i++) {
		assert_true(ring_put(&producer, sent, 40));
		assert_true(ring_put(&producer, sent, 3));
		assert_true(ring_take(&consumer, got, 40));
		assert_memory_equal(got, sent, 40);
		assert_false(ring_take(&consumer, got, 40));
		assert_true(ring_take(&consumer, got, 3));
		assert_memory_equal(got, sent, 3);
		for (u32 at = 0; at < SIZE; at++)
			assert_int_equal(memory.data[at], 0);
	}
}

static void test_order_and_wrap(void **state)
{
	u8 in = 0, out = 0, bytes[SIZE];
	unsigned seed = 3;
	u32 count;

	(void)state;
	memory.shared.head = memory.shared.tail = ~0u - 10;	/* the indices wrap soon */
	ring_attach_producer(&producer, &memory.shared, SIZE);
	ring_attach_consumer(&consumer, &memory.shared, SIZE);
	for (u32 round = 0; round < 10000; round++) {
		count = (u32)rand_r(&seed) % (SIZE + 1);
		for (u32 i = 0; i < count; i++)
			bytes[i] = (u8)(in + i);
		in = (u8)(in + ring_write(&producer, bytes, count));
		count = ring_read(&consumer, bytes, (u32)rand_r(&seed) % (SIZE + 1));
		for (u32 i = 0; i < count; i++)
			assert_int_equal(bytes[i], out++);
		assert_int_equal(ring_used(&consumer) + ring_room(&producer), SIZE);
	}
}

static void test_all_or_nothing(void **state)
{
	u8 message[40] = { 1, 2, 3 }, got[40];

	(void)state;
	assert_true(ring_put(&producer, message, 40));
	assert_false(ring_put(&producer, message, 40));
	assert_int_equal(ring_used(&consumer), 40);
	assert_false(ring_get(&consumer, got, 41));
	assert_int_equal(ring_used(&consumer), 40);
	assert_true(ring_get(&consumer, got, 40));
	assert_memory_equal(got, message, 40);
}

/* Whatever the peer writes into the shared header, at most `size` bytes are moved, all of them within the ring. */
static void test_hostile_peer(void **state)
{
	static const u32 nonsense[] = { SIZE + 1, 0x7fffffff, 0x80000000, ~0u, ~0u - SIZE };
	u8 bytes[SIZE * 2];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(nonsense); i++) {
		memory.shared.head = nonsense[i];	/* to the consumer */
		assert_int_equal(ring_used(&consumer), 0);
		assert_int_equal(ring_read(&consumer, bytes, sizeof(bytes)), 0);
		memory.shared.tail = nonsense[i];	/* to the producer */
		assert_true(ring_room(&producer) == 0 || nonsense[i] > ~0u - SIZE);
		assert_true(ring_write(&producer, bytes, sizeof(bytes)) <= SIZE);
		(void)setup(state);
	}
}

static void test_hostile_peer_at_random(void **state)
{
	u8 bytes[SIZE * 2];
	unsigned seed = 9;

	(void)state;
	for (u32 round = 0; round < 100000; round++) {
		memory.shared.head = (u32)rand_r(&seed) * 2u + (u32)rand_r(&seed);
		memory.shared.tail = (u32)rand_r(&seed) * 2u + (u32)rand_r(&seed);
		assert_true(ring_used(&consumer) <= SIZE);
		assert_true(ring_room(&producer) <= SIZE);
		assert_true(ring_read(&consumer, bytes, sizeof(bytes)) <= SIZE);
		assert_true(ring_write(&producer, bytes, sizeof(bytes)) <= SIZE);
	}
}

/* Who had an end published what can't be, and ended: the next one begins with an empty ring. */
static void test_broken_end(void **state)
{
	u8 bytes[8] = { 0 };

	(void)state;
	memory.shared.tail = 20;
	memory.shared.head = 20 + SIZE + 1;
	ring_attach_producer(&producer, &memory.shared, SIZE);
	ring_attach_consumer(&consumer, &memory.shared, SIZE);
	assert_int_equal(ring_used(&consumer), 0);
	assert_int_equal(ring_room(&producer), SIZE);
	assert_int_equal(ring_write(&producer, bytes, 8), 8);
	assert_int_equal(ring_used(&consumer), 8);
	memory.shared.tail = 100;
	ring_attach_consumer(&consumer, &memory.shared, SIZE);
	assert_int_equal(ring_used(&consumer), 0);
	assert_int_equal(ring_room(&producer), SIZE);
}

static void test_waiting_is_taken_once(void **state)
{
	(void)state;
	assert_false(ring_consumer_take_waiting(&producer));
	ring_consumer_wait(&consumer, true);
	assert_true(ring_consumer_take_waiting(&producer));
	assert_false(ring_consumer_take_waiting(&producer));
	for (u32 i = 0; i < 3; i++)
		ring_consumer_wait(&consumer, true);
	assert_true(ring_consumer_take_waiting(&producer));
	ring_consumer_wait(&consumer, true);
	assert_true(ring_consumer_take_waiting(&producer));
	ring_producer_wait(&producer, true);
	ring_producer_wait(&producer, false);
	assert_false(ring_producer_take_waiting(&consumer));
}

static void expect_to_cut(u32 bytes, bool is_cut)
{
	bool told;

	assert_int_equal(ring_used_to_cut(&consumer, &told), bytes);
	assert_int_equal(told, is_cut);
}

static void test_cuts(void **state)
{
	u8 bytes[SIZE] = { 0 };

	(void)state;
	expect_to_cut(0, false);
	assert_int_equal(ring_write(&producer, bytes, 10), 10);
	ring_cut(&producer);
	assert_int_equal(ring_write(&producer, bytes, 5), 5);
	expect_to_cut(10, false);
	assert_int_equal(ring_read(&consumer, bytes, 4), 4);
	expect_to_cut(6, false);
	assert_int_equal(ring_read(&consumer, bytes, 6), 6);
	expect_to_cut(0, true);
	expect_to_cut(5, false);
	ring_cut(&producer);		/* of two, the last */
	assert_int_equal(ring_write(&producer, bytes, 1), 1);
	ring_cut(&producer);
	expect_to_cut(6, false);
	assert_int_equal(ring_read(&consumer, bytes, 6), 6);
	expect_to_cut(0, true);
	expect_to_cut(0, false);
	ring_attach_producer(&producer, &memory.shared, SIZE);	/* another producer goes on */
	ring_cut(&producer);
	expect_to_cut(0, true);
	assert_int_equal(ring_write(&producer, bytes, 3), 3);
	memory.shared.cut = 77ull << 32 | (producer.index - 1000);	/* a lie: behind, or far away */
	expect_to_cut(0, true);
	expect_to_cut(3, false);
	memory.shared.cut = 78ull << 32 | (producer.index + 1000);
	expect_to_cut(3, false);
	ring_attach_consumer(&consumer, &memory.shared, SIZE);	/* knows of none before it */
	expect_to_cut(3, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order_and_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_or_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_take_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_peer_at_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting_is_taken_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cuts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
