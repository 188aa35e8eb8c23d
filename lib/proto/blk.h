/* SPDX-License-Identifier: MIT */
/*
 * blk.h - a link between a client and a server of block requests: 2 MiB of memory that both map.
 *
 * A VMM is the client of the store; the store is the client of a block driver. Data lies in the window: the client
 * fills or reads slots, the server (or the device that the server programs) reads or fills them. A slot belongs to the
 * server from the request's submission to its completion.
 *
 * Neither side trusts the other. Whatever is read from a link is copied once, and the copy is judged (blk_link.h).
 *
 * Restart of a server: the new server writes epoch + 1 and takes nothing. The client sees that epoch differs from
 * client_epoch, begins both rings at index 0, submits again what is not completed, and writes client_epoch = epoch.
 * Then the server takes. Reads, writes, flushes and discards may be done twice, so a restart is a pause.
 *
 * Neither ring can overflow: at most BLK_RING requests are outstanding, and a request is outstanding until the client
 * has read its completion. So neither side needs the index up to which the other has read.
 */
#ifndef VOS_BLK_H
#define VOS_BLK_H

#include "types.h"

#define BLK_LINK_BYTES (2u * 1024u * 1024u)
#define BLK_SECTOR_BYTES 512u		/* the unit of all sector numbers, whatever block_bytes is */
#define BLK_RING 64u			/* entries of each ring = requests that can be outstanding */
#define BLK_SQ_OFFSET 0x1000u
#define BLK_CQ_OFFSET 0x2000u
#define BLK_WINDOW_OFFSET 0x4000u
#define BLK_SLOT_BYTES 4096u
#define BLK_SLOT_SECTORS (BLK_SLOT_BYTES / BLK_SECTOR_BYTES)
#define BLK_SLOTS ((BLK_LINK_BYTES - BLK_WINDOW_OFFSET) / BLK_SLOT_BYTES)	/* 508 */
#define BLK_MAX_SECTORS (BLK_SLOTS * BLK_SLOT_SECTORS)
#define BLK_SEGS 4u
#define BLK_WINDOWS 1032u		/* windows of links with the store: VM's index * VM_DEVICES + disk; the last
					 * VM_DEVICES are root's */
#define BLK_WINDOW_OWN 0xffffu		/* blk_seg.window: the window of the link that the request came by */
#define BLK_BLOCK_MAX 4096u		/* largest block_bytes and physical_bytes */
#define BLK_MODEL_BYTES 41u		/* with their zeros */
#define BLK_SERIAL_BYTES 21u

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_DISCARD, BLK_WRITE_ZEROES, BLK_SURVEY, BLK_OP_COUNT };

/* BLK_SURVEY: a byte of BLK_UNIT_* for each BLK_UNIT_SECTORS into one slot. sector begins such a unit; a last one of
 * fewer sectors counts as one. What has not changed may be called written. */
#define BLK_UNIT_SECTORS 128u
#define BLK_UNIT_WRITTEN 1u	/* else it reads as zeros */
#define BLK_UNIT_CHANGED 2u	/* newer than `since` */
#define BLK_SURVEY_SECTORS (BLK_SLOT_BYTES * BLK_UNIT_SECTORS)	/* at most */

#define BLK_FUA 1u	/* BLK_WRITE: completed when it is on stable storage */
#define BLK_UNMAP 2u	/* BLK_WRITE_ZEROES: the blocks may be given back */

/* A run of whole slots. The data of a request fills its segments in order; only the last slot may be used in part. */
struct blk_seg {
	u16 window;	/* BLK_WINDOW_OWN; from the store to a driver also the number of a VM's window */
	u16 slot;
	u16 count;	/* slots, at least 1 */
	u16 zero;
};

/* BLK_READ and BLK_WRITE have 1 to BLK_SEGS segments, BLK_SURVEY one, others none. BLK_FLUSH has neither sector nor
 * sectors. */
