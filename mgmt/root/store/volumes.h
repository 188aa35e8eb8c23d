/* SPDX-License-Identifier: MIT */
/*
 * volumes.h - root's table of volumes. Pure: what a change needs from the kernel and the store is its caller's business
 * (vm_disks.h, store_client.h, change.h).
 */
#ifndef VOS_VOLUMES_H
#define VOS_VOLUMES_H

#include "disks.h"
#include "request.h"
#include "types.h"
#include "volume_traits.h"

#define VOLUME_NOBODY VM_COUNT	/* in place of a VM's index */
#define CHANGE_NONE (~0u)

struct volume {
	bool is_used;
	bool is_making;		/* the store has not answered yet */
	bool is_going;		/* it is being deleted: no longer a volume of that name */
	bool is_there;		/* a partition, or in a pool: this store has told of it */
	bool is_member;		/* POOL: of a mirror (pool_members.h) */
	bool is_joining;	/* and a person has asked for it to be one */
	bool was_blank;		/* EXTENT, POOL: there was nothing on its disk before */
	bool is_fresh;		/* made by the change (change.h) that is about to give it to its VM */
	u32 error;		/* enum store_error: making or deleting it failed */
	u32 change;		/* number of the change that it belongs to just now, or CHANGE_NONE */
	bool is_held;		/* it was there before that change */
	bool is_locked;		/* it is being put back, or read out: its VM can't start meanwhile */
	u32 kind;		/* enum volume_row_kind; a whole DISK can neither be made nor deleted */
	char name[VOLUME_NAME_BYTES];
	char own_name[VOLUME_NAME_BYTES];	/* that it has in its pool, where another one has that here; else "" */
	char on[DISK_NAME_BYTES];	/* VOLUME_RAM, or the name of a disk or a pool */
	u32 block_bytes;
	u64 bytes;
	u32 vm;			/* the VM that has it, or VOLUME_NOBODY */
	u32 disk;		/* as that disk; VM_DEVICES + slot: it is leaving that slot (struct vm_slot) */
	u32 made_for;		/* the VM that it was made for, and goes with; or VOLUME_NOBODY */
	bool was_there;		/* it goes with its VM, and was made for one of the same name before */
	bool is_marked;		/* EXTENT, THIN: its disk says that it was made for the VM that it is named after */
	bool is_unmark_due, is_unmark_sent;	/* and is to say that no more (volume_marks.h) */
	bool has_unmark_failed;	/* it says so still: it is told again by the next store */
	u64 identity;		/* DISK, SNAPSHOT: as the store tells (store.h) */
	u32 slot;		/* MEMORY: STORE_RAM; else the disk's, also of what is in a pool there */
	u32 pool;		/* POOL: its number (pools.h); THIN, SNAPSHOT: that of the pool that it is in */
	u32 number;		/* in the disk's table or the pool's; 0 = not known yet */
	u32 origin;		/* SNAPSHOT: number of the volume that it is of; THIN: of the snapshot, or 0 */
	u64 used_bytes;		/* THIN, SNAPSHOT: that it has of its own in the pool */
	u8 guid[STORE_GUID_BYTES];	/* of what has a number */
	bool is_unfinished;	/* its contents are not there yet (import.h), and its disk says so */
	bool is_finish_due, is_finish_sent;	/* and is to say that no more */
	bool is_looked_at, is_bad_image;	/* VOLUME_OF_IMAGE: root has read it; and it was not right */
	bool is_busy;		/* root has a link to it (volume_link.h): it is not deleted meanwhile */
	bool is_exported;	/* for that reason (volume_export.h) */
	bool needs_key;		/* THIN, SNAPSHOT: it is encrypted, and can't be read just now */
	u64 reserve_bytes;	/* THIN: that its pool keeps room for */
	u32 traits;		/* THIN: DISK_TRAIT (volume_traits.h) of each */
	u64 h_mem;		/* MEMORY */
};

/* By number, below STORE_VOLUMES; NULL: the place is free. */
struct volume *volume_at(u32 number);
/* Above all numbers that are used: each turn of root walks to here only, several times. */
u32 volumes_end(void);
u32 volume_number(const struct volume *v);
struct volume *volume_find(const char *name);	/* not a snapshot: it has a name among those of its volume */
struct volume *volume_snapshot(const struct volume *of, const char *name);
/* What a snapshot is of, and what a clone began as; NULL: nothing, or that is not there. */
struct volume *volume_origin(const struct volume *v);
/* Some clone of that snapshot. */
const struct volume *volume_clone_of(const struct volume *snapshot);
bool volume_has_snapshots(const struct volume *v);
u32 volumes_free_count(void);
/* It lies on a disk, whole or in part. */
bool volume_is_on_disk(const struct volume *v);
static inline bool volume_is_in_pool(const struct volume *v)
{
	return v->kind == VOLUME_ROW_THIN || v->kind == VOLUME_ROW_SNAPSHOT;
}
/* The slot that it has with the store (store.h): its disk's or its pool's. */
static inline u32 volume_place(const struct volume *v)
{
	return volume_is_in_pool(v) ? STORE_POOL_SLOT + v->pool : v->slot;
}
/* A partition of a disk, or in a pool: the store tells of it. */
bool volume_is_part(const struct volume *v);
/* A VM has the whole disk in that slot. / One of its partitions is in use. */
bool volumes_have_whole(u32 slot);
bool volumes_have_part(u32 slot);
/* A VM has it, or something is being done with it. */
static inline bool volume_is_in_use(const struct volume *v)
{
	return v->vm != VOLUME_NOBODY || v->is_making || v->is_going || v->is_busy || v->change != CHANGE_NONE;
}

/* VOLUME_OF_VOS, or of an image; / that has an image. */
bool volume_is_of_vos(const char *name);
bool volume_is_of_image(const char *name);

/* The name of VM's disk `disk`: what its spec says, else "VM.DISK". name[VOLUME_NAME_BYTES]. */
void volume_name_of(char *name, const char *vm_name, const struct vm_spec *spec, u32 disk);

/* A place in the table: used by nobody yet. NULL: there are STORE_VOLUMES. */
struct volume *volume_add(const char *name, const char *on, const struct volume *with);

/* Nobody has it any more. It stays. */
void volumes_let_go(u32 vm);

#endif
