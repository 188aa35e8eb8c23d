/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: volumes that are parts of disks. The test plays the console, the drivers and the store. There
 * are two disks: virtio0, which is blank, and nvme0.0, which has a table and little room.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "store_bench.h"

static void refuse(const char *name, u64 bytes, const char *on, const char *volume, enum error error)
{
	create(name, bytes, on, volume);
	bench_expect(error);
	expect_no_order();
}

static void with_the_vm(void **state)
{
	struct store_order order, drop;

	(void)state;
	create("myvm", 100 * GIB, "", "");
	order = take(STORE_CREATE);
	assert_int_equal(order.slot, VIRTIO);		/* that has the most room */
	assert_string_equal(order.volume, "myvm.0");
	assert_int_equal(order.bytes, 100 * GIB);
	assert_int_equal(order.guid[7] >> 4, 4);
	assert_false(bench_is_answered());
	bench_ask(REQ_STATUS, "myvm", 0);
	bench_expect(ERR_NO_VM);
	create("other", 0, "", "myvm.0");
	bench_expect(ERR_VOLUME_CHANGING);
	create_whole("virtio", "virtio0", DISK_TRUSTED);		/* the whole disk */
	bench_expect(ERR_DISK_BUSY);
	make_it(&order, 1);
	bench_ask(REQ_STATUS, "myvm", 0);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].flags, DISK_MADE | DISK_WAS_BLANK);
	assert_string_equal(bench_answer.vm.disks[0].on, "virtio0");
	create_whole("virtio", "virtio0", DISK_TRUSTED);
	bench_expect(ERR_DISK_BUSY);
	ask_volume(REQ_DELETE_VOLUME, "myvm.0", 0);
	bench_expect(ERR_VOLUME_BUSY);
	bench_ask(REQ_DELETE, "myvm", 0);
	bench_turns(0, 3);
	assert_false(bench_is_answered());
	drop = take(STORE_DELETE);
	assert_memory_equal(drop.guid, order.guid, STORE_GUID_BYTES);
	tell_extent(VIRTIO, 1, STORE_EXTENT_ZEROING, "", 100 * GIB, order.guid);
	assert_false(bench_is_answered());
	done(&drop, STORE_OK);
	bench_expect(ERR_NONE);
	expect_clean();
}

static void it_was_there(void **state)
{
	static const u8 guid[STORE_GUID_BYTES] = "it was there";
	struct store_order order;

	(void)state;
	tell_extent(NVME, 3, STORE_EXTENT_VOLUME, "old.0", 5 * GIB, guid);
	refuse("old", 6 * GIB, "", "", ERR_VOLUME_SIZE);
	refuse("old", 5 * GIB, "virtio0", "", ERR_VOLUME_PLACE);
	create("old", 5 * GIB, "", "");
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.vm.disks[0].flags, 0);
	expect_no_order();
	bench_ask(REQ_START, "old", 0);
	bench_vmm_says(PHASE_RUNNING, STOP_NONE);
	bench_expect(ERR_NONE);
	order = take(STORE_ATTACH);
	assert_int_equal(order.slot, NVME);
	assert_memory_equal(order.guid, guid, sizeof(guid));
	done(&order, STORE_OK);
	/* Another store: the link waits until the disk and the partition are there again. */
	new_store();
	expect_no_order();
	tell_disks();
	expect_no_order();
	tell_extent(NVME, 3, STORE_EXTENT_VOLUME, "old.0", 5 * GIB, guid);
	order = take(STORE_ATTACH);
	done(&order, STORE_OK);
	bench_ask(REQ_DELETE, "old", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	order = take(STORE_DETACH);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	expect_no_order();		/* it was not made for that VM */
	delete_volume("old.0");
	expect_clean();
}

/* A guest can leave a pool on a disk that it writes to as a whole, so the operator says that it is trusted so far. */
static void a_whole_disk_needs_trust(void **state)
{
	struct request r = a_create("a", 0, "", "nvme0.0");

	(void)state;
	refuse("a", 0, "", "nvme0.0", ERR_DISK_TRUST);
	assert_string_equal(bench_answer.text, "nvme0.0");
	create_whole("a", "nvme0.0", DISK_READ_ONLY);
	bench_expect(ERR_NONE);
	r.op = REQ_SET;			/* to one that it can write to */
	r.fields = BIT32(FIELD_DISK);
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_DISK_TRUST);
	r.spec.disks[0].flags = DISK_TRUSTED;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
}

