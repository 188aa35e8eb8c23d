/* SPDX-License-Identifier: MIT */
/*
 * A pool whose device has become larger: it takes the room when it is opened, whatever part of its writes a power cut
 * leaves.
 */
/* links: pool */
/* helpers: sim_disk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pool_state.h"
#include "range.h"
#include "sim_disk.h"

#define SMALL 768u		/* blocks; the last chunk is a part of one */
#define LARGE 40000u		/* with more than one bitmap */

static struct sim_disk disk;
static struct pool *pool;
static void *arena;
static enum pool_status status;
static u8 data[POOL_CHUNK_BLOCKS * POOL_BLOCK];

static void opened(struct pool *p, enum pool_status as)
{
	(void)p;
	status = as;
}

static void begin_open(bool grows)
{
	const struct pool_memory memory = { .volumes = 20, .nodes = 160, .tasks = 8, .bounces = 3, .dirty_max = 40,
		.limbo = 64, .grows = grows };
	struct pool_device device = sim_device(&disk, 1);

	free(arena);
	arena = aligned_alloc(POOL_BLOCK, align_up(pool_arena_bytes(&memory, disk.sectors), POOL_BLOCK));
	disk.queued = 0;
	status = POOL_STATUS_COUNT;
	pool = disk.pool = pool_open(arena, &memory, &device, opened);
	assert_non_null(pool);
}

static enum pool_status reopen(bool grows)
{
	begin_open(grows);
	sim_disk_drain(&disk);
	return status;
}

static void ended(struct pool *p, struct pool_request *r, enum pool_status as)
{
	(void)p;
	*(enum pool_status *)r->context = as;
}

static enum pool_status request(enum pool_op op, u32 volume, u64 sector, u32 sectors)
{
	enum pool_status as = POOL_STATUS_COUNT;
	struct pool_request r = { .op = op, .volume = volume, .sector = sector, .sectors = sectors,
		.data = op == POOL_READ || op == POOL_WRITE ? data : NULL, .done = ended, .context = &as };

	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	sim_disk_drain(&disk);
	return as;
}

static u64 free_blocks(void)
{
	struct pool_space space;

	pool_space_get(pool, &space);
	return space.free_blocks;
}

/* A pool with a volume whose first granule is written, on a device that is larger by now. */
static u32 make(u32 blocks)
{
	struct pool_spec spec = { .uuid = { 7 }, .name = "p", .log_blocks = 16, .dirty_max = 20 };
	struct pool_volume_spec volume = { .kind = POOL_PLAIN, .sectors = 1u << 20, .name = "v" };
	u32 id = 0;

	sim_disk_free(&disk);
	sim_disk_make(&disk, LARGE * POOL_BLOCK_SECTORS);
	disk.sectors = blocks * POOL_BLOCK_SECTORS;
	assert_int_equal(sim_disk_format(&disk, &spec), POOL_OK);
	assert_int_equal(reopen(true), POOL_OK);
	assert_int_equal(pool_volume_create(pool, &volume, &id), POOL_OK);
	memset(data, 5, sizeof(data));
	assert_int_equal(request(POOL_WRITE, id, 0, POOL_CHUNK_SECTORS), POOL_OK);
	assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
	disk.sectors = LARGE * POOL_BLOCK_SECTORS;
	return id;
}

static bool has_data(u32 id, u64 sector, u8 value)
{
	memset(data, (u8)~value, sizeof(data));
	assert_int_equal(request(POOL_READ, id, sector, POOL_CHUNK_SECTORS), POOL_OK);
	for (u32 i = 0; i < sizeof(data); i++)
		if (data[i] != value)
			return false;
	return true;
}

