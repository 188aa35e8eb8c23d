/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: pools on two disks. The test plays the console and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>

#include "store_bench.h"

#define ARENA (3 * MIB)
#define POOL_BYTES (10 * GIB)

static u8 guid[STORE_GUID_BYTES];

static void ask(enum request_op op, const char *on, const char *other)
{
	struct request r = bench_make_request(op, "", 0);

	strcpy(r.spec.disks[0].volume, "fast");
	strcpy(r.spec.disks[0].on, on);
	strcpy(r.spec.disks[1].on, other);
	bench_send(&r);
	bench_turns(0, 3);
}

/* The store calls it `name`; in its table it has the pool's. */
static void tell_member(u32 slot, u8 last, const char *name)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = slot, .number = 1, .extent = STORE_EXTENT_POOL,
		.sectors = POOL_BYTES / 512, .first = 2048, .largest_bytes = ARENA, .flags = STORE_IS_MEMBER,
		.label = "fast" };

	strcpy(r.volume, name);
	memcpy(r.guid, guid, sizeof(r.guid));
	r.guid[STORE_GUID_BYTES - 1] = last;
	report(r);
}

static void tell_marked(u32 slot, u8 last, const char *name, u32 flags)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = slot, .number = 1, .extent = STORE_EXTENT_POOL,
		.sectors = POOL_BYTES / 512, .first = 2048, .largest_bytes = ARENA,
		.flags = STORE_IS_MEMBER | flags, .label = "fast" };

	strcpy(r.volume, name);
	memcpy(r.guid, guid, sizeof(r.guid));
	r.guid[STORE_GUID_BYTES - 1] = last;
	report(r);
}

static void tell_gone(u32 slot)
{
	report((struct store_report){ .kind = STORE_EXTENT, .slot = slot, .number = 1 });
}

static void tell_mirror(enum store_member_state first, enum store_member_state second)
{
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT, .block_bytes = 512,
		.sectors = POOL_BYTES / 512, .free_bytes = 9 * GIB, .largest_bytes = VOLUME_BYTES_MAX,
		.flags = STORE_IS_MEMBER, .member = { (u8)first, (u8)second }, .member_percent = 40 });
}

/* As its label says, so many disks have had the members' places. */
static void tell_turns(enum store_member_state first, enum store_member_state second, u8 turn, u8 other)
{
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT, .block_bytes = 512,
		.sectors = POOL_BYTES / 512, .free_bytes = 9 * GIB, .largest_bytes = VOLUME_BYTES_MAX,
		.flags = STORE_IS_MEMBER, .member = { (u8)first, (u8)second }, .member_turn = { turn, other } });
}

static struct pool_row the_pool(void)
{
	bench_ask(REQ_POOLS, "", 0);
	bench_expect(ERR_NO_POOL);
	assert_int_equal(bench_row_count, 1);
	return bench_rows[0].pool;
}

static void open_it(u32 slot, u32 flags, enum store_member_state first, enum store_member_state second)
{
	struct store_order order = take(STORE_OPEN_POOL);

	assert_int_equal(order.slot, slot);
	assert_int_equal(order.flags, flags);
	tell_mirror(first, second);
	done(&order, STORE_OK);
}

/* In any order. */
static void expect_deletes(void)
{
	struct store_order first = take(STORE_DELETE), second = take(STORE_DELETE);

	assert_int_not_equal(first.slot, second.slot);
	assert_int_equal(first.slot + second.slot, VIRTIO + NVME);
	done(&first, STORE_OK);
	done(&second, STORE_OK);
}

static void delete_pool(void)
{
	ask(REQ_DELETE_POOL, "", "");
	expect_done(STORE_CLOSE_POOL);
	expect_deletes();
	bench_expect(ERR_NONE);
	bench_ask(REQ_POOLS, "", 0);
	bench_expect(ERR_NO_POOL);
	assert_int_equal(bench_row_count, 0);
	expect_clean();
}