static void other_partitions(void **state)
{
	static const u8 guid[STORE_GUID_BYTES] = "theirs", more[STORE_GUID_BYTES] = "another";

	(void)state;
	tell_extent(NVME, 1, STORE_EXTENT_OTHER, "nvme0.0p1", GIB, guid);
	ask_volume(REQ_DELETE_VOLUME, "nvme0.0p1", 0);
	bench_expect(ERR_VOLUME_FOREIGN);
	ask_volume(REQ_DELETE_VOLUME, "virtio0", 0);
	bench_expect(ERR_VOLUME_FOREIGN);
	create("a", 0, "", "nvme0.0p1");
	bench_expect(ERR_NONE);
	create_whole("b", "nvme0.0", DISK_TRUSTED);
	bench_expect(ERR_DISK_BUSY);
	tell_extent(NVME, 1, STORE_EXTENT_OTHER, "nvme0.0p1", GIB, more);	/* somebody else's under that number */
	refuse("b", 0, "", "nvme0.0p1", ERR_VOLUME_BUSY);
	tell_extent(NVME, 1, STORE_EXTENT_GONE, "", GIB, more);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
	create_whole("a", "nvme0.0", DISK_TRUSTED);
	bench_expect(ERR_NONE);
	refuse("b", GIB, "nvme0.0", "", ERR_DISK_BUSY);
	bench_ask(REQ_DISKS, "", 0);
	bench_await_answer();
	assert_int_equal(bench_rows[1].disk.state, DISK_ROW_WHOLE);
	assert_string_equal(bench_rows[1].disk.vm, "a");
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
	new_store();		/* tells of no such partition */
	tell_disks();
	expect_clean();
}

static void disks_that_do_not_fit(void **state)
{
	struct request r = a_create("x", 100 * GIB, "", "");
	static const struct { enum store_table table; u32 features; enum error error; } cases[] = {
		{ STORE_TABLE_MBR, 0, ERR_DISK_CONTENTS }, { STORE_TABLE_OTHER, 0, ERR_DISK_CONTENTS },
		{ STORE_TABLE_DAMAGED, 0, ERR_DISK_CONTENTS }, { STORE_TABLE_UNREADABLE, 0, ERR_DISK_IO },
		{ STORE_TABLE_GPT, BLK_IS_READ_ONLY, ERR_DISK_READ_ONLY },
	};

	(void)state;
	refuse("x", 128 * GIB, "", "", ERR_DISK_FULL);
	assert_int_equal(bench_answer.have, 127 * GIB);
	assert_string_equal(bench_answer.text, "virtio0");
	refuse("x", 11 * GIB, "nvme0.0", "", ERR_DISK_FULL);
	refuse("x", GIB, "nvme0.1", "", ERR_DISK_ALIKE);
	refuse("x", GIB, "sda", "", ERR_UNKNOWN_DISK);
	refuse("x", 0, "", "nvme0.1", ERR_DISK_ALIKE);
	/* The two of one VM have to fit together. */
	r.spec.disk_count = 2;
	r.spec.disks[1].bytes = 50 * GIB;
	bench_send(&r);
	bench_expect(ERR_DISK_FULL);
	expect_no_order();
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		tell_disk(VIRTIO, 128 * GIB, 127 * GIB, cases[i].table, cases[i].features);
		refuse("x", GIB, "virtio0", "", cases[i].error);
	}
	tell_disk(VIRTIO, 0, 0, STORE_TABLE_BLANK, 0);		/* gone for now; it comes back */
	create("x", 100 * GIB, "virtio0", "");
	assert_false(bench_is_answered());
	tell_disks();
	bench_turns(0, 5);
	assert_int_equal(take(STORE_CREATE).slot, VIRTIO);
	new_store();
	tell_disks();
	r.spec.disk_count = 0;
	{
		struct store_order order = take(STORE_CREATE);

		done(&order, STORE_WRITE_PROTECTED);
		bench_expect(ERR_DISK_READ_ONLY);
	}
	expect_clean();
}

/* Names that disks have, or may get yet, are not for others. */
static void names_of_disks(void **state)
{
	static const char *const names[] = { "nvme0.3", "nvme0.0p1", "virtio0p9", "nvme0" };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(names); i++)
		refuse("x", 2 * MIB, VOLUME_RAM, names[i], ERR_VOLUME_NAME);
	refuse("nvme0", 2 * MIB, VOLUME_RAM, "", ERR_VOLUME_SIZE);	/* nvme0.0 is a disk */
	refuse("x", 2 * MIB, VOLUME_RAM, "virtio0", ERR_VOLUME_SIZE);
	expect_clean();
}

