/* SPDX-License-Identifier: MIT */
/*
 * orders.c - see orders.h. An order is a private copy. There is room for its report before it is taken; a detachment
 * that has to wait keeps a place of its own until it is reported.
 */
#include "orders.h"

#include <string.h>

#include "disk.h"
#include "range.h"
#include "store.h"
#include "vm_layout.h"
#include "vm_link.h"
#include "volume.h"

#define ORDERS_PER_TURN 16u

static struct ring orders, reports;

/* Detachments under way: by link; id 0 = none. */
static u32 detaching[BLK_WINDOWS];
static u32 detaching_count;

void orders_init(struct ring_shared *from_root, struct ring_shared *to_root)
{
	ring_attach_consumer(&orders, from_root, STORE_ORDER_RING_BYTES);
	ring_attach_producer(&reports, to_root, STORE_REPORT_RING_BYTES);
	memset(detaching, 0, sizeof(detaching));
	detaching_count = 0;
}

static bool has_room(void)
{
	if (ring_room(&reports) >= sizeof(struct store_report))
		return true;
	ring_producer_wait(&reports, true);
	return ring_room(&reports) >= sizeof(struct store_report);
}

static void report_done(u32 id, enum store_error error)
{
	struct store_report report = { .kind = STORE_DONE, .id = id, .error = error };

	(void)ring_put(&reports, &report, sizeof(report));	/* has_room() was asked before */
}

static enum store_error add_ram(const struct store_order *order)
{
	struct volume *v;

	if (order->slot >= STORE_RAM_SLOTS || order->bytes == 0 || order->bytes > STORE_RAM_STRIDE ||
	    !aligned_ok(order->bytes, VOLUME_UNIT))
		return STORE_BAD_ORDER;
	if (volume_find(order->volume) != NULL)
		return STORE_EXISTS;
	v = volume_add(order->volume, VOLUME_IN_RAM);
	if (v == NULL)
		return STORE_FULL;
	v->sectors = order->bytes / BLK_SECTOR_BYTES;
	v->ram = (u8 *)(STORE_RAM + order->slot * STORE_RAM_STRIDE);
	return STORE_OK;
}

static enum store_error drop_ram(const struct store_order *order)
{
	struct volume *v = volume_find(order->volume);

	if (v == NULL)
		return STORE_NO_VOLUME;
	if (v->links != 0)
		return STORE_BAD_ORDER;
	volume_drop(v);
	return STORE_OK;
}

static enum store_error attach(const struct store_order *order)
{
	struct volume *v = volume_find(order->volume);

	if (v == NULL)
		return STORE_NO_VOLUME;
	return vm_link_attach(order->link, v, (order->flags & STORE_READ_ONLY) != 0, order->serial);
}

static void detach(const struct store_order *order)
{
	if (order->link >= BLK_WINDOWS || order->id == 0 || detaching[order->link] != 0) {
		report_done(order->id, STORE_BAD_ORDER);
	} else if (vm_link_detach(order->link)) {
		report_done(order->id, STORE_OK);
	} else {
		detaching[order->link] = order->id;
		detaching_count++;
	}
}

/* ---- disks ---- */

/* A whole disk is a volume of the disk's name. */
static struct {
	char name[DISK_NAME_BYTES];	/* "" = root has not told of it */
	bool is_due;			/* a change is to be reported */
	u64 sectors, identity;
	u32 block_bytes, features;
} disk_notes[DISKS];

/* FNV-1a: a disk is told from another by it, not protected. */
static u64 hash(u64 sum, const char *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++)
		sum = (sum ^ (u8)bytes[i]) * 0x100000001b3ull;
	return sum;
}

static void *disk_link(u32 disk)
{
	return (void *)(STORE_DRIVER_LINKS + (u64)disk * BLK_LINK_BYTES);
}

