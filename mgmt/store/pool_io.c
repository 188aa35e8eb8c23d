/* SPDX-License-Identifier: MIT */
/*
 * pool_io.c - see pool_io.h. A transfer is done in pieces that the disk takes. One for which there is no slot, or no
 * room in the disk's ring, waits in its pool's row.
 */
#include "pool_io.h"

#include <string.h>

#include "blk_link.h"
#include "disk_io.h"
#include "list.h"
#include "range.h"
#include "root_limits.h"
#include "store.h"

#define TRANSFERS 64u			/* of a pool */
#define JOB_SLOTS (DISK_IO_BYTES / BLK_SLOT_BYTES)	/* the first ones are for disk_io.c */

struct transfer {
	struct list link;		/* of port.free, .waiting or .ended, or of none: the disk has it */
	struct pool_io *io;
	u32 done, piece;		/* sectors */
	u32 segs;			/* slots of the disk's window that the piece has */
	struct blk_seg seg[BLK_SEGS];
};

static struct port {
	struct pool *pool;
	u32 disk;
	u64 first;			/* sector */
	u32 most;			/* sectors of a piece */
	bool can_flush, is_gone, is_lost, is_stirred;
	u32 on_disk;
	struct list free, waiting, ended;
	struct transfer transfers[TRANSFERS];
} ports[STORE_POOLS_MAX * POOL_MEMBERS];	/* member 0 of a pool on one disk is that */

static struct blk_slots slots[DISKS];
static u8 *links;

/* It has no disk. */
static void clear(struct port *port)
{
	port->disk = DISKS;
	list_init(&port->waiting);
	list_init(&port->ended);
}

void pool_io_init(u8 *at)
{
	links = at;
	memset(slots, 0, sizeof(slots));
	for (u32 disk = 0; disk < DISKS; disk++)
		for (u32 i = 0; i < JOB_SLOTS; i++)
			slots[disk].used[i / 64] |= BIT64(i % 64);
	for (u32 i = 0; i < ARRAY_COUNT(ports); i++) {
		ports[i].pool = NULL;
		ports[i].on_disk = 0;
		ports[i].is_stirred = false;
		clear(&ports[i]);
	}
}

static struct port *port_of(u32 p, u32 member)
{
	return &ports[p * POOL_MEMBERS + member];
}

/* ---- where data lies ---- */

/* In a slot of some VM's window. */
static bool in_window(const u8 *data, u32 sectors, struct blk_seg *out)
{
	u64 at = (u64)data - (u64)links, offset = at % BLK_LINK_BYTES - BLK_WINDOW_OFFSET;

	if (at >= (u64)BLK_WINDOWS * BLK_LINK_BYTES || at % BLK_LINK_BYTES < BLK_WINDOW_OFFSET ||
	    !aligned_ok(offset, BLK_SLOT_BYTES))
		return false;
	*out = (struct blk_seg){
		.window = (u16)(at / BLK_LINK_BYTES), .slot = (u16)(offset / BLK_SLOT_BYTES),
		.count = (u16)((sectors + BLK_SLOT_SECTORS - 1) / BLK_SLOT_SECTORS),
	};
	return true;
}

/* Whom it is done for. */
static u32 party_of(const struct pool_io *io)
{
	u64 window = ((u64)io->data - (u64)links) / BLK_LINK_BYTES;

	return window < BLK_WINDOWS && io->data != NULL ? (u32)window / VM_DEVICES : STORE_WORK_OTHER;
}

static u8 *data_of(const struct transfer *t)
{
	return t->io->data + (u64)t->done * BLK_SECTOR_BYTES;
}

static void copy(u32 disk, const struct transfer *t, bool to_window)
{
	u64 left = (u64)t->piece * BLK_SECTOR_BYTES;
	u8 *data = data_of(t);

	for (u32 i = 0; i < t->segs; i++) {
		u8 *slot = (u8 *)disk_window(disk) + (u64)t->seg[i].slot * BLK_SLOT_BYTES;
		u64 bytes = min_u64(left, (u64)t->seg[i].count * BLK_SLOT_BYTES);

		memcpy(to_window ? slot : data, to_window ? data : slot, bytes);
		data += bytes;
		left -= bytes;
	}
}