/* What one VM's creation has made is taken back when the rest fails. */
static void a_refused_order(void **state)
{
	static const struct { enum store_error store; enum error error; } cases[] = {
		{ STORE_IO, ERR_DISK_IO }, { STORE_FULL, ERR_DISK_FULL }, { STORE_EXISTS, ERR_VOLUME_EXISTS },
		{ STORE_NOT_EMPTY, ERR_DISK_CONTENTS }, { STORE_BUSY, ERR_DISK_BUSY },
		{ STORE_BAD_ORDER, ERR_INTERNAL },
		{ 99, ERR_INTERNAL }, { STORE_OK, ERR_INTERNAL },	/* it has told of no partition */
	};
	struct request r = a_create("x", GIB, "", "");
	struct store_order first, second;
	u64 bytes = fake_free_bytes();

	(void)state;
	r.spec.disk_count = 3;
	r.spec.disks[1] = r.spec.disks[0];
	r.spec.disks[2] = (struct disk_spec){ .bytes = 4 * MIB, .on = VOLUME_RAM };
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		bench_send(&r);
		first = take(STORE_CREATE);
		second = take(STORE_CREATE);
		make_it(&first, 1);
		done(&second, cases[i].store);
		second = take(STORE_ADD_RAM);
		assert_false(bench_is_answered());
		done(&second, STORE_OK);
		bench_expect(cases[i].error);
		first = take(STORE_DELETE);
		done(&first, STORE_OK);
		if (cases[i].store == STORE_IO) {	/* it may be there all the same */
			second = take(STORE_DELETE);
			done(&second, STORE_NO_VOLUME);
		}
		second = take(STORE_DROP_RAM);
		done(&second, STORE_OK);
		bench_ask(REQ_STATUS, "x", 0);
		bench_expect(ERR_NO_VM);
	}
	create("x", 4 * MIB, VOLUME_RAM, "");
	first = take(STORE_ADD_RAM);
	done(&first, STORE_EXISTS);
	bench_expect(ERR_VOLUME_EXISTS);
	assert_int_equal(fake_free_bytes(), bytes);
	expect_clean();
}

/* The order goes out again, and what was made already is no error. */
static void the_store_dies(void **state)
{
	struct store_order order, again;

	(void)state;
	for (u32 is_made = 0; is_made < 2; is_made++) {
		create("d", 20 * GIB, "", "");
		order = take(STORE_CREATE);
		new_store();
		assert_false(bench_is_answered());
		expect_no_order();
		tell_disks();
		again = take(STORE_CREATE);
		assert_memory_equal(again.guid, order.guid, STORE_GUID_BYTES);
		assert_false(bench_is_answered());
		if (is_made)
			tell_extent(VIRTIO, 1, STORE_EXTENT_VOLUME, "d.0", 20 * GIB, order.guid);
		if (is_made)
			done(&again, STORE_EXISTS);
		else
			make_it(&again, 1);
		bench_expect(ERR_NONE);
		bench_ask(REQ_DELETE, "d", 0);
		bench_turns(0, 3);
		order = take(STORE_DELETE);
		new_store();
		tell_disks();
		assert_false(bench_is_answered());
		again = take(STORE_DELETE);
		done(&again, is_made ? STORE_NO_VOLUME : STORE_OK);
		bench_expect(ERR_NONE);
	}
	expect_clean();
}

/* Seconds of root's time. */
static void wait_for_answer(void)
{
	for (u32 i = 0; i < 2000 && !bench_is_answered(); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		bench_turns(0, 1);
	}
	assert_true(bench_is_answered());
}

/* A disk that does not answer: the request ends, and what comes of it later is taken back. */
static void a_silent_disk(void **state)
{
	struct store_order order, drop;

	(void)state;
	create("s", 20 * GIB, "", "");
	order = take(STORE_CREATE);
	wait_for_answer();
	assert_int_equal(bench_answer.error, ERR_DISK_SILENT);
	make_it(&order, 1);
	drop = take(STORE_DELETE);
	done(&drop, STORE_OK);
	expect_clean();
}

