/* SPDX-License-Identifier: MIT */
/*
 * pool_io.h - the devices under an open pool: its partition of a disk, or two, with many transfers at a time.
 *
 * A guest's data stays where it is: the driver is told the window of the VM's link. What else a pool reads and
 * writes, its own memory, goes through slots of the disk's own window, with a copy: so a driver reaches nothing of
 * a pool's memory, and what was judged after a read stays as it was judged. A restart of the driver delays a
 * transfer, no more.
 */
#ifndef VOS_POOL_IO_H
#define VOS_POOL_IO_H

#include "disk.h"
#include "pool.h"
#include "types.h"
#include "volume.h"

/* links: where the link with number 0 is mapped; link n follows at n * BLK_LINK_BYTES. */
void pool_io_init(u8 *links);

/* That member of pool number p, 0 of one on one disk, lies in that partition of a disk that is up. Nothing of it is in
 * flight. */
struct pool_device pool_io_begin(u32 p, u32 member, const struct volume *part);
/* It has no such member. Nothing of it is in flight. */
void pool_io_end(u32 p, u32 member);
/* Whose transfers they are; NULL: of none any more, those in flight end without a word. */
void pool_io_set_pool(u32 p, struct pool *pool);

/* End what needed no disk. False: there was none. */
bool pool_io_turn(u32 p);
/* A transfer has ended, or was begun that needs no disk, since the last call. */
bool pool_io_take_stirred(u32 p);
/* Something is in flight. */
bool pool_io_is_busy(u32 p);
/* Nothing of that member is in flight, nor waits. */
bool pool_io_is_idle(u32 p, u32 member);
/* Each disk is lost, or the last transfer that failed there did so because the disk was gone. */
bool pool_io_is_gone(u32 p);
/* The disk is lost. What is there when it is back may be another state, or another disk: until pool_io_begin(). */
void pool_io_lose(u32 p, u32 member);
/* All its disks. */
bool pool_io_is_lost(u32 p);

/* What a VM asks of the pool's device from `sector` on goes to the disk as it is. False: it has no room. */
bool pool_io_direct(u32 p, u64 sector, const struct blk_sqe *sqe, const struct disk_tag *tag);

/* For disk_ops. */
void pool_io_completed(u32 disk, const struct disk_tag *tag, enum blk_status status);
void pool_io_has_room(u32 disk);

#endif
