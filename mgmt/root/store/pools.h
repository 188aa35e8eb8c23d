/* SPDX-License-Identifier: MIT */
/*
 * pools.h - root's table of pools. A pool's partition is a volume of the kind VOLUME_ROW_POOL, which no VM can have.
 * Its number p is its place in this table, and the volumes in it have that number too. What the store is to do with
 * pools is decided here, and ordered by store_pools.h. Pure.
 */
#ifndef VOS_POOLS_H
#define VOS_POOLS_H

#include "request.h"
#include "store.h"
#include "volumes.h"

/* CLOSED: the store has no memory for it. FAILED: it could not be opened; `error` says why. */
enum pool_state { POOL_IS_CLOSED, POOL_IS_OPENING, POOL_IS_OPEN, POOL_IS_CLOSING, POOL_HAS_FAILED };

/* MADE: its partition is larger, and the next store opens it with that. */
enum pool_grow { POOL_GROW_NONE, POOL_GROW_DUE, POOL_GROW_SENT, POOL_GROW_MADE };
enum pool_mark { POOL_MARK_NONE, POOL_MARK_DUE, POOL_MARK_SENT };

struct pool {
	struct volume *partition;	/* NULL: the place is free */
	enum pool_state state;
	u32 error;		/* enum store_error */
	bool is_imported, is_exported;	/* its partition says so (store.h) */
	enum pool_mark mark;	/* that it is to say something else: it is closed for that, and opened then */
	u32 mark_flags, mark_error;	/* STORE_IS_IMPORTED, STORE_IS_EXPORTED; enum store_error of the last mark */
	char mark_name[DISK_NAME_BYTES];
	u32 mark_at;		/* of a mirror: the member whose partition is to say so now */
	u32 says[STORE_MEMBERS];	/* the partitions: STORE_IS_IMPORTED, STORE_IS_EXPORTED; 0 = nothing yet */
	enum pool_grow grow;
	u32 grow_error;		/* enum store_error of the last one */
	u8 in_place_of[STORE_GUID_BYTES];	/* the partition that it is made of; zeros: of free room */
	u64 arena_bytes;	/* that the store wants for it */
	u64 h_arena;
	u64 bytes, free_bytes, largest_bytes;	/* as of the store's last report */
	u32 block_bytes;
	bool has_lost_disk;	/* the store opens it again when that is back */
	u32 percent;		/* of what data can have that is gone */
	u32 warned_percent;	/* when the last warning came; 0 = none */
	enum pool_key key;	/* as of the store's last report */
	u32 way;		/* of `secret`; 0 = there is none */
	u8 secret[STORE_SECRET_BYTES];	/* that has unlocked it, for the next store */
	u64 told[STORE_PARTITIONS / 64];	/* by number - 1: what is in it, also if root has no row of it */
	u64 system[STORE_PARTITIONS / 64];	/* thereof what is VOS' own */
	u32 definitions;	/* number of VOLUME_OF_VOS in it, likewise; 0 = it has none */
	/* a mirror (pool_members.h) */
	bool is_mirror, is_forced;	/* forced: to be opened without a member that may have more */
	struct volume *member[STORE_MEMBERS];	/* NULL: not known; `partition` is one of them */
	u32 member_state[STORE_MEMBERS], member_told[STORE_MEMBERS];	/* enum store_member_state; in the log */
	u32 opened_with;	/* bits: the members that were there when it was last to be opened */
	u32 member_turn[STORE_MEMBERS];	/* as their label names them: store_member_turn */
	bool has_turns;		/* the store has told them */
	u32 member_percent;
	u64 repaired, read_errors;
	bool is_joining, was_asked[STORE_MEMBERS];	/* to join, since its disk came, or failed */
	u32 joining;		/* member */
};

