/* SPDX-License-Identifier: MIT */
/*
 * What a scrub reads and finds, beside requests that change what it reads.
 */
/* links: pool */
/* helpers: pool_fixture.c sim_disk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pool_fixture.h"
#include "scrub.h"

static u64 found_block;
static u32 found_id;
static enum check_fault found_what;
static enum pool_status scrubbed;

static void found(struct pool *p, struct pool_scrub *s, enum check_fault what, u64 block, u32 id)
{
	(void)p;
	(void)s;
	found_what = what;
	found_block = block;
	found_id = id;
}

static void scrub_done(struct pool *p, struct pool_scrub *s, enum pool_status status)
{
	(void)p;
	(void)s;
	scrubbed = status;
}

static struct pool_scrub scrub = { .found = found, .done = scrub_done };

static u64 run(bool with_data)
{
	scrub.with_data = with_data;
	scrubbed = POOL_STATUS_COUNT;
	assert_int_equal(pool_scrub_begin(pool, &scrub), POOL_OK);
	sim_disk_drain(&disk);
	assert_int_equal(scrubbed, POOL_OK);
	return scrub.faults;
}

static u64 place_of(u32 id, u32 granule)
{
	const struct pool_node *leaf = (const struct pool_node *)(disk.now + volume(id)->r.root.block * POOL_BLOCK);

	return pool_place_block(leaf->granule[granule].place);
}

/* Two volumes of 64 granules, one with a snapshot that shares most of them. */
static u32 plain, summed, shot;

static void make(void)
{
	make_pool(420, 64, 40, 0);
	plain = make_volume("p", POOL_PLAIN, 8 * POOL_CHUNK_SECTORS);
	summed = make_volume("i", POOL_INTEGRITY, 64 * GRANULE);
	write_granules(plain, 0, 40);
	write_granules(summed, 0, 40);
	shot = snapshot(summed, "s");
	write_granules(summed, 0, 20);
	commit();
}

/* The log is not read; label and superblocks are three of the eight blocks before it. */
static void reads_all_once(void **state)
{
	u64 nodes;

	(void)state;
	make();
	assert_int_equal(run(false), 0);
	nodes = scrub.blocks;
	assert_int_equal(run(true), 0);
	assert_int_equal(scrub.blocks - nodes, 40 + 60);
	assert_int_equal(nodes, pool->super.used_blocks - POOL_LOG_BLOCK - pool->label.log_blocks - 3 * 16 - 60 + 3);
}

static void assert_found(bool with_data, enum check_fault what, u64 block, u32 id)
{
	assert_int_equal(run(with_data), 1);
	assert_int_equal(found_what, what);
	assert_int_equal(found_block, block);
	assert_int_equal(found_id, id);
}

static void damaged_data(void **state)
{
	u64 block;

	(void)state;
	make();
	block = place_of(summed, 20);		/* shared: it is the snapshot's */
	disk.now[block * POOL_BLOCK + 9] ^= 1;
	assert_int_equal(run(false), 0);
	assert_found(true, CHECK_DATA, block, shot);
	disk.now[block * POOL_BLOCK + 9] ^= 1;
	block = place_of(summed, 2);
	disk.now[block * POOL_BLOCK] ^= 1;
	assert_found(true, CHECK_DATA, block, summed);
}

/* It is in the cache; what counts is what the disk has. */
static void damaged_node(void **state)
{
	(void)state;
	make();
	disk.now[volume(plain)->r.root.block * POOL_BLOCK + 40] ^= 1;
	assert_found(false, CHECK_NODE, volume(plain)->r.root.block, plain);
}

static void damaged_tables(void **state)
{
	u64 block;

	(void)state;
	make();
	block = pool->files[FILE_FREE].leaf[0].block;
	disk.now[block * POOL_BLOCK + 40] ^= 1;
	assert_found(false, CHECK_NODE, block, 0);
	disk.now[block * POOL_BLOCK + 40] ^= 1;
	disk.now[40] ^= 1;
	assert_found(false, CHECK_LABEL, 0, 0);
	disk.now[40] ^= 1;
	block = POOL_SUPER_BLOCK + (pool->super.generation & 1);
	disk.now[block * POOL_BLOCK + 40] ^= 1;
	assert_found(false, CHECK_SUPER, block, 0);
}

