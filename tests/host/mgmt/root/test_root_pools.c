/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: pools on disks, and volumes in them. The test plays the console and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>

#include "rt_log.h"
#include "pool_bench.h"
#include "volume_traits.h"

static void ask_pool(enum request_op op, const char *name, const char *on, u32 flags)
{
	struct request r = bench_make_request(op, "", flags);

	strcpy(r.spec.disks[0].volume, name);
	strcpy(r.spec.disks[0].on, on);
	bench_send(&r);
	bench_turns(0, 3);
}

static struct pool_row the_pool(void)
{
	bench_ask(REQ_POOLS, "", 0);
	bench_expect(ERR_NO_POOL);
	assert_int_equal(bench_row_count, 1);
	return bench_rows[0].pool;
}

static void expect_no_pool(void)
{
	bench_ask(REQ_POOLS, "", 0);
	bench_expect(ERR_NO_POOL);
	assert_int_equal(bench_row_count, 0);
	assert_null(fake_memory(fake_pd_of(store), STORE_POOLS));
	expect_clean();
}

static void close_and_delete(void)
{
	struct store_order order;

	expect_done(STORE_CLOSE_POOL);
	assert_null(fake_memory(fake_pd_of(store), STORE_POOLS));
	assert_false(bench_is_answered());
	order = take(STORE_DELETE);
	assert_int_equal(order.slot, VIRTIO);
	assert_memory_equal(order.guid, pool_guid, sizeof(pool_guid));
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
}

static void delete_pool(void)
{
	ask_pool(REQ_DELETE_POOL, "fast", "", 0);
	close_and_delete();
	expect_no_pool();
}

/* The partition is made, then the pool is opened, then the answer comes. */
static void is_made(void **state)
{
	struct store_order order;
	u64 system;

	(void)state;
	bench_ask(REQ_MEMORY, "", 0);
	bench_expect(ERR_NONE);
	system = bench_rows[0].memory.system;
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0", 0);
	order = take(STORE_CREATE);
	assert_int_equal(order.flags, STORE_IS_POOL);
	assert_int_equal(order.bytes, 127 * GIB);
	assert_string_equal(order.volume, "fast");
	memcpy(pool_guid, order.guid, sizeof(pool_guid));
	tell_partition("fast", ARENA);
	expect_no_order();
	done(&order, STORE_OK);
	assert_false(bench_is_answered());
	open_it();
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.pool.name, "fast");
	assert_string_equal(bench_answer.pool.on, "virtio0");
	assert_int_equal(bench_answer.pool.state, POOL_ROW_READY);
	assert_int_equal(bench_answer.pool.bytes, POOL_BYTES);
	assert_int_equal(bench_answer.pool.used_bytes, 10 * GIB);
	bench_ask(REQ_MEMORY, "", 0);
	bench_expect(ERR_NONE);
	assert_in_range(bench_rows[0].memory.system, system + ARENA, system + ARENA + ARENA / 64);
	bench_ask(REQ_VOLUMES, "", 0);		/* it is no volume */
	bench_expect(ERR_NO_VOLUME);
	assert_int_equal(bench_row_count, 2);
	delete_pool();
}

/* A disk of 100 G goes into the pool whatever its size; with the VM it goes again. */
static void volumes_go_into_it(void **state)
{
	struct store_order order;

	(void)state;
	find_pool();
	create("a", 400 * GIB, "", "");
	order = take(STORE_CREATE);
	assert_int_equal(order.slot, STORE_POOL_SLOT);
	assert_int_equal(order.flags, STORE_MARK);
	make_it(&order, 5);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.vm.disks[0].on, "fast");
	assert_int_equal(bench_answer.vm.disks[0].flags, DISK_MADE | disk_traits_full(0));
	assert_int_equal(the_pool().volumes, 1);
	assert_int_equal(the_pool().promised_bytes, 400 * GIB);
	ask_pool(REQ_DELETE_POOL, "fast", "", 0);
	bench_expect(ERR_POOL_NOT_EMPTY);
	assert_int_equal(bench_answer.have, 1);
	bench_ask(REQ_DELETE, "a", 0);
	bench_turns(0, 5);
	order = take(STORE_DELETE);
	assert_int_equal(order.slot, STORE_POOL_SLOT);
	tell_extent(STORE_POOL_SLOT, 5, STORE_EXTENT_GONE, "", 0, order.guid);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	create("a", GIB, "nvme0.0", "");	/* a disk that is named is meant */
	order = take(STORE_CREATE);
	assert_int_equal(order.slot, NVME);
	done(&order, STORE_FULL);
	bench_expect(ERR_DISK_FULL);
	create("a", GIB, "fast", "data");
	order = take(STORE_CREATE);
	assert_int_equal(order.slot, STORE_POOL_SLOT);
	assert_int_equal(order.flags, 0);
	done(&order, STORE_FULL);
	bench_expect(ERR_DISK_FULL);
	delete_pool();
}

