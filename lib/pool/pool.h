/* SPDX-License-Identifier: MIT */
/*
 * pool.h - a pool of volumes on a block device: thin, copy on write, safe against power cuts at any moment.
 *
 * The pool allocates nothing, waits for nothing and makes no system call. Its owner gives it an arena, hands its
 * requests to the device, reports each one's end by pool_io_done(), and calls pool_run() afterwards; callbacks come
 * from within pool_run(). Everything is called by one thread. Recursion is bounded.
 *
 * Whatever is read from the device is judged before it is used. An error of the device, or a malformed block, ends the
 * request that met it. If a write or a flush of the pool's own fails, its state on the disk is unknown: the pool goes
 * into the state `failed`, and all changes are refused until it is opened anew.
 */
#ifndef VOS_POOL_H
#define VOS_POOL_H

#include "granule_lock.h"
#include "list.h"
#include "pool_format.h"
#include "status.h"

enum pool_status {
	POOL_OK,
	POOL_IO,		/* the device failed */
	POOL_CORRUPT,		/* what is on the disk is malformed, or differs from its checksum */
	POOL_NO_POOL,		/* there is no label */
	POOL_UNKNOWN,		/* a version or a feature that is not known here */
	POOL_INVAL,		/* an argument is malformed or out of range */
	POOL_NO_SPACE,
	POOL_NO_VOLUME,
	POOL_EXISTS,		/* there is a volume of that name */
	POOL_FULL,		/* no room for another volume in memory */
	POOL_READ_ONLY,
	POOL_FAILED,		/* an earlier write or flush of the pool's own failed */
	POOL_MEMORY,		/* the arena is too small for this pool */
	POOL_AGAIN,		/* a checkpoint is being written, or the volume has requests: try after its end */
	POOL_LOCKED,		/* an encrypted volume, and its key or cipher is not there: pool_unlock() */
	POOL_MISSING,		/* a mirror: one member is not there, and may have what this one lacks */
	POOL_SPLIT,		/* a mirror: each member has gone on without the other */
	POOL_STALE,		/* a mirror: only a part of this member was copied from the one that is not there */
	POOL_STATUS_COUNT
};

struct pool;

/* ---- the device below ---- */

enum pool_io_op { POOL_IO_READ, POOL_IO_WRITE, POOL_IO_FLUSH };

/* The pool's memory. A write that ended is in the device's cache; a flush makes those stable that ended before. */
struct pool_io {
	enum pool_io_op op;
	u64 sector;
	u32 sectors;
	u8 *data;
	bool is_ok;
	bool is_reread;		/* a mirror's */
	u8 only;		/* READ of a mirror: 1 + the member that is asked, and no other; 0: either */
	struct list link;	/* the pool's */
	void (*done)(struct pool *p, struct pool_io *io);
};

struct pool_device {
	void *context;
	u64 sectors;
	u32 block_sectors;	/* 1 or 8: sector and sectors of an io are multiples of it */
	/* False: no room now; it is asked again after the next pool_io_done(). Never calls pool_io_done() itself. */
	bool (*submit)(void *context, struct pool_io *io);
};

void pool_io_done(struct pool *p, struct pool_io *io, bool is_ok);

/* Do all that can be done now. */
void pool_run(struct pool *p);

/* ---- making and opening ---- */

struct pool_spec {
	u8 uuid[POOL_UUID_BYTES];	/* random: not that of any pool that was on this disk */
	char name[POOL_NAME_BYTES];
	u32 log_blocks;
	u32 dirty_max;
	bool is_mirror;			/* on two devices of the same size: make it for each member */
	u8 member;
	u8 member_uuid[POOL_MEMBERS][POOL_UUID_BYTES];
};

/* Fills the blocks of a new, empty pool: `blocks` has POOL_LOG_BLOCK of them. All but the first are to be written and
 * flushed, then the first one written and flushed; what was on the disk before is a pool no more after the first block
 * was overwritten with zeros and flushed. */
enum pool_status pool_make(const struct pool_spec *spec, u64 device_sectors, struct pool_node *blocks);

