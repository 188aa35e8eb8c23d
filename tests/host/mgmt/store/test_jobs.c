/* SPDX-License-Identifier: MIT */
/*
 * Volumes on disks: made, deleted, zeroed, told of, attached, and found again. With disks that fail:
 * test_disk_faults.c.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_bench.h"

#include "disk.h"
#include "volume.h"

static int setup(void **state)
{
	(void)state;
	bench_setup();
	return 0;
}

/* ---- what is on a disk ---- */

static void a_blank_disk(void **state)
{
	(void)state;
	bench_expect(0, STORE_TABLE_BLANK, STORE_FAULT_NONE, 14, 14);
	assert_int_equal(view.disk[0].sectors, BENCH_SECTORS);
	assert_int_equal(bench_disk[0].writes, 0);
}

static void other_things(void **state)
{
	(void)state;
	bench_fill(0, 1080, 2, 0x53);			/* ext4's magic, nearly */
	bench_fill(1, BENCH_BYTES - 1, 1, 1);
	bench_boot();
	bench_expect(0, STORE_TABLE_OTHER, STORE_FAULT_NONE, 0, 0);
	bench_expect(1, STORE_TABLE_OTHER, STORE_FAULT_NONE, 0, 0);
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_NOT_EMPTY);
	bench_fill(0, 510, 1, 0x55);
	bench_fill(0, 511, 1, 0xaa);
	bench_fill(0, 450, 1, 0x83);
	bench_boot();
	bench_expect(0, STORE_TABLE_MBR, STORE_FAULT_NONE, 0, 0);
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_NOT_EMPTY);
	bench_fill(0, 450, 1, 0xee);
	bench_boot();
	bench_expect(0, STORE_TABLE_DAMAGED, STORE_FAULT_MISSING, 0, 0);
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_NOT_EMPTY);
	assert_int_equal(bench_disk[0].writes, 0);
	bench_disk[1].fails_reads = true;
	bench_boot();
	bench_expect(1, STORE_TABLE_UNREADABLE, STORE_FAULT_NONE, 0, 0);
	assert_int_equal(bench_create(1, "a", MIB_BYTES, 1), STORE_IO);
}

/* A table whose first sector says that the disk has MBR partitions is an old one. */
static void an_old_table(void **state)
{
	(void)state;
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_OK);
	bench_fill(0, 450, 1, 0x83);
	bench_boot();
	bench_expect(0, STORE_TABLE_MBR, STORE_FAULT_NONE, 0, 0);
	assert_null(bench_part("a"));
}

static void read_only_disks(void **state)
{
	(void)state;
	bench_disk[0].info.features = BLK_CAN_FLUSH | BLK_IS_READ_ONLY;
	bench_disk[0].info.max_zero_sectors = 0;
	bench_boot();
	bench_expect(0, STORE_TABLE_BLANK, STORE_FAULT_NONE, 0, 0);
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_WRITE_PROTECTED);
}

/* ---- volumes ---- */

static void make_and_find_again(void **state)
{
	const struct store_report *p;

	(void)state;
	bench_fill(0, 4 * MIB_BYTES, MIB_BYTES, 0x77);	/* what was there before */
	assert_int_equal(bench_create(0, "vm.0", 5 * MIB_BYTES, 1), STORE_OK);
	for (u32 i = 0; i < 2; i++) {
		p = bench_part("vm.0");
		assert_non_null(p);
		assert_int_equal(p->slot, 0);
		assert_int_equal(p->number, 1);
		assert_int_equal(p->extent, STORE_EXTENT_VOLUME);
		assert_int_equal(p->first, MIB_SECTORS);
		assert_int_equal(p->sectors, 5 * MIB_SECTORS);
		assert_string_equal(p->label, "vm.0");
		assert_int_equal(p->flags, 0);
		bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 9, 9);
		assert_true(bench_is_all(0, MIB_BYTES, 5 * MIB_BYTES, 0));
		bench_boot();
	}
	assert_int_equal(bench_create(0, "w", 3 * MIB_BYTES, 2), STORE_OK);
	assert_int_equal(bench_part("w")->number, 2);
	assert_int_equal(bench_part("w")->first, 6 * MIB_SECTORS);
	bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 6, 6);
}

