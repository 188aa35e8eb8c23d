/* SPDX-License-Identifier: MIT */
/*
 * How often a driver is started again.
 */
/* links: root */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "driver_life.h"
#include "rt_time.h"

static void pauses_grow_to_an_end(void **state)
{
	struct driver_life l = { .known = 1 };

	(void)state;
	assert_int_equal(driver_life_pause_ns(&l), NS_PER_S);
	for (u32 i = 1; i < LIFE_TRIES; i++) {
		assert_int_equal(driver_life_failed(&l, i % 2 != 0 ? DRIVER_EXIT_NOT_UP : 0, false), LIFE_AGAIN);
		assert_int_equal(driver_life_pause_ns(&l), NS_PER_S << (i - 1));
	}
	assert_false(l.is_given_up);
	assert_int_equal(driver_life_failed(&l, DRIVER_EXIT_UNUSABLE, false), LIFE_GIVEN_UP);
	assert_true(l.is_given_up);
}

static void one_that_runs_begins_anew(void **state)
{
	struct driver_life l = { .known = 1 };

	(void)state;
	for (u32 i = 0; i < 10 * LIFE_TRIES; i++)
		assert_int_equal(driver_life_failed(&l, DRIVER_EXIT_STUCK, i % (LIFE_STUCK - 1) == 0), LIFE_AGAIN);
	for (u32 i = 0; i < 10 * LIFE_TRIES; i++)
		assert_int_equal(driver_life_failed(&l, 0, i % (LIFE_TRIES - 1) == 0), LIFE_AGAIN);
	assert_int_equal(l.lost, 0);
}

/* A controller that can't be driven is not tried again, unless it could be before. */
static void unusable(void **state)
{
	struct driver_life l = { 0 }, known = { .known = 2 };

	(void)state;
	assert_int_equal(driver_life_failed(&l, DRIVER_EXIT_UNUSABLE, false), LIFE_GIVEN_UP);
	assert_int_equal(driver_life_failed(&known, DRIVER_EXIT_UNUSABLE, false), LIFE_AGAIN);
}

/* A disk that is stuck takes no other one with it. */
static void a_stuck_disk(void **state)
{
	struct driver_life l = { .known = 15 };

	(void)state;
	for (u32 disk = 0; disk < DRIVER_LINKS; disk++) {
		for (u32 i = 1; i < LIFE_STUCK; i++)
			assert_int_equal(driver_life_failed(&l, DRIVER_EXIT_STUCK + disk, false), LIFE_AGAIN);
		assert_int_equal(driver_life_failed(&l, DRIVER_EXIT_STUCK + disk, false), LIFE_DISK_LOST);
		assert_int_equal(l.lost, BIT32(disk + 1) - 1);
		assert_int_equal(driver_life_pause_ns(&l), NS_PER_S);
	}
	assert_false(l.is_given_up);
	assert_int_equal(driver_life_failed(&l, DRIVER_EXIT_STUCK + DRIVER_LINKS, false), LIFE_AGAIN);
	assert_int_equal(driver_life_failed(&l, ~0ull, false), LIFE_AGAIN);
	assert_int_equal(l.lost, 15);
}

/* A driver that ends with a disk that it was told to leave alone is not tried for ever. */
static void a_lost_disk(void **state)
{
	struct driver_life l = { .known = 3, .lost = 2 };

	(void)state;
	for (u32 i = 1; i < LIFE_TRIES; i++)
		assert_int_equal(driver_life_failed(&l, DRIVER_EXIT_STUCK + 1, false), LIFE_AGAIN);
	assert_int_equal(driver_life_failed(&l, DRIVER_EXIT_STUCK + 1, false), LIFE_GIVEN_UP);
	assert_true(l.is_given_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_to_an_end), cmocka_unit_test(one_that_runs_begins_anew),
		cmocka_unit_test(unusable), cmocka_unit_test(a_stuck_disk), cmocka_unit_test(a_lost_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
