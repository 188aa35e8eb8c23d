/* SPDX-License-Identifier: MIT */
/*
 * Pools in the store: made, opened, closed, and what is in them: with VMs that read and write, a store that dies, power
 * cuts, a disk that is lost, a pool that is full, orders that cannot be.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pool_words.h"

static int setup(void **state)
{
	(void)state;
	bench_setup();
	return 0;
}

/* ---- making and opening ---- */

static void a_new_pool(void **state)
{
	const struct store_report *part;

	(void)state;
	assert_int_equal(bench_create_pool(0, "p", POOL_BYTES, 7), STORE_OK);
	part = bench_part("p");
	assert_non_null(part);
	assert_int_equal(part->extent, STORE_EXTENT_POOL);
	assert_int_equal(part->sectors, POOL_BYTES / BLK_SECTOR_BYTES);
	assert_in_range(part->largest_bytes, 1, BENCH_ARENA);
	assert_int_equal(bench_attach(0, "p", NULL), STORE_BAD_ORDER);
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
	assert_int_equal(view.pool[0].error, STORE_OK);
	assert_int_equal(view.pool[0].sectors, POOL_BYTES / BLK_SECTOR_BYTES);
	assert_in_range(view.pool[0].free_bytes, 8 * MIB_BYTES, POOL_BYTES);
	assert_int_equal(bench_open_pool(0, "p"), STORE_EXISTS);
	assert_int_equal(bench_open_pool(1, "p"), STORE_BUSY);
	assert_int_equal(bench_delete(0, "p"), STORE_BUSY);
	assert_int_equal(bench_attach(0, "d0", NULL), STORE_BUSY);
	assert_int_equal(bench_close_pool(0), STORE_OK);
	assert_int_equal(view.pool[0].sectors, 0);
	assert_int_equal(bench_close_pool(0), STORE_NO_POOL);
	assert_int_equal(bench_open_pool(1, "p"), STORE_OK);
	assert_int_equal(bench_close_pool(1), STORE_OK);
	assert_int_equal(bench_delete(0, "p"), STORE_OK);
	assert_null(bench_part("p"));
}

/* A volume is told of, read, written, and is there after a restart of the machine. */
static void a_volume(void **state)
{
	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_non_null(bench_part("v"));
	assert_int_equal(bench_part("v")->slot, POOL0);
	assert_int_equal(bench_part("v")->sectors, 64 * MIB_SECTORS);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_true(reads(0, 64 * MIB_SECTORS - 8, 8, 0));
	assert_int_equal(write_all(0, 1000, 200, 5), BLK_OK);
	assert_true(reads(0, 1000, 200, 5));
	assert_true(reads(0, 999, 1, 0));
	assert_true(reads(0, 1200, 1, 0));
	assert_int_equal(bench_do(0, BLK_WRITE_ZEROES, 1000, 1), BLK_OK);
	assert_int_equal(bench_do(0, BLK_DISCARD, 0, 2048), BLK_OK);
	assert_true(reads(0, 1000, 100, 0));
	assert_int_equal(write_all(0, 1000, 200, 6), BLK_OK);
	assert_int_equal(bench_do(0, BLK_FLUSH, 0, 0), BLK_OK);
	assert_int_equal(bench_do(0, BLK_READ, 64 * MIB_SECTORS, 1), BLK_INVAL);
	assert_int_equal(bench_delete(POOL0, "v"), STORE_BUSY);
	assert_int_equal(bench_close_pool(0), STORE_BUSY);
	reboot();
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_true(reads(0, 1000, 200, 6));
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_delete(POOL0, "v"), STORE_OK);
	assert_null(bench_part("v"));
	assert_int_equal(bench_close_pool(0), STORE_OK);
}

