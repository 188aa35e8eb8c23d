/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The HPET: what it says of itself, counting and standing still, the comparators in each of their kinds, and accesses
 * that mean nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_board.h"
#include "hpet.h"
#include "platform.h"

#define CONFIG(i) (0x100u + 0x20 * (i))
#define COMPARATOR(i) (0x108u + 0x20 * (i))
#define LEVEL BIT64(1)
#define INTERRUPT BIT64(2)
#define PERIODIC BIT64(3)
#define SET_VALUE BIT64(6)
#define BITS_32 BIT64(8)
#define ROUTE(gsi) ((u64)(gsi) << 9)

static struct fake_board board;
static struct hpet hpet;
static u32 armed_count;

static void armed(void *ctx)
{
	(void)ctx;
	armed_count++;
}

static void start(void)
{
	struct hpet_ops ops = { .armed = armed };
	struct clock clock = fake_clock(&board);
	struct irq_line line = fake_line(&board, 0);

	memset(&board, 0, sizeof(board));
	board.ns = 1000003;
	hpet_init(&hpet, &ops, &clock, &line);
}

static u64 get(u64 offset) { return hpet_region.read(&hpet, offset, 8); }
static u64 deadline(void) { return hpet_timer_ops.deadline_ns(&hpet); }

/* Nobody looks at a deadline that has come nearer unless the device says so. */
static void put(u64 offset, u64 value)
{
	u64 before = deadline();

	armed_count = 0;
	hpet_region.write(&hpet, offset, 8, value);
	assert_true(deadline() >= before || armed_count);
}

/* Time passes, with the deadlines that fall into it. */
static void pass(u64 ns)
{
	u64 end = board.ns + ns;

	while (deadline() <= end) {
		assert_true(deadline() >= board.ns);
		board.ns = deadline();
		hpet_timer_ops.run(&hpet);
		assert_true(deadline() > board.ns);
	}
	board.ns = end;
}

static void test_capabilities(void **state)
{
	(void)state;
	start();
	assert_true(get(0) == (HPET_ID | 10000000ull << 32));
	assert_int_equal(hpet_region.read(&hpet, 4, 4), 10000000);
	put(0, ~0ull);
	assert_true(get(0) == (HPET_ID | 10000000ull << 32));
	assert_true(get(CONFIG(0)) == (0x30 | (u64)HPET_ROUTES << 32));
	assert_true(get(0x10) == 0 && get(0x20) == 0 && get(0xf0) == 0);
	put(0x10, ~0ull);
	assert_true(get(0x10) == 1);		/* no legacy replacement */
	assert_true(deadline() == DEADLINE_NONE);
}

static void test_counter(void **state)
{
	(void)state;
	start();
	board.ns += 500;
	assert_true(get(0xf0) == 0);		/* stands still */
	put(0xf0, 0x1fffffffaull);
	put(0x10, 1);
	board.ns += 100;
	assert_true(get(0xf0) == 0x200000004ull);
	assert_int_equal(hpet_region.read(&hpet, 0xf0, 4), 4);
	assert_int_equal(hpet_region.read(&hpet, 0xf4, 4), 2);
	put(0xf0, 7);				/* runs: not to be written */
	assert_true(get(0xf0) == 0x200000004ull);
	put(0x10, 0);
	board.ns += 100;
	assert_true(get(0xf0) == 0x200000004ull);
	hpet_region.write(&hpet, 0xf4, 4, 5);
	assert_true(get(0xf0) == 0x500000004ull);
}

static void test_one_shot(void **state)
{
	(void)state;
	start();
	put(0x10, 1);
	put(CONFIG(1), INTERRUPT | ROUTE(21));
	put(COMPARATOR(1), 100);
	pass(989);
	assert_int_equal(board.edges, 0);
	pass(20);
	assert_int_equal(board.edges, 1);
	assert_true(board.gsi == 21 && !board.is_asserted);
	assert_true(deadline() == DEADLINE_NONE);	/* 64 bits: never again */
	put(COMPARATOR(1), 50);				/* gone by */
	pass(100000);
	assert_int_equal(board.edges, 1);
	put(CONFIG(1), INTERRUPT | ROUTE(21) | BITS_32);
	put(COMPARATOR(1), 0xffffffff00000000ull | (u32)(get(0xf0) + 10));
	assert_true(get(COMPARATOR(1)) >> 32 == 0);
	pass(200);
	assert_int_equal(board.edges, 2);
	pass((10ull << 32) + 100);			/* 32 bits: again when it comes round */
	assert_int_equal(board.edges, 3);
	put(0x10, 0);
	assert_true(deadline() == DEADLINE_NONE);
}

