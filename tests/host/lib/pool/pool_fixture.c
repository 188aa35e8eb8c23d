/* SPDX-License-Identifier: MIT */
#include "pool_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check.h"
#include "range.h"

const struct pool_memory memory = { .volumes = 20, .nodes = 160, .tasks = 8, .bounces = 3, .dirty_max = 40,
	.limbo = 64 };
struct sim_disk disk;
struct pool *pool;
static void *arena;
enum pool_status opened_as;
u8 data[POOL_CHUNK_BLOCKS * POOL_BLOCK];

static void opened(struct pool *p, enum pool_status status)
{
	(void)p;
	opened_as = status;
}

/* The pool of before, if there was one, is gone as if the power had failed. */
void begin_open(u32 slice)
{
	struct pool_device device = sim_device(&disk, 1);

	free(arena);
	arena = aligned_alloc(POOL_BLOCK, align_up(pool_arena_bytes(&memory, disk.sectors), POOL_BLOCK));
	disk.queued = 0;
	opened_as = POOL_STATUS_COUNT;
	pool = disk.pool = pool_open(arena, &memory, &device, opened);
	assert_non_null(pool);
	if (slice > 0)
		pool->reap.slice = slice;
}

enum pool_status reopen(void)
{
	begin_open(0);
	sim_disk_drain(&disk);
	return opened_as;
}

void make_pool(u32 blocks, u32 log_blocks, u32 dirty_max, u32 slice)
{
	struct pool_spec spec = { .uuid = { 7 }, .name = "p", .log_blocks = log_blocks, .dirty_max = dirty_max };

	sim_disk_make(&disk, (u64)blocks * POOL_BLOCK_SECTORS);
	assert_int_equal(sim_disk_format(&disk, &spec), POOL_OK);
	memset(data, 1, sizeof(data));
	begin_open(slice);
	sim_disk_drain(&disk);
	assert_int_equal(opened_as, POOL_OK);
}

int free_pool(void **state)
{
	(void)state;
	sim_disk_free(&disk);
	free(arena);
	arena = NULL;
	return 0;
}

void ended(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)p;
	*(enum pool_status *)r->context = status;
}

enum pool_status request(enum pool_op op, u32 volume, u64 sector, u32 sectors)
{
	enum pool_status status = POOL_STATUS_COUNT;
	bool has_data = op == POOL_READ || op == POOL_WRITE;
	struct pool_request r = { .op = op, .volume = volume, .sector = sector, .sectors = sectors,
		.data = has_data ? data : NULL, .done = ended, .context = &status };

	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	sim_disk_drain(&disk);
	return status;
}

void commit(void)
{
	assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
}

void write_granules(u32 volume, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++)
		assert_int_equal(request(POOL_WRITE, volume, (u64)i * GRANULE, GRANULE), POOL_OK);
}

u32 make_volume(const char *name, enum pool_kind kind, u64 sectors)
{
	struct pool_volume_spec spec = { .kind = kind, .sectors = sectors };
	u32 id = 0;

	strcpy(spec.name, name);
	assert_int_equal(pool_volume_create(pool, &spec, &id), POOL_OK);
	commit();
	return id;
}

u32 snapshot(u32 volume, const char *name)
{
	u32 id = 0;

	commit();
	assert_int_equal(try_snapshot(volume, name, &id), POOL_OK);
	commit();
	return id;
}

enum pool_status try_snapshot(u32 volume, const char *name, u32 *id)
{
	struct pool_snapshot_spec spec = { .volume = volume };
	enum pool_status status;

	strcpy(spec.name, name);
	status = pool_snapshot(pool, &spec, 1);
	*id = spec.snapshot;
	return status;
}

struct volume *volume(u32 id)
{
	for (u32 i = 0; i < memory.volumes; i++)
		if (pool->volume[i].r.id == id)
			return &pool->volume[i];
	return NULL;
}

static bool read_block(void *context, u64 block, void *to)
{
	(void)context;
	memcpy(to, disk.now + block * POOL_BLOCK, POOL_BLOCK);
	return true;
}

static void found(void *context, enum check_fault fault, u64 block, u32 id)
{
	(void)context;
	print_error("check: %s: block %llu, volume %u\n", pool_check_text[fault], (unsigned long long)block,
		(unsigned)id);
}

void assert_sound(void)
{
	struct pool_check c = { .read = read_block, .found = found, .device_sectors = disk.sectors,
		.with_data = true };
	void *check_arena = malloc(pool_check_bytes(disk.sectors));
	bool is_sound = pool_check(&c, check_arena);

	free(check_arena);
	assert_true(is_sound);
}

/* One job, or one io, at a time. False: there is none. */
bool step_pool(void)
{
	if (!list_is_empty(&pool->ready)) {
		struct job *j = CONTAINER_OF(pool->ready.next, struct job, link);

		list_remove(&j->link);
		j->step(pool, j);
		return true;
	}
	if (disk.queued == 0)
		return false;
	sim_disk_end(&disk, 0);
	return true;
}

void step_until_cursor(const struct volume *v, u64 cursor)
{
	while (v->r.cursor < cursor)
		assert_true(step_pool());
}

/* A checkpoint in the middle of a deletion, and a power cut after it. */
void commit_and_cut(void)
{
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request r = { .op = POOL_COMMIT, .done = ended, .context = &status };

	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	while (status == POOL_STATUS_COUNT)
		assert_true(step_pool());
	assert_int_equal(status, POOL_OK);
	sim_disk_cut(&disk);
}
