/* SPDX-License-Identifier: MIT */
/*
 * pool_words.h - short words for tests of pools in the store: one pool `p` on disk 0, opened as pool 0.
 */
#ifndef VOS_POOL_WORDS_H
#define VOS_POOL_WORDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "store_bench.h"

#define POOL0 STORE_POOL_SLOT
#define POOL_BYTES (12 * MIB_BYTES)
#define PATTERN 64u			/* sectors: half a granule */

static inline void make_pool(void)
{
	assert_int_equal(bench_create_pool(0, "p", POOL_BYTES, 7), STORE_OK);
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
}

static inline void make_volume(const char *name, u8 guid)
{
	assert_int_equal(bench_create(POOL0, name, 64 * MIB_BYTES, guid), STORE_OK);
}

static inline void reboot(void)
{
	bench_boot();
	assert_int_equal(bench_open_pool(0, "p"), STORE_OK);
}

static inline enum blk_status write_all(u32 link, u64 sector, u32 sectors, u8 value)
{
	memset(bench_data(link), value, sectors * BLK_SECTOR_BYTES);
	return bench_do(link, BLK_WRITE, sector, sectors);
}

static inline bool reads(u32 link, u64 sector, u32 sectors, u8 value)
{
	memset(bench_data(link), (u8)~value, sectors * BLK_SECTOR_BYTES);
	assert_int_equal(bench_do(link, BLK_READ, sector, sectors), BLK_OK);
	for (u32 i = 0; i < sectors * BLK_SECTOR_BYTES; i++)
		if (bench_data(link)[i] != value)
			return false;
	return true;
}

static inline struct store_order about(enum store_op op, const char *volume)
{
	struct store_order order = { .op = op, .slot = POOL0 };
	const struct store_report *part = bench_part(volume);

	strcpy(order.volume, volume);
	if (part != NULL)
		memcpy(order.guid, part->guid, sizeof(order.guid));
	return order;
}

static inline struct store_order named(enum store_op op, const char *volume, const char *name, u8 guid)
{
	struct store_order order = about(op, volume);

	strcpy(order.volume, name);
	memset(order.new_guid, guid, sizeof(order.new_guid));
	return order;
}

static inline enum store_error retry(void)
{
	return bench_answer(bench_send((struct store_order){ .op = STORE_RETRY, .link = 0 }));
}

#endif