static void test_periodic(void **state)
{
	(void)state;
	start();
	put(0x10, 1);
	put(CONFIG(0), INTERRUPT | PERIODIC | SET_VALUE | BITS_32 | ROUTE(20));
	put(COMPARATOR(0), 1000);		/* first match, */
	put(COMPARATOR(0), 300);		/* then the period */
	assert_true(get(COMPARATOR(0)) == 1000);
	pass(10010);
	assert_int_equal(board.edges, 1);
	assert_true(get(COMPARATOR(0)) == 1300);
	pass(9000);
	assert_int_equal(board.edges, 4);
	board.ns += 10 * 300 * 7;		/* too late for seven: one edge, the phase is kept */
	hpet_timer_ops.run(&hpet);
	assert_int_equal(board.edges, 5);
	assert_true((get(COMPARATOR(0)) - 1000) % 300 == 0 && get(COMPARATOR(0)) > get(0xf0));
	put(COMPARATOR(0), 0);			/* no period: it does not go on for ever */
	pass(1000000);
	assert_int_equal(board.edges, 6);
}

static void test_level(void **state)
{
	(void)state;
	start();
	put(0x10, 1);
	put(CONFIG(2), LEVEL | INTERRUPT | ROUTE(23));
	put(COMPARATOR(2), 100);
	pass(1100);
	assert_true(board.is_asserted && board.gsi == 23 && get(0x20) == 4);
	put(0x20, 3);				/* others' bits */
	hpet_region.write(&hpet, 0x24, 4, 4);	/* the upper half */
	assert_true(board.is_asserted);
	put(CONFIG(2), LEVEL | ROUTE(23));
	assert_false(board.is_asserted);
	assert_true(get(0x20) == 4);
	put(CONFIG(2), LEVEL | INTERRUPT | ROUTE(22));
	assert_true(board.is_asserted && board.gsi == 22);
	hpet_region.write(&hpet, 0x20, 4, 4);
	assert_true(!board.is_asserted && get(0x20) == 0);
	put(COMPARATOR(2), get(0xf0) + 10);
	pass(200);
	assert_true(board.is_asserted);
	put(0x10, 0);				/* the whole device is off */
	assert_false(board.is_asserted);
}

static void test_bad(void **state)
{
	static const u32 sizes[] = { 1, 2, 4, 8 };

	(void)state;
	start();
	put(0x10, 1);
	put(CONFIG(0), INTERRUPT | ROUTE(2));	/* an input it is not wired to */
	put(COMPARATOR(0), 10);
	pass(1000);
	assert_int_equal(board.edges, 0);
	put(CONFIG(0), INTERRUPT | PERIODIC | SET_VALUE | ROUTE(20));
	put(COMPARATOR(0), ~0ull);
	put(COMPARATOR(0), ~0ull);
	pass(1000);
	put(CONFIG(1), ~0ull);
	assert_true(get(CONFIG(1)) == (0x3f7e | (u64)HPET_ROUTES << 32));
	assert_true(hpet_region.read(&hpet, 0xf0, 2) == ~0ull);
	assert_true(hpet_region.read(&hpet, 0xf4, 8) == ~0ull);
	assert_true(hpet_region.read(&hpet, 0xf2, 4) == ~0ull);
	assert_true(get(HPET_BYTES) == ~0ull && get(~0ull - 7) == ~0ull);
	assert_true(get(0x160) == 0 && get(0x28) == 0 && get(0x110) == 0);
	for (u64 offset = 0; offset < HPET_BYTES + 16; offset++)
		for (u32 i = 0; i < ARRAY_COUNT(sizes); i++)
			for (u32 bit = 0; bit < 64; bit += 3) {
				(void)hpet_region.read(&hpet, offset, sizes[i]);
				hpet_region.write(&hpet, offset, sizes[i], BIT64(bit) | bit);
				board.ns += 1 + bit * bit * bit;
				hpet_timer_ops.run(&hpet);
				assert_true(deadline() > board.ns);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capabilities), cmocka_unit_test(test_counter), cmocka_unit_test(test_one_shot),
		cmocka_unit_test(test_periodic), cmocka_unit_test(test_level), cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
