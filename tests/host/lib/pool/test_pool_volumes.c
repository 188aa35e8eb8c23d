/* SPDX-License-Identifier: MIT */
/*
 * Volumes that grow, go back to a snapshot, or have all their blocks kept for them; pools that are full.
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

static const u8 uuid[POOL_UUID_BYTES];

static void write_value(u32 v, u64 granule, u8 value)
{
	memset(data, value, POOL_BLOCK);
	assert_int_equal(request(POOL_WRITE, v, granule * GRANULE, GRANULE), POOL_OK);
}

static u8 value_of(u32 v, u64 granule)
{
	memset(data, 0xee, POOL_BLOCK);
	assert_int_equal(request(POOL_READ, v, granule * GRANULE, GRANULE), POOL_OK);
	for (u32 i = 1; i < POOL_BLOCK; i++)
		assert_int_equal(data[i], data[0]);
	return data[0];
}

static u32 make_thick(const char *name, enum pool_kind kind, u64 sectors, enum pool_status expected)
{
	struct pool_volume_spec spec = { .kind = kind, .sectors = sectors, .is_thick = true };
	u32 id = 0;

	strcpy(spec.name, name);
	assert_int_equal(pool_volume_create(pool, &spec, &id), expected);
	commit();
	return id;
}

/* All that is being deleted is gone. */
static void settle(void)
{
	for (u32 i = 0; i < 6; i++)
		commit();
	assert_sound();
}

/* ---- growing ---- */

/* The map gets two levels more, in memory and on the disk, beside a snapshot that keeps one. */
static void grow(void **state)
{
	const u64 far = (u64)LEAF * LEAF + 5;
	u32 v, s;

	(void)state;
	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_INTEGRITY, 8 * GRANULE);
	write_value(v, 0, 1);
	write_value(v, 7, 2);
	s = snapshot(v, "s");
	write_value(v, 7, 3);
	assert_int_equal(pool_resize(pool, v, 4 * GRANULE), POOL_INVAL);
	assert_int_equal(pool_resize(pool, s, 16 * GRANULE), POOL_READ_ONLY);
	assert_int_equal(pool_resize(pool, v, (far + 1) * GRANULE), POOL_OK);
	assert_int_equal(volume(v)->r.levels, 3);
	assert_int_equal(value_of(v, 7), 3);
	assert_int_equal(value_of(v, 8), 0);
	write_value(v, far, 4);
	assert_int_equal(request(POOL_FLUSH, 0, 0, 0), POOL_OK);
	sim_disk_cut(&disk);
	assert_sound();
	assert_int_equal(reopen(), POOL_OK);
	assert_int_equal(value_of(v, 0), 1);
	assert_int_equal(value_of(v, 7), 3);
	assert_int_equal(value_of(v, far), 4);
	assert_int_equal(value_of(s, 7), 2);
	assert_int_equal(pool_delete(pool, &s, 1), POOL_OK);
	settle();
	assert_null(volume(s));
	assert_int_equal(volume(v)->r.own, volume(v)->r.mapped);
	assert_int_equal(pool_delete(pool, &v, 1), POOL_OK);
	settle();
	assert_null(volume(v));
}

/* As long as no checkpoint has it, a power cut brings the old size back. */
static void grow_and_cut(void **state)
{
	u32 v;

	(void)state;
	make_pool(768, 16, 20, 0);
	v = make_volume("v", POOL_PLAIN, 24);
	assert_int_equal(request(POOL_WRITE, v, 0, 24), POOL_OK);
	commit();
	assert_int_equal(pool_resize(pool, v, 300 * POOL_CHUNK_SECTORS), POOL_OK);
	assert_int_equal(request(POOL_WRITE, v, 24, 8), POOL_OK);
	sim_disk_cut(&disk);
	assert_int_equal(reopen(), POOL_OK);
	assert_int_equal(volume(v)->r.sectors, 24);
	assert_int_equal(volume(v)->r.levels, 1);
	assert_sound();
}

/* ---- reverts ---- */

