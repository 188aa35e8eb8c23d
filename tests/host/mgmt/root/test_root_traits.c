/* SPDX-License-Identifier: MIT */
/*
 * Root on a fake kernel: what a volume in a pool is besides its size (volume_traits.h): thick, with checksums. The test
 * plays the console and the store.
 */
/* links: root rt */
/* helpers: root_bench.c fake_kernel.c fake_platform.c */
#include <stdio.h>
#include <stdlib.h>

#include "pool_bench.h"
#include "volume_traits.h"
#include "volumes.h"

#define THICK DISK_TRAIT(TRAIT_THICK, true)
#define THIN DISK_TRAIT(TRAIT_THICK, false)
#define CHECKED DISK_TRAIT(TRAIT_INTEGRITY, true)
#define UNENCRYPTED DISK_TRAIT(TRAIT_ENCRYPT, false)
#define UNCHECKED DISK_TRAIT(TRAIT_INTEGRITY, false)

static void create_with(const char *name, u64 bytes, const char *on, const char *volume, u32 flags)
{
	struct request r = a_create(name, bytes, on, volume);

	r.spec.disks[0].flags = flags;
	bench_send(&r);
	bench_turns(0, 3);
}

static void refused(u64 bytes, const char *on, const char *volume, u32 flags, enum error error)
{
	create_with("b", bytes, on, volume, flags);
	bench_expect(error);
	expect_no_order();
}

static void make_with(const struct store_order *order, u32 number, u32 report_flags)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = order->slot, .number = number,
		.extent = STORE_EXTENT_VOLUME, .sectors = order->bytes / 512, .first = 0, .flags = report_flags };

	strcpy(r.volume, order->volume);
	memcpy(r.guid, order->guid, STORE_GUID_BYTES);
	report(r);
	done(order, STORE_OK);
}

static void drop(const char *name, u32 number)
{
	struct store_order order;

	bench_ask(REQ_DELETE, name, 0);
	bench_turns(0, 5);
	order = take(STORE_DELETE);
	assert_int_equal(order.flags & (STORE_THICK | STORE_INTEGRITY), 0);
	tell_extent(STORE_POOL_SLOT, number, STORE_EXTENT_GONE, "", 0, order.guid);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
}

static void drop_pool(void)
{
	struct request r = bench_make_request(REQ_DELETE_POOL, "", 0);
	struct store_order order;

	strcpy(r.spec.disks[0].volume, "fast");
	bench_send(&r);
	bench_turns(0, 3);
	expect_done(STORE_CLOSE_POOL);
	order = take(STORE_DELETE);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	expect_clean();
}

static void are_ordered(void **state)
{
	static const struct { u32 flags, order, report, said; } rows[] = {
		{ 0, 0, 0, THIN | UNCHECKED },
		{ THIN | UNCHECKED, 0, 0, THIN | UNCHECKED },
		{ THICK, STORE_THICK, STORE_IS_THICK, THICK | UNCHECKED },
		{ CHECKED, STORE_INTEGRITY, STORE_HAS_CHECKSUMS, THIN | CHECKED },
		{ THICK | CHECKED, STORE_THICK | STORE_INTEGRITY, STORE_IS_THICK | STORE_HAS_CHECKSUMS,
		  THICK | CHECKED },
	};
	struct store_order order;

	(void)state;
	find_pool();
	for (u32 i = 0; i < ARRAY_COUNT(rows); i++) {
		create_with("a", 10 * GIB, i % 2 ? "" : "fast", "", rows[i].flags);
		order = take(STORE_CREATE);
		assert_int_equal(order.slot, STORE_POOL_SLOT);
		assert_int_equal(order.flags, STORE_MARK | rows[i].order);
		make_with(&order, 5, STORE_IS_MARKED | rows[i].report);
		bench_expect(ERR_NONE);
		assert_int_equal(bench_answer.vm.disks[0].flags, DISK_MADE | rows[i].said | UNENCRYPTED);
		assert_int_equal(bench_answer.vm.spec.disks[0].flags, rows[i].flags);
		drop("a", 5);
	}
	drop_pool();
}

/* What is there must be what is asked for; what nobody asks for may be either. */
static void are_compared(void **state)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 3, .first = 0,
		.extent = STORE_EXTENT_VOLUME, .sectors = GIB / 512, .volume = "old", .guid = { 9 },
		.flags = STORE_IS_THICK };
	struct request set;

	(void)state;
	find_pool();
	report(r);
	refused(0, "", "old", THIN, ERR_VOLUME_TRAIT);
	assert_int_equal(bench_answer.need, TRAIT_THICK);
	refused(GIB, "fast", "old", CHECKED, ERR_VOLUME_TRAIT);
	assert_int_equal(bench_answer.need, TRAIT_INTEGRITY);
	assert_string_equal(bench_answer.text, "old");
	create_with("a", 0, "", "old", THICK);
	bench_expect(ERR_NONE);
	set = bench_make_request(REQ_SET, "a", 0);
	set.fields = BIT32(FIELD_DISK);
	set.spec.disk_count = 1;
	strcpy(set.spec.disks[0].volume, "old");
	set.spec.disks[0].flags = CHECKED;
	bench_send(&set);
	bench_turns(0, 3);
	bench_expect(ERR_VOLUME_TRAIT);
	set.spec.disks[0].flags = 0;
	bench_send(&set);
	bench_turns(0, 3);
	bench_expect(ERR_NONE);
	bench_ask(REQ_DELETE, "a", 0);
	bench_turns(0, 5);
	bench_expect(ERR_NONE);
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_GONE, "", 0, r.guid);
	drop_pool();
}

