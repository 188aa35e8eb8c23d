/* SPDX-License-Identifier: MIT */
/*
 * For whom the store works: what passes while it serves a link is that VM's, also in completions, and what it does for
 * itself is nobody's.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "store_bench.h"
#include "vm_layout.h"
#include "work.h"

static struct store_work work;
static u64 time;

static u64 tsc(void)
{
	return time;
}

static int setup(void **state)
{
	(void)state;
	memset(&work, 0, sizeof(work));
	work_init(&work, tsc, 1000);
	return 0;
}

static void time_is_divided(void **state)
{
	(void)state;
	time += 100;
	work_for(3);
	time += 20;
	work_for(VM_COUNT - 1);
	time += 3;
	work_for(STORE_WORK_OTHER);
	time += 5000;		/* asleep */
	work_begin();
	time += 7;
	work_for(3);
	assert_int_equal(work.ticks[3], 107);
	assert_int_equal(work.ticks[VM_COUNT - 1], 20);
	assert_int_equal(work.ticks[STORE_WORK_OTHER], 3);
}

static void root_is_told_now_and_then(void **state)
{
	u32 told = 0;

	(void)state;
	for (u32 i = 0; i < 100; i++) {
		time += 50;
		work_for(i % 4);
		told += work_is_due();
		assert_false(work_is_due());
	}
	assert_int_equal(told, 5);
	time += 100000;		/* asleep */
	work_begin();
	assert_false(work_is_due());
}

static void large_requests_count_as_several(void **state)
{
	(void)state;
	work_handed(2, 5, 8);
	work_handed(2, 5, 0);
	work_handed(7, 5, 2048);
	assert_int_equal(work.requests[2][5], 2);
	assert_int_equal(work.requests[7][5], 17);
}

/* Two VMs of one disk: each request of a VM is counted once for its driver; the store's own ones are nobody's. */
static void requests_are_counted_for_their_vm(void **state)
{
	const u32 first = 2, second = VM_DEVICES + 1;
	const struct store_work *w = bench_work();
	u64 others, ticks;

	(void)state;
	bench_setup();
	others = w->requests[0][STORE_WORK_OTHER];
	assert_true(others > 0);		/* the disk was looked at */
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_create(0, "b", MIB_BYTES, 2), STORE_OK);
	assert_true(w->requests[0][STORE_WORK_OTHER] > others);
	assert_int_equal(bench_attach(first, "a", NULL), STORE_OK);
	assert_int_equal(bench_attach(second, "b", NULL), STORE_OK);
	others = w->requests[0][STORE_WORK_OTHER];
	for (u32 i = 0; i < 5; i++) {
		ticks = w->ticks[0];
		assert_int_equal(bench_do(first, BLK_WRITE, i, 1), BLK_OK);
		assert_true(w->ticks[0] > ticks);
	}
	ticks = w->ticks[0];
	assert_int_equal(bench_do(second, BLK_READ, 0, 8), BLK_OK);
	assert_int_equal(w->ticks[0], ticks);
	assert_int_equal(w->requests[0][0], 5);
	assert_int_equal(w->requests[0][1], 1);
	assert_int_equal(w->requests[1][0], 0);
	assert_int_equal(w->requests[0][STORE_WORK_OTHER], others);
	assert_int_equal(bench_detach(first), STORE_OK);
	assert_int_equal(bench_detach(second), STORE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(time_is_divided, setup),
		cmocka_unit_test_setup(root_is_told_now_and_then, setup),
		cmocka_unit_test_setup(large_requests_count_as_several, setup),
		cmocka_unit_test(requests_are_counted_for_their_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
