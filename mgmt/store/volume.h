/* SPDX-License-Identifier: MIT */
/*
 * volume.h - the volumes that there are, by name, and what each can do.
 */
#ifndef VOS_VOLUME_H
#define VOS_VOLUME_H

#include "blk.h"
#include "store.h"
#include "types.h"

enum volume_kind {
	VOLUME_NONE,		/* the place is free */
	VOLUME_IN_RAM,
	VOLUME_ON_DISK,
	VOLUME_IN_POOL,
	VOLUME_TO_BE,		/* a name that is taken by one that is being made */
};

struct pool;

struct volume {
	u32 kind;		/* enum volume_kind */
	char name[VOLUME_NAME_BYTES];
	u64 sectors;
	u8 *ram;		/* VOLUME_IN_RAM: its first byte */
	u32 disk;		/* VOLUME_ON_DISK: disk.h; VOLUME_IN_POOL: the pool's slot */
	u64 first;		/* and its first sector there */
	u32 part;		/* and the number of its partition; 0: the whole disk. Or the number in the pool */
	bool is_pool;		/* VOLUME_ON_DISK: a pool is in it; open: a link is attached */
	bool is_member;		/* and that is a mirror, of which it is a member */
	u64 least;		/* is_pool and open: sectors that the pool may use */
	bool is_imported;	/* and is STORE_IS_IMPORTED, as of when the table was looked at */
	struct pool *pool;	/* VOLUME_IN_POOL; NULL: it has failed */
	u32 pool_id;		/* and what the pool calls it */
	bool is_waiting;	/* its links take no requests for now */
	bool is_going;		/* it is being deleted, or put back: no link any more */
	u8 guid[STORE_GUID_BYTES];	/* of its partition, or UUID in the pool; else zeros */
	struct blk_info info;	/* what that disk can */
	u32 links;		/* that are attached to it */
};

bool volume_name_ok(const char *name);
/* VOLUME_OF_VOS, or of an image. */
bool volume_name_of_vos(const char *name);
/* NULL: there is none of that name. */
struct volume *volume_find(const char *name);
/* Which an order is about: the partition of its slot and GUID, whatever it is called now; the name where the GUID is
 * zero. NULL: there is none. */
struct volume *volume_meant(const struct store_order *order);
/* NULL: there is none of that partition of that disk, or of that number in that slot's pool; part 0: of the whole
 * disk. */
struct volume *volume_of_part(u32 disk, u32 part);
/* From now on it is the one that volume_of_part finds there; there was none. */
void volume_place(struct volume *v, u32 disk, u32 part);
/* A disk can other things than before. */
void volume_set_disk_info(u32 disk, const struct blk_info *info);
/* A link has a partition of that disk. */
bool volume_is_part_used(u32 disk);
/* A new one, all zero but its name. NULL: there are STORE_VOLUMES. */
struct volume *volume_add(const char *name, u32 kind);
void volume_drop(struct volume *v);

/* What a link to it says of it. */
void volume_info(const struct volume *v, bool is_read_only, const char *serial, struct blk_info *out);

/* Carry out a judged request whose data lies in the window of `link`, of a volume in RAM. */
enum blk_status volume_ram_do(const struct volume *v, void *link, const struct blk_sqe *sqe);

#endif
