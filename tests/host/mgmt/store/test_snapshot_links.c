/* SPDX-License-Identifier: MIT */
/*
 * Root's links with the store: they have snapshots too, and say what is written and what has changed. And snapshots
 * that were made with a clone.
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

/* ---- what a clone of a volume as it is now begins as ---- */

static struct store_order clone_of_now(const char *volume, const char *name, u8 guid)
{
	struct store_order order = named(STORE_CLONE, volume, name, guid);

	strcpy(order.snapshot, "own");
	return order;
}

/* A volume `v` with a snapshot "own" and its clone "c". */
static void make_clone(void)
{
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	assert_int_equal(bench_answer(bench_send(clone_of_now("v", "c", 5))), STORE_OK);
	assert_int_equal(bench_part("own")->flags, STORE_IS_SNAPSHOT);
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
}

/* It goes with the last clone, and not before. One that somebody made stays. */
static void it_goes_with_the_last_clone(void **state)
{
	(void)state;
	make_clone();
	assert_int_equal(bench_answer(bench_send(named(STORE_CLONE, "own", "d", 6))), STORE_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "v", "s", 7))), STORE_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_CLONE, "s", "e", 8))), STORE_OK);
	assert_int_equal(bench_delete(POOL0, "c"), STORE_OK);
	assert_int_equal(bench_delete(POOL0, "e"), STORE_OK);
	bench_run();
	assert_non_null(bench_part("own"));
	assert_int_equal(bench_attach(1, "d", NULL), STORE_OK);
	assert_true(reads(1, 0, PATTERN, 3));
	assert_int_equal(bench_detach(1), STORE_OK);
	assert_int_equal(bench_delete(POOL0, "d"), STORE_OK);
	bench_run();
	assert_null(bench_part("own"));
	assert_non_null(bench_part("s"));
	reboot();
	assert_null(bench_part("own"));
	assert_non_null(bench_part("s"));
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_true(reads(0, 0, PATTERN, 4));
}

/* Root reads it meanwhile: then it goes when root has done. */
static void it_stays_while_it_is_read(void **state)
{
	(void)state;
	make_clone();
	assert_int_equal(bench_attach(BENCH_ROOT_LINK, "own", NULL), STORE_OK);
	assert_int_equal(bench_delete(POOL0, "c"), STORE_OK);
	bench_run();
	assert_true(reads(BENCH_ROOT_LINK, 0, PATTERN, 3));
	assert_int_equal(bench_detach(BENCH_ROOT_LINK), STORE_OK);
	bench_run();
	assert_null(bench_part("own"));
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_close_pool(0), STORE_OK);
}

/* The power fails at each write of the clone, of its deletion, and of what follows, in turn. There is a clone with its
 * snapshot, or none of both: at last by the store that finds the snapshot alone. */
static void power_cuts_of_a_clone(void **state)
{
	unsigned seed = 1;
	bool is_over = false;
	u32 cut;

	(void)state;
	for (cut = 1; cut < 100 && !is_over; cut++) {
		bench_setup();
		make_pool();
		make_volume("v", 1);
		bench_disk[0].cut_at = bench_disk[0].writes + cut;
		if (bench_answer(bench_send(clone_of_now("v", "c", 5))) == STORE_OK)
			(void)bench_delete(POOL0, "c");
		bench_run();
		is_over = bench_disk[0].writes < bench_disk[0].cut_at;
		bench_power_cut(&seed);
		assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
		bench_run();
		assert_non_null(bench_part("v"));
		assert_true((bench_part("own") != NULL) == (bench_part("c") != NULL));
		if (bench_part("c") != NULL)
			assert_int_equal(bench_delete(POOL0, "c"), STORE_OK);
		bench_run();
		assert_null(bench_part("own"));
		assert_int_equal(bench_close_pool(0), STORE_OK);
	}
	assert_true(is_over);
	print_message("%u cuts\n", (unsigned)cut - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(links_with_snapshots, setup),
		cmocka_unit_test_setup(it_goes_with_the_last_clone, setup),
		cmocka_unit_test_setup(it_stays_while_it_is_read, setup),
		cmocka_unit_test_setup(power_cuts_of_a_clone, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
