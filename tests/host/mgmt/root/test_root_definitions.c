/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: definitions in a pool. The test plays the console, the store, and the pool's disk, which
 * fails, is torn, or is not what VOS wrote.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "definitions.h"
#include "definitions_bench.h"
#include "own_machine.h"

/* ---- what happens ---- */

static void a_first_pool(void **state)
{
	const struct definition_header *h = (const void *)disk;

	(void)state;
	make_pool();
	assert_int_equal(definition_header_judge(h), DEFINITION_SLOT_FULL);
	assert_int_equal(h->generation, 1);
	assert_memory_equal(h + 1, TEXT, strlen(TEXT));
	assert_int_equal(flushes, 2);
	assert_int_equal(first_header, DEFINITION_SLOT_EMPTY);	/* a power cut leaves no header without its text */
}

/* A change is answered when it is flushed, and not before. */
static void a_change_waits(void **state)
{
	const struct definition_header *h = (const void *)(disk + DEFINITION_SLOT_BYTES);

	(void)state;
	make_pool();
	ask_create("one");
	assert_false(bench_is_answered());
	is_silent = true;
	write_text("two");
	assert_false(bench_is_answered());
	is_silent = false;
	serve();
	assert_int_equal(flushes, 3);
	assert_true(bench_is_answered());
	bench_expect(ERR_NONE);
	assert_int_equal(h->generation, 2);
	assert_memory_equal(h + 1, "two", 3);
	ask_create("two");
	assert_false(bench_is_answered());
	write_text("three");		/* into the first slot again */
	bench_expect(ERR_NONE);
	assert_int_equal(((const struct definition_header *)(const void *)disk)->generation, 3);
}

/* Changes that come while a text is written go into the next one, together. */
static void changes_together(void **state)
{
	u32 before;

	(void)state;
	make_pool();
	before = flushes;
	ask_create("one");
	ask_create("two");
	ask_create("three");
	assert_false(bench_is_answered());
	write_text("one");
	assert_false(bench_is_answered());
	write_text("all");
	bench_expect(ERR_NONE);
	assert_int_equal(flushes, before + 2);
}

static void a_write_fails(void **state)
{
	(void)state;
	make_pool();
	has_failed = true;
	ask_create("one");
	hurry();
	write_text("two");
	bench_expect(ERR_NOT_KEPT);
	assert_string_equal(bench_answer.text, "fast");
	assert_int_equal(place(), DEFINITIONS_NOT_WRITTEN);
	has_failed = false;
	bench_turns(0, 5);
	expect_task(DEFINITIONS_SAVE, DEFINITIONS_NOT_WRITTEN);
	bench_ask_task(bench_task.number, 4);
	serve();
	assert_int_equal(place(), DEFINITIONS_IN_POOL);
	ask_create("two");
	expect_task(DEFINITIONS_SAVE, DEFINITIONS_IN_POOL);
	bench_ask_task(bench_task.number, 0);		/* the console has no room for it */
	bench_expect(ERR_NOT_KEPT);
}

/* A console that does not answer holds nobody up for ever. */
static void a_silent_console(void **state)
{
	(void)state;
	make_pool();
	hurry();
	ask_create("one");
	bench_turns(0, 5);
	bench_expect(ERR_NOT_KEPT);
}

static void the_newest_counts(void **state)
{
	u32 before;

	(void)state;
	fill_slot(0, 6, TEXT);
	fill_slot(1, 5, "old");
	boot(true);
	expect_task(DEFINITIONS_LOAD, DEFINITIONS_IN_POOL);
	assert_int_equal(bench_task.bytes, strlen(TEXT));
	assert_int_equal(bench_task.is_again, 0);
	assert_memory_equal(window(), TEXT, strlen(TEXT));
	ask_create_as("a", REQ_FLAG_APPLIED);
	assert_true(bench_is_answered());		/* the text has it already */
	bench_ask_task(bench_task.number, 0);
	before = writes;
	write_text(TEXT);
	assert_int_equal(writes, before);		/* it is what is there */
	ask_create("b");
	write_text("new");
	bench_expect(ERR_NONE);
	assert_int_equal(((struct definition_header *)(void *)(disk + DEFINITION_SLOT_BYTES))->generation, 7);
	/* A console that is started again is told what the pool has. */
	definitions_drop(0);
	bench_ask_task(0, 0);
	serve();
	expect_task(DEFINITIONS_LOAD, DEFINITIONS_IN_POOL);
	assert_int_equal(bench_task.is_again, 1);
	assert_memory_equal(window(), "new", 3);
}