static void find_it(void)
{
	memset(guid, 7, sizeof(guid));
	tell_member(VIRTIO, 0, "fast");
	open_it(VIRTIO, 0, STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	tell_member(NVME, 1, "nvme0.0p1");
	expect_no_order();
}

/* Both partitions are made, of the size that both disks have; then it is opened, once. */
static void is_made(void **state)
{
	struct store_order first, second;

	(void)state;
	ask(REQ_CREATE_POOL, "virtio0", "virtio0");
	bench_expect(ERR_MIRROR_TWICE);
	ask(REQ_CREATE_POOL, "virtio0", "sata9.0");
	bench_expect(ERR_UNKNOWN_DISK);
	ask(REQ_CREATE_POOL, "virtio0", "nvme0.0");
	first = take(STORE_CREATE);
	second = take(STORE_CREATE);
	assert_int_equal(first.slot, VIRTIO);
	assert_int_equal(second.slot, NVME);
	assert_int_equal(first.flags, STORE_IS_POOL | STORE_IS_MEMBER);
	assert_int_equal(second.flags, STORE_IS_POOL | STORE_IS_MEMBER);
	assert_int_equal(first.bytes, POOL_BYTES);
	assert_int_equal(second.bytes, POOL_BYTES);
	assert_string_equal(first.disk, "fast");
	assert_string_equal(second.disk, "fast");
	assert_memory_equal(first.guid, second.guid, STORE_GUID_BYTES - 1);
	assert_int_equal(store_member(first.guid), 0);
	assert_int_equal(store_member(second.guid), 1);
	memcpy(guid, first.guid, sizeof(guid));
	tell_member(VIRTIO, 0, "fast");
	done(&first, STORE_OK);
	expect_no_order();
	tell_member(NVME, 1, "nvme0.0p1");
	done(&second, STORE_OK);
	assert_false(bench_is_answered());
	open_it(VIRTIO, 0, STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	bench_expect(ERR_NONE);
	assert_int_equal(bench_answer.pool.members, 2);
	assert_string_equal(bench_answer.pool.member_on[0], "virtio0");
	assert_string_equal(bench_answer.pool.member_on[1], "nvme0.0");
	delete_pool();
}

/* The other disk comes first, and what the store calls its partition does not matter. It alone is not enough. */
static void waits_for_the_other(void **state)
{
	struct store_order order;

	(void)state;
	memset(guid, 7, sizeof(guid));
	tell_member(NVME, 1, "nvme0.0p1");
	order = take(STORE_OPEN_POOL);
	done(&order, STORE_MISSING);
	assert_int_equal(the_pool().state, POOL_ROW_FAILED);
	assert_int_equal(the_pool().error, STORE_MISSING);
	assert_string_equal(the_pool().name, "fast");
	tell_member(VIRTIO, 0, "fast");
	open_it(NVME, 0, STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	assert_int_equal(the_pool().state, POOL_ROW_READY);
	assert_string_equal(the_pool().name, "fast");
	ask(REQ_OPEN_POOL, "", "");
	bench_expect(ERR_MIRROR_OPEN);
	delete_pool();
}

static void expect_marks(u32 flags)
{
	static const struct { u32 slot; const char *name; } parts[] = { { VIRTIO, "fast" }, { NVME, "nvme0.0p1" } };

	for (u32 k = 0; k < STORE_MEMBERS; k++) {
		struct store_order order = take(STORE_MARK_POOL);

		assert_int_equal(order.slot, parts[k].slot);
		assert_int_equal(order.guid[STORE_GUID_BYTES - 1], k);
		assert_int_equal(order.flags, flags);
		assert_string_equal(order.volume, "fast");
		assert_false(bench_is_answered());
		tell_marked(parts[k].slot, (u8)k, parts[k].name, flags);
		done(&order, STORE_OK);
	}
}

/* Both partitions say what it is; while only one does, after a power cut, it is not exported. */
static void is_exported(void **state)
{
	struct store_order order;

	(void)state;
	find_it();
	ask(REQ_EXPORT_POOL, "", "");
	expect_done(STORE_CLOSE_POOL);
	expect_marks(STORE_IS_EXPORTED);
	bench_expect(ERR_NONE);
	expect_no_order();
	assert_int_equal(the_pool().state, POOL_ROW_EXPORTED);
	ask(REQ_IMPORT_POOL, "", "");
	expect_marks(0);
	open_it(VIRTIO, 0, STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	bench_expect(ERR_NONE);
	assert_int_equal(the_pool().state, POOL_ROW_READY);
	/* The second one can't be written: an error, and it is what it was. */
	ask(REQ_EXPORT_POOL, "", "");
	expect_done(STORE_CLOSE_POOL);
	order = take(STORE_MARK_POOL);
	tell_marked(VIRTIO, 0, "fast", STORE_IS_EXPORTED);
	done(&order, STORE_OK);
	order = take(STORE_MARK_POOL);
	done(&order, STORE_IO);
	open_it(VIRTIO, 0, STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	bench_expect(ERR_DISK_IO);
	assert_int_equal(the_pool().state, POOL_ROW_READY);
	/* One alone does not say for both. */
	report((struct store_report){ .kind = STORE_DISK, .slot = NVME });
	tell_mirror(STORE_MEMBER_GOOD, STORE_MEMBER_GONE);
	ask(REQ_EXPORT_POOL, "", "");
	bench_expect(ERR_POOL_HALF);
	tell_disk(NVME, 500 * GIB, 10 * GIB, STORE_TABLE_GPT, 0);
	tell_member(NVME, 1, "nvme0.0p1");
	order = take(STORE_JOIN);
	tell_mirror(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	done(&order, STORE_OK);
	delete_pool();
}

/* The other disk comes while the store opens the pool without it: the answer is out of date, and is not waited on. */
static void comes_while_it_is_opened(void **state)
{
	struct store_order order;

	(void)state;
	memset(guid, 7, sizeof(guid));
	tell_member(NVME, 1, "nvme0.0p1");
	order = take(STORE_OPEN_POOL);
	tell_member(VIRTIO, 0, "fast");
	done(&order, STORE_MISSING);
	open_it(NVME, 0, STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	assert_int_equal(the_pool().state, POOL_ROW_READY);
	delete_pool();
}

static void is_opened_alone(void **state)
{
	struct store_order order;

	(void)state;
	memset(guid, 7, sizeof(guid));
	tell_member(VIRTIO, 0, "fast");
	order = take(STORE_OPEN_POOL);
	done(&order, STORE_MISSING);
	ask(REQ_OPEN_POOL, "", "");
	open_it(VIRTIO, STORE_FORCED, STORE_MEMBER_GOOD, STORE_MEMBER_GONE);
	bench_expect(ERR_NONE);
	tell_member(NVME, 1, "nvme0.0p1");
	order = take(STORE_JOIN);
	assert_int_equal(order.flags, 0);
	done(&order, STORE_SPLIT);
	expect_no_order();
	delete_pool();
}

/* The first disk is pulled: what is in the pool is on the other one from then on. It joins when it is back, and not
 * before; one that fails and stays is not asked again and again, but when a person says so. */
static void a_disk_goes_and_comes(void **state)
{
	struct store_order order;

	(void)state;
	find_it();
	tell_mirror(STORE_MEMBER_GONE, STORE_MEMBER_GOOD);
	report((struct store_report){ .kind = STORE_DISK, .slot = VIRTIO });
	expect_no_order();
	assert_int_equal(the_pool().state, POOL_ROW_READY);
	assert_int_equal(the_pool().member_state[0], STORE_MEMBER_GONE);
	assert_string_equal(the_pool().name, "fast");
	assert_string_equal(the_pool().on, "nvme0.0");
	tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_GPT, 0);
	tell_member(VIRTIO, 0, "fast");
	order = take(STORE_JOIN);
	assert_int_equal(order.slot, VIRTIO);
	assert_int_equal(order.flags, 0);
	done(&order, STORE_OK);
	tell_mirror(STORE_MEMBER_COPIED_TO, STORE_MEMBER_GOOD);
	assert_int_equal(the_pool().member_percent, 40);
	tell_mirror(STORE_MEMBER_GONE, STORE_MEMBER_GOOD);
	expect_no_order();
	ask(REQ_REPLACE_DISK, "sata9.0", "virtio0");
	bench_expect(ERR_NOT_MEMBER);
	ask(REQ_REPLACE_DISK, "nvme0.0", "virtio0");
	bench_expect(ERR_MIRROR_LAST);
	ask(REQ_REPLACE_DISK, "virtio0", "nvme0.0");
	bench_expect(ERR_MIRROR_TWICE);
	ask(REQ_REPLACE_DISK, "virtio0", "virtio0");
	order = take(STORE_JOIN);
	assert_int_equal(order.flags, STORE_FORCED);
	assert_false(bench_is_answered());
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	tell_mirror(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	ask(REQ_REPLACE_DISK, "virtio0", "virtio0");
	bench_expect(ERR_MIRROR_GOOD);
	delete_pool();
}

/* One half is made, and not the other: it is taken back, and never opened. */
static void is_made_by_half(void **state)
{
	(void)state;
	for (u32 bad = 0; bad < 2; bad++) {
		struct store_order order[2];
		u32 good = 1 - bad;

		ask(REQ_CREATE_POOL, "virtio0", "nvme0.0");
		order[0] = take(STORE_CREATE);
		order[1] = take(STORE_CREATE);
		memcpy(guid, order[0].guid, sizeof(guid));
		tell_member(order[good].slot, (u8)good, good == 0 ? "fast" : "nvme0.0p1");
		done(&order[good], STORE_OK);
		expect_no_order();
		done(&order[bad], STORE_FULL);
		bench_expect(ERR_DISK_FULL);
		order[good] = take(STORE_DELETE);
		assert_int_equal(order[good].slot, good == 0 ? VIRTIO : NVME);
		tell_gone(order[good].slot);
		done(&order[good], STORE_OK);
		bench_ask(REQ_POOLS, "", 0);
		bench_expect(ERR_NO_POOL);
		assert_int_equal(bench_row_count, 0);
		expect_clean();
	}
}

/* To open it alone is for the disk that is there now, not for the next one that comes. */
static void is_not_opened_later(void **state)
{
	struct store_order order;

	(void)state;
	memset(guid, 7, sizeof(guid));
	tell_member(VIRTIO, 0, "fast");
	order = take(STORE_OPEN_POOL);
	done(&order, STORE_MISSING);
	report((struct store_report){ .kind = STORE_DISK, .slot = VIRTIO });
	ask(REQ_OPEN_POOL, "", "");
	bench_expect(ERR_VOLUME_MISSING);
	tell_disk(VIRTIO, 128 * GIB, 127 * GIB, STORE_TABLE_GPT, 0);
	tell_member(VIRTIO, 0, "fast");
	open_it(VIRTIO, 0, STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	tell_member(NVME, 1, "nvme0.0p1");
	delete_pool();
}

/* The store has the other disk, and root has not seen it yet: any name is not its name. */
static void is_not_replaced_unseen(void **state)
{
	(void)state;
	memset(guid, 7, sizeof(guid));
	tell_member(VIRTIO, 0, "fast");
	open_it(VIRTIO, 0, STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	ask(REQ_REPLACE_DISK, "nvme0.7", "nvme0.0");
	bench_expect(ERR_NOT_MEMBER);
	expect_no_order();
	tell_member(NVME, 1, "nvme0.0p1");
	delete_pool();
}

#define NEW_DISK (NVME + 1)

static void delete_all(void)
{
	ask(REQ_DELETE_POOL, "", "");
	expect_done(STORE_CLOSE_POOL);
	while (ring_used(&orders) != 0)
		expect_done(STORE_DELETE);
	bench_expect(ERR_NONE);
	expect_no_order();
}

/* A third disk. The old one is there still, and is the pool's until the new one has its place. */
static void a_new_disk(void **state)
{
	struct store_order made, order;

	(void)state;
	find_it();
	tell_disk(NEW_DISK, 128 * GIB, 127 * GIB, STORE_TABLE_BLANK, 0);
	ask(REQ_REPLACE_DISK, "virtio0", "nvme0.1");
	made = take(STORE_CREATE);
	assert_int_equal(made.slot, NEW_DISK);
	assert_int_equal(made.flags, STORE_IS_POOL | STORE_IS_MEMBER);
	assert_int_equal(made.guid[STORE_GUID_BYTES - 1], 2);
	tell_member(NEW_DISK, 2, "nvme0.1p1");
	done(&made, STORE_OK);
	order = take(STORE_JOIN);
	assert_int_equal(order.slot, NEW_DISK);
	assert_int_equal(order.flags, STORE_FORCED);
	expect_no_order();
	tell_turns(STORE_MEMBER_COPIED_TO, STORE_MEMBER_GOOD, 1, 0);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	assert_string_equal(bench_answer.pool.member_on[0], "nvme0.1");
	order = take(STORE_DELETE);
	assert_int_equal(order.slot, VIRTIO);
	assert_int_equal(order.guid[STORE_GUID_BYTES - 1], 0);
	done(&order, STORE_OK);
	expect_no_order();
	assert_int_equal(the_pool().state, POOL_ROW_READY);
	delete_all();
}

/* It is taken back, and nothing else: the pool stays open, and the old disk is asked to join again. */
static void a_new_disk_that_fails(void **state)
{
	struct store_order made, order;

	(void)state;
	find_it();
	ask(REQ_REPLACE_DISK, "virtio0", "nvme0.1");
	made = take(STORE_CREATE);
	tell_member(NEW_DISK, 2, "nvme0.1p1");
	done(&made, STORE_OK);
	order = take(STORE_JOIN);
	tell_mirror(STORE_MEMBER_GONE, STORE_MEMBER_GOOD);
	done(&order, STORE_IO);
	order = take(STORE_JOIN);
	assert_int_equal(order.slot, VIRTIO);
	assert_int_equal(order.flags, 0);
	made = take(STORE_DELETE);
	assert_int_equal(made.slot, NEW_DISK);
	bench_expect(ERR_DISK_IO);
	assert_string_equal(the_pool().name, "fast");
	assert_int_equal(the_pool().state, POOL_ROW_READY);
	done(&made, STORE_OK);
	tell_mirror(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	done(&order, STORE_OK);
	assert_string_equal(the_pool().member_on[0], "virtio0");
	delete_all();
}

/* A partition that claims to be a newer disk of the mirror, and that its label does not name: as of a replace-disk that
 * a power cut ended, or of anybody's. */
static void a_disk_that_claims(void **state)
{
	struct store_order order;

	(void)state;
	find_it();
	tell_member(NEW_DISK, 0xfe, "nvme0.1p1");
	if (ring_used(&orders) != 0) {
		order = take(STORE_JOIN);
		assert_int_equal(order.flags, 0);
		done(&order, STORE_NO_POOL);
	}
	tell_mirror(STORE_MEMBER_GOOD, STORE_MEMBER_GOOD);
	assert_string_equal(the_pool().name, "fast");
	assert_string_equal(the_pool().member_on[0], "virtio0");
	assert_string_equal(the_pool().member_on[1], "nvme0.0");
	delete_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_made), cmocka_unit_test(is_exported),
		cmocka_unit_test(comes_while_it_is_opened),
		cmocka_unit_test(waits_for_the_other), cmocka_unit_test(is_opened_alone),
		cmocka_unit_test(a_disk_goes_and_comes), cmocka_unit_test(is_made_by_half),
		cmocka_unit_test(is_not_opened_later), cmocka_unit_test(is_not_replaced_unseen),
		cmocka_unit_test(a_new_disk),
		cmocka_unit_test(a_new_disk_that_fails), cmocka_unit_test(a_disk_that_claims),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
