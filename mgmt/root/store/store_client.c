/* SPDX-License-Identifier: MIT */
/*
 * store_client.c - see store_client.h.
 *
 * Each volume in RAM and each link has a state here; an order that is due is sent when the ring has room for it. The
 * order of sending: what frees first, then what needs. Reports are foreign: only one that answers an order that was
 * sent changes anything.
 */
#include "store_client.h"

#include <string.h>

#include "accounts.h"
#include "guid.h"
#include "link_rules.h"
#include "link_windows.h"
#include "pd.h"
#include "pool_groups.h"
#include "pool_members.h"
#include "pools.h"
#include "root.h"
#include "rt_log.h"
#include "store.h"
#include "store_maps.h"
#include "order_ring.h"
#include "store_pools.h"
#include "sys.h"
#include "upkeep.h"
#include "vm_layout.h"
#include "volume_extents.h"
#include "volume_marks.h"

#define REPORTS_PER_TURN 64u
#define ORDERS_OF_A_DISK 12u	/* sent and not answered: the store keeps 16, of which some are for links */

/* DUE_QUIET: the store is done with a link, the disk's device may not be. REFUSED: it does not serve the link now, and
 * is asked again when it tells something of the disk. */
enum due { DUE_NOTHING, DUE_BEGIN, BEGIN_SENT, DUE_END, END_SENT, DUE_QUIET, REFUSED };

static struct {
	enum due due;		/* NOTHING with a handle: the store has it */
	u64 h_mem;		/* 0: there is no such link */
	u32 volume, flags;
	char serial[BLK_SERIAL_BYTES];
} links[BLK_WINDOWS];

static enum due volume_due[STORE_VOLUMES], disk_due[DISKS];
static bool is_order_due;
static u64 h_store;		/* its PD, 0 while it is down */

/* ---- what is asked for ---- */

enum status store_create(struct volume *v)
{
	enum status st = ST_OK;

	if (v->kind == VOLUME_ROW_MEMORY)
		st = store_add_ram(h_store, v);
	else if (!v->is_member)		/* that has one, like its other half's */
		guid_choose(v->guid);
	if (st != ST_OK) {
		volume_forget(v);
		return st;
	}
	volume_due[volume_number(v)] = DUE_BEGIN;
	is_order_due = true;
	return ST_OK;
}

static void forget_volume(struct volume *v)
{
	if (v->h_mem != 0)
		store_drop_ram(h_store, v);
	volume_due[volume_number(v)] = DUE_NOTHING;
	volume_forget(v);
}

/* It failed, but not before its disk did, which may have it when it is there again. */
static bool may_be_made(const struct volume *v)
{
	return v->kind != VOLUME_ROW_MEMORY && (v->error == STORE_NO_DISK || v->error == STORE_IO);
}

void store_delete(struct volume *v)
{
	enum due *due = &volume_due[volume_number(v)];
	bool is_unknown = *due == DUE_BEGIN || (v->error != STORE_OK && v->is_making && !may_be_made(v));

	v->is_going = true;
	v->is_making = v->is_making && *due == BEGIN_SENT;
	v->error = STORE_OK;
	if (is_unknown) {		/* the store never had it */
		forget_volume(v);
	} else if (*due != BEGIN_SENT) {
		*due = DUE_END;
		is_order_due = true;
	}
}

void store_unmark(struct volume *v)
{
	if (volume_unmark(v))
		is_order_due = true;
}

void store_finish(struct volume *v)
{
	volume_finish(v);
	is_order_due = true;
}

void store_release(struct volume *v)
{
	v->is_busy = false;
	is_order_due = true;
}

void store_groups(void)
{
	is_order_due = true;
}

/* A mirror may have got another disk. */
static void reach_members(u32 p)
{
	for (u32 i = 0; i < BLK_WINDOWS; i++) {
		const struct volume *v = links[i].h_mem != 0 ? volume_at(links[i].volume) : NULL;

		if (v != NULL && volume_is_in_pool(v) && v->pool == p && links[i].due != DUE_QUIET)
			link_window_open(i, links[i].h_mem, volume_slots(v));
	}
}