/* Fills in the segments of a piece. False: there are no slots now. */
static bool place(struct port *port, struct transfer *t, struct blk_sqe *sqe)
{
	u32 count = (t->piece + BLK_SLOT_SECTORS - 1) / BLK_SLOT_SECTORS;

	t->segs = 0;
	if (t->io->op == POOL_IO_FLUSH)
		return true;
	if (in_window(data_of(t), t->piece, &sqe->seg[0])) {
		sqe->seg_count = 1;
		return true;
	}
	t->segs = blk_slots_take(&slots[port->disk], count, t->seg);
	if (t->segs == 0)
		return false;
	sqe->seg_count = (u16)t->segs;
	memcpy(sqe->seg, t->seg, sizeof(sqe->seg));
	if (t->io->op == POOL_IO_WRITE)
		copy(port->disk, t, true);
	return true;
}

static void give_slots(const struct port *port, struct transfer *t)
{
	if (t->segs != 0)
		blk_slots_give(&slots[port->disk], t->seg, t->segs);
	t->segs = 0;
}

/* ---- transfers ---- */

/* False: not now. */
static bool start(struct port *port, struct transfer *t)
{
	static const u8 ops[] = {
		[POOL_IO_READ] = BLK_READ, [POOL_IO_WRITE] = BLK_WRITE, [POOL_IO_FLUSH] = BLK_FLUSH,
	};
	const struct disk_tag tag = {
		.link = DISK_POOL, .party = (u16)party_of(t->io),
		.cookie = (u64)(port - ports) * TRANSFERS + (u64)(t - port->transfers),
	};
	struct blk_sqe sqe = { .op = ops[t->io->op] };

	t->piece = t->io->op != POOL_IO_FLUSH ? (u32)min_u64(t->io->sectors - t->done, port->most) : 0;
	if (!place(port, t, &sqe))
		return false;
	sqe.sector = t->piece != 0 ? port->first + t->io->sector + t->done : 0;
	sqe.sectors = t->piece;
	if (!disk_submit(port->disk, &sqe, &tag)) {
		give_slots(port, t);
		return false;
	}
	port->on_disk++;
	return true;
}

bool pool_io_direct(u32 p, u64 sector, const struct blk_sqe *sqe, const struct disk_tag *tag)
{
	const struct port *port = port_of(p, 0);
	struct blk_sqe to = *sqe;

	to.sector = port->first + sector;
	return to.sectors <= port->most && disk_submit(port->disk, &to, tag);
}

static void start_waiting(struct port *port)
{
	while (!list_is_empty(&port->waiting)) {
		struct transfer *t = CONTAINER_OF(port->waiting.next, struct transfer, link);

		if (!start(port, t))
			return;
		list_remove(&t->link);
	}
}

static bool submit(void *context, struct pool_io *io)
{
	struct port *port = context;
	struct transfer *t;

	if (list_is_empty(&port->free))
		return false;
	t = CONTAINER_OF(port->free.next, struct transfer, link);
	list_remove(&t->link);
	t->io = io;
	t->done = t->segs = 0;
	if (io->op == POOL_IO_FLUSH && !port->can_flush) {	/* what was written is stable */
		port->is_stirred = true;
		list_insert_before(&port->ended, &t->link);
		return true;
	}
	if (!list_is_empty(&port->waiting) || !start(port, t))
		list_insert_before(&port->waiting, &t->link);
	return true;
}

static void end(struct port *port, struct transfer *t, bool is_ok)
{
	list_remove(&t->link);
	list_insert_before(&port->free, &t->link);
	if (port->pool != NULL)
		pool_io_done(port->pool, t->io, is_ok);
}

struct pool_device pool_io_begin(u32 p, u32 member, const struct volume *part)
{
	struct port *port = port_of(p, member);
	const struct blk_info *info = &part->info;

