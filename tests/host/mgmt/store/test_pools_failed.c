/* SPDX-License-Identifier: MIT */
/*
 * Pools in the store that fail, and orders that cross each other: a failed pool is noticed and opens again, no write is
 * answered that is not there, nobody waits for ever, and no volume is dropped below a link.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pool_link.h"
#include "pool_words.h"
#include "pools.h"
#include "rt_time.h"
#include "volume.h"

static int setup(void **state)
{
	(void)state;
	bench_setup();
	return 0;
}

/* ---- the pool fails ---- */

/* The commit of an order fails: when the disk is well again, so is the pool. */
static void an_order_whose_commit_fails(void **state)
{
	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	bench_disk[0].fail_at = bench_disk[0].writes + 2;
	assert_int_equal(bench_create(POOL0, "w", MIB_BYTES, 2), STORE_POOL_FAILED);
	assert_int_equal(view.pool[0].error, STORE_POOL_FAILED);
	bench_disk[0].fail_at = 0;
	assert_int_equal(retry(), STORE_OK);
	assert_int_equal(view.pool[0].error, STORE_OK);
	assert_true(reads(0, 0, PATTERN, 3));
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
	assert_int_equal(bench_create(POOL0, "x", MIB_BYTES, 9), STORE_OK);
}

static u64 reads_of(u32 disk)
{
	return bench_disk[disk].read_count;
}

/* It opens again by itself, after 1, 2, 4 s. When it was well for a while, the next failure is a new one. */
static void a_failed_pool_is_tried_again(void **state)
{
	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	for (u32 round = 0; round < 2; round++) {
		bench_pass(100 * NS_PER_S);
		assert_int_equal(pools_wait_ns(), POOLS_NEVER);
		bench_disk[0].fail_at = bench_disk[0].writes + 2;
		assert_int_equal(write_all(0, 4096 * (round + 1), PATTERN, 4), BLK_IOERR);
		for (u64 delay = 1; delay <= 64; delay *= 2) {
			u64 before = reads_of(0);

			assert_int_equal(view.pool[0].error, STORE_POOL_FAILED);
			assert_in_range(pools_wait_ns(), NS_PER_S * delay * 9 / 10, NS_PER_S * delay);
			bench_pass(NS_PER_S * delay * 9 / 10);
			assert_int_equal(reads_of(0), before);
			bench_pass(NS_PER_S * delay / 10);
			assert_int_not_equal(reads_of(0), before);
		}
		bench_pass(63 * NS_PER_S);
		assert_in_range(pools_wait_ns(), 1, NS_PER_S);
		bench_disk[0].fail_at = 0;
		bench_pass(NS_PER_S);
		assert_int_equal(view.pool[0].error, STORE_OK);
		assert_true(reads(0, 0, PATTERN, 3));
		assert_int_equal(write_all(0, 4096, PATTERN, 4), BLK_OK);
	}
}

/* Fails the disk at that write after a deletion began. True: the deletion was answered before, and it succeeded. */
static bool fails_after_delete(u32 write)
{
	enum store_error error;
	u32 id;

	bench_setup();
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	for (u32 i = 0; i < 20; i++)
		assert_int_equal(write_all(0, i * 128, 128, 3), BLK_OK);
	assert_int_equal(bench_detach(0), STORE_OK);
	bench_disk[0].fail_at = bench_disk[0].writes + write;
	id = bench_send(about(STORE_DELETE, "v"));
	error = bench_answer(id);
	bench_run();
	bench_disk[0].fail_at = 0;
	return error == STORE_OK;
}

/* It fails while it lets blocks go, for nobody: root is told. */
static void a_pool_that_fails_in_the_background(void **state)
{
	u32 write = 1;

	(void)state;
	while (!fails_after_delete(write))
		assert_true(++write < 40);
	assert_int_equal(view.pool[0].error, STORE_POOL_FAILED);
	assert_int_equal(view.pool[0].sectors, 0);
	assert_int_equal(retry(), STORE_OK);
	assert_int_equal(view.pool[0].error, STORE_OK);
	assert_int_equal(bench_create(POOL0, "x", MIB_BYTES, 9), STORE_OK);
}

/* The disk does what it has, and takes what is submitted then, and no more. */
static void one_round(void)
{
	bench_run_some(1);
	bench_disk[0].is_stuck = true;
	bench_run_some(100);
	bench_disk[0].is_stuck = false;
}

/* A write in place lands in a block whose map is on its way in a checkpoint. That one fails, so the write is not there
 * when the pool is opened again, and is not answered as done. */
