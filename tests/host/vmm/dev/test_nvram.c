/* SPDX-License-Identifier: MIT */
/* links: vmm rt */
/*
 * UEFI's variables in a volume: the test plays the store, and a disk that loses at a power cut whatever of its cache
 * was not flushed, in pieces of a sector and in any order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "crc32c.h"
#include "nvram.h"
#include "range.h"

enum { SECTORS = VMM_NVRAM_BYTES / BLK_SECTOR_BYTES, NEVER = 1000000, TORN_SECTORS = 8 };

static u8 link[BLK_LINK_BYTES] __attribute__((aligned(4096)));
static u8 medium[VMM_NVRAM_BYTES], cache[VMM_NVRAM_BYTES];	/* what is stable, and what is read */
static bool is_cached[SECTORS];
static u8 flash[VMM_FLASH_BYTES], before[VMM_FLASH_BYTES], after[VMM_FLASH_BYTES];
static struct blk_server store;
static struct blk_info info;
static struct nvram nvram;
static u32 requests, cut_at, fail_at, signals;
static bool restarts;
static jmp_buf power_cut;

static void cut(void)
{
	for (u32 i = 0; i < SECTORS; i++)
		if (is_cached[i] && (rand() & 1))
			memcpy(medium + i * BLK_SECTOR_BYTES, cache + i * BLK_SECTOR_BYTES, BLK_SECTOR_BYTES);
	longjmp(power_cut, 1);
}

static void copy(const struct blk_sqe *sqe)
{
	u8 *at = cache + sqe->sector * BLK_SECTOR_BYTES, *slot = blk_slot(link, sqe->seg[0].slot);

	assert_true(sqe->seg_count == 1 && range_ok(sqe->sector, sqe->sectors, SECTORS));
	if (sqe->op == BLK_READ) {
		memcpy(slot, at, sqe->sectors * BLK_SECTOR_BYTES);
		return;
	}
	memcpy(at, slot, sqe->sectors * BLK_SECTOR_BYTES);
	memset(is_cached + sqe->sector, 1, sqe->sectors);
}

static void serve(void *ctx)
{
	struct blk_sqe sqe;
	bool fails;

	(void)ctx;
	if (restarts && requests % 3 == 2) {
		requests++;
		blk_server_begin(&store, link, &info, BLK_UP, 0);
	}
	if (!blk_server_take(&store, &sqe))
		return;
	fails = ++requests == fail_at;
	if (!fails && sqe.op != BLK_FLUSH)
		copy(&sqe);
	if (requests == cut_at)
		cut();
	if (sqe.op == BLK_FLUSH) {
		memcpy(medium, cache, sizeof(medium));
		memset(is_cached, 0, sizeof(is_cached));
	}
	blk_server_complete(&store, sqe.cookie, fails ? BLK_IOERR : BLK_OK);
	blk_server_wait(&store, true);
}

static void signal_store(void *ctx)
{
	(void)ctx;
	signals++;
}

/* A VM starts: what has not reached the medium is gone. */
static bool load(void)
{
	const struct nvram_ops ops = { .signal = signal_store, .wait = serve };

	memset(link, 0, sizeof(link));
	memset(is_cached, 0, sizeof(is_cached));
	memset(&store, 0, sizeof(store));
	memcpy(cache, medium, sizeof(cache));
	requests = 0;
	blk_server_begin(&store, link, &info, BLK_UP, 0);
	nvram_init(&nvram, link, flash, &ops);
	return nvram_load(&nvram);
}

static void fill(u8 seed)
{
	for (u32 i = 0; i < VMM_FLASH_BYTES; i++)
		flash[i] = (u8)(i * 7 + i / 4096 + seed);
	memcpy(flash + 40, "_FVH", 4);
}

