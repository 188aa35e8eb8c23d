/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: pools in place of partitions, and pools of other machines. The test plays the console and the
 * store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <time.h>

#include "pool_bench.h"

static void ask_pool(enum request_op op, const char *name, const char *on, u32 flags)
{
	struct request r = bench_make_request(op, "", flags);

	strcpy(r.spec.disks[0].volume, name);
	strcpy(r.spec.disks[0].on, on);
	bench_send(&r);
	bench_turns(0, 3);
}

static void delete_pool(void)
{
	struct store_order order;

	ask_pool(REQ_DELETE_POOL, "fast", "", 0);
	expect_done(STORE_CLOSE_POOL);
	order = take(STORE_DELETE);
	assert_memory_equal(order.guid, pool_guid, sizeof(pool_guid));
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	expect_clean();
}

/* Another system's partition, in place of which the pool is made: a disk's free room does not matter. */
static void is_made_of_a_partition(void **state)
{
	u8 guid[STORE_GUID_BYTES] = { 5 };
	struct store_order order;

	(void)state;
	tell_extent(VIRTIO, 1, STORE_EXTENT_OTHER, "virtio0p1", POOL_BYTES, guid);
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0p1", 0);
	order = take(STORE_CREATE);
	assert_int_equal(order.slot, VIRTIO);
	assert_int_equal(order.flags, STORE_IS_POOL | STORE_ON_PARTITION);
	assert_int_equal(order.bytes, 0);
	assert_memory_equal(order.new_guid, guid, sizeof(guid));
	assert_memory_not_equal(order.guid, guid, sizeof(guid));
	memcpy(pool_guid, order.guid, sizeof(pool_guid));
	tell_partition("fast", ARENA);
	done(&order, STORE_OK);
	open_it();
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.pool.name, "fast");
	assert_string_equal(bench_answer.pool.on, "virtio0");
	assert_int_equal(bench_answer.pool.bytes, POOL_BYTES);
	bench_ask(REQ_VOLUMES, "", 0);		/* the partition is no volume any more */
	bench_expect(ERR_NO_VOLUME);
	assert_int_equal(bench_row_count, 2);
	delete_pool();
}

/* Nobody gets it meanwhile. */
static void is_held(void **state)
{
	u8 guid[STORE_GUID_BYTES] = { 5 };
	struct store_order order;

	(void)state;
	tell_extent(VIRTIO, 1, STORE_EXTENT_OTHER, "virtio0p1", POOL_BYTES, guid);
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0p1", 0);
	order = take(STORE_CREATE);
	memcpy(pool_guid, order.guid, sizeof(pool_guid));
	create("a", 0, "", "virtio0p1");
	bench_expect(ERR_VOLUME_CHANGING);
	tell_partition("fast", ARENA);
	done(&order, STORE_OK);
	open_it();
	delete_pool();
}

/* The store dies when it has made it: it is not asked for twice, but told of. */
static void a_partition_and_a_new_store(void **state)
{
	u8 guid[STORE_GUID_BYTES] = { 5 };
	struct store_order order;

	(void)state;
	tell_extent(VIRTIO, 1, STORE_EXTENT_OTHER, "virtio0p1", POOL_BYTES, guid);
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0p1", 0);
	order = take(STORE_CREATE);
	memcpy(pool_guid, order.guid, sizeof(pool_guid));
	new_store();
	tell_disks();
	order = take(STORE_CREATE);
	assert_memory_equal(order.new_guid, guid, sizeof(guid));
	tell_partition("fast", ARENA);
	done(&order, STORE_NO_VOLUME);
	open_it();
	bench_expect(ERR_NONE);
	delete_pool();
}