static void orders_are_judged(void **state)
{
	struct store_order order = { .op = STORE_CREATE, .bytes = MIB_BYTES, .volume = "a" };

	(void)state;
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);	/* no GUID */
	order.guid[0] = 1;
	order.slot = DISKS + STORE_POOLS_MAX;
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);
	assert_int_equal(bench_create(7, "a", MIB_BYTES, 1), STORE_NO_DISK);
	assert_int_equal(bench_create(0, "A", MIB_BYTES, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create(0, "", MIB_BYTES, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create(0, "-a", MIB_BYTES, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create(0, "a", 0, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create(0, "a", MIB_BYTES + 512, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create(0, "a", 2 * VOLUME_BYTES_MAX, 1), STORE_BAD_ORDER);
	assert_int_equal(bench_create(0, "a", 15 * MIB_BYTES, 1), STORE_FULL);
	assert_int_equal(bench_disk[0].writes, 0);
	bench_expect(0, STORE_TABLE_BLANK, STORE_FAULT_NONE, 14, 14);
	assert_int_equal(bench_create(0, "abcdefghijklmnopqrstuvwxyz0123456789", 14 * MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_create(0, "b", MIB_BYTES, 2), STORE_FULL);
	assert_int_equal(bench_create(1, "d0", MIB_BYTES, 2), STORE_EXISTS);
	assert_int_equal(bench_create(1, "b", MIB_BYTES, 2), STORE_OK);
	assert_int_equal(bench_create(1, "b", MIB_BYTES, 3), STORE_EXISTS);
	assert_int_equal(bench_create(1, "c", MIB_BYTES, 2), STORE_EXISTS);	/* the GUID */
	assert_int_equal(bench_delete(0, "b"), STORE_NO_VOLUME);
	assert_int_equal(bench_delete(0, "x"), STORE_NO_VOLUME);
	assert_int_equal(bench_delete(0, "d0"), STORE_NO_VOLUME);
	assert_int_equal(bench_delete(1, "b"), STORE_OK);
}

/* Two orders for one name at once, on two disks; and more than can wait. */
static void names_are_reserved(void **state)
{
	struct store_order order = { .op = STORE_CREATE, .bytes = MIB_BYTES, .volume = "a", .guid = { 1 } };
	u32 one = bench_send(order), two, many[20], busy = 0;

	(void)state;
	order.slot = 1;
	two = bench_send(order);
	assert_int_equal(bench_answer(one), STORE_OK);
	assert_int_equal(bench_answer(two), STORE_EXISTS);
	for (u32 i = 0; i < 20; i++) {
		order.guid[0] = (u8)(i + 5);
		order.volume[0] = (char)('b' + i);
		many[i] = bench_send(order);
	}
	for (u32 i = 0; i < 20; i++)
		busy += bench_answer(many[i]) == STORE_BUSY;
	assert_int_equal(busy, 4);
	assert_non_null(bench_part("n"));
	assert_null(bench_part("q"));
	bench_expect(1, STORE_TABLE_GPT, STORE_FAULT_NONE, 0, 0);
}

/* What a VM wrote is gone before anybody has the space again, whatever the disk can. */
static void deleted_volumes_are_zeroed(void **state)
{
	static const u32 abilities[] = {
		BLK_CAN_FLUSH | BLK_CAN_WRITE_ZEROES | BLK_CAN_UNMAP, BLK_CAN_FLUSH | BLK_CAN_WRITE_ZEROES,
		BLK_CAN_FLUSH, BLK_CAN_WRITE_ZEROES | BLK_CAN_DISCARD | BLK_DISCARD_KEEPS_ZEROES, 0,
	};

	(void)state;
	for (u32 i = 0; i < 6; i++) {
		u64 at = MIB_BYTES;

		bench_setup();
		bench_disk[0].info.features = abilities[i % 5];
		bench_disk[0].info.max_zero_sectors = abilities[i % 5] & BLK_CAN_WRITE_ZEROES ? 1024 : 0;
		bench_disk[0].fails_zeroes = i == 5;	/* says that it can, and can't */
		if (i == 5)
			bench_disk[0].info = bench_disk[1].info;
		bench_boot();
		assert_int_equal(bench_create(0, "a", 3 * MIB_BYTES, 1), STORE_OK);
		assert_int_equal(bench_create(0, "b", MIB_BYTES, 2), STORE_OK);
		bench_fill(0, at + 5000, MIB_BYTES, 0x5a);
		bench_fill(0, at + 3 * MIB_BYTES, MIB_BYTES, 0xa5);
		assert_int_equal(bench_delete(0, "a"), STORE_OK);
		assert_null(bench_part("a"));
		assert_true(bench_is_all(0, at, 3 * MIB_BYTES, 0));
		assert_true(bench_is_all(0, at + 3 * MIB_BYTES, MIB_BYTES, 0xa5));
		assert_int_equal(view.part[0][1].extent, STORE_EXTENT_GONE);
		assert_int_equal(bench_disk[0].zero_sectors, (i == 0 ? 3 + 1 + 3 : i == 3 ? 3 : 0) * MIB_SECTORS);
		assert_int_equal(bench_disk[0].discarded_sectors, i == 3 ? 3 * MIB_SECTORS : 0);
		bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 10, 13);
		assert_int_equal(bench_create(0, "a", 3 * MIB_BYTES, 1), STORE_OK);
		assert_int_equal(bench_part("a")->first, MIB_SECTORS);
	}
}

/* It goes on after a restart; until then nobody has the space. */
static void zeroing_survives(void **state)
{
	struct store_order order = { .op = STORE_DELETE, .volume = "a" };
	u32 id;

	(void)state;
	bench_disk[0].info.features = BLK_CAN_FLUSH;
	bench_disk[0].info.max_zero_sectors = 0;
	bench_boot();
	assert_int_equal(bench_create(0, "a", 14 * MIB_BYTES, 1), STORE_OK);
	bench_fill(0, MIB_BYTES, 14 * MIB_BYTES, 0x5a);
	memcpy(order.guid, bench_part("a")->guid, sizeof(order.guid));
	id = bench_send(order);
	for (u32 i = 0; i < 500 &&
	     (view.part[0][1].extent != STORE_EXTENT_ZEROING || view.part[0][1].percent < 20); i++)
		bench_run_some(1);
	assert_in_range(view.part[0][1].percent, 20, 99);
	assert_string_equal(view.part[0][1].volume, "");
	assert_int_equal(view.done[(view.done_count - 1) % BENCH_REPORTS].id, id);
	assert_false(bench_is_all(0, MIB_BYTES, 14 * MIB_BYTES, 0));
	order = (struct store_order){ .op = STORE_CREATE, .bytes = MIB_BYTES, .volume = "b", .guid = { 3 } };
	id = bench_send(order);
	for (u32 i = 0; i < 50 && view.done[(view.done_count - 1) % BENCH_REPORTS].id != id; i++)
		bench_run_some(1);
	assert_int_equal(view.done[(view.done_count - 1) % BENCH_REPORTS].error, STORE_FULL);
	assert_false(bench_is_all(0, MIB_BYTES, 14 * MIB_BYTES, 0));	/* an order does not wait for it */
	bench_boot();
	assert_true(bench_is_all(0, MIB_BYTES, 14 * MIB_BYTES, 0));
	bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 14, 14);
}

/* The mark of a volume is in the table, and is taken away while a VM has it; nothing else changes. */
static void volumes_are_marked(void **state)
{
	struct store_order order = { .op = STORE_CREATE, .bytes = MIB_BYTES, .volume = "a.0", .guid = { 3 },
				     .flags = STORE_MARK };
	struct store_report before;

	(void)state;
	bench_boot();
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_create(0, "b.0", MIB_BYTES, 1), STORE_OK);
	bench_boot();
	assert_int_equal(bench_part("a.0")->flags, STORE_IS_MARKED);
	assert_int_equal(bench_part("b.0")->flags, 0);
	before = *bench_part("a.0");
	assert_int_equal(bench_attach(0, "a.0", before.guid), STORE_OK);
	order = (struct store_order){ .op = STORE_UNMARK, .volume = "a.0" };
	memcpy(order.guid, before.guid, sizeof(order.guid));
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_part("a.0")->flags, 0);
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);	/* once more */
	bench_boot();
	assert_int_equal(bench_part("a.0")->flags, 0);
	assert_int_equal(bench_part("a.0")->first, before.first);
	assert_int_equal(bench_part("a.0")->sectors, before.sectors);
	bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 12, 12);
	memset(order.guid, 9, sizeof(order.guid));
	assert_int_equal(bench_answer(bench_send(order)), STORE_NO_VOLUME);
}

