/* SPDX-License-Identifier: MIT */
/*
 * pools.c - see pools.h.
 */
#include "pools.h"

#include <string.h>

#include "disk.h"
#include "keys.h"
#include "pool_answers.h"
#include "pool_io.h"
#include "pool_link.h"
#include "pool_members.h"
#include "pool_orders.h"
#include "pool_size.h"
#include "pool_upkeep.h"
#include "pool_volumes.h"
#include "range.h"
#include "rt_time.h"
#include "table.h"
#include "vm_layout.h"
#include "vm_link.h"
#include "volume.h"
#include "work.h"

#define LATER STORE_ERROR_COUNT
#define ROOM_PARTS 64u			/* of a pool */
#define REOPEN_NS NS_PER_S		/* after a failure; twice as long after the next one */
#define REOPEN_NS_MAX (64 * NS_PER_S)

static struct store_pool pools[STORE_POOLS_MAX];
static u8 *arenas;
static u64 (*now_ns)(void);

void pools_init(u8 *at, u64 (*clock)(void))
{
	arenas = at;
	now_ns = clock;
	memset(pools, 0, sizeof(pools));
}

static u32 number_of(const struct store_pool *s)
{
	return (u32)(s - pools);
}

static u32 slot_of(const struct store_pool *s)
{
	return STORE_POOL_SLOT + number_of(s);
}

/* ---- opening ---- */

static void opened(struct pool *pool, enum pool_status status)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++) {
		if (pools[p].pool != pool)
			continue;
		pools[p].is_opened = true;
		pools[p].status = status;
	}
}

/* False: not until a disk is there. */
static bool open_members(struct store_pool *s)
{
	u32 p = number_of(s);
	bool is_mirror = s->members.is_mirror;
	struct pool_device device[POOL_MEMBERS];
	struct pool_memory memory;
	u8 *arena = arenas + (u64)p * STORE_POOL_STRIDE;

	s->is_disk_back = false;
	if (!pool_members_take(s))
		return false;
	memory = pool_memory_of(pool_members_sectors(s), is_mirror);
	memory.grows = !is_mirror;
	pool_members_devices(s, p, device);
	pool_link_forget(p);
	s->state = POOLS_OPENING;
	s->is_opened = false;
	s->is_stirred = true;
	s->pool = is_mirror ? pool_open_mirror(arena, &memory, device, s->members.is_forced, opened)
			    : pool_open(arena, &memory, &device[0], opened);
	pool_io_set_pool(p, s->pool);
	pool_volumes_hold(slot_of(s));
	return true;
}

static bool begin_open(struct store_pool *s)
{
	pool_members_begin(s);
	return open_members(s);
}

static enum store_error judge_part(const struct volume *v)
{
	if (v == NULL)
		return STORE_NO_VOLUME;
	if (!v->is_pool)
		return STORE_NO_POOL;
	if (v->links != 0 || v->is_going || table_is_whole_used(v->disk))
		return STORE_BUSY;
	if (!table_of(v->disk)->is_up)
		return STORE_NO_DISK;
	return (v->info.features & BLK_IS_READ_ONLY) != 0 ? STORE_WRITE_PROTECTED : STORE_OK;
}

enum store_error pools_open(const struct store_order *order)
{
	struct store_pool *s = order->link < STORE_POOLS_MAX ? &pools[order->link] : NULL;
	struct volume *v = volume_meant(order);
	enum store_error error = judge_part(v);
	u64 wanted;

	if (s == NULL || order->id == 0)
		return STORE_BAD_ORDER;
	if (s->state != POOLS_CLOSED)
		return STORE_EXISTS;
	if (error != STORE_OK)
		return error;
	wanted = pool_arena_of(v->sectors, v->is_member);
	if (wanted == 0 || order->bytes < wanted || order->bytes > STORE_POOL_STRIDE)
		return STORE_ARENA;
	s->part = v;
	s->members = (struct pool_members){
		.is_mirror = v->is_member, .is_forced = (order->flags & STORE_FORCED) != 0,
	};
	memcpy(s->members.guid, v->guid, sizeof(v->guid));
	s->members.sectors = v->least = v->sectors;
	s->has_uuid = false;
	s->error = STORE_OK;
	s->open_id = order->id;
	v->links++;
	(void)begin_open(s);
	return LATER;
}

/* ---- the end ---- */