static void block_is_free(void **state)
{
	u64 block;

	(void)state;
	make();
	block = place_of(summed, 20);
	pool->space.used[block / POOL_CHUNK_BLOCKS] &= (u16)~BIT32(block % POOL_CHUNK_BLOCKS);
	assert_found(false, CHECK_FREE, block, shot);
}

static void unreadable(void **state)
{
	(void)state;
	make();
	scrub.with_data = true;
	assert_int_equal(pool_scrub_begin(pool, &scrub), POOL_OK);
	pool_run(pool);
	disk.fail_after = 1;
	sim_disk_end(&disk, 0);
	disk.fail_after = 0;
	pool_run(pool);
	assert_int_equal(scrub.faults, 1);
	assert_int_equal(found_what, CHECK_READ);
	sim_disk_drain(&disk);
	assert_int_equal(scrub.faults, 1);
}

static void one_at_a_time(void **state)
{
	struct pool_scrub other = scrub;

	(void)state;
	make();
	assert_int_equal(pool_scrub_begin(pool, &scrub), POOL_OK);
	assert_int_equal(pool_scrub_begin(pool, &other), POOL_AGAIN);
	sim_disk_drain(&disk);
	assert_int_equal(pool_scrub_percent(pool), 100);
}

/* All blocks are written again, some by others than had them: writes, checkpoints; a snapshot, a revert, a deletion. */
static void change_all(u32 round)
{
	u32 id = 0;

	for (u32 i = 0; i < 8; i++) {
		memset(data, (int)(round + i), sizeof(data));
		write_granules(summed, i % 2 * 10, 40);
		write_granules(plain, 0, 64);
		commit();
	}
	if (round % 3 == 0)
		assert_int_equal(try_snapshot(plain, "q", &id), POOL_OK);
	else if (round % 3 == 1 && pool_revert(pool, &shot, 1) == POOL_OK)
		commit();
	else
		assert_int_equal(pool_delete(pool, &plain, 1), POOL_OK);
	write_granules(summed, 0, 40);
	commit();
}

/* At each of its reads, which ends before the changes or after them. */
static void beside_changes(void **state)
{
	(void)state;
	for (u32 round = 0; round < 200; round++) {
		struct sim_queued held;
		bool is_held;

		make();
		scrub.with_data = true;
		assert_int_equal(pool_scrub_begin(pool, &scrub), POOL_OK);
		pool_run(pool);
		for (u32 i = 0; i < round / 2 && disk.queued > 0; i++) {
			sim_disk_end(&disk, 0);
			pool_run(pool);
		}
		held = disk.queue[0];
		is_held = disk.queued == 1 && round % 2 == 1;
		disk.queued -= is_held;
		change_all(round);
		if (is_held)
			disk.queue[disk.queued++] = held;
		sim_disk_drain(&disk);
		if (scrub.faults != 0)
			print_error("round %u: %s: block %lu, volume %u\n", (unsigned)round,
				pool_check_text[found_what], (unsigned long)found_block, (unsigned)found_id);
		assert_int_equal(scrub.faults, 0);
		assert_int_equal(scrubbed, POOL_OK);
		assert_sound();
		free_pool(NULL);
	}
	make();
}

static void pool_fails(void **state)
{
	(void)state;
	make();
	scrub.with_data = true;
	assert_int_equal(pool_scrub_begin(pool, &scrub), POOL_OK);
	pool_run(pool);
	pool->is_failed = true;
	sim_disk_drain(&disk);
	assert_int_equal(scrubbed, POOL_FAILED);
	assert_int_equal(pool->free_bounces, memory.bounces);
	assert_int_equal(pool_scrub_begin(pool, &scrub), POOL_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_all_once, free_pool),
		cmocka_unit_test_teardown(damaged_data, free_pool),
		cmocka_unit_test_teardown(damaged_node, free_pool),
		cmocka_unit_test_teardown(damaged_tables, free_pool),
		cmocka_unit_test_teardown(block_is_free, free_pool),
		cmocka_unit_test_teardown(unreadable, free_pool),
		cmocka_unit_test_teardown(one_at_a_time, free_pool),
		cmocka_unit_test_teardown(beside_changes, free_pool),
		cmocka_unit_test_teardown(pool_fails, free_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
