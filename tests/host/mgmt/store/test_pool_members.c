/* SPDX-License-Identifier: MIT */
/*
 * Mirrors in the store: made, opened by either member, in any order; a disk that fails, is lost, comes back or is
 * replaced while a VM has a volume there.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pool_size.h"
#include "pool_words.h"
#include "rt_time.h"
#include "vm_layout.h"

static int setup(void **state)
{
	(void)state;
	bench_setup();
	return 0;
}

/* A partition that root calls `volume`, of a mirror `pool`. */
static enum store_error create_sized(u32 disk, const char *volume, const char *pool, u8 last, u64 bytes)
{
	struct store_order order = { .op = STORE_CREATE, .slot = disk, .bytes = bytes,
		.flags = STORE_IS_POOL | STORE_IS_MEMBER };

	strcpy(order.volume, volume);
	strcpy(order.disk, pool);
	memset(order.guid, 7, sizeof(order.guid));
	order.guid[STORE_GUID_BYTES - 1] = last;
	return bench_answer(bench_send(order));
}

static enum store_error create_member(u32 disk, const char *volume, const char *pool, u8 last)
{
	return create_sized(disk, volume, pool, last, 12 * MIB_BYTES);
}

static void make_mirror(void)
{
	assert_int_equal(create_member(0, "p", "p", 0), STORE_OK);
	assert_int_equal(create_member(1, "q", "p", 1), STORE_OK);
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
}

static void expect_members(enum store_member_state first, enum store_member_state second)
{
	assert_int_equal(view.pool[0].error, STORE_OK);
	assert_int_not_equal(view.pool[0].flags & STORE_IS_MEMBER, 0);
	assert_int_equal(view.pool[0].member[0], first);
	assert_int_equal(view.pool[0].member[1], second);
}

/* The name under which root knows the partition of a disk. */
static const char *part_on(u32 disk)
{
	for (u32 number = 1; number <= STORE_PARTITIONS; number++)
		if (view.part[disk][number].extent == STORE_EXTENT_POOL)
			return view.part[disk][number].volume;
	return "none";
}

static enum store_error join(u32 disk, u32 flags)
{
	struct store_order order = { .op = STORE_JOIN, .flags = flags };
	const struct store_report *part = bench_part(part_on(disk));

	order.slot = disk;
	if (part != NULL)
		memcpy(order.guid, part->guid, sizeof(order.guid));
	return bench_answer(bench_send(order));
}

static void a_mirror(void **state)
{
	const struct store_report *a, *b;

	(void)state;
	make_mirror();
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	a = bench_part(part_on(0));
	b = bench_part(part_on(1));
	assert_string_equal(a->volume, "p");
	assert_string_equal(a->label, "p");
	assert_string_equal(b->volume, "d1p1");
	assert_string_equal(b->label, "p");
	assert_int_not_equal(a->flags & STORE_IS_MEMBER, 0);
	assert_int_not_equal(b->flags & STORE_IS_MEMBER, 0);
	assert_memory_equal(a->guid, b->guid, STORE_GUID_BYTES - 1);
	assert_int_equal(store_member(a->guid), 0);
	assert_int_equal(store_member(b->guid), 1);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	assert_int_equal(join(1, 0), STORE_EXISTS);
	assert_int_equal(bench_delete(1, "d1p1"), STORE_BUSY);
	bench_boot();
	assert_int_equal(bench_open_pool(0, part_on(1)), STORE_OK);
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	assert_int_equal(bench_attach_again(0, "v"), STORE_OK);
	assert_true(reads(0, 0, PATTERN, 3));
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_close_pool(0), STORE_OK);
	assert_int_equal(bench_delete(1, part_on(1)), STORE_OK);
	assert_int_equal(bench_delete(0, part_on(0)), STORE_OK);
}

/* Either disk fails: the VM notices nothing, and root is told. The other one has all; the first gets it back. */
static void a_disk_that_fails(void **state)
{
	(void)state;
	for (u32 bad = 0; bad < 2; bad++) {
		bench_setup();
		make_mirror();
		assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
		bench_disk[bad].fail_at = bench_disk[bad].writes + 1;
		bench_disk[bad].fails_reads = true;
		assert_int_equal(write_all(0, 4096, PATTERN, 4), BLK_OK);
		assert_true(reads(0, 0, PATTERN, 3));
		assert_true(reads(0, 4096, PATTERN, 4));
		expect_members(bad == 0 ? STORE_MEMBER_GONE : STORE_MEMBER_GOOD,
			bad == 0 ? STORE_MEMBER_GOOD : STORE_MEMBER_GONE);
		assert_int_equal(join(bad, 0), STORE_IO);
		bench_disk[bad].fail_at = 0;
		bench_disk[bad].fails_reads = false;
		assert_int_equal(join(bad, 0), STORE_OK);
		bench_run();
		expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
		bench_disk[1 - bad].fails_reads = true;
		bench_disk[1 - bad].fail_at = bench_disk[1 - bad].writes + 1;
		assert_int_equal(write_all(0, 8192, PATTERN, 5), BLK_OK);
		assert_true(reads(0, 0, PATTERN, 3));
		assert_true(reads(0, 4096, PATTERN, 4));
	}
}

