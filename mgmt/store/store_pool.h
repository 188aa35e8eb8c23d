/* SPDX-License-Identifier: MIT */
/*
 * store_pool.h - what the store holds of a pool that is open, or was: for the files about pools.
 */
#ifndef VOS_STORE_POOL_H
#define VOS_STORE_POOL_H

#include "pool.h"
#include "scrub.h"
#include "store.h"
#include "types.h"
#include "volume.h"

#define POOL_QUEUE 32u			/* orders about what is in it */
#define POOL_ANSWERS (POOL_QUEUE + 3)
#define POOL_WORDS ((STORE_POOL_VOLUMES + 63) / 64)

enum store_pool_state {
	POOLS_CLOSED,
	POOLS_OPENING,
	POOLS_OPEN,
	POOLS_FAILING,		/* takes nothing any more; requests under way are ending */
	POOLS_STOPPING,		/* its last transfers are ending */
	POOLS_FAILED,			/* until it is opened anew */
};

/* What root was told of a volume or snapshot. */
struct pool_told {
	u32 id;				/* 0: nothing */
	u16 flags;
	bool is_locked;
	u64 sectors, own, reserve;
	char name[VOLUME_NAME_BYTES];
};

/* Orders, one after the other; those of a group of snapshots together. */
struct pool_queue {
	u32 count, group;		/* group: the first ones, which are carried out now; 0: none */
	u32 refused_op;			/* what comes of a group of these is refused up to its end; 0: none */
	u32 tries;			/* of the group, at which the pool said POOL_AGAIN */
	bool is_changed;		/* the table of volumes; it is to be committed */
	bool is_committing;
	enum pool_status committed;
	struct pool_request commit;
	struct store_order orders[POOL_QUEUE];
};

#define POOL_FOUND 8u			/* faults of a scrub that are told one by one */

struct pool_found {
	u32 fault;			/* enum store_found */
	u64 block;
	char volume[VOLUME_NAME_BYTES];
};

struct pool_upkeep {
	struct pool_scrub scrub;
	enum store_scrub state;
	enum store_error error;
	bool is_due;			/* something is to be reported */
	u32 percent;
	u64 looked_blocks;		/* that were read when `percent` was found */
	u32 found_count, told_count;
	struct pool_found found[POOL_FOUND];
};

/* The partitions that it is in. */
struct pool_members {
	bool is_mirror, is_forced;	/* forced: opened without a member that may have more */
	struct volume *part[POOL_MEMBERS];	/* NULL: there is none; each has a link */
	u8 guid[STORE_GUID_BYTES];	/* of one */
	u64 sectors;			/* that root has given memory for; a mirror has no more of any */
	u32 turn_end[POOL_MEMBERS];	/* disks of that turn on have been looked at, and have nothing of it */
	struct pool_mirror told;	/* to root */
	/* one that joins */
	u32 join_id;			/* the order; 0: none does */
	bool is_joining;		/* the pool has been asked */
	struct volume *join;
};

struct pool_answer {
	u32 id;
	enum store_error error;
};

struct store_pool {
	enum store_pool_state state, next;	/* next: after STOPPING */
	bool is_disk_back;		/* since it was opened; it is opened anew when it has failed */
	u64 opened_ns;			/* when it was opened last, */
	u64 reopen_ns, delay_ns;	/* and when it will be, having failed, so much later */
	bool is_stirred;		/* there may be something to do */
	bool has_origins;		/* pool_origins.h; else there is nothing to look for */
	enum store_error error;		/* why it is not open */
	struct volume *part;		/* its partition, or the member that root named */
	struct pool_members members;
	struct pool *pool;		/* NULL while it is closed, stopping or failed */
	bool is_opened;			/* with the status: */
	enum pool_status status;
	bool has_uuid;
	u8 uuid[POOL_UUID_BYTES];	/* what it had when it was opened first */
	u32 open_id, close_id;		/* orders that are being carried out; 0: none */
	bool is_closing;		/* its last commit has ended: */
	struct pool_request closing;
	bool is_due;			/* the pool is to be reported */
	u64 told_free;			/* blocks */
	u64 due[POOL_WORDS];		/* volumes to be reported, by number - 1 */
	struct pool_told told[STORE_POOL_VOLUMES];
	struct pool_queue queue;
	struct pool_upkeep upkeep;
	u32 answer_count;
	struct pool_answer answers[POOL_ANSWERS];
};

#endif