/* Data that does not begin at a slot of the VM's window is copied. */
static void unaligned_segments(void **state)
{
	(void)state;
	make_pool();
	assert_int_equal(bench_create(POOL0, "v", 64 * MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	for (u32 i = 0; i < 40; i++) {		/* each crosses a granule's end within a slot */
		assert_int_equal(write_all(0, 127 + i * 128, 3, (u8)(i + 1)), BLK_OK);
		assert_true(reads(0, 127 + i * 128, 3, (u8)(i + 1)));
	}
	assert_int_equal(write_all(0, 5, 2040, 9), BLK_OK);
	assert_true(reads(0, 5, 2040, 9));
}

static void with_checksums(void **state)
{
	struct store_order order = { .op = STORE_CREATE, .slot = POOL0, .bytes = MIB_BYTES, .volume = "v",
		.guid = { 1 }, .flags = STORE_INTEGRITY | STORE_MARK };

	(void)state;
	make_pool();
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_part("v")->flags, STORE_HAS_CHECKSUMS | STORE_IS_MARKED);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 3, 300, 5), BLK_OK);
	assert_true(reads(0, 3, 300, 5));
	assert_int_equal(bench_answer(bench_send(about(STORE_UNMARK, "v"))), STORE_OK);
	reboot();
	assert_int_equal(bench_part("v")->flags, STORE_HAS_CHECKSUMS);
	assert_int_equal(bench_attach_again(0, "v"), STORE_OK);
	assert_true(reads(0, 3, 300, 5));
}

/* A disk without a cache, and with large blocks. */
static void another_disk(void **state)
{
	(void)state;
	bench_disk[0].info.features &= ~BLK_CAN_FLUSH;
	bench_disk[0].info.block_bytes = 4096;
	bench_boot();
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 1001, 200, 5), BLK_OK);
	assert_int_equal(bench_do(0, BLK_FLUSH, 0, 0), BLK_OK);
	assert_int_equal(bench_disk[0].flushes, 0);
	reboot();
	assert_int_equal(bench_attach_again(0, "v"), STORE_OK);
	assert_true(reads(0, 1001, 200, 5));
	assert_true(reads(0, 993, 8, 0));
}

/* ---- what was answered is there ---- */

/* The store dies, its disks and VMs do not: all that was answered is there, flushed or not. */
static void a_store_that_dies(void **state)
{
	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	for (u32 i = 0; i < 20; i++) {
		assert_int_equal(write_all(0, i * 64, PATTERN, (u8)(i + 1)), BLK_OK);
		assert_int_equal(bench_do(0, BLK_WRITE_ZEROES, i * 64 + 4, 8), BLK_OK);
		reboot();
		assert_int_equal(bench_attach_again(0, "v"), STORE_OK);
		assert_true(reads(0, i * 64, 4, (u8)(i + 1)));
		assert_true(reads(0, i * 64 + 4, 8, 0));
		assert_true(reads(0, i * 64 + 12, PATTERN - 12, (u8)(i + 1)));
	}
}

/* The power fails at each write in turn: what was flushed is there. */
static void power_cuts(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (u32 cut = 1; cut < 60; cut++) {
		u32 round, errors = 0;

		bench_setup();
		make_pool();
		make_volume("v", 1);
		assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
		bench_disk[0].cut_at = bench_disk[0].writes + cut;
		for (round = 1; round < 40; round++) {
			memset(bench_data(0), (int)round, PATTERN * BLK_SECTOR_BYTES);
			bench_submit(0, BLK_WRITE, round % 4 * 50, PATTERN);
			bench_run();
			bench_submit(0, BLK_FLUSH, 0, 0);
			bench_run();
			if (bench_completed(0, &errors) != 2)
				break;
		}
		assert_int_equal(errors, 0);
		bench_power_cut(&seed);
		assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
		assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
		if (round > 1)		/* but for what the last round may have overwritten */
			assert_true(reads(0, (round - 1) % 4 * 50, round % 4 == 0 ? PATTERN : 50, (u8)(round - 1)));
	}
}