/* It is full, grows, and takes more than it could; then it is opened without growing, and is what it was. */
static void takes_the_room(void **state)
{
	u32 id = make(SMALL - 5), granule = 1;
	u64 before;

	(void)state;
	assert_int_equal(reopen(false), POOL_OK);
	assert_int_equal(pool_label_get(pool)->blocks, SMALL - 5);
	while (request(POOL_WRITE, id, granule * (u64)POOL_CHUNK_SECTORS, POOL_CHUNK_SECTORS) == POOL_OK)
		granule++;
	assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
	assert_int_equal(reopen(false), POOL_OK);
	before = free_blocks();
	assert_int_equal(reopen(true), POOL_OK);
	assert_int_equal(pool_label_get(pool)->blocks, LARGE);
	assert_in_range(free_blocks(), before + LARGE - SMALL - 64, before + LARGE - SMALL + 64);
	memset(data, 6, sizeof(data));
	for (u32 i = granule; i < 4 * granule; i++)
		assert_int_equal(request(POOL_WRITE, id, i * (u64)POOL_CHUNK_SECTORS, POOL_CHUNK_SECTORS), POOL_OK);
	assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
	assert_int_equal(reopen(false), POOL_OK);
	assert_true(has_data(id, 0, 5));
	assert_true(has_data(id, (4 * granule - 1) * (u64)POOL_CHUNK_SECTORS, 6));
	disk.sectors = SMALL * POOL_BLOCK_SECTORS;	/* and has no place on the old device any more */
	assert_int_not_equal(reopen(true), POOL_OK);
}

/* Any part of what was not flushed is there. */
static void cut(void)
{
	for (u32 i = 0; i < disk.writes; i++) {
		const struct sim_write *w = &disk.write[i];

		for (u32 s = 0; s < w->sectors; s++)
			if (rand() % 2 == 0)
				memcpy(disk.stable + (w->sector + s) * POOL_SECTOR, w->data + s * POOL_SECTOR,
				       POOL_SECTOR);
	}
	sim_disk_cut(&disk);
}

/* Power is cut after each io of the opening that grows it, and of a write behind the old end. */
static void power_cuts(void **state)
{
	u32 old = 0, grown = 0;

	(void)state;
	for (u32 at = 0; at < 60; at++) {
		u32 id = make(SMALL);
		enum pool_status as = POOL_STATUS_COUNT;
		struct pool_request r = { .op = POOL_WRITE, .volume = id, .sector = 1u << 19, .data = data,
			.sectors = POOL_CHUNK_SECTORS, .done = ended, .context = &as };
		bool is_asked = false;

		begin_open(true);
		for (u32 i = 0; i < at; i++) {
			pool_run(pool);
			if (status == POOL_OK && !is_asked)
				is_asked = pool_submit(pool, &r) == POOL_OK;
			if (disk.queued != 0)
				sim_disk_end(&disk, 0);
		}
		cut();
		assert_int_equal(reopen(false), POOL_OK);
		old += pool_label_get(pool)->blocks == SMALL;
		grown += pool_label_get(pool)->blocks == LARGE;
		assert_true(has_data(id, 0, 5));
		assert_int_equal(reopen(true), POOL_OK);
		assert_int_equal(pool_label_get(pool)->blocks, LARGE);
		assert_true(has_data(id, 0, 5));
	}
	assert_true(old > 2 && grown > 20 && old + grown == 60);
}

/* A disk that fails then: the pool is not opened, and is there when the disk is. */
static void a_disk_that_fails(void **state)
{
	(void)state;
	for (u32 at = 1; at < 4; at++) {
		u32 id = make(SMALL);

		disk.fail_after = at;
		assert_int_equal(reopen(true), POOL_IO);
		disk.fail_after = 0;
		assert_int_equal(reopen(true), POOL_OK);
		assert_int_equal(pool_label_get(pool)->blocks, LARGE);
		assert_true(has_data(id, 0, 5));
	}
}

static int free_all(void **state)
{
	(void)state;
	sim_disk_free(&disk);
	free(arena);
	arena = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_room), cmocka_unit_test(power_cuts), cmocka_unit_test(a_disk_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, free_all);
}
