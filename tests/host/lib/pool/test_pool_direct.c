/* SPDX-License-Identifier: MIT */
/*
 * Which requests may take the short way to the device, and what waits for them.
 */
/* links: pool */
/* helpers: pool_fixture.c sim_disk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pool_fixture.h"

#define CHUNK (POOL_CHUNK_BLOCKS * POOL_BLOCK_SECTORS)

static struct pool_direct direct;

static bool begins(bool is_write, u32 volume, u64 sector, u32 sectors)
{
	direct = (struct pool_direct){ .volume = volume, .is_write = is_write, .sector = sector, .sectors = sectors };
	return pool_direct_begin(pool, &direct);
}

static bool may(bool is_write, u32 volume, u64 sector, u32 sectors)
{
	bool is_begun = begins(is_write, volume, sector, sectors);

	if (is_begun)
		pool_direct_end(pool, &direct);
	return is_begun;
}

/* A volume of four granules: the first one written, of the second one two blocks; logged. */
static u32 prepare(void)
{
	u32 v;

	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_PLAIN, 4 * CHUNK);
	memset(data, 1, sizeof(data));
	assert_int_equal(request(POOL_WRITE, v, 0, CHUNK), POOL_OK);
	assert_int_equal(request(POOL_WRITE, v, CHUNK + 8, 16), POOL_OK);
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	return v;
}

static void where_it_lies(void **state)
{
	u32 v = prepare();

	(void)state;
	memset(data, 2, POOL_BLOCK);
	assert_int_equal(request(POOL_WRITE, v, 24, 8), POOL_OK);
	assert_true(begins(false, v, 24, 8));
	assert_memory_equal(disk.now + direct.place * POOL_SECTOR, data, POOL_BLOCK);
	assert_int_equal(disk.now[(direct.place - 1) * POOL_SECTOR], 1);
	pool_direct_end(pool, &direct);
	assert_true(may(true, v, 0, CHUNK));
	assert_true(may(true, v, 1, 1));
}

static void blocks_that_were_not_written(void **state)
{
	u32 v = prepare();

	(void)state;
	assert_true(may(false, v, CHUNK + 8, 16));
	assert_true(may(true, v, CHUNK + 23, 1));
	assert_false(may(false, v, CHUNK, 16));
	assert_false(may(false, v, CHUNK + 16, 9));
	assert_false(may(false, v, CHUNK + 7, 1));
	assert_false(may(false, v, 2 * CHUNK, 8));
}

static void ranges(void **state)
{
	u32 v = prepare();

	(void)state;
	assert_false(may(false, v, 0, 0));
	assert_false(may(false, v, CHUNK - 8, 24));
	assert_false(may(false, v, 4 * CHUNK, 8));
	assert_false(may(false, v, ~0ull - 7, 8));
	assert_false(may(false, v, 8, ~0u));
	assert_false(may(false, 0, 0, 8));
	assert_false(may(false, v + 1, 0, 8));
	pool->device.block_sectors = 8;
	assert_true(may(false, v, 8, 8));
	assert_false(may(false, v, 8, 4));
	assert_false(may(false, v, 9, 8));
}

static void kinds(void **state)
{
	u32 v = prepare(), sums = make_volume("sums", POOL_INTEGRITY, 4 * CHUNK), s;

	(void)state;
	assert_int_equal(request(POOL_WRITE, sums, 0, 8), POOL_OK);
	commit();
	assert_false(may(false, sums, 0, 8));
	s = snapshot(v, "s");
	assert_int_equal(request(POOL_READ, s, 0, 8), POOL_OK);
	assert_true(may(false, s, 0, 8));
	assert_false(may(true, s, 0, 8));
	/* What the snapshot has is not overwritten. */
	assert_true(may(false, v, 0, 8));
	assert_false(may(true, v, 0, 8));
	assert_int_equal(request(POOL_WRITE, v, 0, CHUNK), POOL_OK);
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	assert_true(may(true, v, 0, 8));
}

static void what_is_not_logged(void **state)
{
	u32 v = prepare();

	(void)state;
	assert_int_equal(request(POOL_WRITE, v, 2 * CHUNK, 8), POOL_OK);
	assert_false(may(true, v, 2 * CHUNK, 8));
	assert_true(may(false, v, 2 * CHUNK, 8));
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	assert_true(may(true, v, 2 * CHUNK, 8));
	pool->is_failed = true;
	assert_false(may(true, v, 0, 8));
	assert_true(may(false, v, 0, 8));
}

/* Its blocks are nobody else's as long as it lasts, and its volume stays as it is. */
static void others_wait(void **state)
{
	u32 v = prepare(), id = 0;
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request r = { .op = POOL_DISCARD, .volume = v, .sectors = CHUNK, .done = ended,
		.context = &status };
	struct pool_direct first = { .volume = v, .is_write = true, .sectors = 8 };

	(void)state;
	assert_true(pool_direct_begin(pool, &first));
	assert_true(may(false, v, 64, 8));
	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	sim_disk_drain(&disk);
	assert_int_equal(status, POOL_STATUS_COUNT);
	assert_int_equal(pool_delete(pool, &v, 1), POOL_AGAIN);
	assert_int_equal(try_snapshot(v, "s", &id), POOL_AGAIN);
	pool_direct_end(pool, &first);
	sim_disk_drain(&disk);
	assert_int_equal(status, POOL_OK);
	assert_false(may(false, v, 0, 8));
	commit();
	assert_int_equal(try_snapshot(v, "s", &id), POOL_OK);
	assert_int_equal(pool_delete(pool, (u32[]){ v, id }, 2), POOL_OK);
	assert_false(may(false, v, CHUNK + 8, 8));
}

/* A granule whose map is about to change. */
static void it_waits_for_others(void **state)
{
	u32 v = prepare();
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request r = { .op = POOL_WRITE, .volume = v, .sector = CHUNK, .sectors = 8, .data = data,
		.done = ended, .context = &status };

	(void)state;
	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	pool_run(pool);
	assert_int_equal(disk.queued, 1);
	assert_false(may(false, v, CHUNK + 8, 8));
	assert_true(may(false, v, 0, 8));
	sim_disk_drain(&disk);
	assert_int_equal(status, POOL_OK);
	assert_true(may(false, v, CHUNK + 8, 8));
}

/* After a start nothing is in memory. */
static void what_is_not_in_memory(void **state)
{
	u32 v = prepare();

	(void)state;
	commit();
	assert_int_equal(reopen(), POOL_OK);
	assert_false(may(false, v, 0, 8));
	assert_int_equal(request(POOL_READ, v, 0, 8), POOL_OK);
	assert_true(may(false, v, 0, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(where_it_lies, free_pool),
		cmocka_unit_test_teardown(blocks_that_were_not_written, free_pool),
		cmocka_unit_test_teardown(ranges, free_pool),
		cmocka_unit_test_teardown(kinds, free_pool),
		cmocka_unit_test_teardown(what_is_not_logged, free_pool),
		cmocka_unit_test_teardown(others_wait, free_pool),
		cmocka_unit_test_teardown(it_waits_for_others, free_pool),
		cmocka_unit_test_teardown(what_is_not_in_memory, free_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