static enum store_error add_disk(const struct store_order *order)
{
	if (order->slot >= DISKS || order->disk[0] == '\0')
		return STORE_BAD_ORDER;
	if (disk_notes[order->slot].name[0] != '\0')
		return STORE_EXISTS;
	strcpy(disk_notes[order->slot].name, order->disk);
	disk_add(order->slot, disk_link(order->slot));
	return STORE_OK;
}

/* The volume stays when a driver is started again: requests wait. If the disk is lost, they fail (blk_link.h). */
void orders_disk_changed(u32 disk, const struct blk_info *info)
{
	const char *name = disk_notes[disk].name;
	struct volume *v = volume_find(name);

	disk_notes[disk].is_due = true;
	disk_notes[disk].sectors = 0;
	if (info == NULL)
		return;
	if (v == NULL)
		v = volume_add(name, VOLUME_ON_DISK);
	if (v == NULL || v->kind != VOLUME_ON_DISK)
		return;
	v->disk = disk;
	v->first = 0;
	v->sectors = info->sectors;
	v->info = *info;
	disk_notes[disk].is_due = true;
	disk_notes[disk].sectors = info->sectors;
	disk_notes[disk].block_bytes = info->block_bytes;
	disk_notes[disk].features = info->features;
	disk_notes[disk].identity = hash(hash(0xcbf29ce484222325ull, info->model, sizeof(info->model)), info->serial,
					 sizeof(info->serial));
}

static void report_disks(void)
{
	for (u32 i = 0; i < DISKS; i++) {
		struct store_report report = {
			.kind = STORE_DISK, .slot = i, .sectors = disk_notes[i].sectors,
			.block_bytes = disk_notes[i].block_bytes, .features = disk_notes[i].features,
			.identity = disk_notes[i].identity,
		};

		if (disk_notes[i].is_due && has_room())
			disk_notes[i].is_due = !ring_put(&reports, &report, sizeof(report));
	}
}

static bool strings_end(const struct store_order *order)
{
	return memchr(order->volume, '\0', sizeof(order->volume)) != NULL &&
	       memchr(order->disk, '\0', sizeof(order->disk)) != NULL &&
	       memchr(order->serial, '\0', sizeof(order->serial)) != NULL;
}

static enum store_error (*const doers[STORE_OP_COUNT])(const struct store_order *order) = {
	[STORE_ADD_RAM] = add_ram,
	[STORE_DROP_RAM] = drop_ram,
	[STORE_ATTACH] = attach,
	[STORE_ADD_DISK] = add_disk,
};

static void carry_out(const struct store_order *order)
{
	if (order->op >= STORE_OP_COUNT || !strings_end(order))
		report_done(order->id, STORE_BAD_ORDER);
	else if (order->op == STORE_DETACH)
		detach(order);
	else
		report_done(order->id, doers[order->op] != NULL ? doers[order->op](order) : STORE_BAD_ORDER);
}

static void go_on_detaching(void)
{
	for (u32 i = 0; i < BLK_WINDOWS && detaching_count != 0 && has_room(); i++) {
		if (detaching[i] == 0 || !vm_link_detach(i))
			continue;
		report_done(detaching[i], STORE_OK);
		detaching[i] = 0;
		detaching_count--;
	}
}

bool orders_turn(bool *is_news)
{
	struct store_order order;
	u32 before = reports.index, taken = 0;

	go_on_detaching();
	report_disks();
	while (taken < ORDERS_PER_TURN && has_room() && ring_get(&orders, &order, sizeof(order))) {
		carry_out(&order);
		taken++;
	}
	*is_news = (before != reports.index && ring_consumer_take_waiting(&reports)) ||
		   (taken != 0 && ring_producer_take_waiting(&orders));
	if (taken == ORDERS_PER_TURN)
		return true;
	ring_consumer_wait(&orders, true);
	return ring_used(&orders) >= sizeof(order) && ring_room(&reports) >= sizeof(struct store_report);
}
