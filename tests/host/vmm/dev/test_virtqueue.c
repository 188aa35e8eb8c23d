/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * Split virtqueues: chains go round, each rule that a guest can break breaks the queue and nothing else, suppression of
 * notifications and interrupts; and random rings. VOS_RINGS=N: how many (`make unit` takes 200,000).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../fake_driver.h"

enum { RAM_BYTES = 0x10000, DATA = 0x4000, TABLE = 0x2000 };

static u8 ram[RAM_BYTES] __attribute__((aligned(4096)));
static const struct guest_memory memory = { .ram = ram, .bytes = RAM_BYTES };
static struct virtqueue q;
static struct virtqueue_chain chain;
static struct fake_driver driver;

static void start(bool has_event_idx, bool has_indirect)
{
	struct virtqueue_setup setup;

	memset(ram, 0, sizeof(ram));
	driver = (struct fake_driver){ .ram = ram, .base = 0x1000 };
	setup = driver_setup(&driver);
	setup.has_event_idx = has_event_idx;
	setup.has_indirect = has_indirect;
	assert_true(virtqueue_enable(&q, &memory, &setup));
}

static int setup(void **state)
{
	(void)state;
	start(false, true);
	return 0;
}

static void test_chains_go_round(void **state)
{
	const struct driver_buffer buffers[] = { { DATA, 5, false }, { DATA + 16, 3, false }, { DATA + 32, 4, true } };
	u32 head, written;
	char text[16] = "";

	(void)state;
	for (u32 i = 0; i < 3 * 65536; i++) {		/* every index wraps */
		u16 offered = driver_offer(&driver, buffers, 3);

		assert_true(virtqueue_pop(&q, &chain));
		assert_int_equal(chain.head, offered);
		assert_int_equal(chain.count, 3);
		assert_int_equal(chain.readable, 2);
		assert_int_equal(chain.readable_bytes, 8);
		assert_int_equal(chain.writable_bytes, 4);
		assert_false(virtqueue_pop(&q, &chain));
		virtqueue_push(&q, chain.head, i);
		assert_true(driver_collect(&driver, &head, &written));
		assert_int_equal(head, offered);
		assert_int_equal(written, i);
		assert_false(driver_collect(&driver, &head, &written));
	}
	memcpy(ram + DATA, "abcde", 5);
	memcpy(ram + DATA + 16, "fgh", 3);
	assert_int_equal(virtqueue_read(&chain, 3, text, 16), 5);
	assert_string_equal(text, "defgh");
	assert_int_equal(virtqueue_read(&chain, 8, text, 16), 0);
	assert_int_equal(virtqueue_write(&chain, 1, "xyz!", 4), 3);
	assert_memory_equal(ram + DATA + 32, "\0xyz\0", 5);
	assert_null(q.fault);
}

static void test_set_up(void **state)
{
	static const struct virtqueue_setup bad[] = {
		{ 0x1000, 0x1400, 0x1800, 0, false, false }, { 0x1000, 0x1400, 0x1800, 3, false, false },
		{ 0x1000, 0x1400, 0x1800, 512, false, false }, { 0x1008, 0x1400, 0x1800, 8, false, false },
		{ 0x1000, 0x1401, 0x1800, 8, false, false }, { 0x1000, 0x1400, 0x1802, 8, false, false },
		{ RAM_BYTES - 0x70, 0x1400, 0x1800, 8, false, false },
		{ 0x1000, RAM_BYTES - 20, 0x1800, 8, false, false },
		{ 0x1000, 0x1400, RAM_BYTES - 68, 8, false, false }, { ~0xfull, 0x1400, 0x1800, 8, false, false },
		{ 0x1000, ~1ull, 0x1800, 8, false, false }, { 0x1000, 0x1400, ~3ull, 8, false, false },
	};
	static const struct virtqueue_setup good = { RAM_BYTES - 0x80, 0x1400, RAM_BYTES - 0xc8, 8, false, false };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_false(virtqueue_enable(&q, &memory, &bad[i]));
		assert_non_null(q.fault);
		assert_false(virtqueue_is_enabled(&q));
		assert_false(virtqueue_pop(&q, &chain));
		virtqueue_push(&q, 0, 0);
		assert_false(virtqueue_should_interrupt(&q));
		assert_false(virtqueue_want_notification(&q, 1));
	}
	assert_true(virtqueue_enable(&q, &memory, &good));
	virtqueue_disable(&q);
	assert_false(virtqueue_is_enabled(&q));
}