static int setup(void **state)
{
	(void)state;
	info = (struct blk_info){ .sectors = SECTORS, .block_bytes = 512, .physical_bytes = 4096,
				  .features = BLK_CAN_FLUSH, .max_sectors = 1024 };
	memset(medium, 0, sizeof(medium));
	cut_at = fail_at = NEVER;
	signals = 0;
	restarts = false;
	srand(1);
	fill(0);
	return 0;
}

static void change(u64 offset, const char *text)
{
	memcpy(flash + offset, text, strlen(text));
	nvram_changed(&nvram, offset, (u32)strlen(text));
}

static void lose_flash(void)
{
	memset(flash, 0xee, sizeof(flash));
}

/* A new volume takes what the firmware's image has; from then on the image does not count. */
static void test_kept(void **state)
{
	(void)state;
	assert_true(load());
	assert_memory_equal(medium, flash, sizeof(flash));
	change(FLASH_BLOCK_BYTES - 2, "over the end of a block");
	assert_true(nvram_write(&nvram));
	assert_true(signals != 0);
	memcpy(after, flash, sizeof(flash));
	assert_memory_equal(medium, after, sizeof(after));
	lose_flash();
	assert_true(load());
	assert_memory_equal(flash, after, sizeof(after));
	requests = 0;
	assert_true(nvram_write(&nvram));	/* nothing has changed */
	assert_int_equal(requests, 0);
}

/* At each request, of a volume that is new and of one that is not. */
static void check_cuts(bool is_new)
{
	volatile bool is_done = false;

	for (volatile u32 at = 1; !is_done; at++)
		for (volatile u32 try = 0; try < 20; try++) {
			cut_at = NEVER;
			memset(medium, 0, sizeof(medium));
			fill(0);
			if (!is_new)
				assert_true(load());
			memcpy(before, flash, sizeof(before));
			change(8192, "an old variable is deleted");
			change(3 * FLASH_BLOCK_BYTES - 5, "and a new one is there");
			memcpy(after, flash, sizeof(after));
			requests = 0;
			cut_at = at;
			if (setjmp(power_cut) == 0) {
				is_done = is_new ? load() : nvram_write(&nvram);
				assert_true(is_done);
			}
			cut_at = NEVER;
			if (is_new)		/* the image's again, or what was there already */
				memcpy(flash, after, sizeof(flash));
			else
				lose_flash();
			assert_true(load());
			assert_true(memcmp(flash, after, sizeof(flash)) == 0 ||
				    (!is_new && memcmp(flash, before, sizeof(flash)) == 0));
			assert_memory_equal(medium, flash, sizeof(flash));
		}
}

static void test_power_cuts(void **state)
{
	(void)state;
	check_cuts(false);
	check_cuts(true);
}

/* A cut while the journal of a cut is carried out. */
static void test_cut_twice(void **state)
{
	(void)state;
	for (volatile u32 at = 1; at < 12; at++) {
		cut_at = NEVER;
		memset(medium, 0, sizeof(medium));
		fill(0);
		assert_true(load());
		change(0, "x");
		change(8 * FLASH_BLOCK_BYTES, "y");
		memcpy(after, flash, sizeof(after));
		requests = 0;
		cut_at = 3;		/* the first write to its place */
		if (setjmp(power_cut) == 0)
			assert_true(nvram_write(&nvram));
		cut_at = at;
		if (setjmp(power_cut) == 0)
			assert_true(load());
		cut_at = NEVER;
		lose_flash();
		assert_true(load());
		assert_memory_equal(flash, after, sizeof(after));
	}
}

/* A journal that can't be written is tried again; places that can't, the next start has from the journal. */
static void test_errors(void **state)
{
	(void)state;
	assert_true(load());
	change(100, "first");
	requests = 0;
	fail_at = 1;
	assert_false(nvram_write(&nvram));
	change(200, "second");
	memcpy(before, flash, sizeof(before));
	assert_true(nvram_write(&nvram));
	assert_memory_equal(medium, before, sizeof(before));
	change(300, "third");
	memcpy(after, flash, sizeof(after));
	requests = 0;
	fail_at = 3;
	assert_false(nvram_write(&nvram));
	change(400, "fourth");
	assert_false(nvram_write(&nvram));
	fail_at = NEVER;
	lose_flash();
	assert_true(load());
	assert_memory_equal(flash, after, sizeof(after));
	fail_at = 1;
	assert_false(load());
}