static void revert(void **state)
{
	u32 v, first, second, third, clone;

	(void)state;
	make_pool(2048, 16, 20, 1);
	v = make_volume("v", POOL_INTEGRITY, 600 * GRANULE);
	write_value(v, 1, 1);
	write_value(v, 300, 1);
	first = snapshot(v, "first");
	write_value(v, 1, 2);
	write_value(v, 2, 2);
	second = snapshot(v, "second");
	write_value(v, 2, 3);
	write_value(v, 300, 3);
	third = snapshot(v, "third");
	write_value(v, 1, 4);
	commit();
	assert_int_equal(pool_clone(pool, third, "clone", uuid, &clone), POOL_OK);
	assert_int_equal(pool_revert(pool, &second, 1), POOL_EXISTS);
	assert_int_equal(pool_delete(pool, &clone, 1), POOL_OK);
	settle();
	assert_int_equal(pool_revert(pool, &v, 1), POOL_INVAL);
	assert_int_equal(pool_revert(pool, &second, 1), POOL_OK);
	assert_null(pool_volume_find(pool, "third"));
	/* What was let go still descends from them. */
	assert_int_equal(pool_delete(pool, &second, 1), POOL_AGAIN);
	assert_int_equal(pool_delete(pool, &first, 1), POOL_AGAIN);
	assert_int_equal(pool_revert(pool, &first, 1), POOL_AGAIN);
	volume(clone + 1)->is_stuck = true;		/* it can't be read */
	assert_int_equal(pool_delete(pool, &second, 1), POOL_IO);
	assert_int_equal(pool_revert(pool, &first, 1), POOL_IO);
	volume(clone + 1)->is_stuck = false;
	assert_int_equal(value_of(v, 1), 2);
	write_value(v, 2, 5);
	commit_and_cut();
	assert_sound();
	assert_int_equal(reopen(), POOL_OK);
	settle();
	assert_null(volume(third));
	assert_int_equal(value_of(v, 1), 2);
	assert_int_equal(value_of(v, 2), 5);
	assert_int_equal(value_of(v, 300), 1);
	assert_int_equal(value_of(second, 2), 2);
	assert_int_equal(pool_revert(pool, &first, 1), POOL_OK);
	settle();
	assert_null(volume(second));
	assert_int_equal(value_of(v, 1), 1);
	assert_int_equal(value_of(v, 2), 0);
	assert_int_equal(pool_delete(pool, &first, 1), POOL_OK);
	settle();
	assert_int_equal(volume(v)->r.own, volume(v)->r.mapped);
	assert_int_equal(pool->space.used_blocks, pool->label.log_blocks + POOL_LOG_BLOCK + 2 + 1 + 2 + 2 * 3);
}

/* The same snapshot twice before anything of the first time is gone, with a snapshot between that is let go as well. */
static void revert_again(void **state)
{
	u32 v, s;

	(void)state;
	make_pool(2048, 64, 20, 1);
	v = make_volume("v", POOL_INTEGRITY, 64 * GRANULE);
	write_granules(v, 0, 32);
	s = snapshot(v, "s");
	write_granules(v, 8, 40);
	commit();
	pool->reap.slice = 0;		/* nothing is deleted */
	assert_int_equal(pool_revert(pool, &s, 1), POOL_OK);
	list_remove(&pool->reap.job.link);
	write_granules(v, 4, 36);
	commit();
	snapshot(v, "between");
	write_value(v, 0, 9);
	commit();
	assert_int_equal(pool_revert(pool, &s, 1), POOL_OK);
	list_remove(&pool->reap.job.link);
	write_value(v, 5, 7);
	commit();
	assert_sound();
	sim_disk_cut(&disk);
	assert_int_equal(reopen(), POOL_OK);
	settle();
	assert_int_equal(value_of(v, 0), 1);
	assert_int_equal(value_of(v, 5), 7);
	assert_int_equal(value_of(v, 36), 0);
	assert_int_equal(volume(v)->r.own, 1);
	assert_int_equal(pool_delete(pool, &s, 1), POOL_OK);
	settle();
	assert_int_equal(volume(v)->r.own, 32);
}