static void test_indirect(void **state)
{
	struct driver_buffer buffer = { TABLE, 3 * 16, false };
	struct vring_desc *table = (struct vring_desc *)(void *)(ram + TABLE);
	u16 head = driver_offer(&driver, &buffer, 1);

	(void)state;
	driver_descriptor(&driver, head)->flags = VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE;	/* WRITE is ignored */
	table[0] = (struct vring_desc){ DATA, 16, VRING_DESC_F_NEXT, 2 };
	table[2] = (struct vring_desc){ DATA + 512, 512, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1 };
	table[1] = (struct vring_desc){ DATA + 16, 1, VRING_DESC_F_WRITE, 77 };
	assert_true(virtqueue_pop(&q, &chain));
	assert_int_equal(chain.head, head);
	assert_int_equal(chain.count, 3);
	assert_int_equal(chain.writable_bytes, 513);
	assert_ptr_equal(chain.segment[1].at, ram + DATA + 512);
	assert_ptr_equal(chain.segment[2].at, ram + DATA + 16);
}

/* ---- One broken rule each ---- */

static void must_break(const char *what)
{
	assert_false(virtqueue_pop(&q, &chain));
	if (!q.fault)
		fail_msg("not noticed: %s", what);
	assert_false(virtqueue_is_enabled(&q));
	assert_false(virtqueue_pop(&q, &chain));
}

static struct vring_desc *offer_one(u64 gpa, u32 len)
{
	struct driver_buffer buffer = { gpa, len, false };

	start(false, true);
	return driver_descriptor(&driver, driver_offer(&driver, &buffer, 1));
}

static void test_rules(void **state)
{
	const struct driver_buffer wrong_order[] = { { DATA, 1, true }, { DATA, 1, false } };
	struct vring_desc *d;

	(void)state;
	start(false, true);
	driver_available(&driver)[1] = DRIVER_SIZE + 1;
	must_break("index too far ahead");
	offer_one(DATA, 1);
	driver_available(&driver)[2] = DRIVER_SIZE;
	must_break("head out of range");
	d = offer_one(DATA, 1);
	d->flags = VRING_DESC_F_NEXT;
	d->next = DRIVER_SIZE;
	must_break("next out of range");
	d = offer_one(DATA, 1);
	d->flags = VRING_DESC_F_NEXT;
	d->next = 0;
	must_break("loop");
	offer_one(DATA, 0);
	must_break("empty buffer");
	offer_one(RAM_BYTES - 4, 5);
	must_break("over the end of RAM");
	offer_one(~0ull - 3, 5);
	must_break("over the end of the address space");
	offer_one(DATA, VIRTQUEUE_BYTES_MAX + 1);
	must_break("too long");
	start(false, true);
	driver_offer(&driver, wrong_order, 2);
	must_break("readable after writable");
	offer_one(TABLE, 16)->flags = VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT;
	must_break("indirect and next");
	offer_one(TABLE, 0)->flags = VRING_DESC_F_INDIRECT;
	must_break("empty table");
	offer_one(TABLE, 17)->flags = VRING_DESC_F_INDIRECT;
	must_break("odd table");
	offer_one(TABLE, 16 * (VIRTQUEUE_SEGMENTS + 1))->flags = VRING_DESC_F_INDIRECT;
	must_break("large table");
	offer_one(TABLE + 4, 16)->flags = VRING_DESC_F_INDIRECT;
	must_break("table not aligned");
	offer_one(RAM_BYTES, 16)->flags = VRING_DESC_F_INDIRECT;
	must_break("table not in RAM");
	offer_one(TABLE, 16)->flags = VRING_DESC_F_INDIRECT;
	((struct vring_desc *)(void *)(ram + TABLE))->flags = VRING_DESC_F_INDIRECT;
	must_break("table in a table");
	offer_one(TABLE, 16);
	*driver_descriptor(&driver, 0) =
		(struct vring_desc){ driver.base + DRIVER_DESCRIPTORS, 16, VRING_DESC_F_INDIRECT, 0 };
	must_break("a table that names itself");
	offer_one(TABLE, 2 * 16)->flags = VRING_DESC_F_INDIRECT;
	for (u32 i = 0; i < 2; i++)
		((struct vring_desc *)(void *)(ram + TABLE))[i] =
			(struct vring_desc){ DATA, 1, VRING_DESC_F_NEXT, (u16)!i };
	must_break("loop in a table");
	start(false, false);
	driver_offer(&driver, &(struct driver_buffer){ TABLE, 16, false }, 1);
	driver_descriptor(&driver, 0)->flags = VRING_DESC_F_INDIRECT;
	must_break("indirect was not negotiated");
}

