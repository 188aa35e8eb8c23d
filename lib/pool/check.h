/* SPDX-License-Identifier: MIT */
/*
 * check.h - checks a pool on its disk, as the last checkpoint left it, without changing anything. For a pool that
 * nobody has open. Shares the judges of layout.h with the pool and nothing else: no cache, no free map in memory.
 *
 * It waits for its reads, so it is for a program or a thread of its own.
 */
#ifndef VOS_POOL_CHECK_H
#define VOS_POOL_CHECK_H

#include "pool.h"

enum check_fault {
	CHECK_READ,		/* a block can't be read */
	CHECK_LABEL,		/* enum pool_status */
	CHECK_SUPER,		/* no valid superblock */
	CHECK_NODE,		/* malformed, or its checksum is wrong */
	CHECK_RECORD,		/* a volume's record is malformed */
	CHECK_FAMILY,		/* a snapshot without head, a clone without origin */
	CHECK_TWICE,		/* a block is used twice */
	CHECK_NOT_SHARED,	/* a block is older than the snapshot before, which does not have it */
	CHECK_FREE,		/* a used block is free in the free map */
	CHECK_LOST,		/* a block that is free is used in the free map */
	CHECK_COUNT_MAPPED,	/* a volume's count of granules */
	CHECK_COUNT_OWN,
	CHECK_COUNT_USED,	/* the superblock's count of blocks */
	CHECK_DATA,		/* with_data: data differs from its checksum */
	CHECK_FAULTS
};

struct pool_check {
	/* the caller's */
	void *context;
	bool (*read)(void *context, u64 block, void *to);
	/* `block` is where it is; `id` the volume's, or 0 */
	void (*found)(void *context, enum check_fault fault, u64 block, u32 id);
	/* Written blocks of a plain volume, each once, which nothing here can judge; may be NULL */
	void (*plain)(void *context, u64 block, u32 count, u32 id);
	u64 device_sectors;
	bool with_data;		/* data that has a checksum is read, too */
	/* results */
	struct pool_label label;
	struct pool_super super;
	u32 records;		/* volumes and snapshots */
	u32 log_records;	/* valid ones after the checkpoint */
	u64 used_blocks, faults;
};

/* Of the arena, which begins at a multiple of 8. */
u64 pool_check_bytes(u64 device_sectors);

/* True: no fault. */
bool pool_check(struct pool_check *c, void *arena);

/* A volume's record, 0 .. records - 1. */
const struct pool_record *pool_check_record(const void *arena, u32 at);

extern const char *const pool_check_text[CHECK_FAULTS];

#endif