static void a_write_whose_checkpoint_fails(void **state)
{
	u32 errors = 0;

	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	memset(bench_data(0), 0x77, 8 * BLK_SECTOR_BYTES);
	bench_disk[0].is_stuck = true;
	bench_submit(0, BLK_WRITE, 1280, 8);
	bench_run_some(100);
	bench_disk[0].is_stuck = false;
	one_round();			/* its data; the flush before the log is on its way */
	(void)bench_send((struct store_order){ .op = STORE_CREATE, .slot = POOL0, .bytes = MIB_BYTES, .volume = "w",
					       .guid = { 9 } });
	bench_submit(0, BLK_WRITE, 0, 1);
	for (u32 step = 0; step < 5; step++)
		one_round();
	bench_submit(0, BLK_WRITE, 1, 1);	/* the next sector: in place */
	bench_disk[0].is_stuck = true;
	bench_run_some(100);
	bench_disk[0].is_stuck = false;
	assert_int_equal(bench_completed(0, &errors), 1);
	assert_int_equal(errors, 0);
	bench_disk[0].fail_at = bench_disk[0].writes + 1;
	bench_run_some(1);
	bench_disk[0].fail_at = 0;
	bench_run();
	assert_int_equal(bench_completed(0, &errors), 2);
	assert_int_equal(errors, 2);
}

/* A disk is lost while nobody uses the pool: root is told; and what is there then is judged before it is written. */
static void an_idle_pool_whose_disk_is_lost(void **state)
{
	u64 at;

	(void)state;
	make_pool();
	make_volume("v", 1);
	at = bench_part("p")->first * BLK_SECTOR_BYTES;
	bench_driver_again(0, true);
	bench_run();
	assert_int_equal(view.pool[0].error, STORE_NO_DISK);
	assert_int_equal(view.pool[0].sectors, 0);
	bench_driver_again(0, false);
	bench_run();
	assert_int_equal(view.pool[0].error, STORE_OK);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	bench_driver_again(0, true);
	bench_run();
	bench_disk[0].data[at] ^= 1;	/* the label, as another machine would */
	bench_driver_again(0, false);
	bench_run();
	assert_int_not_equal(view.pool[0].error, STORE_OK);
	assert_int_not_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
}

/* ---- nobody waits for ever ---- */

/* Links wait for room in the pool, the first of them has a volume that a snapshot holds: the next one goes on. */
static void room_behind_a_held_volume(void **state)
{
	u32 errors = 0, id;

	(void)state;
	make_pool();
	make_volume("a", 1);
	make_volume("b", 2);
	assert_int_equal(bench_attach(0, "a", NULL), STORE_OK);
	for (u32 l = 1; l <= 5; l++)
		assert_int_equal(bench_attach(l, "b", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	for (u32 l = 1; l <= 5; l++)
		assert_int_equal(write_all(l, l * 128, 128, 3), BLK_OK);
	bench_disk[0].is_stuck = true;
	for (u32 l = 1; l <= 4; l++) {
		for (u32 i = 0; i < 64; i++)
			bench_submit(l, BLK_READ, l * 128 + i, 1);
		for (u32 i = 0; i < 5; i++)
			bench_run_some(100);
	}
	bench_submit(0, BLK_WRITE, 0, 8);
	bench_run_some(100);
	for (u32 i = 0; i < 3; i++)
		bench_submit(5, BLK_WRITE, 5 * 128 + i, 1);
	bench_run_some(100);
	id = bench_send(named(STORE_SNAPSHOT, "a", "s", 5));
	bench_run_some(100);
	bench_disk[0].is_stuck = false;
	for (u32 i = 0; i < 40; i++)
		bench_run_some(8);
	bench_run();
	assert_int_equal(bench_answer(id), STORE_OK);
	assert_int_equal(bench_completed(0, &errors), 1);
	for (u32 l = 1; l <= 4; l++)
		assert_int_equal(bench_completed(l, &errors), 64);
	assert_int_equal(bench_completed(5, &errors), 3);
	assert_int_equal(errors, 0);
}

static bool is_answered(u32 id, enum store_error *error)
{
	for (u32 i = 0; i < view.done_count; i++) {
		if (view.done[i].id != id)
			continue;
		*error = (enum store_error)view.done[i].error;
		return true;
	}
	return false;
}

/* What a revert let go can't be read, and descends from the snapshot that is to be deleted. */
static void an_order_that_can_never_be(void **state)
{
	enum store_error error = STORE_OK;
	struct store_order order;
	u32 ids[2];

	(void)state;
	make_pool();
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "v", "s1", 3))), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 4), BLK_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "v", "s2", 4))), STORE_OK);
	assert_int_equal(write_all(0, 0, PATTERN, 5), BLK_OK);
	assert_int_equal(bench_detach(0), STORE_OK);
	order = about(STORE_REVERT, "v");
	memcpy(order.new_guid, bench_part("s2")->guid, sizeof(order.new_guid));
	bench_disk[0].fails_reads = true;
	(void)bench_answer(bench_send(order));
	bench_disk[0].fails_reads = false;
	bench_run();
	ids[0] = bench_send(about(STORE_DELETE, "s2"));
	ids[1] = bench_send((struct store_order){ .op = STORE_CREATE, .slot = POOL0, .bytes = MIB_BYTES, .volume = "u",
						  .guid = { 9 } });
	for (u32 i = 0; i < 2000 && !is_answered(ids[1], &error); i++)
		bench_run_some(1);
	assert_true(is_answered(ids[0], &error));
	assert_int_equal(error, STORE_IO);
	assert_true(is_answered(ids[1], &error));
	assert_int_equal(error, STORE_OK);
}