	*port = (struct port){ .disk = part->disk, .first = part->first, .pool = port->pool };
	port->can_flush = (info->features & BLK_CAN_FLUSH) != 0;
	port->most = (u32)align_down(info->max_sectors, BLK_SLOT_SECTORS);
	if (port->most == 0)
		port->most = BLK_SLOT_SECTORS;	/* blk_judge refuses all of such a disk */
	list_init(&port->free);
	list_init(&port->waiting);
	list_init(&port->ended);
	for (u32 i = 0; i < TRANSFERS; i++)
		list_insert_before(&port->free, &port->transfers[i].link);
	return (struct pool_device){
		.context = port, .sectors = part->sectors, .submit = submit,
		.block_sectors = info->block_bytes == BLK_SECTOR_BYTES ? 1 : POOL_BLOCK_SECTORS,
	};
}

void pool_io_end(u32 p, u32 member)
{
	clear(port_of(p, member));
}

void pool_io_set_pool(u32 p, struct pool *pool)
{
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		struct port *port = port_of(p, k);

		port->pool = pool;
		if (pool != NULL)
			continue;
		list_init(&port->waiting);
		list_init(&port->ended);
	}
}

static bool end_some(struct port *port)
{
	bool is_some = false;

	for (u32 n = 0; n < TRANSFERS && !list_is_empty(&port->ended); n++) {
		is_some = true;
		end(port, CONTAINER_OF(port->ended.next, struct transfer, link), true);
	}
	return is_some;
}

bool pool_io_turn(u32 p)
{
	bool is_some = end_some(port_of(p, 0));

	return end_some(port_of(p, 1)) || is_some;
}

bool pool_io_take_stirred(u32 p)
{
	bool is_stirred = false;

	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		is_stirred = is_stirred || port_of(p, k)->is_stirred;
		port_of(p, k)->is_stirred = false;
	}
	return is_stirred;
}

bool pool_io_is_busy(u32 p)
{
	return port_of(p, 0)->on_disk != 0 || port_of(p, 1)->on_disk != 0;
}

bool pool_io_is_idle(u32 p, u32 member)
{
	const struct port *port = port_of(p, member);

	return port->on_disk == 0 && list_is_empty(&port->waiting) && list_is_empty(&port->ended);
}

/* All that it has. */
bool pool_io_is_gone(u32 p)
{
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		if (port_of(p, k)->disk != DISKS && !port_of(p, k)->is_gone && !port_of(p, k)->is_lost)
			return false;
	return true;
}

void pool_io_lose(u32 p, u32 member)
{
	port_of(p, member)->is_lost = port_of(p, member)->is_stirred = true;
}

bool pool_io_is_lost(u32 p)
{
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		if (port_of(p, k)->disk != DISKS && !port_of(p, k)->is_lost)
			return false;
	return true;
}

void pool_io_has_room(u32 disk)
{
	for (u32 i = 0; i < ARRAY_COUNT(ports); i++)
		if (ports[i].disk == disk && !list_is_empty(&ports[i].waiting))
			start_waiting(&ports[i]);
}

void pool_io_completed(u32 disk, const struct disk_tag *tag, enum blk_status status)
{
	struct port *port = &ports[tag->cookie / TRANSFERS];
	struct transfer *t = &port->transfers[tag->cookie % TRANSFERS];

	port->on_disk--;
	port->is_stirred = true;
	if (t->segs != 0 && status == BLK_OK && port->pool != NULL && t->io->op == POOL_IO_READ)
		copy(disk, t, false);
	give_slots(port, t);
	t->done += t->piece;
	if (status != BLK_OK)
		port->is_gone = status == BLK_GONE;
	if (status == BLK_OK && port->pool != NULL && t->done < t->io->sectors && t->piece != 0)
		list_insert_before(port->waiting.next, &t->link);
	else
		end(port, t, status == BLK_OK);
	pool_io_has_room(disk);
}
