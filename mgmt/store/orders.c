/* SPDX-License-Identifier: MIT */
/*
 * orders.c - see orders.h. An order is a private copy. There is room for its report before it is taken; one that has to
 * wait keeps a place of its own until it is reported: a detachment here, those about a disk there (jobs.h).
 */
#include "orders.h"

#include <string.h>

#include "disk.h"
#include "jobs.h"
#include "pools.h"
#include "range.h"
#include "store.h"
#include "table.h"
#include "vm_layout.h"
#include "vm_link.h"
#include "volume.h"

#define ORDERS_PER_TURN 16u
#define LATER STORE_ERROR_COUNT	/* in place of an error: the order is answered by jobs.c */

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

/* For two: a detachment may answer an attachment too. */
static bool is_room(void)
{
	return ring_room(&reports) >= 2 * sizeof(struct store_report);
}

static bool has_room(void)
{
	if (is_room())
		return true;
	ring_producer_wait(&reports, true);
	return is_room();
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

static enum store_error queue(u32 disk, const struct store_order *order)
{
	return jobs_queue(disk, order) ? LATER : STORE_BUSY;
}

static enum store_error attach(const struct store_order *order)
{
	struct volume *v = volume_meant(order);

	if (v == NULL && order->link >= VM_COUNT * VM_DEVICES && (order->flags & STORE_READ_ONLY) != 0)
		v = pools_snapshot(order);
	if (v == NULL)
		return STORE_NO_VOLUME;
	if (v->kind == VOLUME_TO_BE || v->is_going || (v->kind == VOLUME_IN_POOL && !pools_may_attach(v->disk)))
		return STORE_BUSY;
	if (v->is_pool)
		return STORE_BAD_ORDER;
	if (v->kind == VOLUME_ON_DISK && v->part == 0)
		return queue(v->disk, order);
	if (v->kind == VOLUME_ON_DISK && table_is_whole_used(v->disk))
		return STORE_BUSY;
	return vm_link_attach(order->link, v, (order->flags & STORE_READ_ONLY) != 0, order->serial);
}

static enum store_error to_pool(const struct store_order *order)
{
	return order->slot >= STORE_POOL_SLOT && order->slot - STORE_POOL_SLOT < STORE_POOLS_MAX ? pools_order(order)
		: STORE_BAD_ORDER;
}

static enum store_error to_disk(const struct store_order *order)
{
	return order->slot < DISKS ? queue(order->slot, order) : STORE_BAD_ORDER;
}

static enum store_error to_disk_or_pool(const struct store_order *order)
{
	return order->slot < DISKS ? queue(order->slot, order) : to_pool(order);
}

static enum store_error rules(const struct store_order *order)
{
	enum store_error error = vm_link_limit(order->link, order->iops, order->bytes);

	if (error == STORE_OK)
		vm_link_hold_errors(order->link, (order->flags & STORE_HOLD_ERRORS) != 0);
	return error;
}

static enum store_error retry(const struct store_order *order)
{
	pools_retry();
	return vm_link_retry(order->link);
}

static void report_failures(void)
{
	struct store_report report = { .kind = STORE_FAILED }, room = { .kind = STORE_ROOM };
	enum blk_status status;

	while (has_room() && vm_link_failure(&report.slot, &status)) {
		report.error = status;
		(void)ring_put(&reports, &report, sizeof(report));
	}
	while (has_room() && vm_link_room(&room.slot))
		(void)ring_put(&reports, &room, sizeof(room));
}

/* An attachment that waits for its disk must not begin after the link's end. */
static void detach(const struct store_order *order)
{
	u32 id;

	if (jobs_take_attach(order->link, &id))
		report_done(id, STORE_BUSY);
	if (order->link >= BLK_WINDOWS || order->id == 0 || detaching[order->link] != 0) {
		report_done(order->id, STORE_BAD_ORDER);
	} else if (vm_link_detach(order->link)) {
		jobs_detached();
		report_done(order->id, STORE_OK);
	} else {
		detaching[order->link] = order->id;
		detaching_count++;
	}
}

/* ---- disks ---- */

static void *disk_link(u32 disk)
{
	return (void *)(STORE_DRIVER_LINKS + (u64)disk * BLK_LINK_BYTES);
}

static enum store_error add_disk(const struct store_order *order)
{
	enum store_error error = STORE_BAD_ORDER;

	if (order->slot < DISKS && order->disk[0] != '\0')
		error = table_add(order->slot, order->disk);
	if (error == STORE_OK)
		disk_add(order->slot, disk_link(order->slot));
	return error;
}

static void report_disk(u32 disk)
{
	struct store_report report;

	while (table_has_report(disk) && has_room()) {
		table_report(disk, &report);
		(void)ring_put(&reports, &report, sizeof(report));
	}
}

/* An answer that is taken lets the next order of its disk begin. */
static void report_disks(void)
{
	enum store_error error;
	u32 id;

	for (u32 left = jobs_news(); left != 0; left &= left - 1) {
		u32 disk = (u32)__builtin_ctz(left);

		report_disk(disk);
		while (has_room() && jobs_take_answer(disk, &id, &error))
			report_done(id, error);
		jobs_told(disk);
	}
}

static void report_pools(void)
{
	struct store_report report;
	enum store_error error;
	u32 id;

	while (has_room() && pools_report(&report))
		(void)ring_put(&reports, &report, sizeof(report));
	while (has_room() && pools_take_answer(&id, &error))
		report_done(id, error);
}

static bool strings_end(const struct store_order *order)
{
	return memchr(order->volume, '\0', sizeof(order->volume)) != NULL &&
	       memchr(order->disk, '\0', sizeof(order->disk)) != NULL &&
	       memchr(order->serial, '\0', sizeof(order->serial)) != NULL &&
	       memchr(order->snapshot, '\0', sizeof(order->snapshot)) != NULL;
}

static enum store_error (*const doers[STORE_OP_COUNT])(const struct store_order *order) = {
	[STORE_ADD_RAM] = add_ram,
	[STORE_DROP_RAM] = drop_ram,
	[STORE_ATTACH] = attach,
	[STORE_ADD_DISK] = add_disk,
	[STORE_CREATE] = to_disk_or_pool,
	[STORE_DELETE] = to_disk_or_pool,
	[STORE_UNMARK] = to_disk_or_pool,
	[STORE_FINISH] = to_disk_or_pool,
	[STORE_RULES] = rules,
	[STORE_RETRY] = retry,
	[STORE_OPEN_POOL] = pools_open,
	[STORE_CLOSE_POOL] = pools_close,
	[STORE_RENAME] = to_pool,
	[STORE_RESIZE] = to_pool,
	[STORE_RESERVE] = to_pool,
	[STORE_MARK_POOL] = to_disk,
	[STORE_GROW_POOL] = to_disk,
	[STORE_SNAPSHOT] = to_pool,
	[STORE_CLONE] = to_pool,
	[STORE_REVERT] = to_pool,
	[STORE_SCRUB] = pools_scrub,
	[STORE_JOIN] = pools_join,
	[STORE_SET_KEY] = to_pool,
	[STORE_UNLOCK] = to_pool,
};

static void carry_out(const struct store_order *order)
{
	enum store_error error;

	if (order->op >= STORE_OP_COUNT || !strings_end(order))
		report_done(order->id, STORE_BAD_ORDER);
	else if (order->op == STORE_DETACH)
		detach(order);
	else if ((error = doers[order->op] != NULL ? doers[order->op](order) : STORE_BAD_ORDER) != LATER)
		report_done(order->id, error);
}

static void go_on_detaching(void)
{
	for (u32 i = 0; i < BLK_WINDOWS && detaching_count != 0 && has_room(); i++) {
		if (detaching[i] == 0 || !vm_link_detach(i))
			continue;
		jobs_detached();
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
	while (taken < ORDERS_PER_TURN && has_room() && ring_get(&orders, &order, sizeof(order))) {
		carry_out(&order);
		taken++;
	}
	report_disks();
	report_pools();
	report_failures();
	*is_news = (before != reports.index && ring_consumer_take_waiting(&reports)) ||
		   (taken != 0 && ring_producer_take_waiting(&orders));
	if (taken == ORDERS_PER_TURN)
		return true;
	ring_consumer_wait(&orders, true);
	return ring_used(&orders) >= sizeof(order) && is_room();
}
