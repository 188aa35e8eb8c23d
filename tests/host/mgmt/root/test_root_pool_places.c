/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: pools in place of partitions. The test plays the console and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_made_of_a_partition), cmocka_unit_test(is_held),
		cmocka_unit_test(a_partition_and_a_new_store),
		cmocka_unit_test(partitions_are_judged),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