static void test_too_many_segments(void **state)
{
	static u8 large[0x8000] __attribute__((aligned(4096)));
	const struct guest_memory big = { .ram = large, .bytes = sizeof(large) };
	const struct virtqueue_setup setup = { 0, 0x1000, 0x2000, 256, false, false };
	u16 *available = (u16 *)(void *)(large + 0x1000);

	(void)state;
	assert_true(virtqueue_enable(&q, &big, &setup));
	for (u32 i = 0; i < 256; i++)
		((struct vring_desc *)(void *)large)[i] = (struct vring_desc){ 0x4000, 1, VRING_DESC_F_NEXT,
									       (u16)(i + 1) };
	available[1] = 1;
	((struct vring_desc *)(void *)large)[VIRTQUEUE_SEGMENTS - 1].flags = 0;
	assert_true(virtqueue_pop(&q, &chain));
	assert_int_equal(chain.count, VIRTQUEUE_SEGMENTS);
	((struct vring_desc *)(void *)large)[VIRTQUEUE_SEGMENTS - 1].flags = VRING_DESC_F_NEXT;
	available[1] = 2;
	must_break("too many descriptors");
}

/* ---- Suppression ---- */

static void test_interrupts_by_flag(void **state)
{
	(void)state;
	assert_false(virtqueue_should_interrupt(&q));		/* nothing was pushed */
	virtqueue_push(&q, 0, 0);
	assert_true(virtqueue_should_interrupt(&q));
	assert_false(virtqueue_should_interrupt(&q));
	driver_available(&driver)[0] = VRING_AVAIL_F_NO_INTERRUPT;
	virtqueue_push(&q, 0, 0);
	assert_false(virtqueue_should_interrupt(&q));
}

static void test_interrupts_by_event(void **state)
{
	u16 *used_event = &driver_available(&driver)[2 + DRIVER_SIZE];

	(void)state;
	start(true, false);
	driver_available(&driver)[0] = VRING_AVAIL_F_NO_INTERRUPT;	/* has no meaning then */
	for (u32 i = 0; i < 70000; i++) {
		*used_event = (u16)(i + (i & 1));
		virtqueue_push(&q, 0, 0);
		assert_int_equal(virtqueue_should_interrupt(&q), !(i & 1));
	}
	*used_event = (u16)(q.next_used + 2);
	for (u32 i = 0; i < 4; i++)
		virtqueue_push(&q, 0, 0);
	assert_true(virtqueue_should_interrupt(&q));		/* it lies among the four */
}

static void test_notifications(void **state)
{
	u16 *avail_event = driver_used(&driver) + 2 + 4 * DRIVER_SIZE;
	const struct driver_buffer buffer = { DATA, 1, false };

	(void)state;
	start(true, false);
	assert_false(virtqueue_want_notification(&q, 1));
	assert_int_equal(*avail_event, 0);
	driver_offer(&driver, &buffer, 1);
	assert_true(virtqueue_want_notification(&q, 1));
	assert_true(virtqueue_pop(&q, &chain));
	assert_false(virtqueue_want_notification(&q, 1));
	assert_int_equal(*avail_event, 1);
	assert_false(virtqueue_want_notification(&q, 4));
	assert_int_equal(*avail_event, 4);
	assert_int_equal(virtqueue_waiting(&q), 0);
	driver_offer(&driver, &buffer, 1);
	driver_offer(&driver, &buffer, 1);
	assert_int_equal(virtqueue_waiting(&q), 2);
	start(false, false);
	assert_false(virtqueue_want_notification(&q, 1));
	assert_int_equal(*avail_event, 0);
}

/* ---- Random rings ---- */

static u64 rng_state = 0x9e3779b97f4a7c15ull;

static u64 rng(void)
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return rng_state * 0x2545f4914f6cdd1dull;
}

/* Mostly sensible, so that chains get far before something is wrong. */
static struct vring_desc random_descriptor(u32 count)
{
	u64 r = rng();
	struct vring_desc d = { .addr = DATA + (r & 0xfff), .len = 1 + (u32)(r >> 12 & 0xff),
				.flags = (u16)(r >> 20 & 1), .next = (u16)((r >> 24 & 0xffff) % count) };

