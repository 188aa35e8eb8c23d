/* SPDX-License-Identifier: MIT */
/*
 * Single sequences that random requests meet rarely: deletions beside changes, damaged disks, errors of reads.
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

#include "check.h"
#include "crc32c.h"
#include "layout.h"
#include "pool_state.h"
#include "range.h"
#include "sim_disk.h"

#define GRANULE 8u		/* sectors of an integrity volume's granule */
#define LEAF POOL_FANOUT

static const struct pool_memory memory = { .volumes = 20, .nodes = 160, .tasks = 8, .bounces = 3, .dirty_max = 40,
	.limbo = 64 };
static struct sim_disk disk;
static struct pool *pool;
static void *arena;
static enum pool_status opened_as;
static u8 data[POOL_CHUNK_BLOCKS * POOL_BLOCK];

static void opened(struct pool *p, enum pool_status status)
{
	(void)p;
	opened_as = status;
}

/* The pool of before, if there was one, is gone as if the power had failed. */
static void begin_open(u32 slice)
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

static enum pool_status reopen(void)
{
	begin_open(0);
	sim_disk_drain(&disk);
	return opened_as;
}

/* What was not flushed is lost. */
static void cut_power(void)
{
	memcpy(disk.now, disk.stable, disk.sectors * POOL_SECTOR);
	for (u32 i = 0; i < disk.writes; i++)
		free(disk.write[i].data);
	disk.writes = 0;
}

static void make_pool(u32 blocks, u32 log_blocks, u32 dirty_max, u32 slice)
{
	struct pool_spec spec = { .uuid = { 7 }, .name = "p", .log_blocks = log_blocks, .dirty_max = dirty_max };

	sim_disk_make(&disk, (u64)blocks * POOL_BLOCK_SECTORS);
	assert_int_equal(sim_disk_format(&disk, &spec), POOL_OK);
	memset(data, 1, sizeof(data));
	begin_open(slice);
	sim_disk_drain(&disk);
	assert_int_equal(opened_as, POOL_OK);
}

static int free_pool(void **state)
{
	(void)state;
	sim_disk_free(&disk);
	free(arena);
	arena = NULL;
	return 0;
}

static void ended(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)p;
	*(enum pool_status *)r->context = status;
}

static enum pool_status request(enum pool_op op, u32 volume, u64 sector, u32 sectors)
{
	enum pool_status status = POOL_STATUS_COUNT;
	bool has_data = op == POOL_READ || op == POOL_WRITE;
	struct pool_request r = { .op = op, .volume = volume, .sector = sector, .sectors = sectors,
		.data = has_data ? data : NULL, .done = ended, .context = &status };

	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	sim_disk_drain(&disk);
	return status;
}

static void commit(void)
{
	assert_int_equal(request(POOL_COMMIT, 0, 0, 0), POOL_OK);
}

static void write_granules(u32 volume, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++)
		assert_int_equal(request(POOL_WRITE, volume, (u64)i * GRANULE, GRANULE), POOL_OK);
}

static u32 make_volume(const char *name, enum pool_kind kind, u64 sectors)
{
	struct pool_volume_spec spec = { .kind = kind, .sectors = sectors };
	u32 id = 0;

	strcpy(spec.name, name);
	assert_int_equal(pool_volume_create(pool, &spec, &id), POOL_OK);
	commit();
	return id;
}

static u32 snapshot(u32 volume, const char *name)
{
	static const u8 uuid[POOL_UUID_BYTES];
	u32 id = 0;

	commit();
	assert_int_equal(pool_snapshot(pool, volume, name, uuid, &id), POOL_OK);
	commit();
	return id;
}

static struct volume *volume(u32 id)
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

static void assert_sound(void)
{
	struct pool_check c = { .read = read_block, .found = found, .device_sectors = disk.sectors,
		.with_data = true };
	void *check_arena = malloc(pool_check_bytes(disk.sectors));
	bool is_sound = pool_check(&c, check_arena);

	free(check_arena);
	assert_true(is_sound);
}

/* One job, or one io, at a time. False: there is none. */
static bool step_pool(void)
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

static void step_until_cursor(const struct volume *v, u64 cursor)
{
	while (v->r.cursor < cursor)
		assert_true(step_pool());
}