/* ---- who may have what ---- */

static void links_and_volumes(void **state)
{
	const u8 wrong[STORE_GUID_BYTES] = { 9 };

	(void)state;
	assert_int_equal(bench_create(0, "a", 2 * MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_create(0, "b", 2 * MIB_BYTES, 2), STORE_OK);
	assert_int_equal(bench_attach(0, "a", wrong), STORE_NO_VOLUME);
	assert_int_equal(bench_attach(0, "c", NULL), STORE_NO_VOLUME);
	assert_int_equal(bench_attach(0, "a", NULL), STORE_OK);
	memset(bench_data(0), 0x42, 4096);
	assert_int_equal(bench_do(0, BLK_WRITE, 0, 8), BLK_OK);
	assert_int_equal(bench_do(0, BLK_WRITE, 2 * MIB_SECTORS - 8, 8), BLK_OK);
	assert_int_equal(bench_do(0, BLK_WRITE, 2 * MIB_SECTORS, 8), BLK_INVAL);
	assert_true(bench_is_all(0, MIB_BYTES, 4096, 0x42));
	assert_true(bench_is_all(0, 3 * MIB_BYTES - 4096, 4096, 0x42));
	assert_true(bench_is_all(0, 3 * MIB_BYTES, 2 * MIB_BYTES, 0));
	assert_int_equal(bench_do(0, BLK_WRITE_ZEROES, 0, 8), BLK_OK);
	assert_true(bench_is_all(0, MIB_BYTES, 4096, 0));
	assert_int_equal(bench_do(0, BLK_DISCARD, 0, MIB_SECTORS), BLK_OK);
	assert_int_equal(bench_do(0, BLK_DISCARD, MIB_SECTORS, MIB_SECTORS + 8), BLK_INVAL);
	assert_int_equal(bench_delete(0, "a"), STORE_BUSY);
	assert_int_equal(bench_delete(0, "b"), STORE_OK);
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_delete(0, "a"), STORE_OK);
}