/* It is pulled out, and put back. */
static void a_disk_that_is_lost(void **state)
{
	(void)state;
	make_mirror();
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	bench_driver_again(0, true);
	bench_run();
	expect_members(STORE_MEMBER_GONE, STORE_MEMBER_GOOD);
	assert_true(reads(0, 0, PATTERN, 3));
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
	assert_int_equal(join(0, 0), STORE_NO_DISK);
	bench_driver_again(0, false);
	bench_run();
	assert_int_equal(join(0, 0), STORE_OK);
	bench_run();
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	bench_driver_again(1, true);
	bench_run();
	assert_true(reads(0, 0, PATTERN, 4));
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GONE);
}

/* Then the pool has failed, as one on one disk; it opens again when they are back. */
static void both_are_lost(void **state)
{
	(void)state;
	make_mirror();
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	bench_driver_again(0, true);
	bench_driver_again(1, true);
	bench_run();
	assert_int_equal(view.pool[0].error, STORE_NO_DISK);
	assert_int_not_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
	bench_driver_again(1, false);
	bench_run();
	bench_pass(NS_PER_S);
	bench_driver_again(0, false);
	bench_run();
	bench_pass(64 * NS_PER_S);
	bench_run();
	assert_int_equal(view.pool[0].error, STORE_OK);
	assert_true(reads(0, 0, PATTERN, 3));
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
}

/* One alone that does not know that it has all is not opened; who insists gets what it has, and never mixes the two. */
static void a_disk_alone(void **state)
{
	struct store_order order = { .op = STORE_OPEN_POOL, .link = 0, .bytes = BENCH_ARENA, .flags = STORE_FORCED };

	(void)state;
	make_mirror();
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	bench_driver_again(1, true);
	bench_run();
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);	/* the other one is older from here on */
	bench_boot();
	bench_driver_again(0, true);
	bench_run();
	assert_int_equal(bench_open_pool(0, part_on(1)), STORE_MISSING);
	bench_driver_again(0, false);
	bench_driver_again(1, true);
	bench_run();
	assert_int_equal(bench_open_pool(0, part_on(0)), STORE_OK);
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GONE);
	assert_int_equal(bench_attach_again(0, "v"), STORE_OK);
	assert_true(reads(0, 0, PATTERN, 4));
	bench_boot();
	bench_driver_again(0, true);
	bench_run();
	order.slot = 1;
	memcpy(order.guid, bench_part(part_on(1))->guid, sizeof(order.guid));
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_attach_again(0, "v"), STORE_OK);
	assert_true(reads(0, 0, PATTERN, 3));
	bench_boot();
	assert_int_equal(bench_open_pool(0, part_on(0)), STORE_SPLIT);
}

static void a_new_disk(void **state)
{
	(void)state;
	make_mirror();
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	assert_int_equal(create_member(2, "r", "p", 2 | 0), STORE_OK);
	assert_int_equal(join(2, 0), STORE_NO_POOL);		/* nobody has said that it is to replace one */
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	bench_driver_again(0, true);
	bench_run();
	assert_int_equal(write_all(0, 4096, PATTERN, 4), BLK_OK);
	assert_int_equal(join(2, STORE_FORCED), STORE_OK);
	bench_run();
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	bench_driver_again(0, false);				/* the old one is none any more */
	bench_run();
	assert_int_equal(join(0, 0), STORE_NO_POOL);
	bench_driver_again(1, true);
	bench_run();
	assert_true(reads(0, 0, PATTERN, 3));
	assert_true(reads(0, 4096, PATTERN, 4));
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GONE);
	bench_boot();
	assert_int_equal(bench_open_pool(0, part_on(0)), STORE_OK);
	bench_run();
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	assert_int_equal(bench_attach_again(0, "v"), STORE_OK);
	assert_true(reads(0, 4096, PATTERN, 4));
}

