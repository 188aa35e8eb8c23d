/* SPDX-License-Identifier: MIT */
/*
 * volumes.h - root's table of volumes, and the judging of what a VM is to have as disks. Pure: what a change needs from
 * the kernel and the store is its caller's business (vm_disks.h, store_client.h).
 */
#ifndef VOS_VOLUMES_H
#define VOS_VOLUMES_H

#include "error_info.h"
#include "request.h"
#include "types.h"

#define VOLUME_NOBODY VM_COUNT	/* in place of a VM's index */

struct volume {
	bool is_used;
	bool is_going;		/* the store has been told to drop it: no longer a volume of that name */
	char name[VOLUME_NAME_BYTES];
	char on[DISK_NAME_BYTES];	/* VOLUME_RAM or a disk's name */
	bool is_disk;		/* a whole disk: can neither be made nor deleted */
	u32 block_bytes;
	u64 bytes;
	u32 vm, disk;		/* the VM that has it as that disk, or VOLUME_NOBODY */
	u32 made_for;		/* the VM that it was made for, and goes with; or VOLUME_NOBODY */
	u64 identity;		/* is_disk: as the store tells (store.h) */
	u32 slot;		/* VOLUME_RAM: STORE_RAM; is_disk: driver * DRIVER_LINKS + link */
	u64 h_mem;
};

/* By number, below STORE_VOLUMES; NULL: the place is free. */
struct volume *volume_at(u32 number);
u32 volume_number(const struct volume *v);
struct volume *volume_find(const char *name);

/* The name of VM's disk `disk`: what its spec says, else "VM.DISK". name[VOLUME_NAME_BYTES]. */
void volume_name_of(char *name, const char *vm_name, const struct vm_spec *spec, u32 disk);

/*
 * Can a VM of that name have these disks? `vm`: its index, whose volumes it may keep; VOLUME_NOBODY for one that is
 * about to be made. Whether there is memory for volumes in RAM is not asked here.
 */
struct error_info volumes_judge(const char *vm_name, u32 vm, const struct vm_spec *spec);

/* A place for a new volume of that name; is_used. NULL: there are STORE_VOLUMES, or STORE_RAM_SLOTS in RAM. */
struct volume *volume_new(const char *name, const char *on, u64 bytes);

/* The store has told of a whole disk: a volume of its name and size. NULL: the name is taken, by a volume in RAM or by
 * another disk that a VM has; or there is no place. */
struct volume *volume_set_disk(u32 slot, const char *name, u64 bytes, u32 block_bytes, u64 identity);

/* Nobody has it any more. It stays. */
void volumes_let_go(u32 vm);

#endif