/* What is in a pool comes back by its name, and its link is served there. */
static void volumes_come_back(void **state)
{
	struct store_order order;
	u8 guid[STORE_GUID_BYTES] = { 9 };

	(void)state;
	find_pool();
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_VOLUME, "a.0", 100 * GIB, guid);
	create("a", 100 * GIB, "", "");
	bench_expect(ERR_NONE);
	expect_no_order();
	bench_start("a");
	order = take(STORE_ATTACH);
	assert_int_equal(order.slot, STORE_POOL_SLOT);
	assert_memory_equal(order.guid, guid, sizeof(guid));
	done(&order, STORE_OK);
	new_store();
	expect_no_order();			/* the pool's disk comes first, then the pool, then the link */
	tell_disks();
	expect_no_order();
	tell_partition("fast", ARENA);
	order = take_open();
	expect_no_order();
	tell_pool(90 * GIB, STORE_OK);
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_VOLUME, "a.0", 100 * GIB, guid);
	expect_done(STORE_ATTACH);
	done(&order, STORE_OK);
	bench_ask(REQ_DELETE, "a", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_GONE, "", 0, guid);
	delete_pool();
}

/* A new disk waits for a pool that is being opened. */
static void is_waited_for(void **state)
{
	struct store_order order, open;

	(void)state;
	memset(pool_guid, 7, sizeof(pool_guid));
	tell_partition("fast", ARENA);
	open = take_open();
	assert_int_equal(the_pool().state, POOL_ROW_OPENING);
	create("a", GIB, "", "");
	expect_no_order();
	assert_false(bench_is_answered());
	tell_pool(GIB, STORE_OK);
	done(&open, STORE_OK);
	order = take(STORE_CREATE);
	assert_int_equal(order.slot, STORE_POOL_SLOT);
	done(&order, STORE_POOL_FAILED);
	bench_expect(ERR_POOL_SHUT);
	delete_pool();
}

static void tell_more(struct store_report r)
{
	r.slot = VIRTIO;
	r.flags = STORE_IS_MORE;
	report(r);
}

/* A new disk waits until the store has told of all that a disk has: a pool may be among it. A pool that is named is
 * waited for too. */
static void is_waited_for_untold(void **state)
{
	struct store_report disk = { .kind = STORE_DISK, .sectors = 128 * GIB / 512, .block_bytes = 512,
		.identity = 7 + VIRTIO, .table = STORE_TABLE_GPT, .largest_bytes = 27 * GIB, .free_bytes = 27 * GIB };
	struct store_report other = { .kind = STORE_EXTENT, .number = 2, .extent = STORE_EXTENT_OTHER, .sectors = 8,
		.volume = "virtio0p2", .guid = { 2 } };
	struct store_order order;

	(void)state;
	memset(pool_guid, 7, sizeof(pool_guid));
	for (u32 i = 0; i < 2; i++) {
		new_store();
		tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
		tell_more(disk);
		create("a", GIB, i == 0 ? "" : "fast", "");
		expect_no_order();
		tell_more(other);
		expect_no_order();
		tell_more((struct store_report){ .kind = STORE_EXTENT, .number = STORE_PARTITIONS + 1 });
		expect_no_order();
		assert_false(bench_is_answered());
		tell_partition("fast", ARENA);
		open_it();
		order = take(STORE_CREATE);
		assert_int_equal(order.slot, STORE_POOL_SLOT);
		done(&order, STORE_FULL);
		bench_expect(ERR_DISK_FULL);
	}
	tell_extent(VIRTIO, 2, STORE_EXTENT_GONE, "", 0, other.guid);
	delete_pool();
}