/* What an operator changes before all is read is answered when it is written, as any change is. */
static void a_change_while_reading(void **state)
{
	struct store_report blank = { .kind = STORE_DISK, .slot = VIRTIO, .sectors = 128 * GIB / 512,
		.block_bytes = 512, .identity = 7, .table = STORE_TABLE_GPT, .flags = STORE_IS_MORE };

	(void)state;
	fill_slot(0, 6, TEXT);
	bench_ask_task(0, 0);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	report(blank);
	ask_create("early");			/* a pool may come */
	assert_false(bench_is_answered());
	has_more = true;
	find_pool(true);
	expect_no_order();
	blank.flags = 0;
	report(blank);
	attached();
	expect_task(DEFINITIONS_LOAD, DEFINITIONS_IN_POOL);
	assert_false(bench_is_answered());
	bench_ask_task(bench_task.number, 0);
	assert_false(bench_is_answered());
	write_text("early and a");
	bench_expect(ERR_NONE);
	assert_int_equal(((struct definition_header *)(void *)(disk + DEFINITION_SLOT_BYTES))->generation, 7);
}

/* Where no pool comes, nobody waits for one. */
static void a_change_before_there_is_none(void **state)
{
	(void)state;
	bench_ask_task(0, 0);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	ask_create("early");
	assert_false(bench_is_answered());
	tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_GPT, 0);
	bench_turns(0, 5);
	expect_task(DEFINITIONS_CONF, DEFINITIONS_IN_RAM);
	bench_expect(ERR_NONE);
}

/* A volume of another pool was made with a name that one of the definitions' pool has: it is not that VM's disk. */
static void a_name_that_was_taken(void **state)
{
	const u8 guid[STORE_GUID_BYTES] = { 0x51 }, other[STORE_GUID_BYTES] = { 0x52 };
	struct store_report lost = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 3,
		.extent = STORE_EXTENT_VOLUME, .sectors = GIB / 512, .flags = STORE_NAME_TAKEN, .volume = "fastp3",
		.label = "b.0", .guid = { 0x51 } };
	struct request r = a_create("b", 0, "", "b.0");

	(void)state;
	fill_slot(0, 6, TEXT);
	boot(true);
	find_pool_named(1, "data", false);
	tell_extent(STORE_POOL_SLOT + 1, 2, STORE_EXTENT_VOLUME, "b.0", GIB, other);
	report(lost);
	r.flags = REQ_FLAG_APPLIED;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_VOLUME_TAKEN);
	tell_extent(STORE_POOL_SLOT + 1, 2, STORE_EXTENT_GONE, "", 0, other);
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_VOLUME, "b.0", GIB, guid);		/* it has its name again */
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_NONE);
}

static void a_torn_text(void **state)
{
	(void)state;
	fill_slot(0, 6, TEXT);
	fill_slot(1, 5, "old");
	disk[DEFINITION_HEADER_BYTES + 2] ^= 1;
	boot(true);
	expect_task(DEFINITIONS_LOAD, DEFINITIONS_IN_POOL);
	assert_memory_equal(window(), "old", 3);
}

/* What VOS did not write stays, and the machine comes up. */
static void damaged(void **state)
{
	(void)state;
	fill_slot(0, 6, TEXT);
	memset(disk + DEFINITION_SLOT_BYTES, 0x55, DEFINITION_HEADER_BYTES);
	disk[DEFINITION_HEADER_BYTES + 2] ^= 1;
	boot(true);
	expect_done(STORE_DETACH);
	expect_task(DEFINITIONS_CONF, DEFINITIONS_DAMAGED);
	bench_ask_task(bench_task.number, 0);
	ask_create("one");
	bench_expect(ERR_NONE);
	hurry();
	expect_no_order();
	assert_int_equal(writes, 0);
	assert_int_equal(place(), DEFINITIONS_DAMAGED);
}

