/* SPDX-License-Identifier: MIT */
/*
 * STORE_SCRUB: a pool is read beside the requests of VMs, and what is found is told.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pool_words.h"

static int setup(void **state)
{
	(void)state;
	bench_setup();
	return 0;
}

static enum store_error scrub(u32 flags)
{
	struct store_order order = { .op = STORE_SCRUB, .slot = POOL0, .flags = flags };

	memset(&view.scrub, 0, sizeof(view.scrub));
	view.founds = 0;
	return bench_answer(bench_send(order));
}

static void make(void)
{
	struct store_order order = { .op = STORE_CREATE, .slot = POOL0, .bytes = 4 * MIB_BYTES, .volume = "v",
		.guid = { 1 }, .flags = STORE_INTEGRITY };

	make_pool();
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(write_all(0, i * 1024, 1024, 0x5e), BLK_OK);
	assert_int_equal(bench_do(0, BLK_FLUSH, 0, 0), BLK_OK);
}

static void sound(void **state)
{
	u64 without;

	(void)state;
	make();
	assert_int_equal(scrub(0), STORE_OK);
	assert_int_equal(view.scrub.extent, STORE_SCRUB_ENDED);
	assert_int_equal(view.scrub.error, STORE_OK);
	assert_int_equal(view.scrub.percent, 100);
	assert_int_equal(view.scrub.identity, 0);
	without = view.scrub.first;
	assert_int_equal(scrub(STORE_WITH_DATA), STORE_OK);
	assert_int_equal(view.scrub.first, without + 512);
	assert_int_equal(view.founds, 0);
}

/* All data is spoilt: the first faults are told one by one. */
static void damaged(void **state)
{
	(void)state;
	make();
	for (u64 at = 0; at < BENCH_BYTES; at += 4096)
		if (bench_is_all(0, at, 4096, 0x5e))
			bench_fill(0, at + 7, 1, 0);
	assert_int_equal(scrub(0), STORE_OK);
	assert_int_equal(view.scrub.identity, 0);
	assert_int_equal(scrub(STORE_WITH_DATA), STORE_OK);
	assert_int_equal(view.scrub.extent, STORE_SCRUB_ENDED);
	assert_int_equal(view.scrub.identity, 512);
	assert_int_equal(view.founds, 8);
	assert_int_equal(view.found.fault, STORE_FOUND_DATA);
	assert_int_equal(view.found.slot, POOL0);
	assert_string_equal(view.found.volume, "v");
}

/* The disk goes meanwhile. */
static void lost_disk(void **state)
{
	u32 id;

	(void)state;
	make();
	bench_disk[0].is_stuck = true;
	id = bench_send((struct store_order){ .op = STORE_SCRUB, .slot = POOL0, .flags = STORE_WITH_DATA });
	assert_int_equal(bench_answer(id), STORE_OK);
	assert_int_equal(scrub(0), STORE_BUSY);
	bench_disk[0].is_stuck = false;
	bench_driver_again(0, true);
	bench_run();
	assert_int_equal(view.scrub.extent, STORE_SCRUB_ENDED);
	assert_int_equal(view.scrub.error, STORE_NO_DISK);
	assert_int_equal(scrub(0), STORE_NO_DISK);
	bench_driver_again(0, false);
	bench_run();
	assert_int_equal(scrub(STORE_WITH_DATA), STORE_OK);
	assert_int_equal(view.scrub.identity, 0);
}

static void refused(void **state)
{
	(void)state;
	assert_int_equal(scrub(0), STORE_NO_POOL);
	make();
	assert_int_equal(scrub(STORE_MARK), STORE_BAD_ORDER);
	assert_int_equal(bench_answer(bench_send((struct store_order){ .op = STORE_SCRUB, .slot = 0 })),
		STORE_BAD_ORDER);
	assert_int_equal(bench_answer(bench_send((struct store_order){ .op = STORE_SCRUB,
		.slot = STORE_POOL_SLOT + STORE_POOLS_MAX })), STORE_BAD_ORDER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sound, setup),
		cmocka_unit_test_setup(damaged, setup),
		cmocka_unit_test_setup(lost_disk, setup),
		cmocka_unit_test_setup(refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