struct pool_memory {
	u32 volumes;		/* volumes and snapshots */
	u32 nodes;		/* nodes of maps in the cache: dirty_max + tasks * POOL_LEVELS_MAX at least */
	u32 tasks;		/* pieces of requests, of a granule each, that are worked on at a time */
	u32 bounces;		/* buffers of 64 KiB */
	u32 dirty_max;		/* the pool's, or more */
	u32 limbo;		/* runs of blocks that are freed before a checkpoint must be written */
	bool is_mirror;
	bool grows;		/* if the device is larger than the pool, the pool takes all of it when it is opened; a
				 * mirror does not */
};

/* Bytes of an arena for a pool on a device of so many sectors. The arena begins at a multiple of 4096. */
u64 pool_arena_bytes(const struct pool_memory *memory, u64 device_sectors);

/* NULL: the memory is malformed. The pool is opened by pool_run() and pool_io_done(); `opened` is called with the
 * result. Nothing but these may be called before. Recovery is part of it, and ends with a checkpoint. */
struct pool *pool_open(void *arena, const struct pool_memory *memory, const struct pool_device *device,
	void (*opened)(struct pool *p, enum pool_status status));

/* A pool on two devices (mirror.h); memory->is_mirror. submit NULL: that one is not there. A pool of which one member
 * is missing is opened if the other one knows that it is stale, or with is_forced; who is missing is marked first. What
 * fails later is marked before anything is acknowledged that it lacks. */
struct pool *pool_open_mirror(void *arena, const struct pool_memory *memory,
	const struct pool_device device[POOL_MEMBERS], bool is_forced,
	void (*opened)(struct pool *p, enum pool_status status));

enum pool_member { POOL_MEMBER_GONE, POOL_MEMBER_SYNCING, POOL_MEMBER_GOOD };
struct pool_mirror {
	enum pool_member state[POOL_MEMBERS];
	u32 percent;			/* of what a member that is syncing gets */
	u64 repaired;			/* ranges that were written anew from the other */
	u64 read_errors[POOL_MEMBERS];
	enum pool_status join;		/* of the last pool_member_join(); POOL_AGAIN: not known yet */
	bool is_none[POOL_MEMBERS];	/* when it was opened: a disk was there, and had nothing of this pool */
};
/* False: it has one device; the rest of *out is undefined. */
bool pool_mirror_get(const struct pool *p, struct pool_mirror *out);
/* The owner knows that a member is not there any more, or does without it. */
void pool_member_lost(struct pool *p, u32 member);
/* A disk for a member of an open pool that is gone, and of which nothing is under way. One with the label's member_uuid
 * gets what it lacks; another one takes its place, and gets all: its first POOL_LOG_BLOCK blocks are zero. The answer
 * is pool_mirror.join: POOL_SPLIT, it has gone on alone; POOL_EXISTS, the member is there; POOL_INVAL, the disk is too
 * small or has larger blocks than the pool was opened with; or what is wrong with it. */
void pool_member_join(struct pool *p, u32 member, const struct pool_device *device, const u8 uuid[POOL_UUID_BYTES]);

/* ---- volumes ---- */

/* Changes of the table of volumes take effect at once, and are durable, all together, after the next POOL_COMMIT. What
 * is changed without a pool_run() between is changed together also if the power fails. POOL_AGAIN: not now. */

struct pool_volume_spec {
	char name[64];
	u8 uuid[POOL_UUID_BYTES];
	enum pool_kind kind;
	u64 sectors;		/* a multiple of 8 */
	bool is_thick;		/* blocks for all of it are kept for it, so that it never meets POOL_NO_SPACE */
	enum pool_cipher_kind cipher;	/* POOL_ENCRYPTED */
};

enum pool_status pool_volume_create(struct pool *p, const struct pool_volume_spec *spec, u32 *id);
enum pool_status pool_volume_rename(struct pool *p, u32 id, const char *name);
/* Marks of the owner's: `marks`, of POOL_VOLUME_MARKS, are set or cleared. A new volume has none. */
enum pool_status pool_volume_mark(struct pool *p, u32 id, u32 marks, bool is_set);

/* Makes a volume larger, also one with requests; what is new reads as zeros. POOL_INVAL: it would become smaller.
 * POOL_NO_SPACE: a thick one, and there is no room to be kept. Its snapshots keep their size. */