static void partitions_are_judged(void **state)
{
	u8 small[STORE_GUID_BYTES] = { 5 }, vol[STORE_GUID_BYTES] = { 6 }, big[STORE_GUID_BYTES] = { 7 };
	u8 none[STORE_GUID_BYTES] = { 0 };
	struct request r = bench_make_request(REQ_CREATE_POOL, "", 0);
	struct store_order order;

	(void)state;
	tell_extent(VIRTIO, 1, STORE_EXTENT_OTHER, "virtio0p1", 4 * MIB, small);
	tell_extent(VIRTIO, 2, STORE_EXTENT_VOLUME, "vol", GIB, vol);
	tell_extent(VIRTIO, 3, STORE_EXTENT_OTHER, "virtio0p3", GIB, big);
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0p1", 0);
	bench_expect(ERR_POOL_SMALL);
	assert_int_equal(bench_answer.have, 8);
	ask_pool(REQ_CREATE_POOL, "fast", "vol", 0);
	bench_expect(ERR_UNKNOWN_DISK);
	strcpy(r.spec.disks[0].volume, "fast");
	strcpy(r.spec.disks[0].on, "virtio0p3");
	r.spec.disks[0].bytes = 512 * MIB;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_VOLUME_SIZE);
	strcpy(r.spec.disks[0].on, "virtio0");
	r.spec.disks[0].bytes = 7 * MIB;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_POOL_SMALL);
	create("a", 0, "", "virtio0p3");
	bench_expect(ERR_NONE);
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0p3", 0);
	bench_expect(ERR_VOLUME_BUSY);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0p3", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_NONE);
	ask_pool(REQ_CREATE_POOL, "fast", "virtio0p3", 0);
	order = take(STORE_CREATE);
	done(&order, STORE_BUSY);		/* and it is what it was */
	bench_expect(ERR_DISK_BUSY);
	create("a", 0, "", "virtio0p3");
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "a", 0);
	bench_expect(ERR_NONE);
	for (u32 number = 1; number <= 3; number++)
		tell_extent(VIRTIO, number, STORE_EXTENT_GONE, "", 0, none);
	expect_clean();
}

/* ---- pools of other machines ---- */

/* Of pool p, which has definitions or not; the row of the first one's is there. */
static void tell_marked(u32 p, const char *name, u32 flags)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = VIRTIO, .number = 1 + p, .extent = STORE_EXTENT_POOL,
		.sectors = POOL_BYTES / 1024, .first = 2048, .largest_bytes = ARENA, .flags = flags };

	strcpy(r.volume, name);
	memset(r.guid, (int)(7 + p), sizeof(r.guid));
	report(r);
}

static void answer_open(u32 p, bool has_definitions)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT + p, .number = 1,
		.extent = STORE_EXTENT_VOLUME, .sectors = 4096, .label = VOLUME_OF_VOS, .flags = STORE_NO_PLACE,
		.guid = { (u8)(40 + p) } };
	struct store_order order = take(STORE_OPEN_POOL);

	assert_int_equal(order.link, p);
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT + p, .block_bytes = 512,
		.sectors = POOL_BYTES / 1024, .free_bytes = GIB, .largest_bytes = VOLUME_BYTES_MAX });
	if (has_definitions)
		report(r);
	done(&order, STORE_OK);
}

static void ask_import(const char *name, const char *to, u32 flags)
{
	struct request r = bench_make_request(REQ_IMPORT_POOL, "", flags);

	strcpy(r.spec.disks[0].volume, name);
	strcpy(r.spec.disks[1].volume, to);
	bench_send(&r);
	bench_turns(0, 3);
}

static void expect_closed(u32 p, bool has_definitions)
{
	struct store_order order = take(STORE_CLOSE_POOL);

	assert_int_equal(order.link, p);
	if (has_definitions)
		report((struct store_report){ .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT + p, .number = 1 });
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT + p });
	done(&order, STORE_OK);
}

static void delete_number(u32 p, const char *name)
{
	struct store_order order;

	ask_pool(REQ_DELETE_POOL, name, "", 0);
	if (fake_memory(fake_pd_of(store), STORE_POOLS + p * STORE_POOL_STRIDE) != NULL)
		expect_done(STORE_CLOSE_POOL);
	order = take(STORE_DELETE);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
}

static struct pool_row row_of(const char *name)
{
	bench_ask(REQ_POOLS, "", 0);
	bench_expect(ERR_NO_POOL);
	for (u32 i = 0; i < bench_row_count; i++)
		if (strcmp(bench_rows[i].pool.name, name) == 0)
			return bench_rows[i].pool;
	fail_msg("no pool %s", name);
	return (struct pool_row){ 0 };
}