/* The old disk is there, and is the one that root has opened the pool by: its partition can be deleted then. */
static void the_disk_that_was_opened(void **state)
{
	(void)state;
	make_mirror();
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	assert_int_equal(create_member(2, "r", "p", 2 | 0), STORE_OK);
	assert_int_equal(join(2, STORE_FORCED), STORE_OK);
	bench_run();
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	assert_int_equal(bench_delete(0, part_on(0)), STORE_OK);
	assert_true(reads(0, 0, PATTERN, 3));
	bench_driver_again(1, true);
	bench_run();
	assert_true(reads(0, 0, PATTERN, 3));
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
	bench_driver_again(1, false);
	bench_run();
	assert_int_equal(join(1, 0), STORE_OK);
	bench_run();
	bench_driver_again(2, true);
	bench_run();
	assert_true(reads(0, 0, PATTERN, 4));
}

/* The power fails when a replace-disk has made its partition, and no more: both disks are as they were. */
static void a_replacement_that_was_cut(void **state)
{
	(void)state;
	for (u32 member = 0; member < 2; member++) {
		bench_setup();
		make_mirror();
		assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
		assert_int_equal(create_member(2, "r", "p", (u8)(2 | member)), STORE_OK);
		bench_boot();
		assert_int_equal(bench_open_pool(0, part_on(1 - member)), STORE_OK);
		expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
		assert_int_equal(view.pool[0].member_turn[member], 0);
		assert_int_equal(bench_attach_again(0, "v"), STORE_OK);
		assert_true(reads(0, 0, PATTERN, 3));
		bench_driver_again(1 - member, true);
		bench_run();
		assert_true(reads(0, 0, PATTERN, 3));
		assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
	}
}

/* A disk that is much larger says that it is the other one: the pool has the memory that root has given it for the
 * partition which it named. */
static void a_larger_disk(void **state)
{
	u64 bytes = pool_arena_of(8 * MIB_BYTES / BLK_SECTOR_BYTES, true);
	struct store_order order = { .op = STORE_OPEN_POOL, .bytes = bytes };
	u8 *behind = (u8 *)STORE_POOLS + bytes;

	(void)state;
	assert_int_equal(create_sized(0, "p", "p", 0, 8 * MIB_BYTES), STORE_OK);
	assert_int_equal(create_sized(1, "q", "p", 2, 13 * MIB_BYTES), STORE_OK);
	memcpy(order.guid, bench_part(part_on(0))->guid, sizeof(order.guid));
	memset(behind, 0x55, BENCH_ARENA - bytes);
	(void)bench_answer(bench_send(order));
	for (u64 i = 0; i < BENCH_ARENA - bytes; i++)
		assert_int_equal(behind[i], 0x55);
}

/* Each half of a mirror says what it is; that one alone does not count is for root. */
static void a_half_that_is_exported(void **state)
{
	struct gpt_part part = bench_part_of(true, 7, 1, "p");

	(void)state;
	memcpy(part.type, gpt_type_pool, sizeof(part.type));
	part.is_member = part.is_imported = part.is_exported = true;
	bench_write_table(1, &part, 1);
	bench_boot();
	assert_string_not_equal(part_on(1), "none");
	assert_int_equal(bench_part(part_on(1))->flags & (STORE_IS_IMPORTED | STORE_IS_EXPORTED),
		STORE_IS_IMPORTED | STORE_IS_EXPORTED);
}

/* Orders that make no sense change nothing. */
static void hostile_joins(void **state)
{
	struct store_order order = { .op = STORE_JOIN, .link = STORE_POOLS_MAX, .slot = 1 };

	(void)state;
	make_mirror();
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);
	order.link = 1;
	assert_int_equal(bench_answer(bench_send(order)), STORE_NO_POOL);
	order.link = 0;
	strcpy(order.volume, "nobody");
	assert_int_equal(bench_answer(bench_send(order)), STORE_NO_VOLUME);
	assert_int_equal(bench_create_pool(2, "x", 12 * MIB_BYTES, 9), STORE_OK);
	assert_int_equal(join(2, STORE_FORCED), STORE_NO_POOL);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	expect_members(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_mirror, setup), cmocka_unit_test_setup(a_disk_that_fails, setup),
		cmocka_unit_test_setup(a_disk_that_is_lost, setup), cmocka_unit_test_setup(both_are_lost, setup),
		cmocka_unit_test_setup(a_disk_alone, setup), cmocka_unit_test_setup(a_new_disk, setup),
		cmocka_unit_test_setup(hostile_joins, setup), cmocka_unit_test_setup(the_disk_that_was_opened, setup),
		cmocka_unit_test_setup(a_replacement_that_was_cut, setup), cmocka_unit_test_setup(a_larger_disk, setup),
		cmocka_unit_test_setup(a_half_that_is_exported, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
