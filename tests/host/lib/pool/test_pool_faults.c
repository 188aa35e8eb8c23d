/* SPDX-License-Identifier: MIT */
/*
 * Single sequences that random requests meet rarely: deletions beside changes, damaged disks, errors of reads.
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

#include "crc32c.h"
#include "layout.h"
#include "pool_fixture.h"

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
	assert_int_equal(pool_delete(pool, &s, 1), POOL_OK);
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
	assert_int_equal(pool_delete(pool, &newer, 1), POOL_OK);
	step_until_cursor(volume(newer), 302);
	assert_int_equal(pool_delete(pool, &older, 1), POOL_OK);
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
	assert_int_equal(pool_delete(pool, &newer, 1), POOL_OK);
	step_until_cursor(volume(newer), 10);
	assert_int_equal(pool_delete(pool, &older, 1), POOL_OK);
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
	assert_int_equal(pool_delete(pool, &s, 1), POOL_OK);
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
	assert_int_equal(pool_delete(pool, &s, 1), POOL_OK);
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
	assert_int_equal(pool_delete(pool, &v, 1), POOL_OK);
	assert_int_equal(pool_delete(pool, &w, 1), POOL_OK);
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
	u32 v, s;

	(void)state;
	make_pool(768, 16, 20, 0);
	r.volume = v = make_volume("v", POOL_INTEGRITY, 64 * GRANULE);
	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	assert_int_equal(pool_delete(pool, &v, 1), POOL_AGAIN);
	assert_int_equal(try_snapshot(v, "s", &s), POOL_AGAIN);
	sim_disk_drain(&disk);
	assert_int_equal(status, POOL_OK);
	assert_int_equal(volume(v)->busy, 0);
	commit();
	assert_int_equal(pool_delete(pool, &v, 1), POOL_OK);
}

/* Holes are gone through by subtrees, and within a leaf at once. */
static void discard_of_holes(void **state)
{
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request r = { .op = POOL_DISCARD, .sectors = ~0u - 7, .done = ended, .context = &status };
	u32 steps = 0;

	(void)state;
	make_pool(768, 16, 20, 0);
	r.volume = make_volume("v", POOL_INTEGRITY, 1ull << 33);
	write_granules(r.volume, 100, 101);
	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	while (status == POOL_STATUS_COUNT && step_pool())
		steps++;
	assert_int_equal(status, POOL_OK);
	assert_in_range(steps, 1, 8000);
	assert_int_equal(volume(r.volume)->r.mapped, 0);
	assert_int_equal(volume(r.volume)->busy, 0);
}

/* Writes that wait for a checkpoint leave tasks for reads. */
static void read_while_changes_wait(void **state)
{
	enum pool_status status[9];
	struct pool_request r[9];
	u32 v;

	(void)state;
	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_INTEGRITY, 64 * GRANULE);
	pool->commit.is_frozen = true;
	for (u32 i = 0; i < 9; i++) {
		status[i] = POOL_STATUS_COUNT;
		r[i] = (struct pool_request){ .op = i == 8 ? POOL_READ : POOL_WRITE, .volume = v, .sectors = GRANULE,
			.sector = i * GRANULE, .data = data, .done = ended, .context = &status[i] };
		assert_int_equal(pool_submit(pool, &r[i]), POOL_OK);
	}
	for (u32 i = 0; i < 1000 && disk.queued + !list_is_empty(&pool->ready) > 0; i++)
		step_pool();
	assert_int_equal(status[8], POOL_OK);
	assert_int_equal(status[0], POOL_STATUS_COUNT);
	pool->commit.is_frozen = false;
	jobs_ready(pool, &pool->commit.room_waiters);
	sim_disk_drain(&disk);
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(status[i], POOL_OK);
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

/* ---- what is logged ---- */

static bool was_logged;

static void note_logged(struct pool *p, struct pool_request *r, enum pool_status status)
{
	assert_int_equal(status, POOL_OK);
	was_logged = pool_is_logged(p, r);
}

static bool writes_logged(u32 volume, u64 sector)
{
	struct pool_request r = { .op = POOL_WRITE, .volume = volume, .sector = sector, .sectors = 8, .data = data,
		.done = note_logged };

	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	sim_disk_drain(&disk);
	return was_logged;
}

/* The program that had the pool ended, and the disk did not: what was in the log is there. */
static void logged_is_kept(void **state)
{
	u32 v;

	(void)state;
	make_pool(768, 64, 40, 0);
	v = make_volume("v", POOL_PLAIN, POOL_CHUNK_SECTORS);
	assert_false(writes_logged(v, 0));
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	assert_true(writes_logged(v, 0));		/* in place */
	assert_int_equal(reopen(), POOL_OK);
	memset(data, 0, POOL_BLOCK);
	assert_int_equal(request(POOL_READ, v, 0, 8), POOL_OK);
	assert_int_equal(data[0], 1);
}

/* Until a checkpoint has all that changed. */
static void not_logged_in_checkpoint(void **state)
{
	enum pool_status status = POOL_STATUS_COUNT;
	struct pool_request r = { .op = POOL_COMMIT, .done = ended, .context = &status };
	u32 v;

	(void)state;
	make_pool(768, 64, 40, 0);
	v = make_volume("v", POOL_PLAIN, POOL_CHUNK_SECTORS);
	assert_int_equal(request(POOL_WRITE, v, 0, 8), POOL_OK);
	assert_int_equal(pool_submit(pool, &r), POOL_OK);
	while (status == POOL_STATUS_COUNT) {
		assert_false(pool_is_logged(pool, &r));
		assert_true(step_pool());
	}
	assert_true(pool_is_logged(pool, &r));
}