/* Creating a pool, and in it: all or nothing. */
static void power_cuts_of_changes(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (u32 cut = 1; cut < 40; cut++) {
		bench_setup();
		bench_fill(0, 0, BENCH_BYTES, 0);
		bench_disk[0].cut_at = cut;
		if (bench_create_pool(0, "p", POOL_BYTES, 7) == STORE_OK && bench_open_pool(0, "p") == STORE_OK &&
		    bench_create(POOL0, "v", MIB_BYTES, 1) == STORE_OK)
			cut = 40;
		bench_power_cut(&seed);
		if (bench_part("p") == NULL)
			continue;
		assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
		assert_true(cut != 40 || bench_part("v") != NULL);
	}
}

/* ---- a full pool ---- */

/* A MiB of w is written. */
static void prepare_pool(void)
{
	make_pool();
	make_volume("v", 1);
	make_volume("w", 2);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(bench_attach(1, "w", NULL), STORE_OK);
	assert_int_equal(write_all(1, 0, 2048, 8), BLK_OK);
}

/* Returns how many MiB of v have been written, or wait to be. */
static u32 fill_pool(void)
{
	u32 errors = 0, filled;

	prepare_pool();
	for (filled = 0; filled < 64 && view.failures == 0; filled++) {
		memset(bench_data(0), (int)filled + 1, 2048 * BLK_SECTOR_BYTES);
		bench_submit(0, BLK_WRITE, filled * 2048, 2048);
		bench_run();
		assert_int_equal(bench_completed(0, &errors), view.failures == 0);
	}
	assert_in_range(filled, 4, 12);
	assert_int_equal(view.failed.slot, 0);
	assert_int_equal(view.failed.error, BLK_NOSPACE);
	assert_int_equal(view.rooms, 0);
	return filled;
}

static void goes_on(u32 filled)
{
	u32 errors = 0;

	assert_int_equal(view.rooms, 1);
	assert_int_equal(view.room, 0);
	assert_int_equal(retry(), STORE_OK);
	bench_follow(0);
	assert_int_equal(bench_completed(0, &errors), 1);
	assert_int_equal(errors, 0);
	assert_int_equal(view.failures, 1);
	for (u32 i = 0; i < filled; i++)
		assert_true(reads(0, i * 2048, 2048, (u8)(i + 1)));
}

/* What is freed counts before a checkpoint has been written. */
static void a_full_pool(void **state)
{
	u32 filled = fill_pool();

	(void)state;
	assert_true(reads(1, 0, 2048, 8));		/* the other one goes on */
	assert_int_equal(bench_do(1, BLK_DISCARD, 0, 64), BLK_OK);
	assert_int_equal(view.rooms, 0);		/* half a granule */
	assert_int_equal(bench_do(1, BLK_DISCARD, 0, 2048), BLK_OK);
	goes_on(filled);
}

/* Whenever it comes: also while a part of the request that met the full pool is on the disk. */
static void room_at_any_moment(void **state)
{
	u32 filled = fill_pool(), errors;

	(void)state;
	for (u32 turns = 0; turns < 80; turns++) {
		bench_setup();
		prepare_pool();
		for (u32 i = 0; i + 1 < filled; i++)
			assert_int_equal(bench_do(0, BLK_WRITE, i * 2048, 2048), BLK_OK);
		bench_submit(0, BLK_WRITE, (filled - 1) * 2048, 2048);
		for (u32 i = 0; i < turns; i++)
			bench_turn();
		bench_submit(1, BLK_DISCARD, 0, 2048);
		bench_run();
		assert_int_equal(view.rooms, view.failures);
		assert_int_equal(bench_completed(0, &errors), view.failures == 0);
	}
}

