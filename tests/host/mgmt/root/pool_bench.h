/* SPDX-License-Identifier: MIT */
/*
 * pool_bench.h - store_bench.h with a pool "fast" on the disk virtio0. Included by one file of a test.
 */
#ifndef VOS_POOL_BENCH_H
#define VOS_POOL_BENCH_H

#include "store_bench.h"

#define ARENA (3 * MIB)
#define POOL_BYTES (100 * GIB)

static u8 pool_guid[STORE_GUID_BYTES];

static inline void tell_partition(const char *name, u64 arena)
{
	struct store_report r = { .kind = STORE_EXTENT, .slot = VIRTIO, .number = 1, .extent = STORE_EXTENT_POOL,
		.sectors = POOL_BYTES / 512, .first = 2048, .largest_bytes = arena };

	strcpy(r.volume, name);
	memcpy(r.guid, pool_guid, sizeof(r.guid));
	report(r);
}

static inline void tell_pool(u64 free_bytes, enum store_error error)
{
	report((struct store_report){ .kind = STORE_DISK, .slot = STORE_POOL_SLOT, .block_bytes = 512, .error = error,
		.sectors = error == STORE_OK ? POOL_BYTES / 512 : 0, .free_bytes = free_bytes,
		.largest_bytes = VOLUME_BYTES_MAX, .percent = (u32)(100 - free_bytes * 100 / POOL_BYTES) });
}

/* The pool's arena is where the store looks for it. */
static inline struct store_order take_open(void)
{
	struct store_order order = take(STORE_OPEN_POOL);

	assert_int_equal(order.slot, VIRTIO);
	assert_int_equal(order.link, 0);
	assert_int_equal(order.bytes, ARENA);
	assert_memory_equal(order.guid, pool_guid, sizeof(pool_guid));
	assert_non_null(fake_memory(fake_pd_of(store), STORE_POOLS));
	assert_non_null(fake_memory(fake_pd_of(store), STORE_POOLS + ARENA - 4096));
	return order;
}

static inline void open_it(void)
{
	struct store_order order = take_open();

	tell_pool(90 * GIB, STORE_OK);
	done(&order, STORE_OK);
}

/* A pool on a disk, as after a restart of the machine. */
static inline void find_pool(void)
{
	memset(pool_guid, 7, sizeof(pool_guid));
	tell_partition("fast", ARENA);
	open_it();
}

#endif
