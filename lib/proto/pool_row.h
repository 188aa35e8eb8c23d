/* SPDX-License-Identifier: MIT */
/*
 * pool_row.h - what root tells of a pool.
 */
#ifndef VOS_POOL_ROW_H
#define VOS_POOL_ROW_H

#include "store.h"
#include "types.h"

enum pool_key {
	POOL_KEY_NONE,		/* it has no secret, so nothing in it is encrypted */
	POOL_KEY_HERE,
	POOL_KEY_LOCKED,	/* what is encrypted can't be used */
	POOL_KEY_COUNT
};
#define POOL_KEY_FILE_BYTES 65536u	/* at most */

enum pool_row_state {
	POOL_ROW_READY,
	POOL_ROW_MAKING, POOL_ROW_DELETING,
	POOL_ROW_OPENING,
	POOL_ROW_MISSING,	/* its disk is not there */
	POOL_ROW_EXPORTED,	/* closed, until import-pool */
	POOL_ROW_FAILED,	/* error: why it can't be used */
	POOL_ROW_STATE_COUNT
};

/* Of the last check-pool or scrub-pool since the boot. CUT: it ended before it was through. */
enum pool_row_scrub { POOL_SCRUB_NONE, POOL_SCRUB_RUNS, POOL_SCRUB_DONE, POOL_SCRUB_CUT, POOL_SCRUB_COUNT };

/* A pool: a partition of a disk that volumes take room from as they are written. */
/* Whose definitions are in it. */
enum pool_owner {
	POOL_OWN,		/* this machine's, or nobody's */
	POOL_OF_OTHER,		/* another pool has some, too: import-pool says whose these are */
	POOL_IMPORTED,		/* another machine's: they do not count here */
	POOL_OWNER_COUNT
};

struct pool_row {
	u32 index;
	u32 state;		/* enum pool_row_state */
	u32 error;		/* enum store_error */
	u32 volumes, snapshots;
	u32 key;		/* enum pool_key */
	u32 scrub;		/* enum pool_row_scrub; and of that run: */
	u32 scrub_has_data, scrub_percent;
	u32 owner;		/* enum pool_owner */
	u64 scrub_faults, scrub_bytes;	/* found; read */
	u64 bytes;		/* of the pool */
	u64 used_bytes, free_bytes;	/* 0 while it is not open */
	u64 promised_bytes;	/* the sizes of its volumes together */
	u64 memory_bytes;	/* that the store has for it */
	char name[DISK_NAME_BYTES];
	char on[DISK_NAME_BYTES];	/* a disk's name */
	/* A mirror. member_state counts while it is READY */
	u32 members;		/* 1, or 2 = mirror */
	u32 member_percent;	/* STORE_MEMBER_COPIED_TO: how much it has */
	u32 member_state[STORE_MEMBERS];	/* enum store_member_state */
	u64 repaired, read_errors;	/* pieces that were written anew from the other disk; reads that went wrong */
	char member_on[STORE_MEMBERS][DISK_NAME_BYTES];	/* "": that disk has not been seen */
	u8 uuid[STORE_GUID_BYTES];	/* as on the disk */
	u32 is_default;		/* a disk that names no place would come here now */
	u32 zero;
};

#endif