static void deletion_fails(void **state)
{
	struct store_order order;

	(void)state;
	create("f", 20 * GIB, "", "");
	order = take(STORE_CREATE);
	make_it(&order, 1);
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "f", 0);
	bench_turns(0, 3);
	order = take(STORE_DELETE);
	done(&order, STORE_IO);
	bench_expect(ERR_VOLUME_STAYS);
	assert_string_equal(bench_answer.text, "f.0");
	bench_ask(REQ_STATUS, "f", 0);
	bench_expect(ERR_NO_VM);
	ask_volume(REQ_DELETE_VOLUME, "f.0", 0);
	order = take(STORE_DELETE);
	done(&order, STORE_IO);
	bench_expect(ERR_DISK_IO);
	delete_volume("f.0");
	expect_clean();
}

static void by_themselves(void **state)
{
	struct store_order order;

	(void)state;
	ask_volume(REQ_CREATE_VOLUME, "data", 20 * GIB);
	order = take(STORE_CREATE);
	assert_false(bench_is_answered());
	make_it(&order, 1);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.volume.name, "data");
	assert_string_equal(bench_answer.volume.on, "virtio0");
	ask_volume(REQ_CREATE_VOLUME, "data", 20 * GIB);
	bench_expect(ERR_VOLUME_EXISTS);
	ask_volume(REQ_CREATE_VOLUME, "", 20 * GIB);
	bench_expect(ERR_BAD_FIELD);
	ask_volume(REQ_CREATE_VOLUME, "more", 0);
	bench_expect(ERR_BAD_FIELD);
	ask_volume(REQ_CREATE_VOLUME, "more", MIB + 512);
	bench_expect(ERR_BAD_FIELD);
	ask_volume(REQ_DELETE_VOLUME, "nothing", 0);
	bench_expect(ERR_NO_VOLUME);
	create("v", 0, "", "data");
	bench_expect(ERR_NONE);
	ask_volume(REQ_DELETE_VOLUME, "data", 0);
	bench_expect(ERR_VOLUME_BUSY);
	bench_ask(REQ_DELETE, "v", 0);
	bench_expect(ERR_NONE);
	delete_volume("data");
	expect_clean();
}

/* A disk of a controller that has several has a number: who leaves it out, or gives one too many, is told. */
static void disks_of_a_like_name(void **state)
{
	static const struct { const char *given, *meant; } names[] = {
		{ "nvme0", "nvme0.0" }, { "nvme0.7", "nvme0.0" }, { "virtio0.0", "virtio0" },
		{ "virtio0.1", "virtio0" },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(names); i++) {
		create("v", GIB, names[i].given, "");
		bench_expect(ERR_DISK_ALIKE);
		assert_string_equal(bench_answer.text, names[i].meant);
		create("v", 0, "", names[i].given);
		bench_expect(ERR_DISK_ALIKE);
		assert_string_equal(bench_answer.text, names[i].meant);
	}
	create("v", GIB, "nvme1", "");
	bench_expect(ERR_UNKNOWN_DISK);
	create("v", 0, "", "virtio0p1");
	bench_expect(ERR_NO_VOLUME);
	expect_clean();
}

/* One volume can't be two disks. */
static void a_volume_twice(void **state)
{
	struct request r = a_create("v", GIB, "", "data");

	(void)state;
	r.spec.disk_count = 2;
	r.spec.disks[1] = r.spec.disks[0];
	bench_send(&r);
	bench_expect(ERR_VOLUME_TWICE);
	assert_string_equal(bench_answer.text, "data");
	r.spec.disks[1].volume[0] = '\0';
	strcpy(r.spec.disks[0].volume, "v.1");	/* the second's, if it is not named */
	bench_send(&r);
	bench_expect(ERR_VOLUME_TWICE);
	expect_clean();
}

/* The client takes its request back, or dies: the change goes on. */
static void nobody_waits(void **state)
{
	struct request cancel = bench_make_request(REQ_CANCEL, "", 0);
	struct request r = a_create("c", GIB, "", "");
	struct store_order order;

	(void)state;
	bench_send(&r);
	order = take(STORE_CREATE);
	cancel.index = r.id;
	bench_send(&cancel);
	bench_expect(ERR_NONE);
	make_it(&order, 1);
	bench_ask(REQ_STATUS, "c", 0);
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "c", 0);
	bench_turns(0, 3);
	order = take(STORE_DELETE);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	expect_clean();
}