enum pool_status pool_resize(struct pool *p, u32 id, u64 sectors);

/* So much of a thin volume, whichever sectors, is sure to have room, what it has of its own among it; 0: nothing.
 * POOL_NO_SPACE: there is no room to be kept. POOL_INVAL: more than it has. A snapshot of it needs as much again, as
 * that of a thick one. */
enum pool_status pool_reserve(struct pool *p, u32 id, u64 sectors);

struct pool_snapshot_spec {
	u32 volume;		/* id */
	char name[64];
	u8 uuid[POOL_UUID_BYTES];
	u32 snapshot;		/* out: its id */
};

/* Snapshots of volumes without requests, of one moment: read only, and never different again. All are made or none.
 * POOL_EXISTS: a name is taken, or one or a volume is there twice. POOL_AGAIN: one has requests, or changes that no
 * checkpoint has: try after the next POOL_COMMIT. POOL_NO_SPACE: what is kept for thick volumes, of all together. */
enum pool_status pool_snapshot(struct pool *p, struct pool_snapshot_spec *specs, u32 count);

/* A volume that begins as a snapshot is. The snapshot can't be deleted as long as there is the clone. */
enum pool_status pool_clone(struct pool *p, u32 snapshot, const char *name, const u8 uuid[POOL_UUID_BYTES], u32 *id);

/* Puts the volumes that these are snapshots of back to what the snapshots have, size included, and deletes all newer
 * snapshots of those volumes; all or none. They have no requests; what they were is let go little by little, and each
 * takes one place of pool_memory.volumes until then. POOL_EXISTS: a newer snapshot has clones. POOL_INVAL: one is no
 * snapshot, or two are of the same volume. POOL_AGAIN also while what an earlier revert has let go descends from a
 * newer one; POOL_IO as for pool_delete. */
enum pool_status pool_revert(struct pool *p, const u32 *snapshots, u32 count);

/* Volumes and snapshots, all or none. Their names are free at once; blocks become free little by little. POOL_EXISTS:
 * one has clones, or snapshots that are neither being deleted nor among these. POOL_AGAIN also for a snapshot as long
 * as what a revert has let go descends from it; POOL_IO: that can't be read, until the pool is opened anew. */
enum pool_status pool_delete(struct pool *p, const u32 *ids, u32 count);

/* The record of volume number `at` in memory (0 .. pool_memory.volumes - 1); NULL = none. */
const struct pool_record *pool_volume(const struct pool *p, u32 at);
const struct pool_record *pool_volume_find(const struct pool *p, const char *name);

/* ---- encrypted volumes ---- */

/* The bytes of a granule, 4096, which are encrypted or decrypted where they are. */
struct pool_sealing {
	u8 cipher;		/* enum pool_cipher_kind */
	struct pool_bound bound;
	struct pool_seal *seal;	/* encrypting: the nonce is there, and the tag is put beside it */
	u8 *data;
};

/* The owner's, which has the key. */
struct pool_cipher {
	const void *context;
	u32 known;		/* bits of enum pool_cipher_kind; 0 = the pool is locked */
	u32 salt;		/* random at each opening: an older copy of the disk that is written as well, or the
				 * other half of a mirror, hardly meets the same nonces */
	void (*seal)(const void *context, const struct pool_sealing *s);
	bool (*open)(const void *context, const struct pool_sealing *s);	/* false: the tag is wrong */
};

/* Requests of encrypted volumes are refused with POOL_LOCKED before, and whatever needs no data works: snapshots,
 * clones, reverts, growing, deletion, checks. */
void pool_unlock(struct pool *p, const struct pool_cipher *cipher);
/* Requests of that volume would be refused so. */
bool pool_is_locked(const struct pool *p, const struct pool_record *r);

/* The pool's key, encrypted, in slots 0 .. POOL_KEY_SLOTS - 1: kept, and not looked into. A change is durable after the
 * next POOL_COMMIT. POOL_UNKNOWN: a pool without POOL_FEATURE_ENCRYPTED, which can have no key. */