/* The volume is as small as the snapshot again; both of a VM's disks go back, or neither. */
static void revert_two(void **state)
{
	static const char *const names[] = { "a", "b" };
	u32 v[2], s[2];

	(void)state;
	make_pool(768, 16, 20, 0);
	for (u32 i = 0; i < 2; i++) {
		v[i] = make_volume(names[i], POOL_INTEGRITY, 8 * GRANULE);
		write_value(v[i], 1, 1);
		s[i] = snapshot(v[i], i == 0 ? "as" : "bs");
		assert_int_equal(pool_resize(pool, v[i], 400 * GRANULE), POOL_OK);
		write_value(v[i], 1, 2);
		write_value(v[i], 399, 2);
	}
	commit();
	assert_int_equal(pool_revert(pool, s, 2), POOL_OK);
	sim_disk_cut(&disk);
	assert_int_equal(reopen(), POOL_OK);
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(value_of(v[i], 1), 2);
		assert_int_equal(value_of(v[i], 399), 2);
	}
	assert_int_equal(pool_revert(pool, s, 2), POOL_OK);
	commit();
	sim_disk_cut(&disk);
	assert_int_equal(reopen(), POOL_OK);
	settle();
	for (u32 i = 4; i < memory.volumes; i++)
		assert_null(pool_volume(pool, i));
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(volume(v[i])->r.sectors, 8 * GRANULE);
		assert_int_equal(value_of(v[i], 1), 1);
		assert_int_equal(pool_resize(pool, v[i], 400 * GRANULE), POOL_OK);
		assert_int_equal(value_of(v[i], 399), 0);
	}
}

/* ---- groups ---- */

static void write_chunks(u32 v, u32 count)
{
	for (u32 i = 0; i < count; i++)
		assert_int_equal(request(POOL_WRITE, v, (u64)i * POOL_CHUNK_SECTORS, POOL_CHUNK_SECTORS), POOL_OK);
}

static void make_two_thick(u32 blocks, u32 chunks, u32 v[2])
{
	make_pool(blocks, 16, 20, 0);
	for (u32 i = 0; i < 2; i++) {
		v[i] = make_thick(i == 0 ? "a" : "b", POOL_PLAIN, (u64)chunks * POOL_CHUNK_SECTORS, POOL_OK);
		write_chunks(v[i], chunks);
	}
	commit();
}

static bool is_named(const char *name)
{
	return pool_volume_find(pool, name) != NULL;
}

static void snapshots_beyond_the_room(void **state)
{
	struct pool_snapshot_spec specs[2] = { { .name = "as" }, { .name = "bs" } };
	u32 v[2], births;

	(void)state;
	make_two_thick(1024, 14, v);
	make_thick("c", POOL_PLAIN, 14 * POOL_CHUNK_SECTORS, POOL_OK);
	births = pool->super.birth;
	for (u32 i = 0; i < 2; i++)
		specs[i].volume = v[i];
	assert_int_equal(pool_snapshot(pool, specs, 2), POOL_NO_SPACE);
	assert_false(is_named("as") || is_named("bs"));
	assert_int_equal(pool->super.birth, births);
	assert_int_equal(pool_snapshot(pool, specs, 1), POOL_OK);
	settle();
}

static void snapshots_that_cannot_be(void **state)
{
	struct pool_snapshot_spec specs[3] = { { .name = "as" }, { .name = "bs" }, { .name = "cs" } };

	(void)state;
	make_pool(768, 16, 20, 0);
	for (u32 i = 0; i < 3; i++)
		specs[i].volume = make_volume((const char *const[]){ "a", "b", "c" }[i], POOL_PLAIN, 8);
	strcpy(specs[2].name, "as");
	assert_int_equal(pool_snapshot(pool, specs, 3), POOL_EXISTS);
	strcpy(specs[2].name, "b");
	assert_int_equal(pool_snapshot(pool, specs, 3), POOL_EXISTS);
	strcpy(specs[2].name, "");
	assert_int_equal(pool_snapshot(pool, specs, 3), POOL_INVAL);
	strcpy(specs[2].name, "cs");
	specs[2].volume = specs[0].volume;
	assert_int_equal(pool_snapshot(pool, specs, 3), POOL_EXISTS);
	specs[2].volume = 99;
	assert_int_equal(pool_snapshot(pool, specs, 3), POOL_NO_VOLUME);
	specs[2].volume = specs[1].volume + 1;
	pool->super.birth = ~0u - 3;
	assert_int_equal(pool_snapshot(pool, specs, 3), POOL_FULL);
	pool->super.birth = ~0u - 4;
	assert_int_equal(pool_snapshot(pool, specs, 3), POOL_OK);
	for (u32 i = 7; i < memory.volumes; i++)
		make_volume((const char[]){ (char)('g' + i), 0 }, POOL_PLAIN, 8);
	strcpy(specs[0].name, "more");
	strcpy(specs[1].name, "most");
	assert_int_equal(pool_snapshot(pool, specs, 2), POOL_FULL);
	assert_false(is_named("more"));
}