/* A checkpoint in the middle of a deletion, and a power cut after it. */
static void commit_and_cut(void)
{
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request r = { .op = POOL_COMMIT, .done = ended, .context = &status };

	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	while (status == POOL_STATUS_COUNT)
		assert_true(step_pool());
	assert_int_equal(status, POOL_OK);
	cut_power();
}

/* ---- deletions ---- */

/* The head's changed root is still the snapshot's on the disk: both would free it. */
static void snapshot_of_changed_head(void **state)
{
	u32 v, s;

	(void)state;
	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_INTEGRITY, 64 * GRANULE);
	write_granules(v, 0, 8);
	s = snapshot(v, "s");
	write_granules(v, 0, 1);
	assert_int_equal(pool_delete(pool, s), POOL_OK);
	sim_disk_drain(&disk);
	commit();
	assert_sound();
	assert_int_equal(reopen(), POOL_OK);
	assert_int_equal(pool->volume[0].r.own, pool->volume[0].r.mapped);
}

static void read_all(u32 v, u32 granules)
{
	for (u32 i = 0; i < granules; i++)
		assert_int_equal(request(POOL_READ, v, (u64)i * GRANULE, GRANULE), POOL_OK);
}

/* The older one is deleted first, from granule 0, when the newer one's cursor is far. */
static void two_neighbours(void **state)
{
	const u32 granules = 600;
	u32 v, older, newer;

	(void)state;
	make_pool(2048, 16, 20, 1);
	v = make_volume("v", POOL_INTEGRITY, granules * GRANULE);
	write_granules(v, 0, granules);
	older = snapshot(v, "older");
	write_granules(v, 300, 310);
	newer = snapshot(v, "newer");
	write_granules(v, 300, 301);
	commit();
	assert_int_equal(pool_delete(pool, newer), POOL_OK);
	step_until_cursor(volume(newer), 302);
	assert_int_equal(pool_delete(pool, older), POOL_OK);
	commit_and_cut();
	assert_in_range(volume(newer)->r.cursor, 302, granules - 1);
	assert_int_equal(volume(older)->r.cursor, 0);
	assert_sound();
	assert_int_equal(reopen(), POOL_OK);
	commit();
	commit();
	assert_sound();
	assert_null(volume(older));
	assert_null(volume(newer));
	read_all(v, granules);
}

/* The cursor of the older one passes that of the newer one in a row of holes. */
static void two_neighbours_with_holes(void **state)
{
	u32 v, older, newer;

	(void)state;
	make_pool(2048, 16, 20, 1);
	v = make_volume("v", POOL_INTEGRITY, 64 * GRANULE);
	write_granules(v, 0, 2);
	write_granules(v, 40, 44);
	older = snapshot(v, "older");
	write_granules(v, 8, 38);
	newer = snapshot(v, "newer");
	write_granules(v, 40, 42);
	commit();
	assert_int_equal(pool_delete(pool, newer), POOL_OK);
	step_until_cursor(volume(newer), 10);
	assert_int_equal(pool_delete(pool, older), POOL_OK);
	commit_and_cut();
	assert_in_range(volume(newer)->r.cursor, 10, 37);
	assert_int_equal(volume(older)->r.cursor, 0);
	assert_int_equal(reopen(), POOL_OK);
	commit();
	commit();
	assert_sound();
	read_all(v, 64);
}

/* What is shared wholly is counted as the head's at the end only: until then it may have let go of more than it has. */
static void head_lets_go_meanwhile(void **state)
{
	u32 v, s;

	(void)state;
	make_pool(2048, 64, 20, 1);
	v = make_volume("v", POOL_INTEGRITY, 2 * LEAF * GRANULE);
	write_granules(v, 0, 16);
	write_granules(v, LEAF, LEAF + 8);
	s = snapshot(v, "s");
	write_granules(v, LEAF, LEAF + 1);
	commit();
	assert_int_equal(pool_delete(pool, s), POOL_OK);
	step_until_cursor(volume(s), LEAF);
	{
		enum pool_status status = POOL_STATUS_COUNT;
		struct pool_request r = { .op = POOL_DISCARD, .volume = v, .sector = 0, .sectors = 16 * GRANULE,
			.done = ended, .context = &status };

		assert_int_equal(pool_submit(pool, &r), POOL_OK);
		while (status == POOL_STATUS_COUNT)
			assert_true(step_pool());
		assert_int_equal(status, POOL_OK);
	}
	assert_non_null(volume(s));
	commit_and_cut();
	assert_int_equal(reopen(), POOL_OK);
	commit();
	commit();
	assert_sound();
}