const struct pool_key_slot *pool_key_slot(const struct pool *p, u32 at);
enum pool_status pool_key_slot_set(struct pool *p, u32 at, const struct pool_key_slot *slot);

/* ---- requests ---- */

enum pool_op { POOL_READ, POOL_WRITE, POOL_FLUSH, POOL_DISCARD, POOL_WRITE_ZEROES, POOL_COMMIT, POOL_SURVEY };

/* POOL_SURVEY asks what is written, in units of POOL_CHUNK_SECTORS: a byte of POOL_UNIT_* for each into `data`. sector
 * begins a unit; the last unit may end with the volume. What has not changed may be called written. */
#define POOL_UNIT_WRITTEN 1u		/* some of it was; else it reads as zeros */
#define POOL_UNIT_CHANGED 2u		/* some of it was born after `since` */
#define POOL_SURVEY_UNITS 4096u		/* of one request at most */

/* The caller's memory, until `done` was called. */
struct pool_request {
	enum pool_op op;
	u32 volume;		/* id; not of POOL_FLUSH and POOL_COMMIT, which concern the whole pool */
	u64 sector;
	u32 sectors;
	u8 *data;		/* READ, WRITE, SURVEY. May be shared with somebody who writes it meanwhile */
	u32 since;		/* SURVEY of a snapshot: the birth of an older one; 0: all counts as changed */
	void (*done)(struct pool *p, struct pool_request *r, enum pool_status status);
	void *context;		/* the caller's */
	u64 room;		/* after POOL_NO_SPACE: space.coming_blocks when there was too little, the least */
	u64 bad_sector;		/* after POOL_IO and POOL_CORRUPT: where the granule begins that failed last */
	/* the pool's */
	struct list link;
	u32 at;			/* place of the volume's record */
	u32 next, pieces;
	enum pool_status status;
};

/* Anything but POOL_OK: refused, and `done` is not called. */
enum pool_status pool_submit(struct pool *p, struct pool_request *r);

/* Asked within done(), of that request: what its volume's map had changed by then is in the log on the device, or in a
 * checkpoint: opened again, the pool has it, unless the power fails before a flush. False while some of it is on its
 * way; a POOL_FLUSH brings it there. */
bool pool_is_logged(const struct pool *p, const struct pool_request *r);
/* POOL_FAILED is what the next change would meet; also when no request was under way as the pool failed. */
bool pool_has_failed(const struct pool *p);

/* The short way of a request that changes nothing of the pool's: a read of blocks that have been written, or a write
 * over them in place, within one granule of a plain volume. Its owner goes to the device by itself. */
struct pool_direct {
	u32 volume;		/* id */
	bool is_write;
	u64 sector;
	u32 sectors;
	u64 place;		/* out: the device's sector */
	struct granule_lock lock;	/* the pool's */
};

/* False: it takes the usual way, pool_submit(). True: it is the pool's memory until pool_direct_end(), which comes when
 * the device has ended it, well or not, and before pool_run(). A write is answered without pool_is_logged().
 * pool_direct_end() says whether somebody waited for it: then pool_run() is to come. */
bool pool_direct_begin(struct pool *p, struct pool_direct *d);
bool pool_direct_end(struct pool *p, struct pool_direct *d);

/* ---- accounts ---- */

struct pool_space {
	u64 blocks;		/* of the pool */
	u64 used_blocks;	/* referenced, with the fixed area */
	u64 pending_blocks;	/* not referenced any more, free after the next checkpoint */
	u64 reserve_blocks;	/* kept for the pool's own nodes */
	u64 kept_blocks;	/* for thick volumes, which have not taken them yet */
	u64 free_blocks;	/* for data of thin volumes */
	u64 coming_blocks;	/* what free_blocks will be after the next checkpoint */
	u64 data_blocks;	/* what data and its maps can have at all: free_blocks of a new pool */
};

void pool_space_get(const struct pool *p, struct pool_space *out);
/* How much of data_blocks is gone, 0 .. 100: 100 only if nothing is left. What is kept for thick volumes is gone. */
u32 pool_space_percent(const struct pool_space *space);
const struct pool_label *pool_label_get(const struct pool *p);

#endif