/* Two pools have definitions: the one that is imported is another machine's, and not asked any more. */
static void is_imported(void **state)
{
	struct store_order order;

	(void)state;
	tell_marked(0, "fast", 0);
	answer_open(0, true);
	ask_import("fast", "", 0);
	bench_expect(ERR_POOL_OWN);
	tell_marked(1, "virtio0p2", 0);
	answer_open(1, true);
	assert_int_equal(row_of("virtio0p2").owner, POOL_OF_OTHER);
	ask_import("nothing", "", 0);
	bench_expect(ERR_NO_POOL);
	ask_import("virtio0p2", "fast", 0);
	bench_expect(ERR_POOL_EXISTS);
	ask_import("virtio0p2", "nvme0.0", 0);
	bench_expect(ERR_VOLUME_NAME);
	ask_import("virtio0p2", VOLUME_OF_VOS, 0);
	bench_expect(ERR_VOLUME_NAME);
	ask_import("virtio0p2", "abcdefghijklmnopqrstuvwx", 0);
	bench_expect(ERR_BAD_FIELD);
	ask_import("virtio0p2", "old", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_NONE);
	expect_no_order();
	ask_import("08080808-0808-0808-0808-080808080808", "old", 0);
	expect_closed(1, true);
	order = take(STORE_MARK_POOL);
	assert_int_equal(order.slot, VIRTIO);
	assert_int_equal(order.flags, STORE_IS_IMPORTED);
	assert_string_equal(order.volume, "old");
	tell_marked(1, "old", STORE_IS_IMPORTED);
	done(&order, STORE_OK);
	assert_false(bench_is_answered());
	answer_open(1, true);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.pool.name, "old");
	assert_int_equal(bench_answer.pool.owner, POOL_IMPORTED);
	assert_int_equal(row_of("fast").owner, POOL_OWN);
	ask_import("old", "", 0);
	bench_expect(ERR_POOL_OWN);
	delete_number(1, "old");		/* what is VOS' own goes with it */
	delete_number(0, "fast");
	expect_clean();
}

/* It is closed, stays so, and is opened when it is imported. */
static void tell_free(u32 p, u64 bytes)
{
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT + p, .block_bytes = 512,
		.sectors = POOL_BYTES / 1024, .free_bytes = bytes, .largest_bytes = VOLUME_BYTES_MAX });
}

/* The one with the most room, of those that can be used. */
static void is_default(void **state)
{
	(void)state;
	tell_marked(0, "fast", 0);
	answer_open(0, false);
	tell_marked(1, "slow", 0);
	assert_int_equal(row_of("fast").is_default, 1);
	answer_open(1, false);
	tell_free(1, 2 * GIB);
	assert_int_equal(row_of("fast").is_default, 0);
	assert_int_equal(row_of("slow").is_default, 1);
	tell_free(0, 3 * GIB);
	assert_int_equal(row_of("fast").is_default, 1);
	assert_int_equal(row_of("slow").is_default, 0);
	delete_number(0, "fast");
	delete_number(1, "slow");
	expect_clean();
}

static void is_exported(void **state)
{
	struct store_order order;

	(void)state;
	find_pool();
	ask_pool(REQ_EXPORT_POOL, "fast", "", 0);
	expect_closed(0, false);
	order = take(STORE_MARK_POOL);
	assert_int_equal(order.flags, STORE_IS_EXPORTED);
	assert_string_equal(order.volume, "fast");
	tell_marked(0, "fast", STORE_IS_EXPORTED);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.pool.state, POOL_ROW_EXPORTED);
	expect_no_order();
	ask_import("fast", "", 0);
	order = take(STORE_MARK_POOL);
	assert_int_equal(order.flags, 0);
	tell_marked(0, "fast", 0);
	done(&order, STORE_OK);
	answer_open(0, false);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.pool.state, POOL_ROW_READY);
	delete_number(0, "fast");
	expect_clean();
}

/* Its disk goes when it has been closed: the request fails, and nothing is done of it when the disk is back. */
static void a_disk_goes_meanwhile(void **state)
{
	(void)state;
	find_pool();
	ask_pool(REQ_EXPORT_POOL, "fast", "", 0);
	report((struct store_report){ .kind = STORE_DISK, .slot = VIRTIO });
	expect_closed(0, false);
	expect_no_order();
	for (u32 i = 0; i < 2000 && !bench_is_answered(); i++) {	/* seconds of root's time */
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		bench_turns(0, 1);
	}
	bench_expect(ERR_DISK_SILENT);
	tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_GPT, 0);
	tell_marked(0, "fast", 0);
	answer_open(0, false);
	assert_int_equal(row_of("fast").state, POOL_ROW_READY);
	delete_number(0, "fast");
	expect_clean();
}