static void reverts_beyond_the_room(void **state)
{
	static const char *const names[] = { "as", "bs" };
	u32 v[2], s[2];

	(void)state;
	make_two_thick(832, 10, v);
	for (u32 i = 0; i < 2; i++) {
		s[i] = snapshot(v[i], names[i]);
		write_chunks(v[i], 8);
	}
	commit();
	assert_int_equal(pool_revert(pool, s, 2), POOL_NO_SPACE);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(volume(v[i])->r.own, 8);
	assert_int_equal(pool_revert(pool, (const u32[]){ s[0], s[0] }, 2), POOL_INVAL);
	assert_int_equal(pool_revert(pool, s, 1), POOL_OK);
	settle();
	assert_int_equal(pool_revert(pool, s + 1, 1), POOL_OK);
	settle();
}

/* A volume goes with its snapshots, of which one is being deleted already; all or none, also after a power cut. */
static void delete_with_snapshots(void **state)
{
	u32 v, s[3], clone, ids[3];
	u64 used;

	(void)state;
	make_pool(2048, 64, 20, 1);
	v = make_volume("v", POOL_INTEGRITY, 600 * GRANULE);
	used = pool->space.used_blocks;
	for (u32 i = 0; i < 3; i++) {
		write_granules(v, 10 * i, 10 * i + 20);
		s[i] = snapshot(v, (const char *const[]){ "s0", "s1", "s2" }[i]);
	}
	write_granules(v, 290, 310);
	commit();
	memcpy(ids, (const u32[]){ v, s[0], s[2] }, sizeof(ids));
	assert_int_equal(pool_clone(pool, s[2], "clone", uuid, &clone), POOL_OK);
	assert_int_equal(pool_delete(pool, ids, 3), POOL_EXISTS);
	assert_int_equal(pool_delete(pool, &clone, 1), POOL_OK);
	settle();
	assert_int_equal(pool_delete(pool, ids, 3), POOL_EXISTS);	/* s1 stays */
	assert_int_equal(pool_delete(pool, (const u32[]){ s[1], s[1] }, 2), POOL_INVAL);
	pool->reap.slice = 0;
	assert_int_equal(pool_delete(pool, &s[1], 1), POOL_OK);
	list_remove(&pool->reap.job.link);
	commit();
	assert_int_equal(pool_delete(pool, ids, 3), POOL_OK);
	list_remove(&pool->reap.job.link);
	assert_null(pool_volume_find(pool, "v"));
	sim_disk_cut(&disk);
	begin_open(1);
	sim_disk_drain(&disk);
	assert_int_equal(value_of(v, 0), 1);
	settle();
	assert_null(volume(s[1]));
	assert_int_equal(pool_delete(pool, ids, 3), POOL_OK);
	commit_and_cut();
	assert_sound();
	assert_int_equal(reopen(), POOL_OK);
	settle();
	assert_null(volume(v));
	assert_int_equal(pool->space.used_blocks, used);
}

/* ---- space ---- */

static void fill(u32 v)
{
	enum pool_status status = POOL_OK;

	for (u32 i = 0; status == POOL_OK; i++)
		status = request(POOL_WRITE, v, (u64)i * GRANULE, GRANULE);
	assert_int_equal(status, POOL_NO_SPACE);
}

/* Thin volumes take all that they get, also what becomes free in pieces; then each granule of the thick one can still
 * be written, again and again. */