enum status store_attach(u32 link, u64 h_mem, const struct volume *v, const struct disk_spec *disk)
{
	enum status st;

	links[link].h_mem = h_mem;
	links[link].volume = volume_number(v);
	link_window_begin(link);
	links[link].flags = (disk->flags & DISK_READ_ONLY) != 0 ? STORE_READ_ONLY : 0;
	link_rules_clear(link);
	memcpy(links[link].serial, disk->serial, sizeof(links[link].serial));
	st = store_map_link(h_store, link, h_mem);
	if (st != ST_OK) {
		links[link].h_mem = 0;
		return st;
	}
	link_window_open(link, h_mem, volume_slots(v));
	links[link].due = DUE_BEGIN;
	is_order_due = true;
	return ST_OK;
}

void store_rules(u32 link, const struct disk_spec *disk, bool holds_errors)
{
	if (links[link].h_mem != 0 && link_rules_set(link, disk, holds_errors))
		is_order_due = true;
}

void store_retry(u32 link)
{
	if (links[link].h_mem == 0)
		return;
	link_rules_retry(link, links[link].due != DUE_BEGIN);
	is_order_due = true;
}

/* True: its memory may be used for something else. */
static bool free_link(u32 link)
{
	links[link].due = link_window_is_quiet(link) ? DUE_NOTHING : DUE_QUIET;
	if (links[link].due == DUE_QUIET)
		return false;
	links[link].h_mem = 0;
	return true;
}

static bool forget_link(u32 link)
{
	link_window_close(link);
	store_unmap_link(h_store, link);
	return free_link(link);
}

bool store_detach(u32 link)
{
	if (links[link].h_mem == 0)
		return true;
	if (links[link].due == DUE_QUIET)
		return free_link(link);
	if (links[link].due == DUE_BEGIN || links[link].due == REFUSED)
		return forget_link(link);
	if (links[link].due == DUE_NOTHING)
		link_rules_end(link);
	if (links[link].due != END_SENT) {
		links[link].due = DUE_END;
		is_order_due = true;
	}
	return false;
}

/* ---- orders ---- */

/* By enum due: what is to be ordered of a volume in RAM and of one on a disk, once the disk is there. */
static const struct { enum store_op ram, disk; enum due next; } volume_orders[] = {
	[DUE_BEGIN] = { STORE_ADD_RAM, STORE_CREATE, BEGIN_SENT },
	[DUE_END] = { STORE_DROP_RAM, STORE_DELETE, END_SENT },
};

static bool is_full(u32 slot)
{
	u32 sent = 0;

	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v != NULL && volume_is_on_disk(v) && v->slot == slot &&
		    (volume_due[i] == BEGIN_SENT || volume_due[i] == END_SENT || v->is_unmark_sent ||
		     v->is_finish_sent))
			sent++;
	}
	return sent >= ORDERS_OF_A_DISK;
}

static bool can_change(const struct volume *v)
{
	return !volume_is_on_disk(v) || (disk_at(v->slot)->is_there && !is_full(v->slot) && pool_lets_change(v));
}

static bool send_volumes(enum due due)
{
	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (volume_due[i] != due || v->is_busy || !can_change(v))
			continue;
		if (!store_order_volume(i, volume_is_on_disk(v) ? volume_orders[due].disk : volume_orders[due].ram))
			return false;
		volume_due[i] = volume_orders[due].next;
	}
	return true;
}

/* What disks say of volumes that is so no more. */
static bool send_marks(enum store_op op, bool (*is_due)(const struct volume *v), void (*sent)(struct volume *v))
{
	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = volume_at(i);

		if (v == NULL || !is_due(v) || is_full(v->slot))
			continue;
		if (!store_order_volume(i, op))
			return false;
		sent(v);
	}
	return true;
}