	d.flags |= (r >> 40 & 3) == 0 ? VRING_DESC_F_WRITE : 0;
	if ((r >> 42 & 15) == 0) {
		d.flags |= VRING_DESC_F_INDIRECT;
		d.addr = TABLE + (r >> 46 & 0x1f8);
		d.len = 16 * (u32)(r >> 55 & 15);
	}
	switch (r >> 59) {
	case 0: d.addr = rng(); break;
	case 1: d.len = (u32)rng(); break;
	case 2: d.next = (u16)rng(); break;
	case 3: d.flags = (u16)rng(); break;
	case 4: d.addr = RAM_BYTES - (rng() & 0xff); break;
	default: break;
	}
	return d;
}

static void check_chain(u64 ring)
{
	u32 bytes[2] = { 0, 0 };

	for (u32 i = 0; i < chain.count; i++) {
		const struct virtqueue_segment *s = &chain.segment[i];

		if (s->at < ram || s->len == 0 || s->len > RAM_BYTES || s->at + s->len > ram + RAM_BYTES)
			fail_msg("ring %llu: segment %u is not in RAM", (unsigned long long)ring, i);
		bytes[i < chain.readable] += s->len;
	}
	if (chain.count == 0 || chain.count > VIRTQUEUE_SEGMENTS || chain.readable > chain.count ||
	    bytes[1] != chain.readable_bytes || bytes[0] != chain.writable_bytes || chain.head >= DRIVER_SIZE)
		fail_msg("ring %llu: the chain is not consistent", (unsigned long long)ring);
}

static void test_random_rings(void **state)
{
	const char *wanted = getenv("VOS_RINGS");
	u64 rings = wanted ? strtoull(wanted, NULL, 0) : 200000, chains = 0, faults = 0;

	(void)state;
	for (u64 ring = 0; ring < rings; ring++) {
		u64 r = rng();
		struct virtqueue_setup setup;

		driver = (struct fake_driver){ .ram = ram, .base = 0x1000 };
		setup = driver_setup(&driver);
		setup.has_event_idx = r & 1;
		setup.has_indirect = r & 14;
		for (u32 i = 0; i < DRIVER_SIZE; i++) {
			*driver_descriptor(&driver, i) = random_descriptor(DRIVER_SIZE);
			((struct vring_desc *)(void *)(ram + TABLE))[i] = random_descriptor(DRIVER_SIZE);
			driver_available(&driver)[2 + i] = (u16)((r >> 8) * (i + 1) % (DRIVER_SIZE + !(r & 0xf0)));
		}
		driver_available(&driver)[1] = (u16)(r >> 48 & 7 ? r >> 52 & 7 : r >> 48);
		assert_true(virtqueue_enable(&q, &memory, &setup));
		for (u32 i = 0; virtqueue_pop(&q, &chain); i++) {
			assert_in_range(i, 0, DRIVER_SIZE - 1);
			check_chain(ring);
			virtqueue_write(&chain, (u32)(r >> 60), &r, sizeof(r));
			virtqueue_push(&q, chain.head, (u32)r);
			(void)virtqueue_should_interrupt(&q);
			(void)virtqueue_want_notification(&q, 1);
			chains++;
		}
		faults += q.fault != NULL;
	}
	print_message("%llu rings, seed 9e3779b97f4a7c15: %llu chains, %llu rings broken\n", (unsigned long long)rings,
		      (unsigned long long)chains, (unsigned long long)faults);
	assert_true(rings < 1000 || (chains > rings / 10 && faults > rings / 10));
}

/* Several chains that the driver sees together. */
static void test_put(void **state)
{
	const struct driver_buffer buffer = { DATA, 5, true };
	u32 head, written;

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		driver_offer(&driver, &buffer, 1);
		assert_true(virtqueue_pop(&q, &chain));
		if (i < 2)
			virtqueue_put(&q, chain.head, i);
		assert_false(driver_collect(&driver, &head, &written));
	}
	virtqueue_push(&q, chain.head, 2);
	for (u32 i = 0; i < 3; i++) {
		assert_true(driver_collect(&driver, &head, &written));
		assert_int_equal(written, i);
	}
	assert_false(driver_collect(&driver, &head, &written));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_chains_go_round, setup),
		cmocka_unit_test_setup(test_put, setup),
		cmocka_unit_test_setup(test_set_up, setup),
		cmocka_unit_test_setup(test_indirect, setup),
		cmocka_unit_test_setup(test_rules, setup),
		cmocka_unit_test_setup(test_too_many_segments, setup),
		cmocka_unit_test_setup(test_interrupts_by_flag, setup),
		cmocka_unit_test_setup(test_interrupts_by_event, setup),
		cmocka_unit_test_setup(test_notifications, setup),
		cmocka_unit_test(test_random_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