/* More requests than root keeps: the others are told to come back. The store gets as many orders about a disk as it
 * keeps, and the next one when it has answered one. */
static void many(void **state)
{
	struct store_order order;
	char name[16];
	u32 taken = 0;

	(void)state;
	for (u32 i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "m%u", (unsigned)i);
		create(name, 64 * MIB, "", "");
		if (bench_is_answered())
			assert_int_equal(bench_answer.error, ERR_BUSY);
		else
			taken++;
	}
	assert_int_equal(taken, 32);
	assert_int_equal(ring_used(&orders), 12 * sizeof(order));
	for (u32 i = 0; i < taken; i++) {
		order = take(STORE_CREATE);
		make_it(&order, i + 1);
	}
	for (u32 i = 0; i < taken; i++) {
		snprintf(name, sizeof(name), "m%u", (unsigned)i);
		bench_ask(REQ_DELETE, name, 0);
		bench_turns(0, 3);
	}
	assert_int_equal(ring_used(&orders), 12 * sizeof(order));
	for (u32 i = 0; i < taken; i++) {
		order = take(STORE_DELETE);
		done(&order, STORE_OK);
	}
	bench_expect(ERR_NONE);
	expect_clean();
}

/* Anything that a store could report, while requests are under way. */
static void a_hostile_store(void **state)
{
	static const char *const names[] = { "h.0", "virtio0", "../x", "data", "", "nvme0.0p1" };
	struct store_order order;
	unsigned seed = 29;

	(void)state;
	for (u32 i = 0; i < 30000; i++) {
		struct store_report r = { .kind = (u32)rand_r(&seed) % 5, .error = (u32)rand_r(&seed) % 13,
			.id = (u32)(rand_r(&seed) % 9) << 24 | (u32)rand_r(&seed) % 260,
			.slot = (u32)rand_r(&seed) % 36,
			.sectors = (u64)rand_r(&seed) << rand_r(&seed) % 30, .block_bytes = BIT32(rand_r(&seed) % 16),
			.table = (u32)rand_r(&seed) % 9, .largest_bytes = (u64)rand_r(&seed) << 10,
			.free_bytes = (u64)rand_r(&seed) << 10, .number = (u32)rand_r(&seed) % 260,
			.extent = (u32)rand_r(&seed) % 6, .flags = (u32)rand_r(&seed) % 8 };

		r.guid[0] = (u8)(rand_r(&seed) % 3);
		strcpy(r.volume, names[rand_r(&seed) % 6]);
		if (rand_r(&seed) % 50 == 0)
			memset(r.volume, 'a', sizeof(r.volume));
		if (!ring_put(&reports, &r, sizeof(r)) || rand_r(&seed) % 8 == 0)
			bench_turns(ROOT_BIT_STORE, 1);
		if (rand_r(&seed) % 64 == 0)
			create("h", (u64)((u32)rand_r(&seed) % 4) * GIB, "",
			       rand_r(&seed) % 2 ? "" : names[rand_r(&seed) % 6]);
		if (rand_r(&seed) % 64 == 0)
			ask_volume(rand_r(&seed) % 2 ? REQ_CREATE_VOLUME : REQ_DELETE_VOLUME, names[rand_r(&seed) % 6],
				   (u64)((u32)rand_r(&seed) % 3) * MIB);
		if (rand_r(&seed) % 64 == 0)
			bench_ask(REQ_DELETE, "h", 0);
		while (rand_r(&seed) % 4 == 0 && ring_get(&orders, &order, sizeof(order)))
			done(&order, (enum store_error)(rand_r(&seed) % 12));
	}
	bench_ask(REQ_HOST, "", 0);
	bench_expect(ERR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_the_vm), cmocka_unit_test(it_was_there),
		cmocka_unit_test(a_whole_disk_needs_trust), cmocka_unit_test(other_partitions),
		cmocka_unit_test(disks_that_do_not_fit), cmocka_unit_test(names_of_disks),
		cmocka_unit_test(a_refused_order), cmocka_unit_test(the_store_dies), cmocka_unit_test(a_silent_disk),
		cmocka_unit_test(deletion_fails), cmocka_unit_test(by_themselves), cmocka_unit_test(nobody_waits),
		cmocka_unit_test(disks_of_a_like_name),
		cmocka_unit_test(a_volume_twice),
		cmocka_unit_test(many), cmocka_unit_test(a_hostile_store),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
