/* SPDX-License-Identifier: MIT */
/*
 * Power cuts: at each write of making and deleting volumes, with any part of what was not flushed lost. Afterwards the
 * disk has the table from before or the one from after, what was answered is there, and no volume has another's data.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_bench.h"

#define CUTS 3u		/* random ones at each write */

/* Blank, not damaged, is what a disk is before its first table. */
static void expect_table(u32 disk)
{
	enum store_table table = view.disk[disk].table;

	if (table != STORE_TABLE_BLANK && table != STORE_TABLE_GPT && table != STORE_TABLE_RECOVERED)
		fail_msg("disk %u has table %u, fault %u", (unsigned)disk, (unsigned)table,
			 (unsigned)view.disk[disk].fault);
}

static bool has(const char *name, u64 mib)
{
	const struct store_report *r = bench_part(name);

	assert_true(r == NULL || r->sectors == mib * MIB_SECTORS);
	return r != NULL;
}

static void write_all(u32 link, u64 mib, u8 value)
{
	memset(bench_data(link), value, 128u * 1024);
	for (u64 at = 0; at < mib * MIB_SECTORS; at += 256)
		assert_int_equal(bench_do(link, BLK_WRITE, at, 256), BLK_OK);
	assert_int_equal(bench_do(link, BLK_FLUSH, 0, 0), BLK_OK);
}

/* The whole volume is zero. */
static void expect_zeroes(const char *name)
{
	const struct store_report *r = bench_part(name);
	const u8 *at = bench_disk[r->slot].data + r->first * BLK_SECTOR_BYTES;

	assert_true(at[0] == 0 && memcmp(at, at + 1, r->sectors * BLK_SECTOR_BYTES - 1) == 0);
}

struct history {
	u32 features;		/* of the disk */
	bool is_going;		/* it is to be deleted: there may be no volume any more */
	bool is_made, is_deleted, is_again;	/* answered */
};

static bool is_ok(enum store_error error)
{
	assert_true(error == STORE_OK || error == STORE_ERROR_COUNT);
	return error == STORE_OK;
}

/* The disk dies after so many writes; false: it outlived all. */
static bool live(struct history *h, u32 cut_at)
{
	struct bench_disk *d = &bench_disk[0];

	bench_setup();
	d->info.features = h->features;
	d->info.max_zero_sectors = h->features & BLK_CAN_WRITE_ZEROES ? 1000 : 0;
	bench_boot();
	d->cut_at = cut_at;
	h->is_made = is_ok(bench_create(0, "a", 2 * MIB_BYTES, 1));
	if (!h->is_made)
		return false;
	(void)is_ok(bench_create(0, "b", MIB_BYTES, 2));
	if (d->is_dead)
		return false;
	d->cut_at = 0;
	assert_int_equal(bench_attach(0, "a", NULL), STORE_OK);
	write_all(0, 2, 0x5a);
	assert_int_equal(bench_detach(0), STORE_OK);
	d->cut_at = cut_at > 20 ? d->writes + cut_at - 20 : 0;
	h->is_going = true;
	h->is_deleted = is_ok(bench_delete(0, "a"));
	if (h->is_deleted && !d->is_dead)
		h->is_again = is_ok(bench_create(0, "a", 2 * MIB_BYTES, 3));
	return !d->is_dead;
}

static void look(const struct history *h)
{
	bool has_a;

	expect_table(0);
	has_a = has("a", 2);
	assert_true(has_a || !h->is_made || h->is_going);
	assert_true(has_a || !h->is_again);
	if (h->is_deleted && has_a)
		expect_zeroes("a");
	/* What is left is usable: all that was to happen happens now. */
	if (!has_a)
		assert_int_equal(bench_create(0, "a", 2 * MIB_BYTES, 4), STORE_OK);
	if (!has_a)
		expect_zeroes("a");
	if (!has("b", 1))
		assert_int_equal(bench_create(0, "b", MIB_BYTES, 5), STORE_OK);
	expect_zeroes("b");
	assert_int_equal(bench_create(0, "c", MIB_BYTES, 6), STORE_OK);
	bench_boot();
	assert_int_equal(view.disk[0].table, STORE_TABLE_GPT);
	assert_true(has("a", 2) && has("b", 1) && has("c", 1));
	assert_int_equal(view.disk[0].free_bytes, 10 * MIB_BYTES);
}

static void cut_everywhere(u32 features)
{
	unsigned seed = 5;
	u32 states = 0;

	for (u32 at = 1;; at++) {
		bool is_through = false;

		for (u32 i = 0; i < CUTS && !is_through; i++, states++) {
			struct history h = { .features = features };

			is_through = live(&h, at) && at > 20;
			bench_power_cut(&seed);
			look(&h);
		}
		if (is_through)
			break;
	}
	print_message("features %x: %u power cuts\n", (unsigned)features, (unsigned)states);
	assert_true(states > 20 * CUTS);
}

/* One copy is damaged while the space of a volume is being zeroed: the other one is right at any time, and the entry is
 * not gone before the zeros are there. */
static void cut_with_one_copy(bool is_first_bad)
{
	const u64 bad = is_first_bad ? 1024 + 5 : BENCH_BYTES - 16 * 1024;
	unsigned seed = 9;

	for (u32 at = 1; at < 7; at++)
		for (u32 i = 0; i < 16; i++) {
			struct bench_disk *d = &bench_disk[0];
			struct store_order order = { .op = STORE_DELETE, .volume = "a" };

			bench_setup();
			assert_int_equal(bench_create(0, "a", 2 * MIB_BYTES, 1), STORE_OK);
			bench_fill(0, MIB_BYTES, 2 * MIB_BYTES, 0x5a);
			memset(d->stable + MIB_BYTES, 0x5a, 2 * MIB_BYTES);
			d->info.features = BLK_CAN_FLUSH;
			d->info.max_zero_sectors = 0;
			d->info.max_sectors = MIB_SECTORS;
			bench_boot();
			memcpy(order.guid, bench_part("a")->guid, sizeof(order.guid));
			(void)bench_send(order);
			for (u32 n = 0; n < 100 && view.part[0][1].extent != STORE_EXTENT_ZEROING; n++)
				bench_run_some(1);
			d->data[bad] ^= 1;
			d->stable[bad] ^= 1;
			bench_boot_until_known();
			assert_int_equal(view.disk[0].table, STORE_TABLE_RECOVERED);
			d->cut_at = d->writes + at;
			bench_run();
			bench_power_cut(&seed);
			expect_table(0);
			assert_true(bench_is_all(0, MIB_BYTES, 2 * MIB_BYTES, 0));
		}
}

static void with_one_copy(void **state)
{
	(void)state;
	cut_with_one_copy(true);
	cut_with_one_copy(false);
}

static void with_zeroes(void **state)
{
	(void)state;
	cut_everywhere(BLK_CAN_FLUSH | BLK_CAN_WRITE_ZEROES | BLK_CAN_UNMAP);
}

static void without(void **state)
{
	(void)state;
	cut_everywhere(BLK_CAN_FLUSH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_zeroes), cmocka_unit_test(without), cmocka_unit_test(with_one_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