/* A write in place waits for its own volume's entries, and not for those of others. */
static void logged_by_volume(void **state)
{
	struct pool_request commit_request = { .op = POOL_COMMIT, .done = ended };
	enum pool_status committed = POOL_STATUS_COUNT;
	u32 v, w;

	(void)state;
	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_PLAIN, 64);
	w = make_volume("w", POOL_PLAIN, 64);
	assert_false(writes_logged(v, 0));
	assert_false(writes_logged(v, 0));		/* in place, and its map is not there yet */
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	assert_true(writes_logged(v, 0));
	assert_false(writes_logged(w, 0));
	assert_true(writes_logged(v, 0));
	assert_false(writes_logged(w, 8));
	commit_request.context = &committed;
	assert_int_equal(pool_submit(pool, &commit_request), POOL_OK);
	while (!pool->commit.is_frozen)
		assert_true(step_pool());
	sim_disk_drain(&disk);
	assert_int_equal(committed, POOL_OK);
	assert_true(writes_logged(w, 8));
}

static void mark_is_kept(void **state)
{
	u32 v;

	(void)state;
	make_pool(768, 64, 40, 0);
	v = make_volume("v", POOL_PLAIN, POOL_CHUNK_SECTORS);
	assert_int_equal(volume(v)->r.flags, 0);
	assert_int_equal(pool_volume_mark(pool, v + 1, POOL_VOLUME_MARKED, true), POOL_NO_VOLUME);
	assert_int_equal(pool_volume_mark(pool, v, POOL_VOLUME_MARKED, true), POOL_OK);
	commit();
	assert_int_equal(reopen(), POOL_OK);
	assert_int_equal(volume(v)->r.flags, POOL_VOLUME_MARKED);
	assert_int_equal(volume(snapshot(v, "s"))->r.flags, POOL_VOLUME_READ_ONLY);
	assert_int_equal(pool_volume_mark(pool, v, POOL_VOLUME_MARKED, false), POOL_OK);
	commit();
	assert_int_equal(volume(v)->r.flags, 0);
	assert_sound();
}

/* ---- turns ---- */

static u32 ends;

static void note_end(struct pool *p, struct pool_request *r, enum pool_status status)
{
	(void)p;
	assert_int_equal(status, POOL_OK);
	*(u32 *)r->context = ++ends;
}

/* A volume's large requests, and how many of them there are, are no matter to another volume. */
static void turns_of_volumes(void **state)
{
	static const enum pool_op ops[] = { POOL_DISCARD, POOL_WRITE_ZEROES, POOL_WRITE, POOL_READ };
	u32 greedy, modest, end[5];

	(void)state;
	make_pool(2048, 64, 40, 0);
	greedy = make_volume("g", POOL_INTEGRITY, 200 * GRANULE);
	modest = make_volume("m", POOL_INTEGRITY, 8 * GRANULE);
	for (u32 i = 0; i < ARRAY_COUNT(ops); i++) {
		struct pool_request r[5];

		write_granules(greedy, 0, 150);
		write_granules(modest, 0, 1);
		ends = 0;
		for (u32 k = 0; k < 5; k++) {
			bool has_data = ops[i] == POOL_READ || ops[i] == POOL_WRITE;

			r[k] = (struct pool_request){ .op = ops[i], .volume = k < 4 ? greedy : modest,
				.sectors = k < 4 ? (has_data ? 16 : 150) * GRANULE : GRANULE,
				.data = has_data ? data : NULL, .done = note_end, .context = &end[k] };
			assert_int_equal(pool_submit(pool, &r[k]), POOL_OK);
		}
		sim_disk_drain(&disk);
		assert_int_equal(ends, 5);
		assert_int_equal(end[4], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(turns_of_volumes, free_pool),
		cmocka_unit_test_teardown(logged_by_volume, free_pool),
		cmocka_unit_test_teardown(snapshot_of_changed_head, free_pool),
		cmocka_unit_test_teardown(two_neighbours, free_pool),
		cmocka_unit_test_teardown(two_neighbours_with_holes, free_pool),
		cmocka_unit_test_teardown(head_lets_go_meanwhile, free_pool),
		cmocka_unit_test_teardown(deletion_begins_on_disk, free_pool),
		cmocka_unit_test_teardown(unreadable_deletion, free_pool),
		cmocka_unit_test_teardown(submitted_request, free_pool),
		cmocka_unit_test_teardown(discard_of_holes, free_pool),
		cmocka_unit_test_teardown(read_while_changes_wait, free_pool),
		cmocka_unit_test_teardown(log_of_too_many_nodes, free_pool),
		cmocka_unit_test_teardown(two_owners, free_pool),
		cmocka_unit_test_teardown(unreadable_data_of_log, free_pool),
		cmocka_unit_test_teardown(logged_is_kept, free_pool),
		cmocka_unit_test_teardown(not_logged_in_checkpoint, free_pool),
		cmocka_unit_test_teardown(mark_is_kept, free_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