static void are_of_pools(void **state)
{
	(void)state;
	refused(GIB, "", "", THICK, ERR_TRAIT_PLACE);
	assert_string_equal(bench_answer.text, "");
	find_pool();
	refused(GIB, "ram", "", THIN, ERR_TRAIT_PLACE);
	assert_string_equal(bench_answer.text, "ram");
	refused(GIB, "nvme0.0", "", CHECKED, ERR_TRAIT_PLACE);
	assert_string_equal(bench_answer.text, "nvme0.0");
	assert_int_equal(bench_answer.need, TRAIT_INTEGRITY);
	refused(0, "", "nvme0.0", THICK, ERR_TRAIT_PLACE);
	refused(GIB, "slow", "", THICK, ERR_UNKNOWN_DISK);
	refused(GIB, "fast", "", THICK | THIN, ERR_BAD_FIELD);
	refused(GIB, "fast", "", BIT32(DISK_TRAITS_SHIFT + 2 * TRAIT_COUNT), ERR_BAD_FIELD);
	drop_pool();
}

/* All thick disks of one request, and those that are being made, have room together: 90 GiB. */
static void have_room(void **state)
{
	struct request r = a_create("c", 50 * GIB, "fast", "");
	struct store_order order;

	(void)state;
	find_pool();
	refused(100 * GIB, "", "", THICK, ERR_POOL_ROOM);
	assert_int_equal(bench_answer.need, 100 * GIB);
	assert_int_equal(bench_answer.have, 90 * GIB);
	r.spec.disks[0].flags = THICK;
	r.spec.disks[1] = r.spec.disks[0];
	r.spec.disk_count = 2;
	bench_send(&r);
	bench_turns(0, 3);
	bench_expect(ERR_POOL_ROOM);
	assert_int_equal(bench_answer.have, 40 * GIB);
	expect_no_order();
	create_with("a", 60 * GIB, "", "", THICK);
	order = take(STORE_CREATE);
	refused(40 * GIB, "", "", THICK, ERR_POOL_ROOM);
	assert_int_equal(bench_answer.have, 30 * GIB);
	done(&order, STORE_FULL);
	create_with("a", 90 * GIB, "", "", THICK);
	order = take(STORE_CREATE);
	done(&order, STORE_FULL);		/* its maps do not fit */
	bench_expect(ERR_POOL_ROOM);
	drop_pool();
}

static void set_reserve(const char *volume, u64 bytes)
{
	struct request r = bench_make_request(REQ_SET_VOLUME, "", 0);

	strcpy(r.spec.disks[0].volume, volume);
	r.spec.disks[0].bytes = bytes;
	bench_send(&r);
	bench_turns(0, 3);
}

/* Of a thin volume in a pool, also one that a VM has; what the store says is told. */
static void reserves(void **state)
{
	struct store_report v = { .kind = STORE_EXTENT, .slot = STORE_POOL_SLOT, .number = 3,
		.extent = STORE_EXTENT_VOLUME, .sectors = 10 * GIB / 512, .volume = "old", .guid = { 9 } };
	struct store_report thick = v;
	struct store_order order;

	(void)state;
	find_pool();
	thick.number = 4;
	thick.guid[0] = 10;
	thick.flags = STORE_IS_THICK;
	strcpy(thick.volume, "thick");
	report(v);
	report(thick);
	set_reserve("gone", GIB);
	bench_expect(ERR_NO_VOLUME);
	set_reserve("", GIB);
	bench_expect(ERR_BAD_FIELD);
	set_reserve("nvme0.0", GIB);
	bench_expect(ERR_NOT_IN_POOL);
	set_reserve("thick", GIB);
	bench_expect(ERR_RESERVE_THICK);
	set_reserve("old", 11 * GIB);
	bench_expect(ERR_RESERVE_SIZE);
	assert_int_equal(bench_answer.need, 11 * GIB);
	assert_int_equal(bench_answer.have, 10 * GIB);
	expect_no_order();
	set_reserve("old", 5 * GIB);
	order = take(STORE_RESERVE);
	assert_int_equal(order.bytes, 5 * GIB);
	assert_string_equal(order.volume, "old");
	done(&order, STORE_FULL);
	bench_expect(ERR_POOL_FULL);
	set_reserve("old", 5 * GIB);
	order = take(STORE_RESERVE);
	v.largest_bytes = 5 * GIB;
	report(v);
	done(&order, STORE_OK);
	bench_expect(ERR_NONE);
	assert_int_equal(volume_find("old")->reserve_bytes, 5 * GIB);
	tell_extent(STORE_POOL_SLOT, 3, STORE_EXTENT_GONE, "", 0, v.guid);
	tell_extent(STORE_POOL_SLOT, 4, STORE_EXTENT_GONE, "", 0, thick.guid);
	drop_pool();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_ordered), cmocka_unit_test(are_compared), cmocka_unit_test(are_of_pools),
		cmocka_unit_test(have_room), cmocka_unit_test(reserves),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
