/* SPDX-License-Identifier: MIT */
/*
 * pool_state.h - the state of an open pool, for the files of this room.
 *
 * Work is done by jobs. A job's step runs until it needs something: then it puts the job into a list of waiters, or
 * starts an io whose end makes it ready. The step decides anew what is to be done each time it runs, from the state of
 * that moment. So what it has looked up needs no protection from others, except by what it has pinned or locked.
 */
#ifndef VOS_POOL_STATE_H
#define VOS_POOL_STATE_H

#include "pool.h"

struct job {
	struct list link;
	void (*step)(struct pool *p, struct job *j);
	enum pool_status error;		/* of a node that it waited for */
};

/* A node of a map in memory. Its parent is in memory too: each cached child counts as a reference. */
enum node_state { NODE_UNUSED, NODE_LOADING, NODE_CLEAN, NODE_DIRTY };

struct volume;

struct node {
	struct list link;		/* unused, evictable (clean without references), or dirty */
	struct node *hash_next;
	struct node *parent;		/* NULL = it is the root */
	struct volume *volume;
	u64 index;
	struct pool_ref ref;		/* what is on the disk; block 0 = nothing */
	u32 refs;			/* cached children and pins */
	u8 level;
	u8 state;			/* enum node_state */
	bool is_added;			/* dirty, and its old place does not become free */
	struct list waiters;
	struct pool_io io;
	struct pool_node *bytes;
};

/* Requests of one volume that are not split into tasks yet. */
struct turn {
	struct list link;		/* in pool.turns: the volumes have their turns there */
	struct list requests;
};
enum turn_kind { TURN_READ, TURN_CHANGE, TURN_COUNT };

struct volume {
	struct pool_record r;
	struct turn turns[TURN_COUNT];
	u32 at;				/* in the table */
	u32 busy;			/* requests that have not ended */
	u64 noted;			/* commit.batch of the newest entry for the log */
	u64 deleted_in;			/* generation of the superblock that has no deletion of it yet */
	u64 kept_blocks, kept_chunks, kept_nodes;	/* a thick one: its part of space.kept_* */
	bool is_stuck;			/* being deleted, and a node can't be read: the next opening tries again */
	struct volume *previous;	/* the next older snapshot of the same head, or NULL */
	u32 base;			/* what was born later is not the origin's */
};

/* Gives the blocks of volumes that are being deleted back, one volume after the other. */
struct reap {
	struct job job;
	struct volume *volume;		/* NULL = none */
	u32 slice;			/* granules before others have their turn */
};

#define VOLUMES_FOUND 64u

/* Blocks that are referenced no more, and are not reused before the next checkpoint is durable. */
struct extent {
	u64 block;
	u32 count;
};

/* 16 blocks a word. busy = used, or pending, or given out and not referenced yet. */
struct space {
	u16 *busy, *used;
	u32 chunks;
	u32 free_chunks;		/* wholly free */
	u32 chunk_at, block_at;		/* where the search goes on */
	u64 free_blocks, used_blocks, pending_blocks;
	u64 reserve;			/* for nodes: copies of those that a checkpoint writes anew */
	u64 promised;			/* to nodes that the next checkpoints add */
	u64 kept_blocks;		/* for thick volumes: what their data may still take */
	u64 kept_nodes;			/* for the nodes above that, whether they are there by now or not */
	u64 kept_chunks;		/* of that, for granules of a whole chunk */
	struct extent *limbo;
	u32 limbo_count, limbo_max;
};

/* A tree of fixed depth whose leaves are made of a table in memory: volumes, free map. */
struct meta_file {
	enum pool_node_kind kind;
	u32 leaf_count, inner_count;
	struct pool_ref *leaf, *inner;
	struct pool_ref root;
	u8 *leaf_state, *inner_state;	/* META_* */
	u8 root_state;
};
enum { META_CLEAN, META_DIRTY, META_PLACED };

#define POOL_PENDING (POOL_ENTRIES * POOL_BATCH)

struct entries {
	struct pool_entry_encrypted *entry;	/* POOL_PENDING */
	u32 count;
	bool is_wide;			/* one of them is of an encrypted volume: records have 63 of them */
	bool is_full;			/* somebody waits until they are written */
	bool needs_data_flush;		/* one of them has no checksum */
};

/* Nonces: crypt.h. */
struct crypt {
	struct pool_cipher cipher;
	u64 next, end;			/* numbers of the nonces that are given out next: below `end` */
	u32 ahead;			/* how many a superblock makes room for */
};

/* Writes log records and checkpoints, one after the other. */
struct commit {
	struct job job;
	u32 step;
	struct pool_io io[2];
	u32 outstanding;
	bool is_bad;
	bool is_frozen;			/* a checkpoint is being written: maps, tables and free map do not change */
	bool wants_checkpoint;
	struct list flushes;		/* requests that wait for the next commit */
	struct list running;		/* those of this one */
	struct list commits;		/* requests that wait for the next checkpoint */
	struct list room_waiters;	/* jobs that wait for room in log, limbo or cache, or a checkpoint's end */
	struct list space_waiters;	/* jobs that wait for blocks that a checkpoint frees */
	struct entries filling, writing;
	u64 batch;			/* of what is filling: commits that have begun */
	u64 logged;			/* the newest batch that is in the log or in a checkpoint */
	struct pool_log_record *record;	/* POOL_BATCH + 1 */
	u32 records;
	struct pool_node *buffer;	/* of the tables' nodes */
	struct meta_file *file;		/* being written */
	u32 level, at;
	u64 seq;			/* of the next record */
	u64 durable;
};