static bool send_pools(void)
{
	struct store_order order;
	u32 p = 0;

	while (store_pools_order(h_store, &p, &order)) {
		if (!store_order_send(&order, p))
			return false;
		store_pools_sent(p, &order);
	}
	return true;
}

static bool send_disks(void)
{
	for (u32 slot = 0; slot < DISKS; slot++) {
		struct store_order order = { .op = STORE_ADD_DISK, .slot = slot };

		if (disk_due[slot] != DUE_BEGIN)
			continue;
		disk_name(order.disk, slot);
		if (!store_order_send(&order, slot))
			return false;
		disk_due[slot] = BEGIN_SENT;
	}
	return true;
}

static bool send_link(u32 link, enum store_op op)
{
	const struct volume *v = volume_at(links[link].volume);
	struct store_order order = { .op = op, .link = link, .flags = links[link].flags };

	if (op == STORE_ATTACH) {
		order.slot = volume_place(v);
		memcpy(order.volume, v->name, sizeof(order.volume));
		memcpy(order.guid, v->guid, sizeof(order.guid));
		memcpy(order.serial, links[link].serial, sizeof(order.serial));
	}
	return store_order_send(&order, link);
}

static bool send_links(enum due due, enum store_op op, enum due next)
{
	for (u32 i = 0; i < BLK_WINDOWS; i++) {
		if (links[i].due != due || (due == DUE_BEGIN && !volume_is_served(volume_at(links[i].volume))))
			continue;
		if (!send_link(i, op))
			return false;
		links[i].due = next;
	}
	return true;
}

/* Rules are forgotten with their link, so after its end has been asked for none is told. */
static bool send_rules(void)
{
	struct store_order order;

	for (u32 i = 0; i < BLK_WINDOWS; i++)
		while (links[i].h_mem != 0 && links[i].due <= BEGIN_SENT && link_rules_order(i, &order)) {
			if (!store_order_send(&order, i))
				return false;
			link_rules_sent(i, order.op);
		}
	return true;
}

static void drop_unwanted(void)
{
	for (struct volume *v = groups_unwanted(); v != NULL; v = groups_unwanted())
		store_delete(v);
}

static void send_due(void)
{
	if (!is_order_due || h_store == 0)
		return;
	is_order_due = !(send_links(DUE_END, STORE_DETACH, END_SENT) &&
			 send_pools() && groups_send() && upkeep_send() && send_volumes(DUE_END) &&
			 send_marks(STORE_UNMARK, volume_unmark_is_due, volume_unmark_sent) &&
			 send_marks(STORE_FINISH, volume_finish_is_due, volume_finish_sent) && send_disks() &&
			 send_volumes(DUE_BEGIN) &&
			 send_rules() && send_links(DUE_BEGIN, STORE_ATTACH, BEGIN_SENT));
	order_ring_kick();
}

/* ---- reports ---- */

/* A partition is made if the store has told of it: what was made before a store died is there when it is ordered
 * again. */
static void made(struct volume *v, u32 error)
{
	bool is_made = v->kind == VOLUME_ROW_MEMORY ? error == STORE_OK : v->is_there;

	volume_due[volume_number(v)] = DUE_NOTHING;
	v->error = is_made ? STORE_OK : error != STORE_OK ? error : STORE_BAD_ORDER;
	v->is_making = !is_made;	/* what failed waits for who asked for it to take it back */
	if (v->is_going)
		store_delete(v);
}

/* If one that perhaps was made can't be deleted, the store will tell of it. */
static void deleted(struct volume *v, u32 error)
{
	bool is_known = v->kind == VOLUME_ROW_MEMORY || v->number != 0;

	if (error == STORE_OK || error == STORE_NO_VOLUME || !is_known) {
		forget_volume(v);
		return;
	}
	volume_due[volume_number(v)] = DUE_NOTHING;
	v->error = error;
	v->is_going = false;
}

#define MEMORY DISKS		/* in place of a slot */

