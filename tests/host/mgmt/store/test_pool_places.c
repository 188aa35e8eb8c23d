/* SPDX-License-Identifier: MIT */
/*
 * Pools in place of partitions that somebody else made: what is refused, what stays, power cuts. Two pools, whose
 * volumes have the same names.
 */
/* links: store pool rt */
/* helpers: store_bench.c */
#include <stdlib.h>

#include "pool_words.h"

#define EFI 5				/* its GUID's bytes */

/* Three partitions that another system made on disk 0: of 2 MiB, of 10 MiB that is not zero, and a volume. */
static void write_partitions(void)
{
	struct gpt_part parts[] = {
		bench_part_of(false, 4, 1, "small"), bench_part_of(false, EFI, 3, "data"),
		bench_part_of(true, 6, 13, "vol"),
	};

	parts[0].blocks = 2 * MIB_SECTORS;
	parts[1].blocks = 10 * MIB_SECTORS;
	bench_write_table(0, parts, ARRAY_COUNT(parts));
	bench_fill(0, 3 * MIB_BYTES, 10 * MIB_BYTES, 0x77);
	bench_boot();
}

static int setup(void **state)
{
	(void)state;
	bench_setup();
	write_partitions();
	return 0;
}

static struct store_order convert(const char *name, const char *partition)
{
	struct store_order order = { .op = STORE_CREATE, .flags = STORE_IS_POOL | STORE_ON_PARTITION };
	const struct store_report *part = bench_part(partition);

	strcpy(order.volume, name);
	memset(order.guid, 9, sizeof(order.guid));
	if (part != NULL)
		memcpy(order.new_guid, part->guid, sizeof(order.new_guid));
	return order;
}

static enum store_error make(const char *name, const char *partition)
{
	return bench_answer(bench_send(convert(name, partition)));
}

/* It has its place and number, another name and GUID, and nothing of what was there is read from it. */
static void becomes_a_pool(void **state)
{
	u8 old[STORE_GUID_BYTES];

	(void)state;
	memset(old, EFI, sizeof(old));
	assert_int_equal(bench_part("d0p2")->extent, STORE_EXTENT_OTHER);
	assert_int_equal(make("p", "d0p2"), STORE_OK);
	assert_null(bench_part("d0p2"));
	assert_int_equal(bench_part("p")->extent, STORE_EXTENT_POOL);
	assert_int_equal(bench_part("p")->number, 2);
	assert_int_equal(bench_part("p")->first, 3 * MIB_SECTORS);
	assert_int_equal(bench_part("p")->sectors, 10 * MIB_SECTORS);
	assert_memory_not_equal(bench_part("p")->guid, old, sizeof(old));
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
	make_volume("v", 1);
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_int_equal(write_all(0, 0, 8, 5), BLK_OK);
	assert_true(reads(0, 0, 8, 5));
	for (u32 at = 8; at < 2048; at += 120)
		assert_true(reads(0, at, 120, 0));
	reboot();
	assert_int_equal(bench_attach(0, "v", NULL), STORE_OK);
	assert_true(reads(0, 0, 8, 5));
	assert_int_equal(bench_part("d0p1")->sectors, 2 * MIB_SECTORS);
	assert_non_null(bench_part("vol"));
	assert_true(bench_is_all(0, 1 * MIB_BYTES, 2 * MIB_BYTES, 0));
}

