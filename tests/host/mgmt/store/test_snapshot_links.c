/* SPDX-License-Identifier: MIT */
/*
 * Root's links with the store: they have snapshots too, and say what is written and what has changed.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include "pool_words.h"

static int setup(void **state)
{
	(void)state;
	bench_setup();
	return 0;
}

/* Root's links have snapshots too, to read them: what is in them, and what is newer than the one before. */
static void links_with_snapshots(void **state)
{
	const u32 link = BENCH_ROOT_LINK;
	u64 birth;

	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	assert_int_equal(write_all(0, 1280, PATTERN, 3), BLK_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "v", "one", 3))), STORE_OK);
	assert_int_equal(write_all(0, 1280, PATTERN, 4), BLK_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "v", "two", 4))), STORE_OK);
	assert_int_equal(write_all(0, 1280, PATTERN, 5), BLK_OK);
	birth = bench_part("one")->identity;
	assert_int_equal(bench_attach(link, "two", NULL), STORE_OK);
	assert_int_equal(bench_attach(link + 1, "one", NULL), STORE_OK);
	assert_true(reads(link, 1280, PATTERN, 4) && reads(link + 1, 1280, PATTERN, 3) && reads(0, 1280, PATTERN, 5));
	assert_int_equal(write_all(link, 0, PATTERN, 9), BLK_READONLY);
	assert_int_equal(bench_survey(link, 0, 2048, 0), BLK_OK);
	assert_int_equal(bench_data(link)[0], BLK_UNIT_WRITTEN | BLK_UNIT_CHANGED);
	assert_int_equal(bench_data(link)[1], BLK_UNIT_CHANGED);
	assert_int_equal(bench_survey(link, 1280, 8, 0), BLK_OK);
	assert_int_equal(bench_data(link)[0], BLK_UNIT_WRITTEN | BLK_UNIT_CHANGED);
	assert_int_equal(bench_survey(link, 0, 2048, birth), BLK_OK);
	assert_int_equal(bench_data(link)[0], BLK_UNIT_WRITTEN);
	assert_int_equal(bench_data(link)[10], BLK_UNIT_WRITTEN | BLK_UNIT_CHANGED);
	assert_int_equal(bench_survey(0, 0, 2048, 0), BLK_INVAL);	/* a VM's */
	assert_int_equal(bench_delete(POOL0, "two"), STORE_BUSY);
	assert_int_equal(bench_detach(link), STORE_OK);
	assert_int_equal(bench_delete(POOL0, "two"), STORE_OK);
	assert_int_equal(bench_attach(link, "two", NULL), STORE_NO_VOLUME);
	assert_true(reads(link + 1, 0, PATTERN, 3));
	bench_driver_again(0, true);		/* the disk is lost, and comes back: the pool is opened anew */
	bench_run();
	assert_int_equal(bench_do(link + 1, BLK_READ, 0, 8), BLK_GONE);
	bench_driver_again(0, false);
	bench_run();
	assert_true(reads(link + 1, 1280, PATTERN, 3));
	assert_int_equal(bench_detach(link + 1), STORE_OK);
	assert_int_equal(bench_close_pool(0), STORE_BUSY);	/* the VM's */
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_close_pool(0), STORE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(links_with_snapshots, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