static void thick(enum pool_kind kind, u32 granules)
{
	u32 unit = kind == POOL_PLAIN ? POOL_CHUNK_SECTORS : GRANULE, t, v, w, x;
	struct pool_space space;

	make_pool(1024, 16, 20, 0);
	make_thick("large", kind, 1024ull * 8, POOL_NO_SPACE);
	t = make_thick("t", kind, (u64)granules * unit, POOL_OK);
	v = make_volume("v", POOL_INTEGRITY, 2000 * GRANULE);
	w = make_volume("w", POOL_PLAIN, 200 * POOL_CHUNK_SECTORS);
	x = make_volume("x", POOL_INTEGRITY, 2000 * GRANULE);
	for (u32 i = 0; i < 60; i++) {
		request(POOL_WRITE, w, (u64)i * POOL_CHUNK_SECTORS, POOL_CHUNK_SECTORS);
		request(POOL_WRITE, v, (u64)i * 7 * GRANULE, GRANULE);
		request(POOL_WRITE, x, (u64)i * GRANULE, GRANULE);
	}
	fill(v);
	commit();
	assert_int_equal(pool_delete(pool, &x, 1), POOL_OK);
	settle();
	fill(v);
	pool_space_get(pool, &space);
	assert_int_equal(space.free_blocks, 0);
	assert_int_equal(pool_space_percent(&space), 100);
	for (u32 round = 0; round < 3; round++)
		for (u32 i = 0; i < granules; i++)
			assert_int_equal(request(POOL_WRITE, t, (u64)i * unit, unit), POOL_OK);
	assert_int_equal(pool_resize(pool, t, (u64)granules * 50 * unit), POOL_NO_SPACE);	/* whatever is freed */
	assert_int_equal(try_snapshot(t, "s", &w), POOL_AGAIN);
	commit();
	assert_int_equal(try_snapshot(t, "s", &w), POOL_NO_SPACE);
	assert_int_equal(pool_resize(pool, t, (u64)granules * 2 * unit), POOL_NO_SPACE);
	settle();
	assert_int_equal(reopen(), POOL_OK);
	for (u32 i = 0; i < granules; i++)
		assert_int_equal(request(POOL_WRITE, t, (u64)i * unit, unit), POOL_OK);
}

static void thick_plain(void **state)
{
	(void)state;
	thick(POOL_PLAIN, 20);
}

static void thick_integrity(void **state)
{
	(void)state;
	thick(POOL_INTEGRITY, 300);
}

/* Holes in what a snapshot has free nothing, and need nodes: they must not take the pool's reserve. */
static void holes_of_a_full_pool(void **state)
{
	const u32 leaves = 60;
	struct pool_space space;
	u32 v, w;

	(void)state;
	make_pool(768, 64, 12, 0);
	v = make_volume("v", POOL_INTEGRITY, (u64)leaves * LEAF * GRANULE);
	w = make_volume("w", POOL_INTEGRITY, 2000 * GRANULE);
	for (u32 i = 0; i < leaves; i++) {
		write_value(v, (u64)i * LEAF, 1);
		write_value(v, (u64)i * LEAF + 1, 1);
	}
	snapshot(v, "s");
	fill(w);
	for (u32 i = 0; i < leaves; i++)
		request(POOL_DISCARD, v, (u64)i * LEAF * GRANULE, GRANULE);
	settle();
	assert_false(pool->is_failed);
	pool_space_get(pool, &space);
	assert_true(pool->space.free_blocks >= pool->space.reserve);
	assert_int_equal(pool_delete(pool, &w, 1), POOL_OK);
	settle();
	assert_int_equal(request(POOL_DISCARD, v, (u64)(leaves - 1) * LEAF * GRANULE, GRANULE), POOL_OK);
}