/* One that was lost while it was told of is not waited for: what it was going to tell never comes. */
static void is_lost_untold(void **state)
{
	struct store_order order;

	(void)state;
	tell_more((struct store_report){ .kind = STORE_DISK, .sectors = 128 * GIB / 512, .block_bytes = 512,
		.identity = 7 + VIRTIO, .table = STORE_TABLE_GPT });
	create("a", GIB, "", "");
	expect_no_order();
	report((struct store_report){ .kind = STORE_DISK, .slot = VIRTIO });
	expect_no_order();		/* its driver may bring it back */
	tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_BLANK, 0);
	order = take(STORE_CREATE);
	assert_int_equal(order.slot, VIRTIO);
	done(&order, STORE_FULL);
	bench_expect(ERR_DISK_FULL);
	tell_disks();
	expect_clean();
}

static void vmm_pauses(void)
{
	bench_vmm_control()->is_paused = bench_vmm_control()->want_paused;
	bench_turns(ROOT_BIT_VMM, 3);
}

static const u8 volume_guid[STORE_GUID_BYTES] = { 9 };

/* VM a, with a disk in the pool. Returns its link. */
static u32 start_in_pool(void)
{
	u32 link;

	find_pool();
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_VOLUME, "a.0", 100 * GIB, volume_guid);
	create("a", 100 * GIB, "", "");
	bench_expect(ERR_NONE);
	link = bench_answer.vm.index * VM_DEVICES;
	bench_start("a");
	expect_done(STORE_ATTACH);
	return link;
}

static void end_in_pool(void)
{
	bench_ask(REQ_DELETE, "a", REQ_FLAG_FORCE);
	bench_turns(0, 20);
	expect_done(STORE_DETACH);
	bench_expect(ERR_NONE);
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_GONE, "", 0, volume_guid);
	delete_pool();
}

static void expect_retry(u32 link)
{
	struct store_order order = take(STORE_RETRY);

	assert_int_equal(order.link, link);
	done(&order, STORE_OK);
	vmm_pauses();
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
}

/* A VM whose pool is full pauses whatever it has asked for, and goes on where it was: when there is room, or when an
 * operator says so. */
static void is_full(void **state)
{
	struct store_report failed = { .kind = STORE_FAILED, .error = BLK_IOERR }, room = { .kind = STORE_ROOM };

	(void)state;
	failed.slot = room.slot = start_in_pool();
	report(failed);			/* which it has not asked for */
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	failed.error = BLK_NOSPACE;
	report(failed);
	vmm_pauses();
	bench_expect_state("a", VM_PAUSED, STOP_POOL_FULL);
	assert_string_equal(bench_answer.vm.text, "disk 0, volume a.0");
	bench_ask(REQ_RESUME, "a", 0);
	bench_expect(ERR_NONE);
	expect_retry(failed.slot);
	report(failed);
	vmm_pauses();
	bench_expect_state("a", VM_PAUSED, STOP_POOL_FULL);
	expect_no_order();
	report(room);
	bench_turns(0, 3);
	expect_retry(failed.slot);
	report(failed);			/* and room before its VMM stands still */
	report(room);
	vmm_pauses();
	bench_turns(0, 3);
	expect_retry(failed.slot);
	end_in_pool();
}

/* An operator's pause stays one, also if it comes after the store's word; then the try comes with resume-vm. */
static void is_full_and_paused(void **state)
{
	struct store_report failed = { .kind = STORE_FAILED, .error = BLK_NOSPACE }, room = { .kind = STORE_ROOM };

	(void)state;
	failed.slot = room.slot = start_in_pool();
	for (u32 i = 0; i < 2; i++) {
		if (i == 1)
			report(failed);
		bench_ask(REQ_PAUSE, "a", 0);
		vmm_pauses();
		bench_expect(ERR_NONE);
		bench_expect_state("a", VM_PAUSED, i == 0 ? STOP_REQUEST : STOP_POOL_FULL);
		if (i == 0)
			report(failed);
		report(room);
		bench_turns(0, 3);
		bench_expect_state("a", VM_PAUSED, i == 0 ? STOP_REQUEST : STOP_POOL_FULL);
		expect_no_order();
		bench_ask(REQ_RESUME, "a", 0);
		bench_expect(ERR_NONE);
		expect_retry(failed.slot);
	}
	end_in_pool();
}