/* There is something new of a disk, or of what is in memory. */
static void ask_again(u32 slot)
{
	for (u32 i = 0; i < BLK_WINDOWS; i++) {
		const struct volume *v = volume_at(links[i].volume);

		if (links[i].due == REFUSED && v != NULL && (volume_is_on_disk(v) ? v->slot : MEMORY) == slot)
			links[i].due = DUE_BEGIN;
	}
	is_order_due = true;
}

static void volume_done(u32 number, enum store_op op, u32 error)
{
	struct volume *v = volume_at(number);
	enum due due = v != NULL ? volume_due[number] : DUE_NOTHING;

	if ((op == STORE_ADD_RAM || op == STORE_CREATE) && due == BEGIN_SENT)
		made(v, error);
	else if ((op == STORE_DROP_RAM || op == STORE_DELETE) && due == END_SENT)
		deleted(v, error);
	else if (op == STORE_UNMARK && v != NULL)
		volume_unmark_done(v, error);
	else if (op == STORE_FINISH && v != NULL)
		volume_finish_done(v, error);
	ask_again(MEMORY);		/* also what was held back */
}

static void pool_done(u32 p, enum store_op op, u32 error)
{
	struct volume *v = store_pools_done(h_store, p, op, error);

	if (v == NULL)
		return;
	if (op == STORE_CLOSE_POOL && error != STORE_OK && v->is_going)
		deleted(v, error);	/* the store has it still: its partition stays */
	store_pools_warn(p);
	ask_again(v->slot);
}

static void link_done(u32 link, enum store_op op, u32 error)
{
	if (link >= BLK_WINDOWS)
		return;
	if (op == STORE_ATTACH && links[link].due == BEGIN_SENT)
		links[link].due = error == STORE_OK ? DUE_NOTHING : REFUSED;
	else if (op == STORE_DETACH && links[link].due == END_SENT)
		(void)forget_link(link);
	if (op == STORE_DETACH)
		ask_again(MEMORY);
}

/* Of a disk that the store was told of. */
static void take_disk(const struct store_report *report)
{
	char name[DISK_NAME_BYTES];

	if (report->slot >= DISKS || disk_due[report->slot] != BEGIN_SENT || !disk_take_report(report))
		return;
	disk_name(name, report->slot);
	pools_elect();
	ask_again(report->slot);
	if (report->sectors == 0 || volume_set_disk(report->slot, name, report->sectors * BLK_SECTOR_BYTES,
						    report->block_bytes, report->identity) != NULL)
		return;
	rt_log("root: disk %s is not used: it is another one than a VM has", name);
	disk_at(report->slot)->is_there = false;
}

static void take_pool(const struct store_report *report)
{
	pool_take_report(report);
	pool_members_take(report->slot - STORE_POOL_SLOT, report);
	store_pools_warn(report->slot - STORE_POOL_SLOT);
	is_order_due = true;		/* what waited for it */
}

static void take_extent(const struct store_report *report)
{
	bool is_in_pool = report->slot >= STORE_POOL_SLOT;

	disk_take_more(report);
	if (!extent_is_ok(report))
		return;
	if (!is_in_pool)
		disk_take_zeroing(report);
	volume_take_extent(report);
	if ((report->flags & STORE_IS_MEMBER) != 0)
		reach_members(pool_of_guid(report->guid));
	ask_again(is_in_pool ? pool_at(report->slot - STORE_POOL_SLOT)->partition->slot : report->slot);
}

static void take_done(const struct store_report *report)
{
	enum store_op op = store_order_op(report->id);
	u32 number = store_order_number(report->id);

	is_order_due = is_order_due || (number & ORDER_OF_GROUP) != 0;	/* the pool's next group */
	if (report->error != STORE_OK && report->error != STORE_WRONG_KEY && report->error != STORE_MISSING)
		rt_log("root: the store refused order %u on %u (error %u)", (unsigned)op, (unsigned)number,
		       (unsigned)report->error);
	if (op == STORE_ATTACH || op == STORE_DETACH)
		link_done(number, op, report->error);
	else if (store_pools_has_order(op))
		pool_done(number, op, report->error);
	else if (op == STORE_SCRUB)
		upkeep_begun(number, report->error);
	else if ((number & ORDER_OF_GROUP) != 0)
		group_take_done(number, report->error);
	else if (op != STORE_RULES && op != STORE_RETRY)
		volume_done(number, op, report->error);
}