static void is_refused(void **state)
{
	struct store_order order = convert("p", "d0p2");
	u32 writes = bench_disk[0].writes;

	(void)state;
	assert_int_equal(make("p", "vol"), STORE_BAD_ORDER);
	assert_int_equal(make("p", "d0p1"), STORE_BAD_ORDER);
	assert_int_equal(make("p", "nothing"), STORE_NO_VOLUME);
	assert_int_equal(make("p", "d1"), STORE_NO_VOLUME);
	assert_int_equal(make("vol", "d0p2"), STORE_EXISTS);
	assert_int_equal(make("Vol", "d0p2"), STORE_BAD_ORDER);
	assert_int_equal(make("abcdefghijklmnopqrstuvwx", "d0p2"), STORE_BAD_ORDER);
	order.bytes = MIB_BYTES;
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);
	order = convert("p", "d0p2");
	order.flags = STORE_ON_PARTITION;
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);
	order = convert("p", "d0p2");
	memset(order.guid, 0, sizeof(order.guid));
	assert_int_equal(bench_answer(bench_send(order)), STORE_BAD_ORDER);
	order = convert("p", "d0p2");
	order.slot = 1;
	assert_int_equal(bench_answer(bench_send(order)), STORE_NO_VOLUME);
	assert_int_equal(bench_attach(0, "d0p2", NULL), STORE_OK);
	assert_int_equal(make("p", "d0p2"), STORE_BUSY);
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_attach(0, "d0", NULL), STORE_OK);
	assert_int_equal(make("p", "d0p2"), STORE_BUSY);
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(bench_disk[0].writes, writes);
	assert_int_equal(make("p", "d0p2"), STORE_OK);
	assert_int_equal(make("q", "p"), STORE_BAD_ORDER);
}

/* The partition is what it was, or the pool; one that was answered is there. */
static void power_cuts(void **state)
{
	unsigned seed = 3;
	bool is_through = false;
	u32 made = 0;

	for (u32 at = 1; !is_through; at++) {
		bool is_answered;

		(void)setup(state);
		bench_disk[0].cut_at = bench_disk[0].writes + at;
		is_answered = make("p", "d0p2") == STORE_OK;
		is_through = !bench_disk[0].is_dead;
		bench_power_cut(&seed);
		assert_true(view.disk[0].table == STORE_TABLE_GPT || view.disk[0].table == STORE_TABLE_RECOVERED);
		assert_true(bench_part("p") != NULL || !is_answered);
		assert_true((bench_part("p") == NULL) == (bench_part("d0p2") != NULL));
		assert_non_null(bench_part("vol"));
		made += bench_part("p") != NULL;
		if (bench_part("p") == NULL)
			assert_int_equal(make("p", "d0p2"), STORE_OK);
		assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
	}
	assert_true(made > 1);
}

/* A disk that fails on the way has what it has; nobody waits for ever. */
static void a_disk_that_fails(void **state)
{
	(void)state;
	bench_disk[0].fail_at = bench_disk[0].writes + 1;
	assert_int_equal(make("p", "d0p2"), STORE_IO);
	bench_disk[0].fail_at = 0;
	bench_driver_again(0, false);
	bench_run();
	assert_non_null(bench_part("d0p2"));
	assert_int_equal(bench_attach(0, "d0p2", NULL), STORE_OK);
	assert_int_equal(bench_detach(0), STORE_OK);
	assert_int_equal(make("p", "d0p2"), STORE_OK);
}

static int setup_blank(void **state)
{
	(void)state;
	bench_setup();
	return 0;
}

/* What is in pool 1 under that name in its table. NULL: nothing. */
static const struct store_report *in_second(const char *label)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++)
		if (view.in_pool[1][number].extent != STORE_EXTENT_GONE &&
		    strcmp(view.in_pool[1][number].label, label) == 0)
			return &view.in_pool[1][number];
	return NULL;
}

/* The second one's have other names, and what is VOS' own has none; until the first one is closed. */
static void two_of_a_name(void **state)
{
	(void)state;
	make_pool();
	assert_int_equal(bench_create_pool(1, "q", POOL_BYTES, 8), STORE_OK);
	assert_int_equal(bench_open_pool(1, "q"), STORE_OK);
	make_volume(VOLUME_OF_VOS, 1);
	make_volume("v", 2);
	assert_int_equal(bench_close_pool(0), STORE_OK);
	assert_int_equal(bench_create(POOL0 + 1, VOLUME_OF_VOS, MIB_BYTES, 3), STORE_OK);
	assert_int_equal(bench_create(POOL0 + 1, "v", MIB_BYTES, 4), STORE_OK);
	bench_boot();
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
	assert_int_equal(bench_open_pool(1, "q"), STORE_OK);
	assert_string_equal(in_second("v")->volume, "qp2");
	assert_int_equal(in_second("v")->flags, STORE_NAME_TAKEN);
	assert_string_equal(in_second(VOLUME_OF_VOS)->volume, "");
	assert_int_equal(in_second(VOLUME_OF_VOS)->flags, STORE_NO_PLACE);
	assert_int_equal(bench_close_pool(0), STORE_OK);
	assert_string_equal(in_second("v")->volume, "v");
	assert_string_equal(in_second(VOLUME_OF_VOS)->volume, VOLUME_OF_VOS);
	assert_int_equal(in_second(VOLUME_OF_VOS)->flags, 0);
}

