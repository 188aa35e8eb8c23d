/* SPDX-License-Identifier: MIT */
/*
 * oracle.h - what volumes may hold after a power cut, and whether the blocks on a disk add up. Shares no code with the
 * pool: the layout on the disk is written down here a second time, as offsets.
 *
 * A sector holds a value: 0 is zeros, and any other one fills it. After a power cut it has the value of the last write
 * that ended before a flush was asked for which has ended, or a later one.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "types.h"

#define ORACLE_VOLUMES 24u
#define ORACLE_LATER 24u
#define ORACLE_SECTOR 512u

struct oracle_value {
	u32 value;
	u64 ended;		/* 0 = not yet, or it failed */
};

struct oracle_sector {
	u32 stable;
	u32 count;
	struct oracle_value later[ORACLE_LATER];
};

/* When something may be so, and since when it must be. */
struct oracle_volume {
	char name[64];
	bool is_used;
	bool may_be_missing;	/* made or deleted, and not committed */
	bool is_read_only;	/* a snapshot */
	bool is_deleted;	/* and not committed: may be there, as it was */
	u32 uses;		/* snapshots of it that are there, or clones */
	struct oracle_volume *of;	/* what it is a snapshot or a clone of */
	u64 changed, made;	/* changed: when it was made, or deleted */
	u64 stable_sectors;	/* what it may still have after a power cut */
	u64 sized;		/* when it became as large as it is */
	u64 sectors;		/* in windows: one lies at each multiple of `stride` on the volume */
	u32 window, stride;
	struct oracle_sector *sector;
};

struct oracle {
	struct oracle_volume volume[ORACLE_VOLUMES];
	char failure[256];	/* what is wrong */
};

void oracle_init(struct oracle *o);
void oracle_free(struct oracle *o);
struct oracle_volume *oracle_add(struct oracle *o, const char *name, u64 sectors, u32 window, u32 stride);
/* The same contents, all of them final where no write has failed. */
struct oracle_volume *oracle_copy(struct oracle *o, struct oracle_volume *from, const char *name);
void oracle_remove(struct oracle_volume *v);
/* The volume has more sectors, of zeros: in more windows, or in one that is larger. */
void oracle_grow(struct oracle_volume *v, u64 sectors, u64 now);
/* Whether the size on the disk may be that; how many of the oracle's sectors it is. */
bool oracle_size(const struct oracle_volume *v, u64 sectors, u64 *count);
/* The volume has by now what the snapshot has; false: nobody knows what that is. now = 0: only ask. */
bool oracle_revert(struct oracle_volume *v, const struct oracle_volume *snapshot, u64 now);
/* After a power cut: what was read is what there is. */
void oracle_settle(struct oracle_volume *v, u64 sector, u32 sectors, const u8 *bytes);
struct oracle_volume *oracle_find(struct oracle *o, const char *name);

bool oracle_may_write(const struct oracle_volume *v, u64 sector, u32 sectors);
void oracle_begin(struct oracle_volume *v, u64 sector, u32 sectors, u32 value);
void oracle_end(struct oracle_volume *v, u64 sector, u32 sectors, u32 value, u64 now);
/* A flush has ended that was asked for at that time. */
void oracle_flushed(struct oracle *o, u64 asked);

void oracle_fill(u8 *bytes, u32 sectors, u32 value);
/* Judges what was read after a power cut; or while there was none, when a sector has the value of its last write. */
bool oracle_check(struct oracle *o, const struct oracle_volume *v, u64 sector, u32 sectors, const u8 *bytes,
	bool is_after_cut);

/* The blocks of a pool that was just recovered: each is used once, and the free map says so; counts are right. */
bool oracle_accounts(struct oracle *o, const void *disk, const u8 *(*block)(const void *disk, u64 block), u64 blocks);

#endif