/* A whole disk and its partitions exclude each other; the disk may hold anything afterwards. */
static void whole_disks(void **state)
{
	(void)state;
	assert_int_equal(bench_create(0, "a", 2 * MIB_BYTES, 1), STORE_OK);
	assert_int_equal(bench_attach(0, "a", NULL), STORE_OK);
	assert_int_equal(bench_attach(1, "d0", NULL), STORE_BUSY);
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_attach(1, "d0", NULL), STORE_OK);
	assert_int_equal(bench_attach(0, "a", NULL), STORE_BUSY);
	assert_int_equal(bench_create(0, "b", MIB_BYTES, 2), STORE_BUSY);
	assert_int_equal(bench_delete(0, "a"), STORE_BUSY);
	memset(bench_data(1), 0, 1024 * 1024);
	assert_int_equal(bench_do(1, BLK_WRITE, 0, 256), BLK_OK);
	assert_int_equal(bench_do(1, BLK_WRITE, BENCH_SECTORS - 256, 256), BLK_OK);
	bench_driver_again(0, false);
	bench_run();
	assert_non_null(bench_part("a"));		/* not looked at while a VM has it */
	assert_int_equal(bench_detach(1), STORE_OK);
	assert_null(bench_part("a"));
	bench_expect(0, STORE_TABLE_BLANK, STORE_FAULT_NONE, 14, 14);
}

/* A link that is taken back while its whole disk has something else to do: it is not served afterwards. */
static void an_attachment_that_waits(void **state)
{
	struct store_order attach = { .op = STORE_ATTACH, .volume = "d0" }, detach = { .op = STORE_DETACH };
	u32 attached, detached;

	(void)state;
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_OK);
	bench_disk[0].is_stuck = true;
	bench_driver_again(0, false);
	attached = bench_send(attach);
	assert_int_equal(bench_answer(attached), STORE_ERROR_COUNT);
	detached = bench_send(detach);
	assert_int_equal(bench_answer(detached), STORE_OK);
	assert_int_equal(bench_answer(attached), STORE_BUSY);
	assert_int_equal(view.done[(view.done_count - 1) % BENCH_REPORTS].id, detached);
	bench_disk[0].is_stuck = false;
	bench_run();
	assert_int_equal(bench_attach(0, "a", NULL), STORE_OK);
}