/* As long as a power cut would bring the snapshot back, the head must not write in place what it has. */
static void deletion_begins_on_disk(void **state)
{
	u64 generation;
	u32 v, s;

	(void)state;
	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_PLAIN, 8 * POOL_CHUNK_SECTORS);
	assert_int_equal(request(POOL_WRITE, v, 0, POOL_CHUNK_SECTORS), POOL_OK);
	s = snapshot(v, "s");
	assert_int_equal(request(POOL_WRITE, v, POOL_CHUNK_SECTORS, POOL_CHUNK_SECTORS), POOL_OK);
	commit();
	generation = pool->super.generation;
	assert_int_equal(pool_delete(pool, s), POOL_OK);
	step_until_cursor(volume(s), 1);
	assert_false(pool->commit.is_frozen);
	assert_int_equal(pool->super.generation, generation + 1);
}

/* One volume that can't be deleted does not hold up others. */
static void unreadable_deletion(void **state)
{
	u32 v, w;

	(void)state;
	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_INTEGRITY, 64 * GRANULE);
	w = make_volume("w", POOL_INTEGRITY, 64 * GRANULE);
	write_granules(v, 0, 8);
	write_granules(w, 0, 8);
	commit();
	disk.now[volume(v)->r.root.block * POOL_BLOCK + 100] ^= 1;
	assert_int_equal(reopen(), POOL_OK);
	assert_int_equal(pool_delete(pool, v), POOL_OK);
	assert_int_equal(pool_delete(pool, w), POOL_OK);
	commit();
	commit();
	assert_non_null(volume(v));
	assert_null(volume(w));
}

/* ---- requests ---- */

/* A request is the volume's from pool_submit() on, before any part of it was begun. */
static void submitted_request(void **state)
{
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request r = { .op = POOL_WRITE, .sectors = 2 * GRANULE, .data = data, .done = ended,
		.context = &status };
	static const u8 uuid[POOL_UUID_BYTES];
	u32 v, s;

	(void)state;
	make_pool(768, 16, 20, 0);
	r.volume = v = make_volume("v", POOL_INTEGRITY, 64 * GRANULE);
	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	assert_int_equal(pool_delete(pool, v), POOL_AGAIN);
	assert_int_equal(pool_snapshot(pool, v, "s", uuid, &s), POOL_AGAIN);
	sim_disk_drain(&disk);
	assert_int_equal(status, POOL_OK);
	assert_int_equal(volume(v)->busy, 0);
	commit();
	assert_int_equal(pool_delete(pool, v), POOL_OK);
}

/* ---- what a damaged disk says ---- */

/* More nodes than a log between two checkpoints can change: the memory for them is not there. */
static void log_of_too_many_nodes(void **state)
{
	static struct pool_log_record r;
	const u32 leaves = 140, entries = 88;
	u32 v;

	(void)state;
	make_pool(2048, 32, 12, 0);
	v = make_volume("v", POOL_INTEGRITY, (u64)LEAF * leaves * GRANULE);
	for (u32 i = 0; i < leaves; i++)
		write_granules(v, i * LEAF, i * LEAF + 1);
	commit();
	memset(&r, 0, sizeof(r));
	r.magic = POOL_LOG_MAGIC;
	memcpy(r.uuid, pool->label.uuid, sizeof(r.uuid));
	r.generation = pool->super.generation;
	r.seq = pool->super.log_seq;
	r.durable = r.seq - 1;
	r.entry_bytes = sizeof(r.entry[0]);
	for (; r.count < entries; r.count++)
		r.entry[r.count] = (struct pool_entry){ .granule = (u64)r.count * LEAF, .volume = v,
			.birth = pool->super.birth, .op = POOL_LOG_HOLE };
	r.crc = layout_sum(&r, sizeof(r), offsetof(struct pool_log_record, crc));
	memcpy(disk.now + (POOL_LOG_BLOCK + r.seq % 32) * POOL_BLOCK, &r, sizeof(r));
	assert_int_equal(reopen(), POOL_CORRUPT);
}

