/* SPDX-License-Identifier: MIT */
/*
 * disk.c - see disk.h. A driver that is started again begins a new epoch of its links (blk.h), in which everything that
 * is not completed is submitted again: VMs see a pause.
 */
#include "disk.h"

#include <string.h>

#include "blk_link.h"
#include "root_limits.h"
#include "work.h"

static struct disk {
	bool was_full;
	struct blk_client client;
	struct disk_tag tags[BLK_RING];		/* by the number of the request */
} disks[DISKS];

static u32 there, fresh;	/* bit for each disk; fresh: something was submitted since the last kick */
static const struct disk_ops *ops;
_Static_assert(DISKS <= 32, "a bit for each");

void disk_init(const struct disk_ops *with)
{
	memset(disks, 0, sizeof(disks));
	there = fresh = 0;
	ops = with;
}

void disk_add(u32 disk, void *link)
{
	there |= BIT32(disk);
	blk_client_init(&disks[disk].client, link);
}

bool disk_is_lost(u32 disk)
{
	return disks[disk].client.is_lost;
}

void *disk_window(u32 disk)
{
	return blk_slot(disks[disk].client.shared, 0);
}

/* Whom it is done for. */
static u32 party_of(const struct disk_tag *tag)
{
	if (tag->link == DISK_POOL || tag->link == DISK_DIRECT)
		return tag->party;
	return tag->link == DISK_OWN ? STORE_WORK_OTHER : tag->link / VM_DEVICES;
}

bool disk_submit(u32 disk, const struct blk_sqe *sqe, const struct disk_tag *tag)
{
	struct disk *d = &disks[disk];
	s32 number = there & BIT32(disk) ? blk_client_submit(&d->client, sqe) : -1;

	if (number < 0) {
		d->was_full = true;
		return false;
	}
	d->tags[number] = *tag;
	fresh |= BIT32(disk);
	work_handed(disk / DRIVER_LINKS, party_of(tag), sqe->seg_count != 0 ? sqe->sectors : 0);
	return true;
}

u32 disk_drop(u32 disk, u32 link)
{
	struct disk *d = &disks[disk];
	u32 before = d->client.outstanding;

	for (u32 i = 0; i < BLK_RING; i++)
		if (d->tags[i].link == link)
			blk_client_drop(&d->client, i);
	return before - d->client.outstanding;
}

static void complete(u32 disk, const struct disk_tag *tag, enum blk_status status)
{
	if (tag->link == DISK_OWN) {
		ops->own_completed(disk, status);
		work_for(STORE_WORK_OTHER);
		return;
	}
	if (tag->link == DISK_POOL) {
		ops->pool_completed(disk, tag, status);
		work_for(tag->party);
		return;
	}
	if (tag->link == DISK_DIRECT)
		ops->direct_completed(tag, status);
	else
		ops->completed(tag, status);
}

static void take(u32 disk)
{
	struct disk *d = &disks[disk];
	enum blk_status status;
	u32 number;

	/* No more than a full ring: a driver that completes at once what each completion submits does not end. */
	for (u32 n = 0; n < BLK_RING && blk_client_completed(&d->client, &number, &status); n++)
		complete(disk, &d->tags[number], status);
	if (!d->was_full || d->client.outstanding == BLK_RING)
		return;
	d->was_full = false;
	ops->has_room(disk);
}

static bool turn(u32 disk)
{
	struct disk *d = &disks[disk];

	if (blk_client_poll(&d->client)) {
		fresh |= BIT32(disk);
		ops->changed(disk, d->client.is_up ? &d->client.info : NULL);
	}
	take(disk);
	blk_client_wait(&d->client, true);
	return blk_client_has_news(&d->client);
}

bool disk_turn(void)
{
	bool is_more = false;

	for (u32 left = there; left != 0; left &= left - 1)
		is_more = turn((u32)__builtin_ctz(left)) || is_more;
	return is_more;
}

bool disk_kick(void)
{
	bool is_more = false;

	for (; fresh != 0; fresh &= fresh - 1) {
		u32 i = (u32)__builtin_ctz(fresh);

		if (blk_client_should_signal(&disks[i].client))
			ops->signal(i / DRIVER_LINKS);
		is_more = is_more || disks[i].client.is_lost;
	}
	return is_more;
}