static void accounts(void **state)
{
	struct pool_space space;
	u64 blocks;

	(void)state;
	make_pool(1024, 16, 20, 0);
	commit();
	pool_space_get(pool, &space);
	assert_int_equal(pool_space_percent(&space), 0);
	blocks = space.free_blocks;
	make_thick("t", POOL_PLAIN, (blocks * 81 / 100) / 16 * POOL_CHUNK_SECTORS, POOL_OK);
	pool_space_get(pool, &space);
	assert_in_range(pool_space_percent(&space), 79, 85);
	assert_int_equal(pool_delete(pool, &pool_volume_find(pool, "t")->id, 1), POOL_OK);
	settle();
	pool_space_get(pool, &space);
	assert_int_equal(space.kept_blocks, 0);
	assert_int_equal(pool_space_percent(&space), 0);
}

/* ---- reserves ---- */

/* Chunks of a volume are written from `at` on, `count` at most: how many there was room for. */
static u32 fill_chunks(u32 v, u32 at, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		enum pool_status status = request(POOL_WRITE, v, (u64)(at + i) * POOL_CHUNK_SECTORS,
			POOL_CHUNK_SECTORS);

		if (status == POOL_NO_SPACE)
			return i;
		assert_int_equal(status, POOL_OK);
	}
	return count;
}

/* What is kept for a volume nobody else takes, also none that something is kept for; no more of it is kept. */
static void reserves(void **state)
{
	(void)state;
	for (u32 kind = POOL_PLAIN; kind <= POOL_INTEGRITY; kind++) {
		u32 v, w, x, s;

		make_pool(2048, 16, 20, 0);
		v = make_volume("v", (enum pool_kind)kind, 100 * POOL_CHUNK_SECTORS);
		w = make_volume("w", (enum pool_kind)kind, 200 * POOL_CHUNK_SECTORS);
		x = make_volume("x", (enum pool_kind)kind, 100 * POOL_CHUNK_SECTORS);
		assert_int_equal(fill_chunks(v, 0, 2), 2);
		assert_int_equal(pool_reserve(pool, v, 101 * POOL_CHUNK_SECTORS), POOL_INVAL);
		assert_int_equal(pool_reserve(pool, w, 200 * POOL_CHUNK_SECTORS), POOL_NO_SPACE);
		assert_int_equal(pool_reserve(pool, v, 16 * POOL_CHUNK_SECTORS), POOL_OK);
		assert_int_equal(pool_reserve(pool, x, 4 * POOL_CHUNK_SECTORS), POOL_OK);
		commit();
		assert_in_range(fill_chunks(w, 0, 200), 60, 120);
		assert_int_equal(try_snapshot(v, "s", &s), POOL_NO_SPACE);
		commit();
		sim_disk_cut(&disk);
		assert_int_equal(reopen(), POOL_OK);
		assert_int_equal(fill_chunks(v, 50, 14), 14);
		assert_in_range(fill_chunks(v, 10, 40), 0, 8);		/* whatever was left for all */
		assert_int_equal(fill_chunks(v, 50, 14), 14);		/* its own, again */
		assert_int_equal(fill_chunks(w, 150, 1), 0);
		assert_int_equal(fill_chunks(x, 0, 4), 4);
		assert_int_equal(pool_reserve(pool, x, 0), POOL_OK);
		commit();
		assert_int_equal(pool_delete(pool, &v, 1), POOL_OK);
		settle();
		assert_int_equal(fill_chunks(w, 150, 8), 8);
		free_pool(state);
	}
	make_pool(768, 16, 20, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(grow, free_pool),
		cmocka_unit_test_teardown(grow_and_cut, free_pool),
		cmocka_unit_test_teardown(revert, free_pool),
		cmocka_unit_test_teardown(revert_again, free_pool),
		cmocka_unit_test_teardown(revert_two, free_pool),
		cmocka_unit_test_teardown(snapshots_beyond_the_room, free_pool),
		cmocka_unit_test_teardown(snapshots_that_cannot_be, free_pool),
		cmocka_unit_test_teardown(reverts_beyond_the_room, free_pool),
		cmocka_unit_test_teardown(delete_with_snapshots, free_pool),
		cmocka_unit_test_teardown(thick_plain, free_pool),
		cmocka_unit_test_teardown(thick_integrity, free_pool),
		cmocka_unit_test_teardown(holes_of_a_full_pool, free_pool),
		cmocka_unit_test_teardown(accounts, free_pool),
		cmocka_unit_test_teardown(reserves, free_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