/* A try that meets a full pool again waits for more than that. */
static void a_pool_that_is_full_again(void **state)
{
	u32 filled = fill_pool(), errors;

	(void)state;
	assert_int_equal(bench_do(1, BLK_DISCARD, 0, 128), BLK_OK);
	assert_int_equal(view.rooms, 1);
	assert_int_equal(retry(), STORE_OK);
	bench_follow(0);
	assert_int_equal(bench_completed(0, &errors), 0);
	assert_int_equal(view.failures, 2);
	assert_int_equal(view.rooms, 1);
	assert_int_equal(bench_do(1, BLK_DISCARD, 0, 2048), BLK_OK);
	assert_int_equal(view.rooms, 2);
	view.rooms = view.failures = 1;
	goes_on(filled);
}

static void room_by_a_deletion(void **state)
{
	u32 filled = fill_pool();

	(void)state;
	bench_detach(1);
	assert_int_equal(bench_answer(bench_send(about(STORE_DELETE, "w"))), STORE_OK);
	bench_run();
	goes_on(filled);
}

/* What is held ends with the link. */
static void a_full_pool_is_detached(void **state)
{
	(void)state;
	fill_pool();
	bench_detach(0);
	assert_int_equal(bench_do(1, BLK_DISCARD, 0, 2048), BLK_OK);
	assert_int_equal(view.rooms, 0);
	assert_int_equal(write_all(1, 0, 2048, 8), BLK_OK);
}

/* ---- disks that fail ---- */

static void a_lost_disk(void **state)
{
	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	bench_driver_again(0, true);
	bench_run();
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_GONE);
	assert_int_equal(write_all(0, 4096, PATTERN, 4), BLK_GONE);
	assert_int_equal(bench_do(0, BLK_FLUSH, 0, 0), BLK_GONE);
	assert_int_equal(view.pool[0].sectors, 0);
	assert_int_equal(view.pool[0].error, STORE_NO_DISK);
	assert_int_equal(bench_create(POOL0, "w", MIB_BYTES, 2), STORE_NO_DISK);
	assert_non_null(bench_part("v"));
	bench_driver_again(0, false);
	bench_run();
	assert_int_equal(view.pool[0].error, STORE_OK);
	assert_int_not_equal(view.pool[0].sectors, 0);
	assert_true(reads(0, 0, PATTERN, 3));
	assert_int_equal(write_all(0, 0, PATTERN, 5), BLK_OK);
	assert_int_equal(bench_create(POOL0, "w", MIB_BYTES, 2), STORE_OK);
}

/* The disk is back before the pool has ended what it failed. */
static void a_disk_that_is_back_soon(void **state)
{
	u32 errors = 0;

	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	bench_disk[0].is_stuck = true;
	bench_submit(0, BLK_WRITE, 4096, PATTERN);
	bench_submit(0, BLK_FLUSH, 0, 0);
	bench_run();
	bench_driver_again(0, true);
	bench_run_some(0);
	bench_disk[0].is_stuck = false;
	bench_driver_again(0, false);
	bench_run();
	assert_int_equal(bench_completed(0, &errors), 2);
	assert_int_equal(view.pool[0].error, STORE_OK);
	assert_int_not_equal(view.pool[0].sectors, 0);
	assert_true(reads(0, 0, PATTERN, 3));
}

/* A write of the pool's own fails, and the disk is there: the pool is opened again when somebody asks. */
static void a_failed_pool(void **state)
{
	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	bench_disk[0].fail_at = bench_disk[0].writes + 2;
	assert_int_equal(write_all(0, 4096, PATTERN, 4), BLK_IOERR);
	bench_run();
	assert_int_equal(view.pool[0].error, STORE_POOL_FAILED);
	assert_int_equal(bench_do(0, BLK_READ, 0, 8), BLK_IOERR);
	bench_disk[0].fail_at = 0;
	assert_int_equal(bench_answer(bench_send((struct store_order){ .op = STORE_RETRY, .link = 0 })), STORE_OK);
	assert_int_equal(view.pool[0].error, STORE_OK);
	assert_true(reads(0, 0, PATTERN, 3));
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_close_pool(0), STORE_OK);
}