static void test_restarts(void **state)
{
	(void)state;
	restarts = true;
	assert_true(load());
	change(5000, "across a restart of the store");
	memcpy(after, flash, sizeof(after));
	assert_true(nvram_write(&nvram));
	restarts = false;
	lose_flash();
	assert_true(load());
	assert_memory_equal(flash, after, sizeof(after));
}

/* Too small, too narrow, lost. */
static void test_other_disks(void **state)
{
	(void)state;
	info.max_sectors = 16;
	assert_true(load());
	info.features = 0;
	change(0, "without a cache");
	assert_true(load());
	info.sectors = 1024;
	assert_false(load());
	info.sectors = SECTORS;
	info.max_sectors = 1;
	assert_false(load());
}

static void lose(void *ctx)
{
	(void)ctx;
	blk_server_begin(&store, link, &info, BLK_LOST, 0);
}

static void test_lost(void **state)
{
	const struct nvram_ops ops = { .signal = signal_store, .wait = lose };

	(void)state;
	memset(link, 0, sizeof(link));
	nvram_init(&nvram, link, flash, &ops);
	assert_false(nvram_load(&nvram));
}

/* Of those nothing is taken: each is a journal with one thing wrong. */
static void test_bad_journals(void **state)
{
	struct journal { u64 magic; u32 sum, count; u16 block[NVRAM_BLOCKS]; } *j = (void *)(medium + NVRAM_JOURNAL);

	(void)state;
	assert_true(load());
	memcpy(after, flash, sizeof(after));
	for (u32 wrong = 0; wrong < 5; wrong++) {
		memset(j, 0, sizeof(*j));
		memset(medium + NVRAM_JOURNAL + FLASH_BLOCK_BYTES, 0x11, FLASH_BLOCK_BYTES);
		j->magic = 0x5241564948534c46ull + (wrong == 0);
		j->count = wrong == 1 ? 0 : wrong == 2 ? NVRAM_BLOCKS + 1 : 1;
		j->block[0] = wrong == 3 ? NVRAM_BLOCKS : 2;
		j->sum = crc32c(crc32c(0, j, sizeof(*j)), medium + NVRAM_JOURNAL + FLASH_BLOCK_BYTES,
				j->count <= NVRAM_BLOCKS ? j->count * FLASH_BLOCK_BYTES : 0) + (wrong == 4);
		lose_flash();
		assert_true(load());
		assert_memory_equal(flash, after, sizeof(after));
	}
}

/* Another vCPU changes something while the first one waits: both are written when the first one has done. */
static void change_meanwhile(void *ctx)
{
	static bool is_second;

	if (!is_second) {
		is_second = true;
		change(9 * FLASH_BLOCK_BYTES, "another");
		assert_true(nvram_write(&nvram));
	}
	serve(ctx);
}

static void test_two_at_once(void **state)
{
	(void)state;
	assert_true(load());
	nvram.ops.wait = change_meanwhile;
	change(0, "one");
	assert_true(nvram_write(&nvram));
	assert_memory_equal(medium, flash, sizeof(flash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_kept, setup),
		cmocka_unit_test_setup(test_power_cuts, setup),
		cmocka_unit_test_setup(test_cut_twice, setup),
		cmocka_unit_test_setup(test_errors, setup),
		cmocka_unit_test_setup(test_restarts, setup),
		cmocka_unit_test_setup(test_other_disks, setup),
		cmocka_unit_test_setup(test_lost, setup),
		cmocka_unit_test_setup(test_bad_journals, setup),
		cmocka_unit_test_setup(test_two_at_once, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
