/* SPDX-License-Identifier: MIT */
/*
 * disk_io.h - the store's own reads and writes of disks: one transfer at a time for each disk, in pieces that the disk
 * takes. A restart of the driver or a disk that is away delays a transfer, no more. Its data lies at the beginning of
 * disk_window(), which is foreign memory.
 */
#ifndef VOS_DISK_IO_H
#define VOS_DISK_IO_H

#include "blk.h"
#include "types.h"

#define DISK_IO_BYTES (1024u * 1024u)	/* of a read or write at most */

void disk_io_init(void (*done)(u32 disk, enum blk_status status));

/*
 * Begin a transfer: `done` is called later. info: what the disk can, which it is true to until then.
 * BLK_WRITE_ZEROES: any number of sectors; with BLK_UNMAP where the disk takes it.
 */
void disk_io_start(u32 disk, enum blk_op op, u64 sector, u64 sectors, const struct blk_info *info);

/* For disk_ops. */
void disk_io_completed(u32 disk, enum blk_status status);
void disk_io_has_room(u32 disk);

#endif
