/* SPDX-License-Identifier: MIT */
/*
 * mirror.h - a pool on two disks, as a device of two members below the pool. All that is written goes to both, and has
 * ended when both have it; reads are from one, the source, and from the other where it fails.
 *
 *	mirror.c		the way of a request, and the job
 *	mirror_io.c		the way to the members
 *	mirror_marks.c		who is stale, in the superblocks of those who are not: before anything is acknowledged
 *				that one lacks
 *	mirror_regions.c	which regions of the disk are being written: block 3, before the first write to one
 *	mirror_copy.c		from the source to the other: what could not be read, and regions that may differ
 *	mirror_open.c		which of the members have the pool
 *	mirror_resync.c		after a power cut: makes both equal, before the pool is open
 *	mirror_join.c		one that was gone is there again, or another disk in its place
 *
 * A member that is stale gets what it lacks by its regions: while there is one, no region is taken out of block 3. It
 * is marked in its own superblocks while that goes on, since what it has then is no state of the pool.
 */
#ifndef VOS_POOL_MIRROR_H
#define VOS_POOL_MIRROR_H

#include "pool_state.h"
#include "scrub.h"

#define MIRROR_PAIRS 64u
#define MIRROR_KEPT 4u		/* pairs, besides one for each task */
#define MIRROR_REPAIRS 16u
#define REGION_BITS (POOL_BLOCK * 8u)
#define MIRROR_HEAD 4u		/* blocks that a member is known by: label, superblocks, regions */

/* GONE: nothing is written to it. SYNCING: all is written to it, nothing read. */
enum member_state { MEMBER_GONE, MEMBER_SYNCING, MEMBER_GOOD };

/* A request of the pool's, and those to the members. */
struct pair {
	struct list link;
	struct pool_io *upper;
	struct pool_io io[POOL_MEMBERS];
	u32 left, bad;			/* under way; bit: the member failed */
	u32 tried;			/* READ: bit: the member was asked */
	bool has_crc, is_mending;	/* mending: what was read is written to the member that had it wrong */
	u32 crc;			/* that the data must have */
};

/* One request of the mirror's own, to some members. */
struct mirror_op {
	struct pool_io io[POOL_MEMBERS];
	u32 left, bad;
	void (*then)(struct pool *p);
};

struct mirror_range { u64 block; u32 count; u32 member; };

enum resync_step { RESYNC_BEGIN, RESYNC_COMPARE, RESYNC_WALK, RESYNC_WALKED, RESYNC_COPY };

struct mirror {
	struct pool_device below[POOL_MEMBERS];
	struct list waiting[POOL_MEMBERS];	/* requests that a device had no room for */
	enum member_state state[POOL_MEMBERS];
	u32 source;
	bool is_broken;			/* no member has all */
	bool is_forced;
	struct job job;
	u32 bad;			/* bit: a member has failed, and the job has not seen to it */
	struct pair *pair;
	u32 pairs, free_pairs, kept_pairs;	/* kept: for reads that are repeated */
	struct list free, active, blocked, held;	/* blocked: requests that can't begin now. held: pairs that have
							 * ended, and are answered when the mark is durable */
	/* marks */
	u32 version, durable[POOL_MEMBERS];	/* of the marks in p->super; and in the superblocks of a member */
	bool is_slot[2];
	struct pool_super slot[2];	/* what was written there last */
	u32 marking, mark_slot, mark_version;	/* member + 1 whose superblocks are being written; 0 = none */
	struct mirror_op mark_op;
	struct pool_node *mark_block;
	/* regions */
	u64 *want, *have;		/* REGION_BITS; have: durable */
	u64 *written, *before;		/* written to since the last checkpoint; in the time before that */
	bool is_regions_busy;
	u32 region_members;		/* bit: block 3 of that member is being written */
	struct mirror_op region_op;
	struct pool_node *region_block;
	/* copies */
	struct mirror_range repair[MIRROR_REPAIRS], copy;
	u32 repairs;
	bool is_copying, is_window;	/* is_window: `copy` is not written to by requests */
	struct mirror_op copy_op;
	u8 *copy_data;			/* a chunk */
	bool is_sync, is_sync_end;
	u32 sync_member;
	u64 sync_at, by_block_end;	/* block; below by_block_end, blocks are copied one by one */
	u64 *sync;			/* regions */
	/* Both have all that was flushed, and a power cut may have left the rest on one of them. Until they are equal,
	 * what has a checksum is taken from the one that has it right. */
	bool is_catching_up;
	enum resync_step resync;
	struct mirror_op compare_op;	/* the source's is read by copy_op */
	u8 *compare_data;		/* a chunk */
	u32 compared;			/* reads that have ended; 0 = none was begun */
	u64 compare_region;
	bool is_region_kept;		/* something in it differs */
	bool is_data_different, is_repair_lost;
	struct pool_scrub scrub;
	/* opening */
	u32 open_at;
	bool is_opening;		/* open.job waits */
	bool is_chosen, is_usable_other;	/* the other is stale, and there */
	enum pool_status open_status[POOL_MEMBERS];
	struct pool_super newest[POOL_MEMBERS];
	struct mirror_op open_op;
	struct pool_node *open_block;	/* MIRROR_HEAD of each member */
	/* one that joins; as it is opened */
	u32 join, join_member;		/* enum join_step */
	enum pool_status join_status;
	u8 join_uuid[POOL_UUID_BYTES];
	u64 repaired, read_errors[POOL_MEMBERS];
};

