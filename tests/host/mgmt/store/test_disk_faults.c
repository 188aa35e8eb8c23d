/* SPDX-License-Identifier: MIT */
/*
 * Disks with damaged tables, that fail, lie, come and go, and stores and drivers that die, with volumes on them.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "store_bench.h"

static int setup(void **state)
{
	(void)state;
	bench_setup();
	return 0;
}

/* ---- zeroing ---- */

/* A partition that can't be zeroed stays what it is. */
static void zeroing_fails(void **state)
{
	(void)state;
	bench_disk[0].info.features = BLK_CAN_FLUSH;
	bench_disk[0].info.max_zero_sectors = 0;
	bench_boot();
	assert_int_equal(bench_create(0, "a", 2 * MIB_BYTES, 1), STORE_OK);
	bench_fill(0, MIB_BYTES, 2 * MIB_BYTES, 0x5a);
	bench_disk[0].fail_at = bench_disk[0].writes + 4;	/* two of the table's writes, the header, then zeros */
	assert_int_equal(bench_delete(0, "a"), STORE_OK);
	assert_int_equal(view.part[0][1].extent, STORE_EXTENT_ZEROING);
	assert_int_equal(bench_create(0, "b", 13 * MIB_BYTES, 2), STORE_FULL);
	bench_disk[0].fail_at = 0;
	bench_boot();
	assert_int_equal(view.part[0][1].extent, STORE_EXTENT_GONE);
}

/* Nor does the store try for ever what fails for ever: the zeros are there, the entry can't be removed. */
static void removing_fails(void **state)
{
	u32 writes;

	(void)state;
	bench_disk[0].info.features = BLK_CAN_FLUSH;
	bench_disk[0].info.max_zero_sectors = 0;
	bench_boot();
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_OK);
	writes = bench_disk[0].writes;
	bench_disk[0].fail_at = writes + 4;
	assert_int_equal(bench_delete(0, "a"), STORE_OK);
	assert_int_equal(view.part[0][1].extent, STORE_EXTENT_ZEROING);
	assert_in_range(bench_disk[0].writes, writes + 4, writes + 10);
	bench_disk[0].fail_at = 0;
	bench_driver_again(0, false);
	bench_run();
	bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 14, 14);
}

/* Deleted blocks are discarded where that is all that a disk can; it may do that, not do it, or fail. */
static void discards_are_hints(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++) {
		u32 writes;

		bench_setup();
		bench_disk[0].info.features = BLK_CAN_FLUSH | BLK_CAN_DISCARD;
		bench_disk[0].unmaps = i == 0;
		bench_disk[0].fails_zeroes = i == 2;
		bench_boot();
		assert_int_equal(bench_create(0, "a", 12 * MIB_BYTES, 1), STORE_OK);
		bench_fill(0, MIB_BYTES, 12 * MIB_BYTES, 0x5a);
		writes = bench_disk[0].writes;
		assert_int_equal(bench_delete(0, "a"), STORE_OK);
		assert_true(bench_is_all(0, MIB_BYTES, 14 * MIB_BYTES, 0));
		assert_int_equal(bench_disk[0].discarded_sectors, i < 2 ? 12 * MIB_SECTORS : 0);
		assert_true((bench_disk[0].writes - writes < 20) == (i == 0));
		bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 14, 14);
	}
}

static void blocks_that_cannot_be_read(void **state)
{
	(void)state;
	bench_disk[0].info.features = BLK_CAN_FLUSH;
	bench_disk[0].info.max_zero_sectors = 0;
	bench_boot();
	assert_int_equal(bench_create(0, "a", 3 * MIB_BYTES, 1), STORE_OK);
	bench_fill(0, MIB_BYTES, 3 * MIB_BYTES, 0x5a);
	bench_disk[0].bad_sector = 2 * MIB_SECTORS + 77;
	assert_int_equal(bench_delete(0, "a"), STORE_OK);
	bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 14, 14);
	assert_true(bench_is_all(0, MIB_BYTES, 3 * MIB_BYTES, 0));
}

/* ---- disks that fail, come and go ---- */