static void damaged_pools(void **state)
{
	u64 at;

	(void)state;
	make_pool();
	at = bench_part("p")->first * BLK_SECTOR_BYTES;
	assert_int_equal(bench_close_pool(0), STORE_OK);
	bench_disk[0].data[at + 20] ^= 1;
	assert_int_equal(bench_open_pool(0, "p"), STORE_POOL_DAMAGED);
	bench_fill(0, at, 4096, 0);
	assert_int_equal(bench_open_pool(0, "p"), STORE_NO_POOL);
	bench_disk[0].fails_reads = true;
	assert_int_equal(bench_open_pool(0, "p"), STORE_IO);
	bench_disk[0].fails_reads = false;
	assert_int_equal(bench_delete(0, "p"), STORE_OK);
}

/* ---- snapshots ---- */

static void snapshots_and_clones(void **state)
{
	struct store_order first, second;
	u32 ids[2];

	(void)state;
	make_pool();
	make_volume("v", 1);
	make_volume("w", 2);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(bench_attach(1, "w", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	first = named(STORE_SNAPSHOT, "v", "v-s", 3);
	first.flags = STORE_MORE;
	second = named(STORE_SNAPSHOT, "w", "w-s", 4);
	ids[0] = bench_send(first);
	assert_int_equal(bench_answer(ids[0]), STORE_ERROR_COUNT);
	ids[1] = bench_send(second);
	assert_int_equal(bench_answer(ids[1]), STORE_OK);
	assert_int_equal(bench_answer(ids[0]), STORE_OK);
	assert_int_equal(bench_part("v-s")->flags, STORE_IS_SNAPSHOT);
	assert_int_equal(bench_part("v-s")->first, bench_part("v")->number);
	assert_int_equal(bench_attach(2, "v-s", NULL), STORE_NO_VOLUME);
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_CLONE, "v-s", "c", 5))), STORE_OK);
	assert_int_equal(bench_attach(2, "c", NULL), STORE_OK);
	assert_true(reads(2, 0, PATTERN, 3));
	assert_true(reads(0, 0, PATTERN, 4));
	assert_int_equal(bench_delete(POOL0, "v-s"), STORE_NEEDED);
	assert_int_equal(bench_answer(bench_send(named(STORE_RENAME, "c", "d", 0))), STORE_OK);
	assert_null(bench_part("c"));
	assert_int_equal(bench_part("d")->flags, STORE_IS_CLONE);
	assert_int_equal(bench_part("d")->first, bench_part("v-s")->number);
	assert_int_equal(bench_delete(POOL0, "w-s"), STORE_OK);
	reboot();
	assert_int_equal(bench_attach(2, "d", NULL), STORE_OK);
	assert_true(reads(2, 0, PATTERN, 3));
}

/* Of volumes as they are now, all or none: their snapshots have one name. A name is as long as it may be. */
static void clones_of_now(void **state)
{
	struct store_order first, second;
	u32 ids[2];

	(void)state;
	make_pool();
	make_volume("v", 1);
	make_volume("w", 2);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	for (u32 round = 0; round < 2; round++) {
		first = named(STORE_CLONE, "v", round == 0 ? "c" : "e", 5);
		first.flags = STORE_MORE | STORE_MARK;
		strcpy(first.snapshot, "s-2345678901234567890123456789012345");
		second = named(STORE_CLONE, "w", round == 0 ? "v" : "f", 6);	/* that is there */
		strcpy(second.snapshot, first.snapshot);
		ids[0] = bench_send(first);
		ids[1] = bench_send(second);
		assert_int_equal(bench_answer(ids[0]), round == 0 ? STORE_EXISTS : STORE_OK);
		assert_int_equal(bench_answer(ids[1]), round == 0 ? STORE_EXISTS : STORE_OK);
		assert_null(bench_part("c"));
	}
	assert_int_equal(bench_part("e")->flags, STORE_IS_CLONE | STORE_IS_MARKED);
	assert_int_equal(bench_part("f")->flags, STORE_IS_CLONE);
	assert_int_not_equal(bench_part("e")->first, bench_part("f")->first);
	assert_int_equal(bench_part(first.snapshot)->flags, STORE_IS_SNAPSHOT);
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_RENAME, "w", "renamed", 0))), STORE_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "v", "s", 7))), STORE_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "v", "s", 8))), STORE_EXISTS);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "renamed", "s", 8))), STORE_OK);
	reboot();
	assert_int_equal(bench_attach(2, "e", NULL), STORE_OK);
	assert_true(reads(2, 0, PATTERN, 3));
}