void mirror_init(struct pool *p, const struct pool_device below[POOL_MEMBERS], bool is_forced);
struct pool_device mirror_device(struct pool *p);

static inline bool mirror_is_written(const struct mirror *m, u32 member)
{
	return m->state[member] != MEMBER_GONE;
}

/* What is there can be read from it, if a checksum says what it must be. */
static inline bool mirror_is_read(const struct mirror *m, u32 member)
{
	return m->state[member] == MEMBER_GOOD || (m->state[member] == MEMBER_SYNCING && m->is_catching_up);
}

/* ---- mirror_io.c ---- */
/* The mirror's job looks at all that waits. */
void mirror_wake(struct pool *p);
void mirror_send(struct mirror *m, struct pool_io *io, u32 member, enum pool_io_op what, struct device_range range,
	void *data);
/* A device has room again. */
void mirror_retry(struct mirror *m, u32 member);
/* Those of `members` (bits) do it; then() when all have ended. */
void mirror_op_start(struct pool *p, struct mirror_op *op, u32 members, enum pool_io_op what, struct device_range range,
	void *data);
static inline u32 mirror_written_bits(const struct mirror *m)
{
	return (u32)mirror_is_written(m, 0) | (u32)mirror_is_written(m, 1) << 1;
}
/* A write of the pool's to one of these sectors is under way. */
bool mirror_is_active(const struct mirror *m, u64 sector, u32 sectors);

/* ---- mirror_marks.c ---- */
/* Superblocks of a member do not say what p->super says. */
bool marks_are_due(const struct mirror *m);
void marks_step(struct pool *p);
bool marks_is_super(const struct pool_io *io);
/* A superblock of the pool's own is about to be written. */
void marks_take(struct pool *p, struct pool_io *io);

/* ---- mirror_regions.c ---- */
/* False: they are not durable yet; it is being seen to. */
bool regions_have(struct pool *p, const struct pool_io *io);
void regions_settle(struct pool *p);

/* ---- mirror_copy.c ---- */
void copy_repair(struct pool *p, u32 member, u64 sector, u32 sectors);
bool copy_blocks(const struct mirror *m, const struct pool_io *io);
void copy_step(struct pool *p);
/* The member gets what it lacks: m->sync. The pool is open; / is not, and nobody writes. */
void copy_sync(struct pool *p, u32 member);
void copy_catch_up(struct pool *p, u32 member);
/* The next chunk of m->sync that is in use, as m->copy. False: none is left, or others have their turn. */
bool copy_next(struct pool *p);
void copy_stop(struct pool *p);
/* A member whose superblocks say so by now is good. */
void copy_settle(struct pool *p);

/* ---- mirror_open.c ---- */
/* What it says in open_block, as newest[member]. */
enum pool_status mirror_judge_member(struct pool *p, u32 member);
/* POOL_AGAIN: not known yet; p->open.job is made ready. */
enum pool_status mirror_open_step(struct pool *p);
/* POOL_AGAIN: copies or marks are under way; p->open.job is made ready. */
enum pool_status mirror_open_wait(struct pool *p);
/* What it waits for may have ended. */
void mirror_open_wake(struct pool *p);

/* ---- mirror_join.c ---- */
enum join_step { JOIN_NOTHING, JOIN_IO, JOIN_MARK };
void join_step(struct pool *p);
/* No member has all any more. */
void join_end(struct pool *p);

/* The pool is open: who is stale and there gets what it lacks. */
void mirror_opened(struct pool *p);

#endif