static void damage_is_told_and_repaired(void **state)
{
	(void)state;
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_OK);
	bench_fill(0, 512 + 20, 1, 1);		/* the first header */
	bench_boot();
	bench_expect(0, STORE_TABLE_RECOVERED, STORE_FAULT_HEADER, 13, 13);
	assert_non_null(bench_part("a"));
	assert_int_equal(bench_create(0, "b", MIB_BYTES, 2), STORE_OK);
	bench_boot();
	bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 12, 12);
	bench_fill(0, BENCH_BYTES - 512 - 7, 1, 1);	/* the second one's entries */
	bench_fill(0, 0, 512, 0);			/* and the MBR */
	bench_boot();
	bench_expect(0, STORE_TABLE_RECOVERED, STORE_FAULT_CHECKSUM, 12, 12);
	assert_int_equal(bench_delete(0, "b"), STORE_OK);
	bench_boot();
	bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 13, 13);
	assert_int_equal(gpt_judge_mbr(bench_disk[0].data, 512), GPT_MBR_PROTECTIVE);
	bench_fill(0, 1024 + 3, 1, 1);
	bench_fill(0, BENCH_BYTES - 512 - 7, 1, 1);
	bench_boot();
	bench_expect(0, STORE_TABLE_DAMAGED, STORE_FAULT_CHECKSUM, 0, 0);
	assert_int_equal(bench_create(0, "c", MIB_BYTES, 3), STORE_NOT_EMPTY);
}

/* Each write fails in turn: the order does, and what the disk has is what is told and what is there after a boot. */
static void failing_writes(void **state)
{
	u32 ok = 0;

	(void)state;
	for (u32 at = 1; ok < 2; at++) {
		bool has_a;

		bench_setup();
		bench_disk[0].fail_at = at;
		ok += bench_create(0, "a", 2 * MIB_BYTES, 1) == STORE_OK;
		has_a = bench_part("a") != NULL;
		bench_disk[0].fail_at = 0;
		assert_int_equal(view.disk[0].kind, STORE_DISK);
		bench_boot();
		assert_int_equal(bench_part("a") != NULL, has_a);
		if (!has_a)
			assert_int_equal(bench_create(0, "a", 2 * MIB_BYTES, 1), STORE_OK);
		assert_int_equal(bench_create(0, "b", 2 * MIB_BYTES, 2), STORE_OK);
		assert_non_null(bench_part("b"));
	}
}

/* A VM's requests are neither lost nor failed by a restart of the store, whatever of them was under way. */
static void the_store_dies(void **state)
{
	u32 errors = 0, done = 0;

	(void)state;
	assert_int_equal(bench_create(0, "a", 2 * MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_create(1, "b", 2 * MIB_BYTES, 2), STORE_OK);
	assert_int_equal(bench_attach(0, "a", NULL), STORE_OK);
	assert_int_equal(bench_attach(1, "b", NULL), STORE_OK);
	memset(bench_data(0), 0x77, 4096);
	for (u32 round = 0; round < 20; round++) {
		for (u32 i = 0; i < 10; i++)
			bench_submit(0, BLK_WRITE, 8 * (round * 10 + i), 8);
		bench_submit(1, BLK_READ, 0, 8);
		bench_run_some(round);
		bench_boot();
		assert_int_equal(bench_attach_again(0, "a"), STORE_OK);
		assert_int_equal(bench_attach_again(1, "b"), STORE_OK);
		done += bench_completed(0, &errors) + bench_completed(1, &errors);
	}
	assert_int_equal(errors, 0);
	assert_int_equal(done, 20 * 11);
	assert_true(bench_is_all(0, MIB_BYTES, 20 * 10 * 4096, 0x77));
}

/* It says that it is there, and that it is gone. */
static void a_disk_that_lies(void **state)
{
	(void)state;
	bench_disk[0].says_gone = true;
	bench_driver_again(0, false);
	bench_run();
	bench_expect(0, STORE_TABLE_UNREADABLE, STORE_FAULT_NONE, 0, 0);
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_IO);
}

static void disks_come_and_go(void **state)
{
	struct store_order order = { .op = STORE_CREATE, .bytes = MIB_BYTES, .volume = "b", .guid = { 3 } };
	u32 id, errors = 0;

	(void)state;
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_attach(0, "a", NULL), STORE_OK);
	for (u32 requests = 0; requests < 12; requests++) {	/* a driver dies in the middle of an order */
		order.guid[1]++;
		order.volume[0] = (char)('b' + requests);
		id = bench_send(order);
		bench_run_some(requests);
		bench_submit(0, BLK_READ, 0, 8);
		bench_driver_again(0, false);
		assert_int_equal(bench_answer(id), STORE_OK);
		assert_int_equal(bench_completed(0, &errors), 1);
	}
	assert_int_equal(errors, 0);
	bench_driver_again(0, true);
	bench_run();
	assert_int_equal(view.disk[0].sectors, 0);
	assert_int_equal(bench_create(0, "z", MIB_BYTES, 9), STORE_NO_DISK);
	bench_driver_again(0, false);
	bench_run();
	assert_int_equal(view.disk[0].sectors, BENCH_SECTORS);
	assert_int_equal(bench_create(0, "z", MIB_BYTES, 9), STORE_OK);
	bench_disk[0].is_stuck = true;		/* it goes for good, with an order under way */
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_non_null(bench_part("z"));
	order = (struct store_order){ .op = STORE_DELETE, .volume = "z" };
	memcpy(order.guid, bench_part("z")->guid, sizeof(order.guid));
	id = bench_send(order);
	assert_int_equal(bench_answer(id), STORE_ERROR_COUNT);
	bench_driver_again(0, true);
	assert_int_equal(bench_answer(id), STORE_NO_DISK);
}