/* Nothing of the pool runs any more; what the disk has of it ends without a word. */
static void stop(struct store_pool *s, enum store_pool_state next, enum store_error error)
{
	s->pool = NULL;
	s->is_closing = false;		/* its last commit will not end any more */
	s->error = error;
	s->state = POOLS_STOPPING;
	s->next = next;
	memset(s->due, 0, sizeof(s->due));	/* told when it is open again, or in the end */
	pool_io_set_pool(number_of(s), NULL);
	pool_orders_end(s, slot_of(s), error != STORE_OK ? error : STORE_NO_POOL);
	pool_upkeep_end(s, error != STORE_OK ? error : STORE_NO_POOL);
	pool_members_join_end(s, error != STORE_OK ? error : STORE_NO_POOL);
}

static void answer(struct store_pool *s, u32 *id, enum store_error error)
{
	if (*id != 0)
		pool_answer(s, *id, error);
	*id = 0;
}

/* One that was open for longer than it had waited has a new fault. */
static void plan_reopen(struct store_pool *s)
{
	u64 now = now_ns();

	if (s->opened_ns != 0 && now - s->opened_ns > s->delay_ns)
		s->delay_ns = 0;
	s->opened_ns = 0;
	s->delay_ns = s->delay_ns == 0 ? REOPEN_NS : min_u64(2 * s->delay_ns, REOPEN_NS_MAX);
	s->reopen_ns = now + s->delay_ns;
}

/* Names that another pool's volumes had. */
static void names_are_free(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (pools[p].state == POOLS_OPEN)
			pool_volumes_sync(&pools[p], slot_of(&pools[p]));
}

static void stopped(struct store_pool *s)
{
	s->state = s->next;
	s->is_due = s->next == POOLS_FAILED || s->close_id != 0;
	if (s->next == POOLS_CLOSED) {
		pool_volumes_drop(s, slot_of(s));
		names_are_free();
		s->part->links--;
		pool_members_end(s);
		keys_forget(number_of(s));
		answer(s, &s->open_id, s->error);
		s->error = STORE_OK;
	} else if (!s->is_disk_back || s->close_id != 0 || !begin_open(s)) {
		plan_reopen(s);
		pool_volumes_go_on(s, slot_of(s));
	}
	answer(s, &s->close_id, STORE_OK);
}

/* Commits what is there; whether that succeeds or not, the pool is closed then. */
static void committed(struct pool *pool, struct pool_request *r, enum pool_status status)
{
	(void)pool;
	(void)status;
	((struct store_pool *)r->context)->is_closing = true;
}

enum store_error pools_close(const struct store_order *order)
{
	struct store_pool *s = order->link < STORE_POOLS_MAX ? &pools[order->link] : NULL;

	if (s == NULL || order->id == 0)
		return STORE_BAD_ORDER;
	if (s->state == POOLS_CLOSED)
		return STORE_NO_POOL;
	if ((s->state != POOLS_OPEN && s->state != POOLS_FAILED) || s->close_id != 0 ||
	    s->queue.count != 0 || pool_volumes_is_used(slot_of(s)))
		return STORE_BUSY;
	s->close_id = order->id;
	s->is_stirred = true;
	s->closing = (struct pool_request){ .op = POOL_COMMIT, .done = committed, .context = s };
	s->is_closing = s->state == POOLS_FAILED || pool_submit(s->pool, &s->closing) != POOL_OK;
	return LATER;
}

static enum store_error judge_order(const struct store_pool *s, const struct store_order *order)
{
	if (order->id == 0 || !volume_name_ok(order->volume))
		return STORE_BAD_ORDER;
	if (s->state == POOLS_CLOSED || s->close_id != 0)
		return STORE_NO_POOL;
	return s->state == POOLS_FAILED || s->state == POOLS_STOPPING ? s->error : STORE_OK;
}

enum store_error pools_order(const struct store_order *order)
{
	struct store_pool *s = &pools[order->slot - STORE_POOL_SLOT];
	enum store_error error = judge_order(s, order);

	s->is_stirred = true;
	if (error == STORE_OK)
		error = pool_orders_queue(s, order);
	if (error == STORE_OK)
		return LATER;
	pool_orders_refused(s, order, error);
	return error;
}

enum store_error pools_scrub(const struct store_order *order)
{
	struct store_pool *s;

	if (order->id == 0 || order->slot < STORE_POOL_SLOT || order->slot - STORE_POOL_SLOT >= STORE_POOLS_MAX)
		return STORE_BAD_ORDER;
	s = &pools[order->slot - STORE_POOL_SLOT];
	if (s->state != POOLS_OPEN || s->close_id != 0)
		return s->state == POOLS_FAILED ? s->error : STORE_NO_POOL;
	s->is_stirred = true;
	return pool_upkeep_begin(s, order);
}