static void partitions_of_others(void **state)
{
	const struct gpt_part parts[] = {
		bench_part_of(false, 1, 2, "EFI"), bench_part_of(true, 2, 4, "My Disk"),
		bench_part_of(true, 3, 6, "d0"),
	};

	(void)state;
	bench_write_table(0, parts, 3);
	bench_boot();
	assert_int_equal(view.ends[0], 1);		/* only the last of four reports says that it is all */
	assert_int_equal(view.ends[1], 1);
	assert_int_equal(bench_part("d0p1")->extent, STORE_EXTENT_OTHER);
	assert_string_equal(bench_part("d0p1")->label, "EFI");
	assert_int_equal(bench_part("d0p1")->type[0], 0xaf);
	assert_int_equal(bench_part("d0p1")->flags, 0);
	assert_int_equal(bench_part("d0p2")->flags, STORE_NAME_UNFIT);
	assert_int_equal(bench_part("d0p3")->flags, STORE_NAME_TAKEN);
	bench_expect(0, STORE_TABLE_GPT, STORE_FAULT_NONE, 8, 11);
	assert_int_equal(bench_attach(0, "d0p1", NULL), STORE_OK);
	memset(bench_data(0), 0x11, 4096);
	assert_int_equal(bench_do(0, BLK_WRITE, 8, 8), BLK_OK);
	assert_true(bench_is_all(0, 2 * MIB_BYTES + 4096, 4096, 0x11));
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_delete(0, "d0p1"), STORE_NOT_VOS);
	assert_int_equal(bench_delete(0, "d0p2"), STORE_OK);
	assert_true(bench_is_all(0, 2 * MIB_BYTES + 4096, 4096, 0x11));
}

/* A disk has its name, whatever partitions are called. */
static void names_of_disks(void **state)
{
	const struct gpt_part part = bench_part_of(true, 3, 6, "d1");

	(void)state;
	bench_write_table(0, &part, 1);
	bench_boot();
	assert_null(bench_part("d1"));
	assert_int_equal(bench_part("d0p1")->flags, STORE_NAME_TAKEN);
	assert_int_equal(bench_attach(0, "d1", NULL), STORE_OK);
	assert_int_equal(bench_attach(1, "d0p1", NULL), STORE_OK);
}

/* Nor is one called as the volume that VOS keeps for itself: a guest may have written the table. */
static void name_of_vos(void **state)
{
	const struct gpt_part part = bench_part_of(true, 3, 6, VOLUME_OF_VOS);

	(void)state;
	bench_write_table(0, &part, 1);
	bench_boot();
	assert_null(bench_part(VOLUME_OF_VOS));
	assert_int_equal(bench_part("d0p1")->flags, STORE_NAME_UNFIT);
	assert_string_equal(bench_part("d0p1")->label, VOLUME_OF_VOS);
}

/* With it an image would be taken for kept, and the partition be deleted with the image. */
static void name_of_an_image(void **state)
{
	const struct gpt_part part = bench_part_of(true, 3, 6, VOLUME_OF_IMAGE "0123456789abcdef01234567");

	(void)state;
	bench_write_table(0, &part, 1);
	bench_boot();
	assert_null(bench_part(VOLUME_OF_IMAGE "0123456789abcdef01234567"));
	assert_int_equal(bench_part("d0p1")->flags, STORE_NAME_UNFIT);
}

/* Two volumes of one name: the second is called after its place, and an order for the one never reaches the other. */
static void two_of_a_name(void **state)
{
	const struct gpt_part one = bench_part_of(true, 1, 2, "v"), two = bench_part_of(true, 2, 4, "v");
	u8 first[STORE_GUID_BYTES];

	(void)state;
	bench_write_table(0, &one, 1);
	bench_write_table(1, &two, 1);
	bench_boot();
	assert_int_equal(bench_part("v")->slot, 0);
	memcpy(first, bench_part("v")->guid, sizeof(first));
	assert_int_equal(bench_part("d1p1")->flags, STORE_NAME_TAKEN);
	assert_int_equal(bench_attach(0, "d1p1", NULL), STORE_OK);
	assert_int_equal(bench_detach(0), STORE_OK);
	bench_write_table(0, &two, 1);			/* the disks are swapped */
	bench_write_table(1, &one, 1);
	bench_boot();
	assert_int_equal(bench_attach(0, "v", first), STORE_NO_VOLUME);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
}