/* A whole disk that is away, or goes while it is looked at, is told of later, so it is attached later. */
static void a_whole_disk_that_is_away(void **state)
{
	struct store_order order = { .op = STORE_ATTACH, .volume = "d0" };
	u32 id;

	(void)state;
	bench_disk[0].is_stuck = true;
	bench_driver_again(0, false);
	id = bench_send(order);
	assert_int_equal(bench_answer(id), STORE_ERROR_COUNT);
	bench_driver_again(0, true);
	assert_int_equal(bench_answer(id), STORE_NO_DISK);
	assert_int_equal(bench_attach(0, "d0", NULL), STORE_NO_DISK);
	bench_disk[0].is_stuck = false;
	bench_driver_again(0, false);
	bench_run();
	assert_int_equal(view.disk[0].sectors, BENCH_SECTORS);
	assert_int_equal(bench_attach(0, "d0", NULL), STORE_OK);
}

/* A table that has lost what a VM uses is changed no more. */
static void a_table_that_changed(void **state)
{
	const struct gpt_part other = bench_part_of(true, 9, 1, "x");

	(void)state;
	assert_int_equal(bench_create(0, "a", 2 * MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_attach(0, "a", NULL), STORE_OK);
	bench_write_table(0, &other, 1);
	bench_driver_again(0, false);
	bench_run();
	bench_expect(0, STORE_TABLE_DAMAGED, STORE_FAULT_CHANGED, 0, 0);
	assert_int_equal(view.part[0][1].flags, STORE_NO_PLACE);
	assert_int_equal(bench_create(0, "b", MIB_BYTES, 2), STORE_NOT_EMPTY);
	assert_int_equal(bench_do(0, BLK_READ, 0, 8), BLK_OK);
	assert_int_equal(bench_detach(0), STORE_OK);
	bench_driver_again(0, false);
	bench_run();
	bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 13, 13);
	assert_non_null(bench_part("x"));
}

/* VMs keep the disk's ring full: the store's own requests have a place in it. */
static void a_busy_disk(void **state)
{
	u32 errors = 0, done = 0;

	(void)state;
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_attach(0, "a", NULL), STORE_OK);
	bench_disk[0].is_stuck = true;
	for (u32 i = 0; i < BLK_RING; i++)
		bench_submit(0, BLK_READ, 0, 8);
	bench_run();
	assert_int_equal(bench_create(0, "b", MIB_BYTES, 2), STORE_ERROR_COUNT);
	bench_disk[0].is_stuck = false;
	bench_run();
	assert_non_null(bench_part("b"));
	done = bench_completed(0, &errors);
	assert_int_equal(done, BLK_RING);
	assert_int_equal(errors, 0);
}

/* Blocks of 4096 bytes, and the least that a disk may take at a time. */
static void large_blocks(void **state)
{
	(void)state;
	bench_disk[0].info.block_bytes = 4096;
	bench_disk[0].info.max_sectors = 8;
	bench_disk[0].info.max_zero_sectors = 8;
	bench_boot();
	bench_expect(0, STORE_TABLE_BLANK, STORE_FAULT_NONE, 14, 14);
	assert_int_equal(bench_create(0, "a", 2 * MIB_BYTES, 1), STORE_OK);
	bench_fill(0, MIB_BYTES, 2 * MIB_BYTES, 3);
	bench_boot();
	assert_int_equal(bench_part("a")->sectors, 2 * MIB_SECTORS);
	assert_int_equal(bench_delete(0, "a"), STORE_OK);
	assert_true(bench_is_all(0, MIB_BYTES, 14 * MIB_BYTES, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(zeroing_fails, setup),
		cmocka_unit_test_setup(removing_fails, setup),
		cmocka_unit_test_setup(discards_are_hints, setup),
		cmocka_unit_test_setup(blocks_that_cannot_be_read, setup),
		cmocka_unit_test_setup(damage_is_told_and_repaired, setup),
		cmocka_unit_test_setup(failing_writes, setup),
		cmocka_unit_test_setup(the_store_dies, setup),
		cmocka_unit_test_setup(a_disk_that_lies, setup),
		cmocka_unit_test_setup(disks_come_and_go, setup),
		cmocka_unit_test_setup(a_whole_disk_that_is_away, setup),
		cmocka_unit_test_setup(a_table_that_changed, setup),
		cmocka_unit_test_setup(a_busy_disk, setup),
		cmocka_unit_test_setup(large_blocks, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