enum store_error pools_join(const struct store_order *order)
{
	struct store_pool *s = order->link < STORE_POOLS_MAX ? &pools[order->link] : NULL;

	if (s == NULL || order->id == 0)
		return STORE_BAD_ORDER;
	if (s->state != POOLS_OPEN || s->close_id != 0)
		return s->state == POOLS_FAILED ? s->error : STORE_NO_POOL;
	s->is_stirred = true;
	return pool_members_join(s, order);
}

bool pools_may_attach(u32 slot)
{
	return pools[slot - STORE_POOL_SLOT].close_id == 0;
}

struct volume *pools_snapshot(const struct store_order *order)
{
	if (order->slot < STORE_POOL_SLOT || order->slot - STORE_POOL_SLOT >= STORE_POOLS_MAX)
		return NULL;
	return pool_volumes_snapshot(&pools[order->slot - STORE_POOL_SLOT], order->slot, order->guid);
}

/* ---- failures ---- */

void pools_disk_changed(u32 disk, const struct blk_info *info)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++) {
		struct store_pool *s = &pools[p];
		u32 member;

		if (s->state == POOLS_CLOSED)
			continue;
		member = pool_members_on(s, disk);
		if (info == NULL && member < POOL_MEMBERS && disk_is_lost(disk))
			pool_members_lost(s, p, member);
		if (s->part->disk != disk && member == POOL_MEMBERS && !s->members.is_mirror)
			continue;
		s->is_disk_back = info != NULL;
		if (info != NULL && s->state == POOLS_FAILED && !s->is_closing)
			(void)begin_open(s);
	}
}

static bool may_reopen(const struct store_pool *s)
{
	return s->state == POOLS_FAILED && !s->is_closing && pool_members_are_up(s);
}

void pools_retry(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (may_reopen(&pools[p]))
			(void)begin_open(&pools[p]);
}

/* What the disk failed, or waits for another one; what it has does not change by itself. */
static bool reopens(const struct store_pool *s)
{
	bool is_waiting = s->error == STORE_MISSING || s->error == STORE_STALE;

	return (is_waiting || s->error == STORE_POOL_FAILED || s->error == STORE_IO) && may_reopen(s);
}

u64 pools_wait_ns(void)
{
	u64 next = POOLS_NEVER;

	for (u32 p = 0; p < STORE_POOLS_MAX; p++) {
		u64 now = reopens(&pools[p]) ? now_ns() : 0;

		if (now != 0)
			next = min_u64(next, pools[p].reopen_ns > now ? pools[p].reopen_ns - now : 0);
	}
	return next;
}

/* ---- one after the other ---- */

static bool is_same_pool(struct store_pool *s)
{
	const struct pool_label *label = pool_label_get(s->pool);

	if (s->has_uuid)
		return memcmp(s->uuid, label->uuid, sizeof(s->uuid)) == 0;
	memcpy(s->uuid, label->uuid, sizeof(s->uuid));
	s->has_uuid = true;
	return true;
}

/* A pool that was open before is not given up. */
static void look_at_opened(struct store_pool *s)
{
	enum store_error error = s->pool == NULL ? STORE_ARENA : pool_error_of(s->status);

	if (s->pool != NULL && pool_members_next(s)) {
		(void)open_members(s);
		return;
	}
	if (error == STORE_OK && !is_same_pool(s))
		error = STORE_NO_POOL;
	if (error == STORE_IO && pool_io_is_gone(number_of(s)))
		error = STORE_NO_DISK;
	if (error != STORE_OK) {
		stop(s, s->open_id != 0 ? POOLS_CLOSED : POOLS_FAILED, error);
		return;
	}
	s->state = POOLS_OPEN;
	s->has_origins = true;
	s->error = STORE_OK;
	s->opened_ns = now_ns();
	keys_opened(number_of(s), s->pool);
	pool_volumes_sync(s, slot_of(s));
	pool_volumes_go_on(s, slot_of(s));
	vm_link_pool_has_room(slot_of(s));	/* as far as is known */
	answer(s, &s->open_id, STORE_OK);
}

static bool is_deleting(const struct store_pool *s)
{
	for (u32 i = 0; i < STORE_POOL_VOLUMES; i++) {
		const struct pool_record *r = pool_volume(s->pool, i);

		if (r != NULL && (r->flags & POOL_VOLUME_DELETING) != 0)
			return true;
	}
	return false;
}