/* A volume may have got its own name back: root, whose VM has it, goes on calling it after its place. */
static void a_name_that_drifts(void **state)
{
	const struct gpt_part one = bench_part_of(true, 1, 2, "v"), two = bench_part_of(true, 2, 4, "v");
	struct store_order order = { .op = STORE_ATTACH, .slot = 1, .volume = "d1p1" };

	(void)state;
	bench_write_table(0, &one, 1);
	bench_write_table(1, &two, 1);
	bench_boot();
	memcpy(order.guid, bench_part("d1p1")->guid, sizeof(order.guid));
	assert_int_equal(bench_delete(0, "v"), STORE_OK);
	bench_driver_again(1, false);
	bench_run();
	assert_int_equal(bench_part("v")->slot, 1);
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_int_equal(bench_detach(0), STORE_OK);
	order.op = STORE_DELETE;
	order.slot = 0;
	assert_int_equal(bench_answer(bench_send(order)), STORE_NO_VOLUME);
	order.slot = 1;
	assert_int_equal(bench_answer(bench_send(order)), STORE_OK);
	assert_null(bench_part("v"));
}

static void many_partitions(void **state)
{
	struct volume *v[STORE_VOLUMES];
	const struct gpt_part parts[] = { bench_part_of(true, 1, 2, "a"), bench_part_of(false, 2, 4, "b") };
	u32 count = 0, no_place = 0;
	char name[16];

	(void)state;
	for (u8 i = 0; i < 14; i++)
		assert_int_equal(bench_create(0, (char[]){ (char)('a' + i), 0 }, MIB_BYTES, (u8)(i + 1)), STORE_OK);
	for (u8 i = 0; i < 14; i++)
		assert_non_null(bench_part((char[]){ (char)('a' + i), 0 }));
	bench_setup();
	for (u32 i = 0; i < STORE_VOLUMES; i++) {
		(void)snprintf(name, sizeof(name), "ram%u", (unsigned)i);
		v[i] = volume_add(name, VOLUME_IN_RAM);
		count += v[i] != NULL;
	}
	assert_int_equal(count, STORE_VOLUMES - BENCH_DISKS);
	assert_int_equal(bench_create(0, "a", MIB_BYTES, 1), STORE_FULL);
	bench_write_table(0, parts, 2);
	bench_driver_again(0, false);
	bench_run();
	for (u32 number = 1; number <= 2; number++)
		no_place += view.part[0][number].flags == STORE_NO_PLACE;
	assert_int_equal(no_place, 2);
	for (u32 i = 0; i < count; i++)
		volume_drop(v[i]);
	bench_driver_again(0, false);
	bench_run();
	assert_non_null(bench_part("a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_blank_disk, setup),
		cmocka_unit_test_setup(other_things, setup),
		cmocka_unit_test_setup(an_old_table, setup),
		cmocka_unit_test_setup(read_only_disks, setup),
		cmocka_unit_test_setup(make_and_find_again, setup),
		cmocka_unit_test_setup(orders_are_judged, setup),
		cmocka_unit_test_setup(names_are_reserved, setup),
		cmocka_unit_test_setup(deleted_volumes_are_zeroed, setup),
		cmocka_unit_test_setup(zeroing_survives, setup),
		cmocka_unit_test_setup(volumes_are_marked, setup),
		cmocka_unit_test_setup(links_and_volumes, setup),
		cmocka_unit_test_setup(whole_disks, setup),
		cmocka_unit_test_setup(an_attachment_that_waits, setup),
		cmocka_unit_test_setup(partitions_of_others, setup),
		cmocka_unit_test_setup(names_of_disks, setup),
		cmocka_unit_test_setup(name_of_vos, setup), cmocka_unit_test_setup(name_of_an_image, setup),
		cmocka_unit_test_setup(two_of_a_name, setup),
		cmocka_unit_test_setup(a_name_that_drifts, setup),
		cmocka_unit_test_setup(many_partitions, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