static enum store_error mark(const char *pool, const char *name, u32 flags)
{
	struct store_order order = about(STORE_MARK_POOL, pool);

	order.slot = bench_part(pool) != NULL ? bench_part(pool)->slot : 0;
	strcpy(order.volume, name);
	order.flags = flags;
	return bench_answer(bench_send(order));
}

/* What its partition says outlives the machine; with another name, at once. */
static void is_marked(void **state)
{
	(void)state;
	make_pool();
	make_volume("v", 2);
	make_volume(VOLUME_OF_VOS, 1);
	assert_int_equal(mark("p", "q", STORE_IS_IMPORTED), STORE_BUSY);
	assert_int_equal(bench_close_pool(0), STORE_OK);
	assert_int_equal(bench_part("p")->flags, 0);
	assert_int_equal(mark("p", "q", STORE_IS_IMPORTED), STORE_OK);
	assert_null(bench_part("p"));
	assert_int_equal(bench_part("q")->flags, STORE_IS_IMPORTED);
	bench_boot();
	assert_int_equal(bench_part("q")->flags, STORE_IS_IMPORTED);
	assert_int_equal(bench_open_pool(0, "q"), STORE_OK);
	assert_non_null(bench_part("v"));
	assert_null(bench_part(VOLUME_OF_VOS));		/* it is nobody's disk here */
	assert_int_equal(bench_close_pool(0), STORE_OK);
	assert_int_equal(mark("q", "q", STORE_IS_EXPORTED), STORE_OK);
	assert_int_equal(bench_part("q")->flags, STORE_IS_EXPORTED);
	assert_int_equal(mark("q", "p", 0), STORE_OK);
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
	assert_non_null(bench_part(VOLUME_OF_VOS));
}

static void marks_are_judged(void **state)
{
	(void)state;
	make_pool();
	assert_int_equal(bench_close_pool(0), STORE_OK);
	assert_int_equal(bench_create(1, "v", MIB_BYTES, 5), STORE_OK);
	assert_int_equal(mark("p", "v", 0), STORE_EXISTS);
	assert_int_equal(mark("p", VOLUME_OF_VOS, 0), STORE_BAD_ORDER);
	assert_int_equal(mark("p", "abcdefghijklmnopqrstuvwx", 0), STORE_BAD_ORDER);
	assert_int_equal(mark("p", "P", 0), STORE_BAD_ORDER);
	assert_int_equal(mark("p", "q", STORE_MARK), STORE_BAD_ORDER);
	assert_int_equal(mark("v", "q", 0), STORE_NO_VOLUME);
	assert_int_equal(mark("nothing", "q", 0), STORE_NO_VOLUME);
	assert_int_equal(mark("p", "p", 0), STORE_OK);
	bench_disk[0].fail_at = bench_disk[0].writes + 1;
	assert_int_equal(mark("p", "q", STORE_IS_IMPORTED), STORE_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(becomes_a_pool, setup),
		cmocka_unit_test_setup(is_refused, setup),
		cmocka_unit_test_setup(power_cuts, setup),
		cmocka_unit_test_setup(a_disk_that_fails, setup),
		cmocka_unit_test_setup(two_of_a_name, setup_blank),
		cmocka_unit_test_setup(is_marked, setup_blank),
		cmocka_unit_test_setup(marks_are_judged, setup_blank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
