/* SPDX-License-Identifier: MIT */
/*
 * Frames in the rings of a network link: whole, in order, wherever the ring wraps; descriptions that break a rule; a
 * producer that publishes nonsense.
 */
/* links: rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net_link.h"

static struct {
	struct ring_shared shared;
	u8 data[NET_RING_BYTES];
	u8 guard[64];
} memory;

static struct ring producer, consumer;
static u8 sent[NET_FRAME_MAX], got[NET_FRAME_MAX];

static int setup(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	memory.shared.head = memory.shared.tail = ~0u - 4095;	/* the indices wrap soon */
	ring_attach_producer(&producer, &memory.shared, NET_RING_BYTES);
	ring_attach_consumer(&consumer, &memory.shared, NET_RING_BYTES);
	return 0;
}

static void fill(u8 *bytes, u32 count, unsigned seed)
{
	for (u32 i = 0; i < count; i++)
		bytes[i] = (u8)rand_r(&seed);
}

/* In pieces, so that every place of a wrap occurs. */
static bool send(u32 bytes, unsigned seed)
{
	struct net_frame frame = { .bytes = bytes };

	fill(sent, bytes, seed);
	if (!net_begin(&producer, &frame))
		return false;
	for (u32 at = 0, now; at < bytes; at += now) {
		now = 1 + (u32)rand_r(&seed) % 5000;
		now = now < bytes - at ? now : bytes - at;
		net_write(&producer, at, sent + at, now);
	}
	net_end(&producer, &frame);
	return true;
}

static u32 size_of(u32 number)
{
	unsigned seed = number + 1;

	return NET_FRAME_MIN + (u32)rand_r(&seed) % 9000;
}

static void test_frames(void **state)
{
	const u32 count = 3000;

	(void)state;
	for (u32 in = 0, out = 0; out < count; out++) {
		struct net_frame frame;

		while (in < count && send(size_of(in), in))
			in++;
		assert_int_equal(net_next(&consumer, &frame), NET_FRAME);
		assert_int_equal(frame.bytes, size_of(out));
		fill(sent, frame.bytes, out);
		net_read(&consumer, 0, got, frame.bytes / 2);
		net_read(&consumer, frame.bytes / 2, got + frame.bytes / 2, frame.bytes - frame.bytes / 2);
		assert_memory_equal(sent, got, frame.bytes);
		net_done(&consumer, &frame);
	}
}

static void test_largest_and_room(void **state)
{
	struct net_frame frame;
	u32 count = 0;

	(void)state;
	while (send(NET_FRAME_MAX, count))
		count++;
	assert_int_equal(count, NET_RING_BYTES / (NET_FRAME_MAX + 32));
	while (count-- > 0) {
		assert_int_equal(net_next(&consumer, &frame), NET_FRAME);
		net_done(&consumer, &frame);
	}
	assert_int_equal(net_next(&consumer, &frame), NET_NONE);
	assert_int_equal(ring_room(&producer), NET_RING_BYTES);
}

static void test_rules(void **state)
{
	static const struct net_frame good[] = {
		{ .bytes = NET_FRAME_MIN }, { .bytes = NET_FRAME_MAX }, { .bytes = 60, .flags = NET_CHECKSUM_GOOD },
		{ .bytes = 54, .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 18 },
		{ .bytes = 9000, .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 16,
		  .segmenting = NET_TCP4, .segment_bytes = NET_SEGMENT_MIN },
	}, bad[] = {
		{ .bytes = 0 }, { .bytes = NET_FRAME_MIN - 1 }, { .bytes = NET_FRAME_MAX + 1 }, { .bytes = ~0u },
		{ .bytes = 60, .flags = 4 }, { .bytes = 60, .zero = 1 }, { .bytes = 60, .checksum_start = 34 },
		{ .bytes = 60, .checksum_offset = 1 }, { .bytes = 60, .segment_bytes = 100 },
		{ .bytes = 53, .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 18 },
		{ .bytes = 60, .flags = NET_NEEDS_CHECKSUM, .checksum_start = 13, .checksum_offset = 16 },
		{ .bytes = 60, .flags = NET_NEEDS_CHECKSUM, .checksum_start = 65535, .checksum_offset = 65535 },
		{ .bytes = 9000, .segmenting = NET_TCP4, .segment_bytes = 1448 },
		{ .bytes = 9000, .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 16,
		  .segmenting = NET_TCP6, .segment_bytes = NET_SEGMENT_MIN - 1 },
		{ .bytes = 9000, .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 16,
		  .segmenting = NET_SEGMENTING_COUNT, .segment_bytes = 1448 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(good); i++)
		assert_true(net_frame_ok(&good[i]));
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		struct net_frame frame;

		assert_false(net_frame_ok(&bad[i]));
		ring_write_ahead(&producer, 0, &bad[i], sizeof(bad[i]));
		ring_publish(&producer, 65536);
		assert_int_equal(net_next(&consumer, &frame), NET_BROKEN);
		net_drop_all(&consumer);
		assert_int_equal(net_next(&consumer, &frame), NET_NONE);
	}
}

static void test_cut_short(void **state)
{
	struct net_frame frame = { .bytes = 100 };

	(void)state;
	assert_true(net_begin(&producer, &frame));
	ring_publish(&producer, 15);				/* not even a description */
	assert_int_equal(net_next(&consumer, &frame), NET_BROKEN);
	net_drop_all(&consumer);
	frame.bytes = 100;
	assert_true(net_begin(&producer, &frame));
	ring_publish(&producer, 16 + 100);			/* without its padding */
	assert_int_equal(net_next(&consumer, &frame), NET_BROKEN);
	net_drop_all(&consumer);
	memory.shared.head += NET_RING_BYTES + 1;		/* nonsense looks empty */
	assert_int_equal(net_next(&consumer, &frame), NET_NONE);
	net_drop_all(&consumer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_frames, setup),
		cmocka_unit_test_setup(test_largest_and_room, setup),
		cmocka_unit_test_setup(test_rules, setup),
		cmocka_unit_test_setup(test_cut_short, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