struct blk_sqe {
	u64 cookie;	/* comes back in the completion; the server does not interpret it */
	u64 sector;
	u32 sectors;
	u8 op;		/* enum blk_op */
	u8 flags;
	u16 seg_count;
	struct blk_seg seg[BLK_SEGS];
	u64 since;	/* BLK_SURVEY: store.h, `identity` of an older snapshot of the same volume; 0 = all is newer */
};
_Static_assert(sizeof(struct blk_sqe) == 64, "ABI");

enum blk_status {
	BLK_OK,
	BLK_IOERR,	/* the device failed */
	BLK_NOSPACE,
	BLK_INVAL,	/* the request is malformed or out of range */
	BLK_GONE,	/* the device was removed */
	BLK_READONLY,
	BLK_STATUS_COUNT
};

struct blk_cqe {
	u64 cookie;
	u32 status;	/* enum blk_status */
	u32 zero;
};
_Static_assert(sizeof(struct blk_cqe) == 16, "ABI");

#define BLK_CAN_FLUSH BIT32(0)		/* has a volatile cache; without this bit a completed write is stable */
#define BLK_CAN_DISCARD BIT32(1)
#define BLK_CAN_WRITE_ZEROES BIT32(2)
#define BLK_CAN_FUA BIT32(3)
#define BLK_IS_READ_ONLY BIT32(4)
#define BLK_CAN_UNMAP BIT32(5)		/* BLK_WRITE_ZEROES takes BLK_UNMAP */
#define BLK_DISCARD_KEEPS_ZEROES BIT32(6)	/* after BLK_DISCARD, zeros read as zeros: discarded blocks do */
#define BLK_CAN_SURVEY BIT32(7)		/* of a link of root's with something in a pool */
#define BLK_FEATURES (BIT32(8) - 1)

/* Written by the server before its epoch, constant during the epoch. */
struct blk_info {
	u64 sectors;		/* capacity; a multiple of block_bytes */
	u32 block_bytes;	/* power of two: 512 .. 4096; sector and sectors of a request are multiples of it */
	u32 physical_bytes;	/* power of two: block_bytes .. 4096 */
	u32 features;
	u32 max_sectors;	/* of a read or write: block_bytes / 512 .. BLK_MAX_SECTORS */
	u32 max_zero_sectors;	/* of a discard or write of zeros; 0 if there are none of these */
	char model[BLK_MODEL_BYTES];
	char serial[BLK_SERIAL_BYTES];
	u8 zero[38];
};
_Static_assert(sizeof(struct blk_info) == 128, "ABI");

/* BLK_LOST: the disk is gone, and nothing that it was asked for reaches memory any more. The client completes what is
 * outstanding, and what comes, with BLK_GONE; unless a later epoch is BLK_UP. */
enum blk_link_state { BLK_DOWN, BLK_UP, BLK_LOST };

/* Words of the client and of the server lie in cache lines of their own. */
struct blk_link_shared {
	/* server */
	u32 epoch;		/* 0 = there was no server yet */
	u32 state;		/* enum blk_link_state; changes only together with epoch; root may say BLK_LOST in
				 * place of a driver that it does not start again */
	u32 zero0[14];
	u32 cq_head;		/* completions written: index modulo 2^32 */
	u32 zero1[15];
	u32 sq_waiting;		/* set by the server: signal me after a submission. Taken back by the client */
	u32 zero2[15];
	/* client */
	u32 sq_head;		/* requests written */
	u32 client_epoch;	/* the epoch that this client works in */
	u32 zero3[14];
	u32 cq_waiting;		/* set by the client: signal me after a completion. Taken back by the server */
	u32 zero4[15];
	u32 zero5[48];
	/* server */
	struct blk_info info;
};
_Static_assert(sizeof(struct blk_link_shared) == 640, "ABI");
_Static_assert(sizeof(struct blk_link_shared) <= BLK_SQ_OFFSET, "layout");
_Static_assert(BLK_SQ_OFFSET + BLK_RING * sizeof(struct blk_sqe) <= BLK_CQ_OFFSET, "layout");
_Static_assert(BLK_CQ_OFFSET + BLK_RING * sizeof(struct blk_cqe) <= BLK_WINDOW_OFFSET, "layout");

#endif
