/* SPDX-License-Identifier: MIT */
/*
 * What a volume or a snapshot has written, and what is newer than a snapshot before it: the judge is what reads of both
 * return.
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

#define UNITS 1024u
#define UNIT POOL_CHUNK_SECTORS
#define STEPS 60u

static u8 bits[POOL_SURVEY_UNITS];
static u64 random_state = 0x9e3779b97f4a7c15u;

static u32 rng_below(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)(random_state >> 20) % n;
}

static enum pool_status try_survey(u32 id, u64 sector, u32 sectors, u32 since)
{
	static enum pool_status status;
	static struct pool_request r;
	enum pool_status submitted;

	status = POOL_STATUS_COUNT;
	r = (struct pool_request){ .op = POOL_SURVEY, .volume = id, .sector = sector, .sectors = sectors,
		.data = bits, .since = since, .done = ended, .context = &status };
	memset(bits, 0xff, sizeof(bits));
	submitted = pool_submit(pool, &r);
	if (submitted != POOL_OK)
		return submitted;
	sim_disk_drain(&disk);
	return status;
}

static u32 birth_of(u32 id)
{
	return volume(id)->r.birth;
}

static void read_unit(u32 id, u64 unit, u8 *to)
{
	assert_int_equal(request(POOL_READ, id, unit * UNIT, UNIT), POOL_OK);
	memcpy(to, data, POOL_CHUNK_BLOCKS * POOL_BLOCK);
}

/* Writes, holes and zeros at random places; *touched has the units of them. */
static void change(u32 id, u32 units, bool *touched)
{
	static const enum pool_op ops[] = { POOL_WRITE, POOL_WRITE, POOL_DISCARD, POOL_WRITE_ZEROES };

	for (u32 i = 0; i < STEPS; i++) {
		u32 unit = rng_below(units), first = rng_below(16) * 8;
		enum pool_op op = ops[rng_below(4)];
		u32 count = op == POOL_WRITE ? 8 : UNIT - first;

		memset(data, (int)(1 + rng_below(255)), sizeof(data));
		assert_int_equal(request(op, id, (u64)unit * UNIT + first, count), POOL_OK);
		touched[unit] = true;
		if (rng_below(8) == 0)
			commit();
	}
}

/* All that differs is told, and what was not touched is not; what is told as not written is zero. */
static void compare(u32 old, u32 new, u32 units, const bool *touched)
{
	static u8 before[POOL_CHUNK_BLOCKS * POOL_BLOCK], after[POOL_CHUNK_BLOCKS * POOL_BLOCK];
	static const u8 zeros[POOL_CHUNK_BLOCKS * POOL_BLOCK];
	static u8 told[POOL_SURVEY_UNITS];

	assert_int_equal(try_survey(new, 0, units * UNIT, old != 0 ? birth_of(old) : 0), POOL_OK);
	memcpy(told, bits, sizeof(told));
	for (u32 unit = 0; unit < units; unit++) {
		bool is_changed = (told[unit] & POOL_UNIT_CHANGED) != 0;

		read_unit(new, unit, after);
		memset(before, 0, sizeof(before));
		if (old != 0)
			read_unit(old, unit, before);
		if (memcmp(before, after, sizeof(after)) != 0)
			assert_true(is_changed);
		if ((told[unit] & POOL_UNIT_WRITTEN) == 0)
			assert_memory_equal(after, zeros, sizeof(zeros));
		else if (is_changed && old != 0)
			assert_true(touched[unit]);
	}
}

static void random_changes(enum pool_kind kind)
{
	u32 v, before = 0;

	make_pool(65536, 64, 40, 0);
	v = make_volume("v", kind, (u64)UNITS * UNIT);
	for (u32 round = 0; round < 4; round++) {
		bool touched[UNITS] = { false };
		char name[8];
		u32 now;

		change(v, UNITS, touched);
		snprintf(name, sizeof(name), "s%u", round);
		now = snapshot(v, name);
		if (round == 2)
			assert_int_equal(reopen(), POOL_OK);
		compare(before, now, UNITS, touched);
		compare(0, now, UNITS, touched);
		before = now;
	}
	assert_sound();
}