/* Of a link that it serves. */
static void take_link_news(const struct store_report *report)
{
	if (report->slot < BLK_WINDOWS && links[report->slot].h_mem != 0 && links[report->slot].due == DUE_NOTHING)
		link_rules_take(report, volume_is_in_pool(volume_at(links[report->slot].volume)));
}

static void take(const struct store_report *report)
{
	if (report->kind == STORE_DISK && report->slot >= STORE_POOL_SLOT)
		take_pool(report);
	else if (report->kind == STORE_DISK)
		take_disk(report);
	else if (report->kind == STORE_EXTENT)
		take_extent(report);
	else if (report->kind == STORE_DONE)
		take_done(report);
	else if (report->kind == STORE_FAILED || report->kind == STORE_ROOM)
		take_link_news(report);
	else if (report->kind == STORE_SCRUBBED || report->kind == STORE_FOUND)
		upkeep_take_report(report);
}

bool store_turn(u64 h_pd)
{
	struct store_report report;
	u32 taken = 0;

	h_store = h_pd;
	for (; taken < REPORTS_PER_TURN && store_report_take(&report); taken++)
		take(&report);
	store_reports_taken();
	drop_unwanted();
	send_due();
	return taken != 0;
}

/* ---- a new store ---- */

/* It has nothing in memory that the old one was told to give back. On a disk, what was begun is begun again. */
static enum status again_volume(u64 h_pd, u32 number)
{
	struct volume *v = volume_at(number);

	if (v != NULL)
		volume_marks_again(v);
	if (v == NULL || (v->h_mem == 0 && volume_due[number] == DUE_NOTHING))
		return ST_OK;
	if (v->h_mem != 0 && v->is_going) {
		forget_volume(v);
		return ST_OK;
	}
	if (v->is_going && volume_due[number] == BEGIN_SENT)
		v->is_making = false;
	volume_due[number] = v->is_going ? DUE_END : DUE_BEGIN;
	return v->h_mem != 0 ? store_map_ram(h_pd, v) : ST_OK;
}

static enum status again_link(u64 h_pd, u32 link)
{
	link_rules_again(link);
	if (links[link].h_mem == 0 || links[link].due == DUE_QUIET)
		return ST_OK;
	if (links[link].due == DUE_END || links[link].due == END_SENT) {
		(void)forget_link(link);
		return ST_OK;
	}
	links[link].due = DUE_BEGIN;
	return store_map_link(h_pd, link, links[link].h_mem);
}

/* Its links with the drivers, which were started again too. */
static enum status map_disks(u64 h_pd)
{
	enum status st = ST_OK;

	for (u32 slot = 0; slot < DISKS && st == ST_OK; slot++) {
		bool is_mapped = false;

		st = store_map_disk(h_pd, slot, &is_mapped);
		disk_due[slot] = is_mapped ? DUE_BEGIN : DUE_NOTHING;
	}
	return st;
}

enum status store_prepare(u64 h_pd)
{
	enum status st;

	order_ring_init();
	h_store = 0;		/* nothing is mapped there yet */
	store_pools_drop();
	disks_forget();
	st = map_disks(h_pd);
	for (u32 i = 0; i < volumes_end() && st == ST_OK; i++)
		st = again_volume(h_pd, i);
	for (u32 i = 0; i < BLK_WINDOWS && st == ST_OK; i++)
		st = again_link(h_pd, i);
	volumes_expect_again();
	groups_again();
	upkeep_forget();
	is_order_due = true;
	h_store = h_pd;
	return st;
}
