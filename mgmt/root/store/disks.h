/* SPDX-License-Identifier: MIT */
/*
 * disks.h - root's table of the machine's disks, as the store has told of them. A disk is known by its slot:
 * driver * DRIVER_LINKS + link.
 */
#ifndef VOS_DISKS_H
#define VOS_DISKS_H

#include "driver.h"
#include "request.h"
#include "store.h"
#include "types.h"

#define DISKS (DRIVER_COUNT * DRIVER_LINKS)

struct disk {
	bool is_there;		/* this store has told of it, and not that it is gone */
	bool is_refused;	/* it is there, but another one than a VM has (volume_set_disk) */
	bool has_more;		/* the store has not told of all that it has: STORE_IS_MORE */
	u32 block_bytes;
	u32 features;		/* BLK_CAN_..., BLK_IS_READ_ONLY */
	u32 table;		/* enum store_table */
	u64 bytes, identity;	/* store.h */
	u64 largest_bytes, free_bytes;	/* store.h */
	u32 zeroing, zeroed;	/* partition whose blocks are being zeroed, or 0; per cent done */
};

/* By slot, below DISKS. */
struct disk *disk_at(u32 slot);
/* "nvme0.0"; a driver that can have one disk gives it its own name. */
void disk_name(char name[DISK_NAME_BYTES], u32 slot);
/* Its driver can have that disk, and is not given up. */
bool disk_can_be(u32 slot);
/* A disk of that name can be there or come: its slot, else DISKS. */
u32 disk_find(const char *name);
/* A disk that is there, and whose name differs only in ".N" at the end, as nvme0.0 does from nvme0; else DISKS. */
u32 disk_find_alike(const char *name);
/* Names that disks and their partitions have or may get: no other volume is called so. */
bool disk_owns_name(const char *name);

/* A report of the store, STORE_DISK, of a disk that it was told of. False: it is not possible. */
bool disk_take_report(const struct store_report *report);
/* STORE_EXTENT, also one that is not possible: whether that was all of the disk. */
void disk_take_more(const struct store_report *report);
/* STORE_EXTENT of a disk that is there: how far zeroing is. */
void disk_take_zeroing(const struct store_report *report);
/* The store is another one, and has told of nothing. */
void disks_forget(void);

/* The disk can come yet, or something on it: its driver and the store have not said all that is there. */
bool disk_is_coming(u32 slot);
bool disks_are_coming(void);

#endif
