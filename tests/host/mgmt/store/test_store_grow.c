/* SPDX-License-Identifier: MIT */
/*
 * A pool's partition that takes the room behind it: while the pool is open, which has that room when the next store
 * opens it. What is refused, power cuts, disks that fail.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include "pool_words.h"

#define POOL_MIB (POOL_BYTES / MIB_BYTES)

static struct store_order grow_order(const char *pool)
{
	struct store_order order = about(STORE_GROW_POOL, pool);

	order.slot = bench_part(pool) != NULL ? bench_part(pool)->slot : 0;
	return order;
}

static enum store_error grow(const char *pool)
{
	return bench_answer(bench_send(grow_order(pool)));
}

static int setup(void **state)
{
	(void)state;
	bench_setup();
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, 8, 5), BLK_OK);
	assert_int_equal(bench_do(0, BLK_FLUSH, 0, 0), BLK_OK);
	return 0;
}

static u64 pool_sectors(void)
{
	return view.pool[0].sectors;
}

/* It goes on as large as it was, also when its disk was away; the next store opens it larger. */
static void takes_the_room(void **state)
{
	u64 before = pool_sectors();

	(void)state;
	assert_int_equal(grow("p"), STORE_OK);
	assert_true(bench_part("p")->sectors > POOL_BYTES / BLK_SECTOR_BYTES);
	assert_int_equal(view.disk[0].free_bytes, 0);
	assert_int_equal(pool_sectors(), before);
	assert_true(reads(0, 0, 8, 5));
	bench_driver_again(0, true);
	bench_run();
	bench_driver_again(0, false);
	bench_pass(60000000000ull);
	assert_int_equal(pool_sectors(), before);
	assert_int_equal(view.disk[0].table, STORE_TABLE_GPT);
	reboot();
	assert_int_equal(pool_sectors(), bench_part("p")->sectors);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_true(reads(0, 0, 8, 5));
	for (u32 at = 0; at < POOL_MIB * MIB_SECTORS; at += 128)	/* all of what it was has no room for it */
		assert_int_equal(write_all(0, at, 120, 6), BLK_OK);
	assert_true(reads(0, POOL_MIB * MIB_SECTORS - 128, 120, 6));
	assert_int_equal(grow("p"), STORE_FULL);
}

/* A partition right behind it leaves no room. One that is further leaves what is between. */
static void another_is_behind_it(void **state)
{
	u64 own = bench_part("p")->sectors;

	(void)state;
	assert_int_equal(bench_create(0, "w", MIB_BYTES, 2), STORE_OK);
	if (bench_part("w")->first < bench_part("p")->first + own)
		fail_msg("the volume is not behind the pool");
	assert_int_equal(grow("p"), STORE_FULL);
	assert_int_equal(bench_create(0, "x", MIB_BYTES, 3), STORE_OK);
	assert_int_equal(bench_delete(0, "w"), STORE_OK);
	assert_int_equal(grow("p"), STORE_OK);
	assert_int_equal(bench_part("p")->sectors, own + MIB_SECTORS);
	assert_non_null(bench_part("x"));
	assert_int_equal(grow("p"), STORE_FULL);
}

static void is_refused(void **state)
{
	struct store_order order = grow_order("p");
	u32 writes;

	(void)state;
	assert_int_equal(bench_create(1, "w", MIB_BYTES, 2), STORE_OK);
	writes = bench_disk[0].writes + bench_disk[1].writes;
	assert_int_equal(grow("w"), STORE_NO_VOLUME);
	assert_int_equal(grow("nothing"), STORE_NO_VOLUME);
	order.slot = 1;
	assert_int_equal(bench_answer(bench_send(order)), STORE_NO_VOLUME);
	order.slot = POOL0;
	assert_int_not_equal(bench_answer(bench_send(order)), STORE_OK);
	bench_driver_again(0, true);
	bench_run();
	assert_int_equal(bench_answer(bench_send(grow_order("p"))), STORE_NO_DISK);
	assert_int_equal(bench_disk[0].writes + bench_disk[1].writes, writes);
}

/* The partition is as large as it was or as it is to be; one that was answered is. The data is there. */
static void power_cuts(void **state)
{
	u64 old = bench_part("p")->sectors;
	bool is_through = false;
	unsigned seed = 3;
	u32 grown = 0;

	for (u32 at = 1; !is_through; at++) {
		bool is_answered;

		(void)setup(state);
		bench_disk[0].cut_at = bench_disk[0].writes + at;
		is_answered = grow("p") == STORE_OK;
		is_through = !bench_disk[0].is_dead;
		bench_power_cut(&seed);
		assert_true(bench_part("p")->sectors > old || !is_answered);
		grown += bench_part("p")->sectors > old;
		assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
		assert_int_equal(pool_sectors(), bench_part("p")->sectors);
		assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
		assert_true(reads(0, 0, 8, 5));
	}
	assert_true(grown > 1);
}

static void a_disk_that_fails(void **state)
{
	(void)state;
	bench_disk[0].fail_at = bench_disk[0].writes + 1;
	assert_int_equal(grow("p"), STORE_IO);
	bench_disk[0].fail_at = 0;
	bench_driver_again(0, false);
	bench_pass(60000000000ull);
	assert_true(reads(0, 0, 8, 5));
	assert_int_equal(grow("p"), STORE_OK);
	reboot();
	assert_int_equal(pool_sectors(), bench_part("p")->sectors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_the_room, setup), cmocka_unit_test_setup(another_is_behind_it, setup),
		cmocka_unit_test_setup(is_refused, setup), cmocka_unit_test_setup(power_cuts, setup),
		cmocka_unit_test_setup(a_disk_that_fails, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