/* Under its link: the VMM is told in a new epoch, and what is new can be written. */
static void a_volume_grows(void **state)
{
	struct store_order order;
	u64 sectors;

	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	sectors = bench_part("v")->sectors;
	assert_int_not_equal(bench_do(0, BLK_WRITE, sectors, 8), BLK_OK);
	order = about(STORE_RESIZE, "v");
	order.bytes = 2 * sectors * 512;
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_part("v")->sectors, 2 * sectors);
	bench_follow(0);
	assert_int_equal(bench_do(0, BLK_WRITE, sectors, 8), BLK_OK);
	order.bytes = sectors * 512;
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);
}

/* A volume whose snapshot goes is not needed; one whose snapshots stay is, unless they go with it. */
static void deletion_with_snapshots(void **state)
{
	struct store_order order;

	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(write_all(0, i * 128, 256, (u8)(i + 1)), BLK_OK);
		order = named(STORE_SNAPSHOT, "v", (const char *const[]){ "s0", "s1", "s2" }[i], (u8)(2 + i));
		assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	}
	assert_int_equal(bench_answer(bench_send(about(STORE_DELETE, "s1"))), STORE_OK);
	order = about(STORE_DELETE, "v");
	order.flags = STORE_WITH_SNAPSHOTS;
	assert_int_equal(bench_answer(bench_send(order)), STORE_BUSY);
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_answer(bench_send(about(STORE_DELETE, "v"))), STORE_NEEDED);
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_null(bench_part("v"));
	assert_null(bench_part("s0"));
	assert_null(bench_part("s2"));
	reboot();
	assert_null(bench_part("v"));
	make_volume("v", 1);
}

/* All of a group or none; and requests go on. */
static void a_group_that_cannot_be(void **state)
{
	struct store_order first, second;
	u32 ids[2];

	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	first = named(STORE_SNAPSHOT, "v", "s", 3);
	first.flags = STORE_MORE;
	second = named(STORE_SNAPSHOT, "v", "s", 4);	/* the same name */
	ids[0] = bench_send(first);
	ids[1] = bench_send(second);
	assert_int_equal(bench_answer(ids[0]), STORE_EXISTS);
	assert_int_equal(bench_answer(ids[1]), STORE_EXISTS);
	second = about(STORE_UNMARK, "v");
	ids[0] = bench_send(first);
	ids[1] = bench_send(second);
	assert_int_equal(bench_answer(ids[0]), STORE_BAD_ORDER);
	assert_int_equal(bench_answer(ids[1]), STORE_OK);
	assert_null(bench_part("s"));
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
}

/* ---- orders that cannot be ---- */

/* That is not a full disk. */
static void a_full_table(void **state)
{
	char name[8];

	(void)state;
	make_pool();
	for (u32 i = 0; i <= STORE_POOL_VOLUMES; i++) {
		snprintf(name, sizeof(name), "v%u", (unsigned)i);
		assert_int_equal(bench_create(POOL0, name, MIB_BYTES, (u8)(i + 1)),
				 i < STORE_POOL_VOLUMES ? STORE_OK : STORE_NO_RECORD);
	}
}