/* The pool comes when vos.conf has been applied: what it has is applied too. */
static void a_late_pool(void **state)
{
	struct request r = bench_make_request(REQ_CREATE_POOL, "", 0);

	(void)state;
	fill_slot(1, 1, TEXT);
	boot(false);
	expect_task(DEFINITIONS_CONF, DEFINITIONS_IN_RAM);
	bench_ask_task(bench_task.number, 0);
	ask_create("one");
	bench_expect(ERR_NONE);
	strcpy(r.spec.disks[0].volume, VOLUME_OF_VOS);
	strcpy(r.spec.disks[0].on, "nvme0.0");
	bench_send(&r);
	bench_expect(ERR_VOLUME_NAME);
	find_pool(true);
	attached();
	expect_task(DEFINITIONS_LOAD, DEFINITIONS_IN_POOL);
	bench_ask_task(bench_task.number, 0);
	write_text("both");
	assert_int_equal(place(), DEFINITIONS_IN_POOL);
}

/* Definitions may have waited for a pool that is opened: the console gets them again, once, and what is there stays. */
static void another_pool_comes(void **state)
{
	(void)state;
	make_pool();
	ask_create("one");
	find_pool_named(1, "data", false);
	expect_task(DEFINITIONS_SAVE, DEFINITIONS_IN_POOL);	/* first what has changed */
	write_text("one");
	bench_expect(ERR_NONE);
	expect_task(DEFINITIONS_LOAD, DEFINITIONS_IN_POOL);
	assert_int_equal(bench_task.is_again, 1);
	assert_memory_equal(window(), "one", 3);
	bench_ask_task(bench_task.number, 0);
	write_text("one");
	assert_int_equal(bench_task.task, DEFINITIONS_SAVE);
	bench_turns(0, 5);
	assert_int_equal(place(), DEFINITIONS_IN_POOL);
	ask_create("two");
	write_text("both");
	bench_expect(ERR_NONE);
}

/* Two pools have definitions when all disks have come: none are applied until one of them is gone. */
static void two_pools(void **state)
{
	struct store_report blank = { .kind = STORE_DISK, .slot = VIRTIO, .sectors = 128 * GIB / 512,
		.block_bytes = 512, .identity = 7, .table = STORE_TABLE_GPT, .flags = STORE_IS_MORE };
	struct store_order order;

	(void)state;
	fill_slot(1, 1, TEXT);
	bench_ask_task(0, 0);
	report(blank);
	has_more = true;
	find_pool_named(0, "fast", true);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	expect_no_order();
	assert_int_equal(bench_task.task, DEFINITIONS_NOTHING);
	find_pool_named(1, "old", true);
	blank.flags = 0;
	report(blank);
	bench_turns(0, 5);
	expect_task(DEFINITIONS_CONF, DEFINITIONS_TWICE);
	bench_ask_task(bench_task.number, 0);
	ask_create("one");
	bench_expect(ERR_NONE);
	expect_no_order();
	assert_int_equal(place(), DEFINITIONS_TWICE);
	/* The volume of that name is the first one's. The other one has a row only at the next start. */
	ask_volume(REQ_DELETE_VOLUME, "vos.config", 0);
	order = take(STORE_DELETE);
	assert_int_equal(order.slot, STORE_POOL_SLOT);
	report((struct store_report){ .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 1,
		.extent = STORE_EXTENT_GONE });
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	expect_no_order();
	assert_int_equal(place(), DEFINITIONS_TWICE);
}

/* What is in a mirror that waits for its other disk nobody knows: no other pool gets definitions meanwhile. */
static void a_mirror_that_waits(void **state)
{
	struct store_report disk_of = { .kind = STORE_DISK, .slot = VIRTIO, .sectors = 128 * GIB / 512,
		.block_bytes = 512, .identity = 7, .table = STORE_TABLE_GPT, .flags = STORE_IS_MORE };
	struct store_report part = { .kind = STORE_EXTENT, .slot = VIRTIO, .number = 1, .extent = STORE_EXTENT_POOL,
		.sectors = POOL_BYTES / 512 / 2, .first = 2048, .largest_bytes = ARENA, .flags = STORE_IS_MEMBER,
		.volume = "fast", .label = "fast" };
	struct store_order order;

	(void)state;
	bench_ask_task(0, 0);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	report(disk_of);
	memset(part.guid, 6, sizeof(part.guid));
	report(part);
	order = take(STORE_OPEN_POOL);
	done(&order, STORE_MISSING);
	disk_of.flags = 0;
	report(disk_of);
	bench_turns(0, 5);
	expect_task(DEFINITIONS_CONF, DEFINITIONS_AWAITED);
	assert_string_equal(bench_task.pool, "fast");
	bench_ask_task(bench_task.number, 0);
	find_pool_named(1, "data", false);
	expect_no_order();
	part.slot = NVME;
	part.guid[STORE_GUID_BYTES - 1] = 7;
	strcpy(part.volume, "nvme0.0p1");
	report(part);
	order = take(STORE_OPEN_POOL);
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT, .block_bytes = 512,
		.sectors = POOL_BYTES / 512, .free_bytes = 90 * GIB, .largest_bytes = VOLUME_BYTES_MAX,
		.flags = STORE_IS_MEMBER, .member = { STORE_MEMBER_GOOD, STORE_MEMBER_GOOD } });
	tell_volume(0);
	done(&order, STORE_OK);
	attached();
}