/* A store that refuses leaves it as it was; a VM's volume keeps it open. */
static void stays(void **state)
{
	u8 guid[STORE_GUID_BYTES] = { 9 };
	struct store_order order;

	(void)state;
	find_pool();
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_VOLUME, "a.0", 100 * GIB, guid);
	create("a", 100 * GIB, "", "");
	bench_expect(ERR_NONE);
	ask_pool(REQ_EXPORT_POOL, "fast", "", 0);
	bench_expect(ERR_POOL_IN_USE);
	ask_pool(REQ_EXPORT_POOL, "slow", "", 0);
	bench_expect(ERR_NO_POOL);
	ask_pool(REQ_EXPORT_POOL, "", "", 0);
	bench_expect(ERR_BAD_FIELD);
	bench_ask(REQ_DELETE, "a", REQ_FLAG_KEEP_DISKS);
	bench_expect(ERR_NONE);
	while (ring_used(&orders) != 0) {		/* STORE_UNMARK */
		(void)ring_get(&orders, &order, sizeof(order));
		done(&order, STORE_OK);
	}
	ask_pool(REQ_EXPORT_POOL, "fast", "", 0);
	order = take(STORE_CLOSE_POOL);
	done(&order, STORE_BUSY);
	bench_expect(ERR_POOL_BUSY);
	assert_int_equal(row_of("fast").state, POOL_ROW_READY);
	ask_pool(REQ_EXPORT_POOL, "fast", "", 0);
	order = take(STORE_CLOSE_POOL);
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_GONE, "", 0, guid);
	done(&order, STORE_OK);
	order = take(STORE_MARK_POOL);
	done(&order, STORE_IO);
	answer_open(0, false);
	bench_expect(ERR_DISK_IO);
	assert_int_equal(row_of("fast").state, POOL_ROW_READY);
	delete_number(0, "fast");
	expect_clean();
}

/* ---- grow-pool ---- */

/* Its partition first, then the store that opens it with more memory. */
static void grows(void **state)
{
	struct store_order order;
	u32 made;

	(void)state;
	find_pool();
	ask_pool(REQ_GROW_POOL, "fast", "", REQ_FLAG_DRY_RUN);
	bench_expect(ERR_NONE);
	expect_no_order();
	ask_pool(REQ_GROW_POOL, "fast", "", 0);
	order = take(STORE_GROW_POOL);
	assert_int_equal(order.slot, VIRTIO);
	assert_memory_equal(order.guid, pool_guid, sizeof(pool_guid));
	tell_partition("fast", 2 * ARENA);
	made = fake_threads_made();
	done(&order, STORE_OK);
	assert_false(bench_is_answered());
	await_store(made);
	while (ring_used(&orders) != 0) {
		order = take(STORE_ADD_DISK);
		done(&order, STORE_OK);
	}
	tell_disks();
	assert_false(bench_is_answered());
	tell_partition("fast", 2 * ARENA);
	order = take(STORE_OPEN_POOL);
	assert_int_equal(order.bytes, 2 * ARENA);
	tell_pool(95 * GIB, STORE_OK);
	assert_false(bench_is_answered());
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.pool.free_bytes, 95 * GIB);
	delete_number(0, "fast");
	expect_clean();
}

/* Then it is what it was. A store that dies before it has answered is asked again. */
static void does_not_grow(void **state)
{
	struct store_order order;

	(void)state;
	find_pool();
	ask_pool(REQ_GROW_POOL, "slow", "", 0);
	bench_expect(ERR_NO_POOL);
	ask_pool(REQ_GROW_POOL, "", "", 0);
	bench_expect(ERR_BAD_FIELD);
	ask_pool(REQ_GROW_POOL, "fast", "", 0);
	order = take(STORE_GROW_POOL);
	done(&order, STORE_FULL);
	bench_expect(ERR_POOL_EDGE);
	assert_string_equal(bench_answer.text, "fast");
	ask_pool(REQ_GROW_POOL, "fast", "", 0);
	order = take(STORE_GROW_POOL);
	done(&order, STORE_WRITE_PROTECTED);
	bench_expect(ERR_DISK_READ_ONLY);
	expect_no_order();
	assert_int_equal(row_of("fast").state, POOL_ROW_READY);
	ask_pool(REQ_GROW_POOL, "fast", "", 0);
	order = take(STORE_GROW_POOL);
	new_store();
	tell_disks();
	tell_partition("fast", ARENA);
	order = take(STORE_GROW_POOL);
	open_it();
	done(&order, STORE_FULL);
	bench_expect(ERR_POOL_EDGE);
	delete_number(0, "fast");
	expect_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_made_of_a_partition), cmocka_unit_test(is_held),
		cmocka_unit_test(a_partition_and_a_new_store),
		cmocka_unit_test(partitions_are_judged),
		cmocka_unit_test(is_imported), cmocka_unit_test(is_default), cmocka_unit_test(is_exported),
		cmocka_unit_test(a_disk_goes_meanwhile), cmocka_unit_test(stays),
		cmocka_unit_test(grows), cmocka_unit_test(does_not_grow),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
