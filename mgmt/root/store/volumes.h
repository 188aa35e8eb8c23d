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

#define VOLUME_NOBODY VM_COUNT	/* in place of a VM's index */
#define CHANGE_NONE (~0u)

struct volume {
	bool is_used;
	bool is_making;		/* the store has not answered yet */
	bool is_going;		/* it is being deleted: no longer a volume of that name */
	bool is_there;		/* EXTENT, PARTITION: this store has told of it */
	bool was_blank;		/* EXTENT: there was nothing on its disk before */
	bool is_fresh;		/* made by the change (change.h) that is about to give it to its VM */
	u32 error;		/* enum store_error: making or deleting it failed */
	u32 change;		/* number of the change that it belongs to just now, or CHANGE_NONE */
	bool is_held;		/* it was there before that change */
	u32 kind;		/* enum volume_row_kind; a whole DISK can neither be made nor deleted */
	char name[VOLUME_NAME_BYTES];
	char on[DISK_NAME_BYTES];	/* VOLUME_RAM or a disk's name */
	u32 block_bytes;
	u64 bytes;
	u32 vm;			/* the VM that has it, or VOLUME_NOBODY */
	u32 disk;		/* as that disk; VM_DEVICES + slot: it is leaving that slot (struct vm_slot) */
	u32 made_for;		/* the VM that it was made for, and goes with; or VOLUME_NOBODY */
	bool was_there;		/* it goes with its VM, and was made for one of the same name before */
	bool is_marked;		/* EXTENT: its disk says that it was made for the VM that it is named after */
	bool is_unmark_due, is_unmark_sent;	/* and is to say that no more (volume_marks.h) */
	bool has_unmark_failed;	/* it says so still: it is told again by the next store */
	u64 identity;		/* DISK: as the store tells (store.h) */
	u32 slot;		/* MEMORY: STORE_RAM; else the disk's */
	u32 number;		/* EXTENT, PARTITION: in the disk's table; 0 = not known yet */
	u8 guid[STORE_GUID_BYTES];	/* EXTENT, PARTITION */
	u64 h_mem;		/* MEMORY */
};

/* By number, below STORE_VOLUMES; NULL: the place is free. */
struct volume *volume_at(u32 number);
u32 volume_number(const struct volume *v);
struct volume *volume_find(const char *name);
/* It lies on a disk, whole or in part. */
bool volume_is_on_disk(const struct volume *v);
/* A partition: EXTENT or PARTITION. */
bool volume_is_part(const struct volume *v);
/* A VM has the whole disk in that slot. / One of its partitions is in use. */
bool volumes_have_whole(u32 slot);
bool volumes_have_part(u32 slot);
/* A VM has it, or something is being done with it. */
static inline bool volume_is_in_use(const struct volume *v)
{
	return v->vm != VOLUME_NOBODY || v->is_making || v->is_going || v->change != CHANGE_NONE;
}

/* The name of VM's disk `disk`: what its spec says, else "VM.DISK". name[VOLUME_NAME_BYTES]. */
void volume_name_of(char *name, const char *vm_name, const struct vm_spec *spec, u32 disk);

/* A place in the table: used by nobody yet. NULL: there are STORE_VOLUMES. */
struct volume *volume_add(const char *name, const char *on, struct volume with);

/* The store has told of a whole disk: a volume of its name and size. NULL: another disk had the name, and a VM has
 * that; or there is no place. */
struct volume *volume_set_disk(u32 slot, const char *name, u64 bytes, u32 block_bytes, u64 identity);
/* VMs have let volumes go. Disks that were refused for their sake are there now; partitions that are lost are volumes
 * no more. */
void volumes_are_let_go(void);
/* The store has told of a partition (STORE_EXTENT) of a disk that is there. */
void volume_take_extent(const struct store_report *report);
/* The store is another one: it will tell of all partitions anew. */
void volumes_expect_again(void);

/* Nobody has it any more. It stays. */
void volumes_let_go(u32 vm);

#endif
