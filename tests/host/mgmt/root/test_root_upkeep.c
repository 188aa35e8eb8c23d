/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: check-pool and scrub-pool. The test plays the console and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>

#include "rt_log.h"
#include "change_kinds.h"
#include "pool_bench.h"
#include "pools.h"
#include "upkeep.h"

static u32 last_id;

static void ask_pool(enum request_op op, const char *name, u32 flags)
{
	struct request r = bench_make_request(op, "", flags);

	strcpy(r.spec.disks[0].volume, name);
	bench_send(&r);
	last_id = r.id;
	bench_turns(0, 3);
}

static struct pool_row the_pool(void)
{
	bench_ask(REQ_POOLS, "", 0);
	bench_expect(ERR_NO_POOL);
	assert_int_equal(bench_row_count, 1);
	return bench_rows[0].pool;
}

static void tell(u32 state, u32 percent, u64 faults, u32 error)
{
	report((struct store_report){ .kind = STORE_SCRUBBED, .slot = STORE_POOL_SLOT, .extent = state,
		.percent = percent, .identity = faults, .first = 512, .error = error });
	bench_turns(0, 2);
}

static void begin(enum request_op op, u32 flags)
{
	struct store_order order;

	ask_pool(op, "fast", 0);
	order = take(STORE_SCRUB);
	assert_int_equal(order.slot, STORE_POOL_SLOT);
	assert_int_equal(order.flags, flags);
	done(&order, STORE_OK);
	assert_false(bench_is_answered());
}

static void sound(void **state)
{
	(void)state;
	find_pool();
	tell(STORE_SCRUB_ENDED, 100, 5, STORE_OK);	/* nobody has asked */
	assert_int_equal(the_pool().scrub, POOL_SCRUB_NONE);
	begin(REQ_CHECK_POOL, 0);
	tell(STORE_SCRUB_RUNS, 45, 0, STORE_OK);
	assert_false(bench_is_answered());
	tell(STORE_SCRUB_ENDED, 100, 0, STORE_OK);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.pool.name, "fast");
	assert_int_equal(bench_answer.pool.scrub, POOL_SCRUB_DONE);
	assert_int_equal(bench_answer.pool.scrub_bytes, 2 * MIB);
	begin(REQ_SCRUB_POOL, STORE_WITH_DATA);
	tell(STORE_SCRUB_ENDED, 100, 0, STORE_OK);
	bench_expect(ERR_NONE);
	assert_int_equal(the_pool().scrub_has_data, 1);
}

static void damaged(void **state)
{
	struct store_report r = { .kind = STORE_FOUND, .slot = STORE_POOL_SLOT, .fault = STORE_FOUND_DATA, .first = 77,
		.volume = "web" };

	(void)state;
	begin(REQ_SCRUB_POOL, STORE_WITH_DATA);
	report(r);
	strcpy(r.volume, "no\nname");
	report(r);
	r.fault = STORE_FOUND_COUNT;
	report(r);
	tell(STORE_SCRUB_ENDED, 100, 3, STORE_OK);
	bench_expect(ERR_POOL_BROKEN);
	assert_int_equal(bench_answer.have, 3);
	assert_int_equal(bench_answer.result, RESULT_INTEGRITY);
	assert_string_equal(bench_answer.text, "fast");
	assert_int_equal(the_pool().scrub_faults, 3);
}

/* It goes on without who asked; another one is refused meanwhile. */
static void one_at_a_time(void **state)
{
	struct request r = bench_make_request(REQ_CANCEL, "", 0);

	(void)state;
	begin(REQ_SCRUB_POOL, STORE_WITH_DATA);
	r.index = last_id;
	bench_send(&r);
	bench_turns(0, 2);
	ask_pool(REQ_CHECK_POOL, "fast", 0);
	bench_expect(ERR_POOL_READ);
	tell(STORE_SCRUB_RUNS, 45, 0, STORE_OK);
	assert_int_equal(the_pool().scrub, POOL_SCRUB_RUNS);
	assert_int_equal(the_pool().scrub_percent, 45);
	tell(STORE_SCRUB_ENDED, 100, 0, STORE_OK);
	assert_int_equal(the_pool().scrub, POOL_SCRUB_DONE);
	expect_no_order();
}

static void cut_short(void **state)
{
	struct store_order order;

	(void)state;
	begin(REQ_CHECK_POOL, 0);
	tell(STORE_SCRUB_ENDED, 3, 0, STORE_NO_DISK);
	bench_expect(ERR_POOL_CUT);
	assert_int_equal(the_pool().scrub, POOL_SCRUB_CUT);
	ask_pool(REQ_CHECK_POOL, "fast", 0);
	order = take(STORE_SCRUB);
	done(&order, STORE_POOL_FAILED);
	bench_expect(ERR_POOL_CUT);
}

/* Asked for, and not ordered yet, when the disk goes. */
static void not_begun(void **state)
{
	struct change c = { .request = bench_make_request(REQ_CHECK_POOL, "", 0) };
	struct error_info info = ERROR_INFO_NONE;

	(void)state;
	strcpy(c.request.spec.disks[0].volume, "fast");
	upkeep_begin(&c);
	assert_false(upkeep_is_done(&c, &info));
	pool_at(0)->has_lost_disk = true;
	assert_true(upkeep_is_done(&c, &info));
	assert_int_equal(info.error, ERR_POOL_CUT);
	pool_at(0)->has_lost_disk = false;
	expect_no_order();
}

/* What a store says that can't be is not taken. */
static void hostile(void **state)
{
	static const struct store_report bad[] = {
		{ .slot = STORE_POOL_SLOT, .extent = STORE_SCRUB_NONE },
		{ .slot = STORE_POOL_SLOT, .extent = STORE_SCRUB_COUNT },
		{ .slot = STORE_POOL_SLOT, .extent = STORE_SCRUB_ENDED, .percent = 101 },
		{ .slot = STORE_POOL_SLOT, .extent = STORE_SCRUB_ENDED, .error = STORE_ERROR_COUNT },
		{ .slot = STORE_POOL_SLOT + 1, .extent = STORE_SCRUB_ENDED },
		{ .slot = STORE_POOL_SLOT + STORE_POOLS_MAX, .extent = STORE_SCRUB_ENDED },
		{ .slot = 0, .extent = STORE_SCRUB_ENDED },
	};

	(void)state;
	begin(REQ_CHECK_POOL, 0);
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		struct store_report r = bad[i];

		r.kind = STORE_SCRUBBED;
		report(r);
		r.kind = STORE_FOUND;
		report(r);
	}
	bench_turns(0, 2);
	assert_false(bench_is_answered());
	tell(STORE_SCRUB_ENDED, 100, 0, STORE_OK);
	bench_expect(ERR_NONE);
}

static void refused(void **state)
{
	(void)state;
	ask_pool(REQ_CHECK_POOL, "slow", 0);
	bench_expect(ERR_NO_POOL);
	ask_pool(REQ_SCRUB_POOL, "", 0);
	bench_expect(ERR_BAD_FIELD);
	ask_pool(REQ_SCRUB_POOL, "fast", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_NONE);
	expect_no_order();
	tell_pool(0, STORE_NO_DISK);
	bench_turns(0, 2);
	ask_pool(REQ_CHECK_POOL, "fast", 0);
	bench_expect(ERR_POOL_SHUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound), cmocka_unit_test(damaged), cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(cut_short), cmocka_unit_test(not_begun), cmocka_unit_test(hostile),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
