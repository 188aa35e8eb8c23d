/* SPDX-License-Identifier: MIT */
/*
 * disk_io.c - see disk_io.h.
 */
#include "disk_io.h"

#include <string.h>

#include "disk.h"
#include "range.h"

static struct transfer {
	enum blk_op op;
	bool is_waiting;		/* the disk has no room for its next piece */
	u8 flags;
	u32 most;			/* sectors of a piece */
	u32 piece;			/* of the one that the disk has */
	u32 slot;
	u64 sector, left;
} transfers[DISKS];

static void (*done)(u32 disk, enum blk_status status);

void disk_io_init(void (*with)(u32 disk, enum blk_status status))
{
	memset(transfers, 0, sizeof(transfers));
	done = with;
}

static bool has_data(const struct transfer *t)
{
	return t->op == BLK_READ || t->op == BLK_WRITE;
}

static void submit(u32 disk)
{
	struct transfer *t = &transfers[disk];
	const struct disk_tag tag = { .link = DISK_OWN };
	struct blk_sqe sqe = { .op = (u8)t->op, .flags = t->flags, .sector = t->sector };

	sqe.sectors = t->piece = (u32)min_u64(t->left, t->most);
	if (has_data(t)) {
		sqe.seg_count = 1;
		sqe.seg[0] = (struct blk_seg){
			.window = BLK_WINDOW_OWN, .slot = (u16)t->slot,
			.count = (u16)((t->piece + BLK_SLOT_SECTORS - 1) / BLK_SLOT_SECTORS),
		};
	}
	t->is_waiting = !disk_submit(disk, &sqe, &tag);
}

/* Pieces of data are whole slots, so that the next one begins where the last one ended. blk_judge refuses all of a disk
 * that takes less than a slot. */
void disk_io_start(u32 disk, enum blk_op op, u64 sector, u64 sectors, const struct blk_info *info)
{
	struct transfer *t = &transfers[disk];

	*t = (struct transfer){ .op = op, .sector = sector, .left = sectors, .most = info->max_zero_sectors };
	if (has_data(t))
		t->most = info->max_sectors >= BLK_SLOT_SECTORS
			? (u32)align_down(info->max_sectors, BLK_SLOT_SECTORS) : BLK_SLOT_SECTORS;
	if (op == BLK_WRITE_ZEROES && (info->features & BLK_CAN_UNMAP) != 0)
		t->flags = BLK_UNMAP;
	submit(disk);
}

void disk_io_completed(u32 disk, enum blk_status status)
{
	struct transfer *t = &transfers[disk];

	t->sector += t->piece;
	t->left -= t->piece;
	t->slot += t->piece / BLK_SLOT_SECTORS;
	if (status != BLK_OK || t->left == 0)
		done(disk, status);
	else
		submit(disk);
}

void disk_io_has_room(u32 disk)
{
	if (transfers[disk].is_waiting)
		submit(disk);
}