static void hostile_orders(void **state)
{
	struct store_order order;

	(void)state;
	assert_int_equal(bench_create(POOL0, "v", MIB_BYTES, 1), STORE_NO_POOL);
	assert_int_equal(bench_create(POOL0 + STORE_POOLS_MAX, "v", MIB_BYTES, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create_pool(0, "a-name-of-twenty-four-ch", POOL_BYTES, 7), STORE_BAD_ORDER);
	assert_int_equal(bench_create_pool(0, "p", 7 * MIB_BYTES, 7), STORE_BAD_ORDER);
	assert_int_equal(bench_open_pool(0, "p"), STORE_NO_VOLUME);
	assert_int_equal(bench_create(0, "v", MIB_BYTES, 9), STORE_OK);
	assert_int_equal(bench_open_pool(0, "v"), STORE_NO_POOL);
	assert_int_equal(bench_create_pool(0, "p", POOL_BYTES, 7), STORE_OK);
	assert_int_equal(bench_open_pool(STORE_POOLS_MAX, "p"), STORE_BAD_ORDER);
	order = about(STORE_OPEN_POOL, "p");
	order.slot = 0;
	order.bytes = bench_part("p")->largest_bytes - 4096;
	assert_int_equal(bench_answer(bench_send(order)), STORE_ARENA);
	order.bytes = ~0ull;
	assert_int_equal(bench_answer(bench_send(order)), STORE_ARENA);
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
	assert_int_equal(bench_create(POOL0, "v", MIB_BYTES, 1), STORE_EXISTS);
	assert_int_equal(bench_create(POOL0, "V", MIB_BYTES, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create(POOL0, "x", 4096, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create(POOL0, "x", 2 * VOLUME_BYTES_MAX, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create(POOL0, "x", MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_create(POOL0, "y", MIB_BYTES, 1), STORE_EXISTS);
	assert_int_equal(bench_delete(POOL0, "v"), STORE_NO_VOLUME);
	assert_int_equal(bench_answer(bench_send(named(STORE_RENAME, "x", "v", 0))), STORE_EXISTS);
	assert_int_equal(bench_answer(bench_send(named(STORE_CLONE, "x", "y", 4))), STORE_BAD_ORDER);
	assert_int_equal(bench_answer(bench_send(about(STORE_RESIZE, "x"))), STORE_BAD_ORDER);
	order = named(STORE_SNAPSHOT, "x", "s", 3);
	order.slot = 0;
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_new_pool, setup),
		cmocka_unit_test_setup(a_volume, setup),
		cmocka_unit_test_setup(unaligned_segments, setup),
		cmocka_unit_test_setup(with_checksums, setup),
		cmocka_unit_test_setup(another_disk, setup),
		cmocka_unit_test_setup(a_store_that_dies, setup),
		cmocka_unit_test_setup(power_cuts, setup),
		cmocka_unit_test_setup(power_cuts_of_changes, setup),
		cmocka_unit_test_setup(a_full_pool, setup),
		cmocka_unit_test_setup(room_at_any_moment, setup),
		cmocka_unit_test_setup(a_pool_that_is_full_again, setup),
		cmocka_unit_test_setup(room_by_a_deletion, setup),
		cmocka_unit_test_setup(a_full_pool_is_detached, setup),
		cmocka_unit_test_setup(a_lost_disk, setup),
		cmocka_unit_test_setup(a_disk_that_is_back_soon, setup),
		cmocka_unit_test_setup(a_failed_pool, setup),
		cmocka_unit_test_setup(damaged_pools, setup),
		cmocka_unit_test_setup(snapshots_and_clones, setup),
		cmocka_unit_test_setup(a_volume_grows, setup),
		cmocka_unit_test_setup(a_group_that_cannot_be, setup),
		cmocka_unit_test_setup(clones_of_now, setup),
		cmocka_unit_test_setup(deletion_with_snapshots, setup),
		cmocka_unit_test_setup(a_full_table, setup),
		cmocka_unit_test_setup(hostile_orders, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