/* Who met a full pool goes on with a granule of room; while a deletion brings more and more, not with each piece. */
static bool look_for_room(struct store_pool *s)
{
	struct pool_space space;
	u64 more = POOL_CHUNK_BLOCKS;

	if (!pool_link_was_full(number_of(s)))
		return false;
	pool_space_get(s->pool, &space);
	if (is_deleting(s))
		more = max_u64(more, space.blocks / ROOM_PARTS);
	if (!pool_link_take_growth(number_of(s), space.coming_blocks, more))
		return false;
	vm_link_pool_has_room(slot_of(s));
	return true;
}

static bool look_at_open(struct store_pool *s)
{
	u32 p = number_of(s);
	bool has_room, is_joining;

	if (s->is_closing && !s->queue.is_committing) {
		stop(s, POOLS_CLOSED, STORE_OK);
		return true;
	}
	if (pool_link_has_failed(p) || pool_has_failed(s->pool) || pool_io_is_lost(p) || pool_members_are_gone(s)) {
		s->state = POOLS_FAILING;
		pool_volumes_go_on(s, slot_of(s));	/* they have no pool any more */
		return true;
	}
	if (pool_link_take_room(p))
		vm_link_disk_has_room(slot_of(s));
	pool_volumes_look(s, slot_of(s));
	pool_upkeep_look(s);
	is_joining = pool_members_look(s, p);
	has_room = look_for_room(s);
	return pool_orders_turn(s, slot_of(s)) || has_room || is_joining;
}

/* True: its state, or what root is to be told, is another one. */
static bool look(struct store_pool *s)
{
	u32 p = number_of(s);

	switch (s->state) {
	case POOLS_OPENING:
		if (s->pool != NULL && !s->is_opened)
			return false;
		look_at_opened(s);
		return true;
	case POOLS_OPEN:
		return look_at_open(s);
	case POOLS_FAILING:
		if (pool_link_count(p) == 0)
			stop(s, s->close_id != 0 ? POOLS_CLOSED : POOLS_FAILED,
			     pool_io_is_gone(p) ? STORE_NO_DISK : STORE_POOL_FAILED);
		return pool_link_count(p) == 0;
	case POOLS_STOPPING:
		if (!pool_io_is_busy(p))
			stopped(s);
		return !pool_io_is_busy(p);
	case POOLS_FAILED:
		if (s->is_closing)
			stop(s, POOLS_CLOSED, STORE_OK);
		return s->state == POOLS_STOPPING;
	default:
		return false;
	}
}

/* Requests that took the short way end without a word. */
static bool waits_for_links(const struct store_pool *s)
{
	return s->state == POOLS_FAILING || s->queue.count != 0;
}

bool pools_turn(void)
{
	bool is_more = false;

	for (u32 p = 0; p < STORE_POOLS_MAX; p++) {
		struct store_pool *s = &pools[p];
		u32 before = pool_link_count(p);
		bool is_stirred = pool_io_take_stirred(p);

		if (reopens(s) && s->reopen_ns <= now_ns())
			(void)begin_open(s);
		is_stirred = pool_link_take_stirred(p) || is_stirred || s->is_stirred || waits_for_links(s);
		if (!is_stirred || s->state == POOLS_CLOSED)
			continue;
		if (s->pool != NULL)
			pool_run(s->pool);
		s->is_stirred = pool_io_turn(p);	/* pool_run comes after it */
		s->is_stirred = look(s) || before != pool_link_count(p) || s->is_stirred;
		is_more = is_more || s->is_stirred;
		work_for(STORE_WORK_OTHER);
	}
	return is_more;
}

/* ---- reports ---- */

/* Of those that are closed, or of the others. */
static bool report_some(bool is_closed, struct store_report *out)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++) {
		if ((pools[p].state == POOLS_CLOSED) != is_closed)
			continue;
		if (pool_volumes_has_report(&pools[p]))
			pool_volumes_report(&pools[p], slot_of(&pools[p]), out);
		else if (pool_upkeep_has_report(&pools[p]))
			pool_upkeep_report(&pools[p], slot_of(&pools[p]), out);
		else
			continue;
		return true;
	}
	return false;
}

/* That a name is free comes before who has it now. */
bool pools_report(struct store_report *out)
{
	return report_some(true, out) || report_some(false, out);
}

bool pools_take_answer(u32 *id, enum store_error *error)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++) {
		struct store_pool *s = &pools[p];

		if (s->answer_count == 0 || pool_volumes_has_report(s))
			continue;
		*id = s->answers[0].id;
		*error = s->answers[0].error;
		s->answer_count--;
		memmove(s->answers, s->answers + 1, s->answer_count * sizeof(s->answers[0]));
		return true;
	}
	return false;
}