#define READS 30u

/* An order that comes at any moment while the pool fails, or waits for reads to end, is answered before it opens
 * again. */
static void an_order_while_the_pool_fails(void **state)
{
	enum store_error error;
	u32 id;

	(void)state;
	for (u32 turns = 0; turns < 2 * READS; turns++) {
		bench_setup();
		make_pool();
		make_volume("v", 1);
		assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
		assert_int_equal(write_all(0, 0, PATTERN, 3), BLK_OK);
		bench_disk[0].fail_at = bench_disk[0].writes + 2;
		bench_submit(0, BLK_WRITE, 4096, 8);
		for (u32 i = 0; i < turns; i++) {
			if (i < READS)
				bench_submit(0, BLK_READ, 0, 1);
			bench_turn();
		}
		id = bench_send((struct store_order){ .op = STORE_CREATE, .slot = POOL0, .bytes = MIB_BYTES,
						      .volume = "w", .guid = { 9 } });
		bench_run();
		assert_true(is_answered(id, &error));
	}
}

/* ---- orders that cross ---- */

static struct store_order attachment(const char *volume)
{
	struct store_order order = about(STORE_ATTACH, volume);

	order.link = 0;
	return order;
}

static void an_attachment_while_the_pool_closes(void **state)
{
	u32 ids[2];

	(void)state;
	make_pool();
	make_volume("v", 1);
	ids[0] = bench_send((struct store_order){ .op = STORE_CLOSE_POOL, .link = 0 });
	ids[1] = bench_send(attachment("v"));
	assert_int_equal(bench_answer(ids[1]), STORE_BUSY);
	assert_int_equal(bench_answer(ids[0]), STORE_OK);
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
}

/* While it is deleted or put back; and afterwards it can be had again. */
static void an_attachment_while_the_volume_goes(void **state)
{
	struct store_order order;
	u32 ids[2];

	(void)state;
	make_pool();
	make_volume("v", 1);
	make_volume("w", 2);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "v", "s", 3))), STORE_OK);
	order = about(STORE_REVERT, "v");
	memcpy(order.new_guid, bench_part("s")->guid, sizeof(order.new_guid));
	bench_disk[0].is_stuck = true;
	ids[0] = bench_send(order);
	bench_run_some(100);
	ids[1] = bench_send(attachment("v"));
	bench_run_some(100);
	bench_disk[0].is_stuck = false;
	assert_int_equal(bench_answer(ids[1]), STORE_BUSY);
	assert_int_equal(bench_answer(ids[0]), STORE_OK);
	bench_disk[0].is_stuck = true;
	ids[0] = bench_send(about(STORE_DELETE, "w"));
	bench_run_some(100);
	ids[1] = bench_send(attachment("w"));
	bench_run_some(100);
	bench_disk[0].is_stuck = false;
	assert_int_equal(bench_answer(ids[1]), STORE_BUSY);
	assert_int_equal(bench_answer(ids[0]), STORE_OK);
	assert_int_equal(bench_delete(POOL0, "v"), STORE_NEEDED);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
}

static void an_opening_while_the_pool_is_deleted(void **state)
{
	struct store_order delete = { .op = STORE_DELETE, .slot = 0, .volume = "p" };
	struct store_order open = { .op = STORE_OPEN_POOL, .link = 0, .bytes = BENCH_ARENA, .volume = "p" };
	u32 ids[2];

	(void)state;
	assert_int_equal(bench_create_pool(0, "p", POOL_BYTES, 7), STORE_OK);
	memcpy(delete.guid, bench_part("p")->guid, sizeof(delete.guid));
	memcpy(open.guid, bench_part("p")->guid, sizeof(open.guid));
	ids[0] = bench_send(delete);
	ids[1] = bench_send(open);
	assert_int_equal(bench_answer(ids[0]), STORE_OK);
	assert_int_equal(bench_answer(ids[1]), STORE_BUSY);
	assert_null(bench_part("p"));
	assert_int_equal(bench_create(0, "x", MIB_BYTES, 3), STORE_OK);
}