/* Below STORE_POOLS_MAX; NULL: there is none. */
struct pool *pool_at(u32 p);
/* The number of the pool of that name, STORE_POOLS_MAX if there is none. */
u32 pool_find(const char *name);
bool pools_are_full(void);
/* A pool's partition is there, or about to be made. False: there are STORE_POOLS_MAX. */
bool pool_add(struct volume *partition);
void pool_remove(u32 p);
/* The store has told of its partition, of a mirror that member's (STORE_MEMBERS: of none any more): the arena that it
 * wants, and STORE_IS_IMPORTED, STORE_IS_EXPORTED. */
void pool_told(u32 p, u32 member, u64 arena_bytes, u32 flags);
/* One that could not be opened is to be opened once more. */
void pool_try_again(u32 p);
/* STORE_DISK of a pool that the store has been given. */
void pool_take_report(const struct store_report *report);
/* What has unlocked it, until its partition is no more. */
void pool_keep_secret(u32 p, u32 way, const u8 secret[STORE_SECRET_BYTES]);
/* The store is another one; no pool has an arena any more. */
void pools_forget(void);
/* The store's answer to STORE_GROW_POOL. A pool has the memory for the size that it had when it was opened: */
void pool_grown(u32 p, u32 error);
/* True, once: the store is to be started again. */
bool pools_take_outgrown(void);

/* Its volumes can be used, and others made. */
bool pool_is_usable(u32 p);
/* It was made of a partition that had been there. */
bool pool_is_in_place(const struct pool *pool);
/* Bytes for data that are in use. */
u64 pool_used_bytes(const struct pool *pool);
/* The store is opening it, or is about to. */
bool pool_is_coming(u32 p);
bool pools_are_coming(void);
/* The store has told of a volume or snapshot in it, or that it is gone. */
void pool_told_extent(u32 p, u32 number, bool is_there);
/* The same, of a volume: that it is VOLUME_OF_VOS, or is not; that it is one of VOS' own. */
void pool_told_definitions(u32 p, u32 number, bool are_there);
void pool_told_system(u32 p, u32 number, bool is_system);
/* Of the pools that can be used and are not imported, one that has it, and that is not `but`; STORE_POOLS_MAX: there is
 * none. */
u32 pool_with_definitions(u32 but);
/* Whether some pool has definitions is not known: it is being opened, or a mirror waits for its other disk, or for a
 * person. */
bool pools_hide_some(void);
/* The name of a mirror that could not be opened without its other disk; "" = there is none. */
const char *pool_that_waits(void);
/* All disks have had their time to come. Before that no pool counts. */
void pools_are_searched(void);
/* The one pool that has definitions; STORE_POOLS_MAX: there is none, or two have some, or it is too soon to say. */
u32 pool_that_counts(void);
/* Volumes and snapshots in it, also those that root has no room for, and those that are being made or deleted. */
u32 pool_volume_count(u32 p);

/* Thereof those of VOS itself, which go with it. */
u32 pool_system_count(u32 p);

/* Its partition is to say that; `name` is that of the pool afterwards. Nothing of it is in use. */
void pool_mark(u32 p, const char *name, u32 flags);
bool pool_mark_is_due(u32 p);
void pool_mark_done(u32 p, u32 error);
/* The partition that is to say so now; of a mirror one after the other. / It does, or error. */
const struct volume *pool_mark_part(u32 p);
void pool_marked(u32 p, u32 error);
/* It has definitions that count nowhere, because another pool has some. */
bool pool_is_of_other(u32 p, u32 home);

/* What is due: to give it memory and have it opened; because its partition is to be deleted, to have it closed. */
bool pool_open_is_due(u32 p);
bool pool_close_is_due(u32 p);
/* The store has nothing of it: its partition can be deleted. */
bool pool_is_shut(u32 p);

/* Its pool can make and delete it, if it is in one; a pool itself can be made, or is shut, or can do without it. */
bool pool_lets_change(const struct volume *v);

/* Of a pool that is in use: the threshold in per cent that it has passed since the last call, else 0.
 * Who has been told of 95 is told again when it has been below 80. */
u32 pool_warning(u32 p);

#endif