/* A new store does not know of it: the VM tries. */
static void is_full_in_a_store_that_dies(void **state)
{
	struct store_report failed = { .kind = STORE_FAILED, .error = BLK_NOSPACE };
	struct store_order order;

	(void)state;
	failed.slot = start_in_pool();
	report(failed);
	vmm_pauses();
	bench_expect_state("a", VM_PAUSED, STOP_POOL_FULL);
	new_store();
	bench_turns(0, 3);
	vmm_pauses();
	bench_expect_state("a", VM_RUNNING, STOP_REQUEST);
	tell_disks();
	tell_partition("fast", ARENA);
	order = take_open();
	tell_pool(0, STORE_OK);
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_VOLUME, "a.0", 100 * GIB, volume_guid);
	done(&order, STORE_OK);
	expect_done(STORE_ATTACH);
	end_in_pool();
}

/* Each threshold is told once, and anew when the pool has been below both. One that is full at boot is told of then. */
static void is_warned_of(void **state)
{
	static const struct { u64 free_gib; const char *line; } rows[] = {
		{ 21, NULL }, { 19, "root: pool fast is 80 % full: 19456 MiB are free" }, { 18, NULL },
		{ 4, "root: pool fast is 95 % full: 4096 MiB are free" }, { 0, NULL }, { 18, NULL }, { 4, NULL },
		{ 50, NULL }, { 0, "root: pool fast is 95 % full: 0 MiB are free" },
	};
	struct store_order order;

	(void)state;
	find_pool();
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		rt_log("nothing");
		tell_pool(rows[i].free_gib * GIB, STORE_OK);
		assert_string_equal(fake_last_log(), rows[i].line != NULL ? rows[i].line : "nothing");
	}
	delete_pool();
	memset(pool_guid, 7, sizeof(pool_guid));
	tell_partition("fast", ARENA);
	order = take_open();
	rt_log("nothing");
	tell_pool(10 * GIB, STORE_OK);
	assert_string_equal(fake_last_log(), "nothing");
	done(&order, STORE_OK);
	assert_string_equal(fake_last_log(), "root: pool fast is 80 % full: 10240 MiB are free");
	delete_pool();
}

/* It can't be opened: nothing goes into it, and only force deletes it. */
static void is_damaged(void **state)
{
	struct store_order order;

	(void)state;
	memset(pool_guid, 7, sizeof(pool_guid));
	tell_partition("fast", ARENA);
	order = take_open();
	tell_pool(0, STORE_POOL_DAMAGED);
	done(&order, STORE_POOL_DAMAGED);
	assert_null(fake_memory(fake_pd_of(store), STORE_POOLS));
	assert_int_equal(the_pool().state, POOL_ROW_FAILED);
	assert_int_equal(the_pool().error, STORE_POOL_DAMAGED);
	create("a", GIB, "fast", "");
	bench_expect(ERR_POOL_SHUT);
	ask_pool(REQ_DELETE_POOL, "fast", "", 0);
	bench_expect(ERR_POOL_UNREADABLE);
	ask_pool(REQ_DELETE_POOL, "fast", "", REQ_FLAG_FORCE);
	expect_done(STORE_DELETE);
	bench_expect(ERR_NONE);
	expect_no_pool();
}

/* A pool that was made but can't be opened is taken back. */
static void is_taken_back(void **state)
{
	struct store_order order;

	(void)state;
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0", 0);
	order = take(STORE_CREATE);
	done(&order, STORE_IO);
	bench_expect(ERR_DISK_IO);
	expect_done(STORE_DELETE);
	expect_no_pool();
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0", 0);
	order = take(STORE_CREATE);
	memcpy(pool_guid, order.guid, sizeof(pool_guid));
	tell_partition("fast", ARENA);
	done(&order, STORE_OK);
	order = take_open();
	done(&order, STORE_ARENA);
	bench_expect(ERR_DISK_MEMORY);
	expect_done(STORE_DELETE);
	expect_no_pool();
}

/* What root has no row for is in the pool all the same: it is not deleted with it unasked. */
static void holds_what_is_not_taken(void **state)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 3,
		.extent = STORE_EXTENT_VOLUME, .sectors = GIB / 512, .block_bytes = 512, .label = "hidden",
		.guid = { 9 }, .flags = STORE_NO_PLACE };

	(void)state;
	find_pool();
	report(r);
	ask_pool(REQ_DELETE_POOL, "fast", "", 0);
	bench_expect(ERR_POOL_NOT_EMPTY);
	assert_int_equal(bench_answer.have, 1);
	r.extent = STORE_EXTENT_GONE;
	report(r);
	delete_pool();
}

