/* SPDX-License-Identifier: MIT */
/*
 * blk_driver.c - see blk_driver.h.
 */
#include "blk_driver.h"

#include <string.h>

#define POLL_US 100u

void blk_driver_add(struct blk_driver *d, u32 i, const struct blk_info *info)
{
	if (i >= DRIVER_LINKS || i >= d->args->link_count || !blk_info_ok(info))
		return;
	d->disk[i].is_there = true;
	d->disk[i].info = *info;
}

const char *blk_driver_unusable(struct blk_driver *d, const char *why)
{
	d->is_unusable = true;
	return why;
}

static enum blk_link_state state_of(const struct blk_driver *d, u32 i)
{
	if ((d->args->lost_disks & BIT32(i)) != 0)
		return BLK_LOST;
	if (d->disk[i].is_there)
		return BLK_UP;
	return (d->args->known_disks & BIT32(i)) != 0 ? BLK_LOST : BLK_DOWN;
}

const char *blk_driver_start(struct blk_driver *d)
{
	const char *why = d->ops->start(d);

	for (u32 i = 0; i < DRIVER_LINKS && i < d->args->link_count; i++) {
		struct blk_disk *disk = &d->disk[i];
		enum blk_link_state state = why == NULL ? state_of(d, i) : BLK_DOWN;

		disk->is_there = state == BLK_UP;
		blk_server_begin(&disk->server, d->links + i * DRIVER_PIECE_BYTES,
				 disk->is_there ? &disk->info : NULL, state, DRIVER_WINDOW_COUNT);
	}
	return why;
}

/* The link's bus address is read once: root may take it back at any time. 0: not permitted. */
static u64 window_bus(const struct blk_driver *d, u32 disk, u32 window)
{
	if (window == BLK_WINDOW_OWN)
		return d->args->link_bus[disk];
	return __atomic_load_n(&d->windows[window], __ATOMIC_RELAXED);
}

/* blk_judge has checked windows, slots and the sum of their lengths. */
static bool find_parts(const struct blk_driver *d, u32 disk, const struct blk_sqe *sqe, struct blk_io *io)
{
	u32 left = sqe->sectors * BLK_SECTOR_BYTES;

	for (u32 i = 0; i < sqe->seg_count; i++) {
		u64 bus = window_bus(d, disk, sqe->seg[i].window);
		u32 bytes = sqe->seg[i].count * BLK_SLOT_BYTES;

		if (bus == 0)
			return false;
		io->part[i].bus = bus + BLK_WINDOW_OFFSET + (u64)sqe->seg[i].slot * BLK_SLOT_BYTES;
		io->part[i].bytes = bytes < left ? bytes : left;
		left -= io->part[i].bytes;
	}
	io->part_count = sqe->seg_count;
	return true;
}

void blk_driver_complete(struct blk_driver *d, u32 disk, u64 cookie, enum blk_status status)
{
	d->completed++;
	d->disk[disk].completed++;
	blk_server_complete(&d->disk[disk].server, cookie, status);
}

static void take(struct blk_driver *d, u32 i, const struct blk_sqe *sqe)
{
	struct blk_disk *disk = &d->disk[i];
	struct blk_io io = { .cookie = sqe->cookie, .sector = sqe->sector, .sectors = sqe->sectors, .op = sqe->op,
			     .flags = sqe->flags };

	if (!find_parts(d, i, sqe, &io)) {
		d->completed++;
		blk_server_complete(&disk->server, sqe->cookie, BLK_INVAL);
		return;
	}
	disk->has_held = !d->ops->submit(d, i, &io);
	if (disk->has_held)
		disk->held = io;
}

static bool move(struct blk_driver *d, u32 i)
{
	struct blk_disk *disk = &d->disk[i];
	struct blk_sqe sqe;

	if (!disk->is_there)
		return false;
	if (disk->has_held)
		disk->has_held = !d->ops->submit(d, i, &disk->held);
	if (disk->has_held || !blk_server_take(&disk->server, &sqe))
		return false;
	take(d, i, &sqe);
	return true;
}

bool blk_driver_step(struct blk_driver *d)
{
	u64 before = d->completed;
	bool is_more = false;

	d->ops->service(d);
	for (u32 i = 0; i < DRIVER_LINKS; i++)
		for (u32 n = 0; n < BLK_RING && move(d, (d->first + i) % DRIVER_LINKS); n++)
			is_more = true;
	d->first = (d->first + 1) % DRIVER_LINKS;
	return is_more || d->completed != before;
}

void blk_driver_wait(struct blk_driver *d, bool is_waiting)
{
	for (u32 i = 0; i < DRIVER_LINKS; i++)
		if (d->disk[i].is_there)
			blk_server_wait(&d->disk[i].server, is_waiting && !d->disk[i].has_held);
}

bool blk_driver_should_signal(struct blk_driver *d)
{
	bool is_wanted = false;

	for (u32 i = 0; i < DRIVER_LINKS; i++) {
		struct blk_disk *disk = &d->disk[i];

		if (!disk->is_there || disk->told == disk->server.cq_head)
			continue;
		disk->told = disk->server.cq_head;
		if (blk_server_should_signal(&disk->server))
			is_wanted = true;
	}
	return is_wanted;
}

u32 blk_driver_in_flight(const struct blk_driver *d)
{
	u32 sum = 0;

	for (u32 i = 0; i < DRIVER_LINKS; i++)
		sum += d->disk[i].server.in_flight;
	return sum;
}

/* A request that is held is not the controller's yet. */
static bool is_stuck(struct blk_disk *disk, u64 now, u64 limit)
{
	bool is_idle = disk->server.in_flight == disk->has_held;

	if (!is_idle && disk->stuck_at != 0 && disk->completed == disk->seen)
		return now >= disk->stuck_at;
	disk->seen = disk->completed;
	disk->stuck_at = is_idle ? 0 : now + limit;
	return false;
}

u32 blk_driver_stuck(struct blk_driver *d, u64 now, u64 limit, u64 *next)
{
	*next = ~0ull;
	for (u32 i = 0; i < DRIVER_LINKS; i++) {
		if (is_stuck(&d->disk[i], now, limit))
			return i;
		if (d->disk[i].stuck_at != 0 && d->disk[i].stuck_at < *next)
			*next = d->disk[i].stuck_at;
	}
	return DRIVER_LINKS;
}

void blk_text(char *to, u32 to_bytes, const u8 *from, u32 from_bytes)
{
	u32 n = 0;

	for (; n < from_bytes && n + 1 < to_bytes && from[n] != 0; n++)
		to[n] = from[n] >= ' ' && from[n] <= '~' ? (char)from[n] : '?';
	while (n > 0 && to[n - 1] == ' ')
		n--;
	memset(to + n, 0, to_bytes - n);
}

bool blk_wait_for(struct blk_driver *d, const struct regs *r, u32 offset, u32 mask, u32 value, u32 ms)
{
	for (u64 left = (u64)ms * 1000 / POLL_US; (regs_read(r, offset, 4) & mask) != value; left--) {
		if (left == 0)
			return false;
		d->wait_us(POLL_US);
	}
	return true;
}