/* Granule `to` gets the place of granule `from`, and all checksums above are right. */
static void share_block(u32 id, u32 from, u32 to)
{
	struct volume *v = volume(id);
	struct pool_node *leaf = (struct pool_node *)(disk.now + v->r.root.block * POOL_BLOCK);
	struct pool_super *s = (struct pool_super *)(disk.now +
		(POOL_SUPER_BLOCK + (pool->super.generation & 1)) * POOL_BLOCK);
	struct pool_node *top = (struct pool_node *)(disk.now + s->volumes.block * POOL_BLOCK);
	struct pool_node *inner = (struct pool_node *)(disk.now + top->ref[0].block * POOL_BLOCK);
	struct pool_node *table = (struct pool_node *)(disk.now + inner->ref[0].block * POOL_BLOCK);
	struct pool_record record;

	leaf->granule[to] = leaf->granule[from];
	memcpy(&record, table->bytes + v->at * POOL_RECORD_BYTES, sizeof(record));
	record.root.crc = crc32c(0, leaf, sizeof(*leaf));
	memcpy(table->bytes + v->at * POOL_RECORD_BYTES, &record, sizeof(record));
	inner->ref[0].crc = crc32c(0, table, sizeof(*table));
	top->ref[0].crc = crc32c(0, inner, sizeof(*inner));
	s->volumes.crc = crc32c(0, top, sizeof(*top));
	s->crc = layout_sum(s, sizeof(*s), offsetof(struct pool_super, crc));
}

/* The second one that lets it go shows it: nothing is changed from then on. */
static void two_owners(void **state)
{
	struct pool_request r = { .op = POOL_WRITE, .sectors = 8, .data = data, .done = ended };
	u32 v;

	(void)state;
	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_PLAIN, 40 * POOL_CHUNK_SECTORS);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(request(POOL_WRITE, v, i * POOL_CHUNK_SECTORS, POOL_CHUNK_SECTORS), POOL_OK);
	commit();
	share_block(v, 0, 1);
	assert_int_equal(reopen(), POOL_OK);
	assert_int_equal(request(POOL_DISCARD, v, 0, POOL_CHUNK_SECTORS), POOL_OK);
	request(POOL_DISCARD, v, POOL_CHUNK_SECTORS, POOL_CHUNK_SECTORS);
	r.volume = v;
	assert_int_equal(pool_submit(pool, &r), POOL_FAILED);
}

/* ---- errors of reads ---- */

/* The data of the log's last entries: what can't be read now is not lost, and the next opening finds it. */
static void unreadable_data_of_log(void **state)
{
	u64 block = 0;
	u32 v;

	(void)state;
	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_INTEGRITY, 64 * GRANULE);
	write_granules(v, 0, 1);
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	while (memcmp(disk.stable + block * POOL_BLOCK, data, POOL_BLOCK) != 0)
		block++;
	begin_open(0);
	for (pool_run(pool); disk.queued > 0; pool_run(pool)) {
		disk.fail_after = disk.queue[0].io->sector == block * POOL_BLOCK_SECTORS;
		sim_disk_end(&disk, 0);
	}
	disk.fail_after = 0;
	assert_int_equal(opened_as, POOL_IO);
	assert_int_equal(reopen(), POOL_OK);
	memset(data, 0, POOL_BLOCK);
	assert_int_equal(request(POOL_READ, v, 0, GRANULE), POOL_OK);
	assert_int_equal(data[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(snapshot_of_changed_head, free_pool),
		cmocka_unit_test_teardown(two_neighbours, free_pool),
		cmocka_unit_test_teardown(two_neighbours_with_holes, free_pool),
		cmocka_unit_test_teardown(head_lets_go_meanwhile, free_pool),
		cmocka_unit_test_teardown(deletion_begins_on_disk, free_pool),
		cmocka_unit_test_teardown(unreadable_deletion, free_pool),
		cmocka_unit_test_teardown(submitted_request, free_pool),
		cmocka_unit_test_teardown(log_of_too_many_nodes, free_pool),
		cmocka_unit_test_teardown(two_owners, free_pool),
		cmocka_unit_test_teardown(unreadable_data_of_log, free_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