enum scrub_phase { SCRUB_LABEL, SCRUB_TABLES, SCRUB_MAPS };

/* Reads what is on the disk (scrub.h). */
struct scrub {
	struct job job;
	struct pool_scrub *owner;	/* NULL = none is under way */
	enum scrub_phase phase;
	u32 file, level, at;		/* of the tables: the node */
	u32 volume, id;			/* of the maps: place in the table, and who was there; 0 = not begun */
	u64 granule;
	u32 below;			/* levels of it that are not judged yet */
	u32 reading;			/* scrub.c: what io is for */
	u64 block, generation;		/* that is read, when the superblock had that one */
	u32 count;
	bool is_resync;			/* what may differ on the two members, and has a checksum */
	bool is_pair, is_good;		/* both members are read; what was read is what it should be */
	u32 member;			/* of a pair: that is read */
	struct pool_ref ref;		/* what named it then */
	struct pool_granule old;
	u8 *buffer;			/* a bounce buffer */
	struct pool_io io;
};

struct open {
	struct job job;
	u32 step;
	struct pool_io io;
	void (*opened)(struct pool *p, enum pool_status status);
	u32 file, level, at;		/* of the tables: the node that is read */
	u64 seq;			/* of the record that is read */
	u32 held;			/* records in commit.record that are not replayed */
	u32 checked, replayed;		/* entries of the first one */
	bool is_end;			/* of the log */
	u32 wants, from;		/* recover.c: what io is for */
	struct pool_request checkpoint;
};

struct mirror;

struct pool {
	struct pool_device device;
	struct mirror *mirror;		/* NULL = one device */
	struct pool_memory memory;
	struct pool_label label;
	struct pool_super super;
	bool is_failed;
	bool is_direct;			/* requests may go to the device by themselves (direct.c) */
	bool is_open;			/* recovered; what comes changes maps by tasks */

	struct list ready;		/* jobs */
	struct list io_waiting;		/* ios that the device had no room for */

	struct volume *volume;		/* memory.volumes */
	u16 found[VOLUMES_FOUND];	/* places at which ids were found last */
	struct space space;
	struct meta_file files[2];	/* volumes, free map */

	struct node *node;
	struct node **hash;
	u32 hash_mask;
	struct list unused_nodes, evictable, dirty;
	u32 dirty_count;
	struct list node_waiters;

	struct task *task;
	struct list free_tasks;
	struct list *locks;		/* granules that are held (granule_lock.h) */
	struct list lock_waiters;
	struct list bounce_waiters;
	u8 *bounces;
	u8 **free_bounce;
	u32 free_bounces;
	struct list turns[TURN_COUNT];	/* volumes that have, or had, requests which are not split into tasks yet */
	bool is_read_next;		/* they take turns */
	u32 changing;			/* tasks of changes, which wait for commits: some are left for reads */
	struct job split;

	struct crypt crypt;
	struct commit commit;
	struct reap reap;
	struct scrub scrub;
	struct open open;
};

#define FILE_VOLUMES 0u
#define FILE_FREE 1u

/* ---- jobs (job.c) ---- */
void job_init(struct job *j, void (*step)(struct pool *p, struct job *j));
void job_ready(struct pool *p, struct job *j);
void job_wait(struct list *waiters, struct job *j);
void jobs_ready(struct pool *p, struct list *waiters);

/* ---- device (device.c) ---- */
struct device_range { u64 sector; u32 sectors; };

void device_submit(struct pool *p, struct pool_io *io, enum pool_io_op op, struct device_range range, void *data);
/* From that member of a mirror, and from no other. */
void device_read_member(struct pool *p, struct pool_io *io, u32 member, struct device_range range, void *data);
/* A block of 4096 bytes has not this checksum: it is read from the other member, and the io ends once more. False:
 * there is none. */
bool device_reread(struct pool *p, struct pool_io *io, u32 crc);
/* A mirror is being opened whose other member may have what the source lacks. */
bool device_has_other(const struct pool *p);
/* What device_read_member() has from it is right: the source gets it, and the io ends once more. */
void device_take_other(struct pool *p, struct pool_io *io);
u32 device_other(const struct pool *p);
/* The recovered pool of a mirror is on both. POOL_AGAIN: not yet; p->open.job is made ready. */
enum pool_status device_resync(struct pool *p);
/* It may differ on the two. */
bool device_is_disputed(const struct pool *p, u64 block);
/* Both members of a mirror have all. / That is to be written anew from the other one. / The label of the one that is
 * read. */
bool device_is_pair(const struct pool *p);
void device_repair(struct pool *p, u32 member, struct device_range range);
struct pool_label device_label(const struct pool *p);

static inline struct device_range device_blocks(u64 block, u32 count)
{
	return (struct device_range){ block * POOL_BLOCK_SECTORS, count * POOL_BLOCK_SECTORS };
}

#endif