/* Of a group, one order is refused at once: none of it is done, and nobody else's order is taken for its end. */
static void a_group_of_which_one_is_refused(void **state)
{
	struct store_order orders[3];
	u32 ids[4];

	(void)state;
	make_pool();
	make_volume("v", 1);
	for (u32 refused = 0; refused < 3; refused++) {
		for (u32 i = 0; i < 3; i++) {
			orders[i] = named(STORE_SNAPSHOT, "v", "s0", (u8)(20 + i));
			orders[i].volume[1] = (char)('0' + i);
			orders[i].flags = i < 2 ? STORE_MORE : 0;
		}
		orders[refused].volume[0] = 'S';	/* no name of a volume */
		for (u32 i = 0; i < 3; i++)
			ids[i] = bench_send(orders[i]);
		ids[3] = bench_send(named(STORE_SNAPSHOT, "v", "other", 30));
		for (u32 i = 0; i < 3; i++)
			assert_int_equal(bench_answer(ids[i]), STORE_BAD_ORDER);
		assert_int_equal(bench_answer(ids[3]), STORE_OK);
		assert_null(bench_part("s0"));
		assert_null(bench_part("s1"));
		assert_null(bench_part("s2"));
		assert_int_equal(bench_delete(POOL0, "other"), STORE_OK);
	}
}

/* Root is told of it, also after a restart; a thick volume has no use for one. */
static void a_reserve(void **state)
{
	struct store_order order;

	(void)state;
	make_pool();
	make_volume("v", 1);
	order = about(STORE_RESERVE, "v");
	order.bytes = MIB / 2;
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);
	order.bytes = 2 * bench_part("v")->sectors * 512;
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);
	order.bytes = MIB;
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_part("v")->largest_bytes, MIB);
	reboot();
	assert_int_equal(bench_part("v")->largest_bytes, MIB);
	order = about(STORE_RESERVE, "v");
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_part("v")->largest_bytes, 0);
	order.guid[0] ^= 1;
	assert_int_equal(bench_answer(bench_send(order)), STORE_NO_VOLUME);
}

static struct store_order deletion(const char *name, u32 flags)
{
	struct store_order order = about(STORE_DELETE, name);

	order.flags = flags;
	return order;
}

/* All of a group or none: also where only the last one is needed, or one is named twice. */
static void deletion_of_a_group(void **state)
{
	static const struct { const char *last; enum store_error error; } rows[] = {
		{ "w-s", STORE_NEEDED }, { "v-s", STORE_BAD_ORDER }, { "gone", STORE_NO_VOLUME }, { "w-t", STORE_OK },
	};
	struct store_order order;
	u32 ids[2];

	(void)state;
	make_pool();
	make_volume("v", 1);
	make_volume("w", 2);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "v", "v-s", 3))), STORE_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "w", "w-s", 4))), STORE_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_SNAPSHOT, "w", "w-t", 5))), STORE_OK);
	assert_int_equal(bench_answer(bench_send(named(STORE_CLONE, "w-s", "c", 6))), STORE_OK);
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		ids[0] = bench_send(deletion("v-s", STORE_MORE));
		assert_int_equal(bench_answer(ids[0]), STORE_ERROR_COUNT);
		assert_non_null(bench_part("v-s"));
		order = rows[i].error == STORE_NO_VOLUME ? deletion("v-s", 0) : deletion(rows[i].last, 0);
		order.guid[0] ^= rows[i].error == STORE_NO_VOLUME;
		ids[1] = bench_send(order);
		assert_int_equal(bench_answer(ids[1]), rows[i].error);
		assert_int_equal(bench_answer(ids[0]), rows[i].error);
		assert_true((bench_part("v-s") != NULL) == (rows[i].error != STORE_OK));
	}
	assert_null(bench_part("w-t"));
	assert_non_null(bench_part("w-s"));
	reboot();
	assert_null(bench_part("v-s"));
	assert_non_null(bench_part("w-s"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_order_whose_commit_fails, setup),
		cmocka_unit_test_setup(a_failed_pool_is_tried_again, setup),
		cmocka_unit_test_setup(a_pool_that_fails_in_the_background, setup),
		cmocka_unit_test_setup(a_write_whose_checkpoint_fails, setup),
		cmocka_unit_test_setup(an_idle_pool_whose_disk_is_lost, setup),
		cmocka_unit_test_setup(room_behind_a_held_volume, setup),
		cmocka_unit_test_setup(an_order_that_can_never_be, setup),
		cmocka_unit_test_setup(an_order_while_the_pool_fails, setup),
		cmocka_unit_test_setup(an_attachment_while_the_pool_closes, setup),
		cmocka_unit_test_setup(an_attachment_while_the_volume_goes, setup),
		cmocka_unit_test_setup(an_opening_while_the_pool_is_deleted, setup),
		cmocka_unit_test_setup(a_group_of_which_one_is_refused, setup),
		cmocka_unit_test_setup(deletion_of_a_group, setup),
		cmocka_unit_test_setup(a_reserve, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