static void is_refused(void **state)
{
	static const struct { const char *name, *on; enum error error; } bad[] = {
		{ "", "virtio0", ERR_BAD_FIELD }, { "fast", "", ERR_BAD_FIELD }, { "Fast", "virtio0", ERR_BAD_FIELD },
		{ "abcdefghijklmnopqrstuvwx", "virtio0", ERR_BAD_FIELD }, { "nvme0.1", "virtio0", ERR_VOLUME_NAME },
		{ "ram", "virtio0", ERR_VOLUME_NAME }, { "fast", "ahci3", ERR_UNKNOWN_DISK },
		{ "fast", "nvme0", ERR_DISK_ALIKE },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		ask_pool(REQ_CREATE_POOL, bad[i].name, bad[i].on, 0);
		bench_expect(bad[i].error);
	}
	ask_pool(REQ_DELETE_POOL, "fast", "", 0);
	bench_expect(ERR_NO_POOL);
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_NONE);
	expect_no_order();
	find_pool();
	ask_pool(REQ_CREATE_POOL, "fast", "nvme0.0", 0);
	bench_expect(ERR_POOL_EXISTS);
	create("a", 0, "", "fast");		/* neither a disk of a VM, nor its disk */
	bench_expect(ERR_IS_POOL);
	create_whole("a", "virtio0", DISK_TRUSTED);
	bench_expect(ERR_DISK_BUSY);
	ask_volume(REQ_DELETE_VOLUME, "fast", 0);
	bench_expect(ERR_IS_POOL);
	ask_volume(REQ_CREATE_VOLUME, "fast", GIB);
	bench_expect(ERR_VOLUME_EXISTS);
	delete_pool();
}

/* Reports that can't be: of pools that are not open, of places that are none, with memory of nonsense. */
static void a_hostile_store(void **state)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 1, .sectors = 8,
		.extent = STORE_EXTENT_VOLUME, .volume = "x" };

	(void)state;
	tell_pool(GIB, STORE_OK);
	report(r);
	tell_partition("fast", 0);
	tell_partition("fast", STORE_POOL_STRIDE + 1);
	tell_partition("longer-than-a-disks-name-is", ARENA);
	for (u32 slot = STORE_POOL_SLOT - 1; slot < STORE_POOL_SLOT + 9; slot++) {
		r.slot = slot;
		report(r);
	}
	expect_no_pool();
	find_pool();
	tell_pool(POOL_BYTES + 1, STORE_OK);
	tell_pool(GIB, STORE_ERROR_COUNT);
	assert_int_equal(the_pool().free_bytes, 90 * GIB);
	r.slot = STORE_POOL_SLOT;
	r.extent = STORE_EXTENT_POOL;
	report(r);
	r.extent = STORE_EXTENT_VOLUME;
	r.number = STORE_PARTITIONS + 1;
	report(r);
	r.number = 1;
	memset(r.volume, 'x', sizeof(r.volume));
	report(r);
	assert_int_equal(the_pool().volumes, 0);
	for (u32 round = 0; round < 20000; round++) {
		u32 *words = (u32 *)&r;

		words[(u32)rand() % (sizeof(r) / 4)] = (u32)rand();
		r.kind = (u32)rand() % (STORE_KIND_COUNT + 1);
		r.slot = (u32)rand() % 2 ? STORE_POOL_SLOT : (u32)rand() % 64;
		r.number = (u32)rand() % 4;
		r.extent = (u32)rand() % (STORE_EXTENT_COUNT + 1);
		snprintf(r.volume, sizeof(r.volume), "v%u", (unsigned)((u32)rand() % 5));
		report(r);
		while (ring_used(&orders) != 0) {
			struct store_order order;

			assert_true(ring_get(&orders, &order, sizeof(order)));
			if ((u32)rand() % 2)
				done(&order, (u32)rand() % STORE_ERROR_COUNT);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_made), cmocka_unit_test(volumes_go_into_it), cmocka_unit_test(volumes_come_back),
		cmocka_unit_test(is_waited_for), cmocka_unit_test(is_waited_for_untold),
		cmocka_unit_test(is_lost_untold), cmocka_unit_test(is_warned_of), cmocka_unit_test(is_full),
		cmocka_unit_test(is_full_and_paused), cmocka_unit_test(is_full_in_a_store_that_dies),
		cmocka_unit_test(is_damaged), cmocka_unit_test(is_taken_back),
		cmocka_unit_test(holds_what_is_not_taken), cmocka_unit_test(is_refused),
		cmocka_unit_test(a_hostile_store),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