/* The text lacks a VM before its volume goes. */
static void a_deletion_waits(void **state)
{
	struct request r = bench_make_request(REQ_CREATE, "one", 0);
	struct store_report v = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 2,
		.extent = STORE_EXTENT_VOLUME, .sectors = MIB / 512 };
	struct store_order order;

	(void)state;
	make_pool();
	r.spec = (struct vm_spec){ .cpus = 1, .memory_bytes = 16 * MIB, .disk_count = 1 };
	r.spec.disks[0].bytes = MIB;
	bench_send(&r);
	bench_turns(0, 3);
	order = take(STORE_CREATE);
	memcpy(v.guid, order.guid, sizeof(v.guid));
	strcpy(v.volume, "one.0");
	report(v);
	done(&order, STORE_OK);
	write_text("one");
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "one", 0);
	bench_turns(0, 5);
	expect_no_order();
	bench_ask(REQ_LIST, "", 0);
	bench_turns(0, 2);
	assert_int_equal(bench_rows[0].vm.is_leaving, 1);
	write_text("none");
	bench_turns(0, 5);
	expect_done(STORE_DELETE);
}

/* Its own link is no reason to keep a pool. */
static void the_pool_is_deleted(void **state)
{
	struct request r = bench_make_request(REQ_DELETE_POOL, "", 0);

	(void)state;
	make_pool();
	strcpy(r.spec.disks[0].volume, "vos.config");
	r.op = REQ_DELETE_VOLUME;
	bench_send(&r);
	bench_expect(ERR_VOLUME_OF_VOS);
	r.op = REQ_CREATE_VOLUME;
	r.spec.disks[0].bytes = MIB;
	bench_send(&r);
	bench_expect(ERR_VOLUME_EXISTS);
	r.op = REQ_DELETE_POOL;
	strcpy(r.spec.disks[0].volume, "fast");
	bench_send(&r);
	bench_turns(0, 5);
	is_served = false;
	expect_done(STORE_DETACH);
	bench_turns(0, 5);
	expect_done(STORE_CLOSE_POOL);
	expect_done(STORE_DELETE);
	bench_expect(ERR_NONE);
	expect_task(DEFINITIONS_TELL, DEFINITIONS_IN_RAM);
	assert_int_equal(place(), DEFINITIONS_IN_RAM);
}

/* Any header: nothing is written to it, and the machine comes up with one of the texts or none. */
static void any_headers(void **state)
{
	(void)state;
	fill_slot(0, 6, TEXT);
	fill_slot(1, 5, "old");
	srand((unsigned)time(NULL));
	for (u32 i = 0; i < 2; i++)
		disk[i * DEFINITION_SLOT_BYTES + (u32)rand() % 96] ^= (u8)(1 + rand() % 255);
	boot(true);
	expect_done(STORE_DETACH);
	expect_task(DEFINITIONS_CONF, DEFINITIONS_DAMAGED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_pool), cmocka_unit_test(a_change_waits), cmocka_unit_test(changes_together),
		cmocka_unit_test(a_write_fails), cmocka_unit_test(a_silent_console),
		cmocka_unit_test(the_newest_counts), cmocka_unit_test(a_change_while_reading),
		cmocka_unit_test(a_change_before_there_is_none), cmocka_unit_test(a_torn_text),
		cmocka_unit_test(damaged),
		cmocka_unit_test(a_late_pool), cmocka_unit_test(another_pool_comes),
		cmocka_unit_test(two_pools), cmocka_unit_test(a_mirror_that_waits),
		cmocka_unit_test(a_name_that_was_taken),
		cmocka_unit_test(a_deletion_waits),
		cmocka_unit_test(the_pool_is_deleted), cmocka_unit_test(any_headers),
	};

	return run_on_own_machines(tests, ARRAY_COUNT(tests), begin_untold);
}
