/* SPDX-License-Identifier: MIT */
/*
 * disk.h - the disks of the machine: the store's links with block drivers. Data is not touched here: a driver is told
 * in which VM's window it lies.
 */
#ifndef VOS_DISK_H
#define VOS_DISK_H

#include "blk.h"
#include "driver.h"
#include "types.h"

#define DISKS (DRIVER_COUNT * DRIVER_LINKS)	/* disk: driver * DRIVER_LINKS + the driver's link */

/* Whose request it is; comes back with its completion. */
struct disk_tag {
	u64 cookie;		/* of the VM's request */
	u64 begin_ns;
	u64 bytes;
	u16 link;		/* DISK_OWN: the store's own request; the rest is not used then. DISK_POOL: a pool's;
				 * DISK_DIRECT: a VM's in a pool that took the short way (pool_link.c) */
	u16 party;		/* of the last two: the VM that it is for, or STORE_WORK_OTHER; op, bytes and begin_ns
				 * are not used */
	u8 op;
};

#define DISK_OWN BLK_WINDOW_OWN
#define DISK_POOL (DISK_OWN - 1u)
#define DISK_DIRECT (DISK_OWN - 2u)

struct disk_ops {
	void (*signal)(u32 driver);
	/* The disk is there, or is again, or is not (NULL). */
	void (*changed)(u32 disk, const struct blk_info *info);
	void (*completed)(const struct disk_tag *tag, enum blk_status status);
	void (*own_completed)(u32 disk, enum blk_status status);
	void (*pool_completed)(u32 disk, const struct disk_tag *tag, enum blk_status status);
	void (*direct_completed)(const struct disk_tag *tag, enum blk_status status);
	void (*has_room)(u32 disk);		/* after disk_submit was refused */
};

void disk_init(const struct disk_ops *ops);

/* Root has mapped its link at `link`. */
void disk_add(u32 disk, void *link);

/* It is lost, or another disk is in its place: not only that its driver is away. */
bool disk_is_lost(u32 disk);

/* The window of that link: for the store's own requests. */
void *disk_window(u32 disk);

/* Hand on a request, whose segments name windows by number. False: not now, has_room will be called. */
bool disk_submit(u32 disk, const struct blk_sqe *sqe, const struct disk_tag *tag);

/* Forget what a VM's link has asked of a disk that is not up: its controller has been reset, so nothing is in flight.
 * Returns how many requests; 0 while the disk is up. */
u32 disk_drop(u32 disk, u32 link);

/* Follow the drivers, and take what they completed. False: they know that they have to signal for more. */
bool disk_turn(void);
/* Signal the drivers that wait for what was submitted. True: nobody will signal for some of it, call disk_turn. */
bool disk_kick(void);

#endif