static void plain(void **state)
{
	(void)state;
	random_changes(POOL_PLAIN);
}

static void integrity(void **state)
{
	(void)state;
	random_changes(POOL_INTEGRITY);
}

/* A map of 65 leaves, of which one has changed: the others are not read. */
static void old_nodes_are_not_read(void **state)
{
	const u32 units = POOL_SURVEY_UNITS;
	u32 v, one, two;
	u64 reads;

	(void)state;
	make_pool(65536, 64, 40, 0);
	v = make_volume("v", POOL_PLAIN, (u64)units * 4 * UNIT);
	for (u64 unit = 0; unit < 4ull * units; unit += 200)
		assert_int_equal(request(POOL_WRITE, v, unit * UNIT, 8), POOL_OK);
	one = snapshot(v, "one");
	assert_int_equal(request(POOL_WRITE, v, 5000ull * UNIT, 8), POOL_OK);
	two = snapshot(v, "two");
	assert_int_equal(reopen(), POOL_OK);
	reads = disk.reads_done;
	for (u64 from = 0; from < 4; from++) {
		assert_int_equal(try_survey(two, from * units * UNIT, units * UNIT, birth_of(one)), POOL_OK);
		for (u32 i = 0; i < units; i++)
			if (from * units + i == 5000)
				assert_int_equal(bits[i], POOL_UNIT_WRITTEN | POOL_UNIT_CHANGED);
			else if ((from * units + i) % 200 == 0)
				assert_int_equal(bits[i] & POOL_UNIT_CHANGED, 0);
	}
	assert_true(disk.reads_done - reads <= 2);
	assert_sound();
}

/* Of more than the cache holds, and beside requests of others. */
static void refuses(void **state)
{
	u32 v, s;

	(void)state;
	make_pool(65536, 64, 40, 0);
	v = make_volume("v", POOL_PLAIN, 100 * UNIT + 8);
	s = snapshot(v, "s");
	assert_int_equal(try_survey(v, 0, 100 * UNIT + 8, 0), POOL_OK);
	for (u32 i = 0; i < 101; i++)
		assert_int_equal(bits[i], POOL_UNIT_CHANGED);
	assert_int_equal(bits[101], 0xff);
	assert_int_equal(try_survey(v, 8, UNIT, 0), POOL_INVAL);
	assert_int_equal(try_survey(v, 0, 0, 0), POOL_INVAL);
	assert_int_equal(try_survey(v, UNIT, 100 * UNIT, 0), POOL_INVAL);
	assert_int_equal(try_survey(v, 0, UNIT, 1), POOL_INVAL);	/* the newest state is still being written */
	assert_int_equal(try_survey(s, 0, UNIT, 1), POOL_OK);
	assert_int_equal(try_survey(s + 1, 0, UNIT, 0), POOL_NO_VOLUME);
	v = make_volume("large", POOL_PLAIN, 2ull * POOL_SURVEY_UNITS * UNIT);
	assert_int_equal(try_survey(v, 0, POOL_SURVEY_UNITS * UNIT + 8, 0), POOL_INVAL);
	assert_int_equal(try_survey(v, 0, POOL_SURVEY_UNITS * UNIT, 0), POOL_OK);
}

/* A node that can't be read ends it with that error. */
static void damaged(void **state)
{
	u32 v, s;

	(void)state;
	make_pool(65536, 64, 40, 0);
	v = make_volume("v", POOL_PLAIN, (u64)UNITS * UNIT);
	assert_int_equal(request(POOL_WRITE, v, 0, 8), POOL_OK);
	s = snapshot(v, "s");
	assert_int_equal(reopen(), POOL_OK);
	memset(disk.now + volume(s)->r.root.block * POOL_BLOCK + 100, 0x55, 8);
	assert_int_equal(try_survey(s, 0, UNIT, 0), POOL_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(plain, free_pool),
		cmocka_unit_test_teardown(integrity, free_pool),
		cmocka_unit_test_teardown(old_nodes_are_not_read, free_pool),
		cmocka_unit_test_teardown(refuses, free_pool),
		cmocka_unit_test_teardown(damaged, free_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
