/* SPDX-License-Identifier: MIT */
/*
 * pool_members.c - see pool_members.h.
 */
#include "pool_members.h"

#include <string.h>

#include "pool_answers.h"
#include "pool_io.h"
#include "range.h"
#include "table.h"

#define SAME_BYTES (STORE_GUID_BYTES - 1)	/* of the GUIDs of a mirror's members */
#define ALL_TURNS (~0u)

/* ---- which there are ---- */

/* But for the pool's own links. */
static bool is_usable(const struct store_pool *s, const struct volume *v)
{
	const struct pool_members *m = &s->members;
	u32 own = (u32)((v == s->part) + (v == m->part[0]) + (v == m->part[1]) + (v == m->join));

	return table_of(v->disk)->is_up && !table_is_whole_used(v->disk) && !v->is_going && v->links == own &&
	       (v->info.features & BLK_IS_READ_ONLY) == 0;
}

/* Of the disks that have had the place of a member, the last one below a turn. */
static struct volume *find_member(const struct store_pool *s, u32 member, u32 end)
{
	const u8 *guid = s->members.guid;
	struct volume *best = NULL;

	for (u32 disk = 0; disk < DISKS; disk++)
		for (u32 part = 1; part <= STORE_PARTITIONS; part++) {
			struct volume *v = volume_of_part(disk, part);

			if (v == NULL || !v->is_member || memcmp(v->guid, guid, SAME_BYTES) != 0 ||
			    store_member(v->guid) != member || store_member_turn(v->guid) >= end ||
			    !is_usable(s, v))
				continue;
			if (best == NULL || store_member_turn(v->guid) > store_member_turn(best->guid))
				best = v;
		}
	return best;
}

static void set_part(struct store_pool *s, u32 member, struct volume *v)
{
	struct volume **part = &s->members.part[member];

	if (v != NULL)
		v->links++;
	if (*part != NULL)
		(*part)->links--;
	*part = v;
}

bool pool_members_take(struct store_pool *s)
{
	const struct pool_members *m = &s->members;

	if (!m->is_mirror) {
		set_part(s, 0, s->part);
		return true;
	}
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		set_part(s, k, find_member(s, k, m->turn_end[k]));
	return m->part[0] != NULL || m->part[1] != NULL;
}

void pool_members_begin(struct store_pool *s)
{
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		s->members.turn_end[k] = ALL_TURNS;
}

bool pool_members_next(struct store_pool *s)
{
	struct pool_members *m = &s->members;
	bool is_some = false;
	struct pool_mirror now;

	if ((s->status != POOL_MISSING && s->status != POOL_NO_POOL) || !pool_mirror_get(s->pool, &now))
		return false;
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		if (!now.is_none[k] || m->part[k] == NULL)
			continue;
		m->turn_end[k] = store_member_turn(m->part[k]->guid);
		is_some = find_member(s, k, m->turn_end[k]) != NULL || is_some;
	}
	return is_some;
}

void pool_members_end(struct store_pool *s)
{
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		set_part(s, k, NULL);
}

u64 pool_members_sectors(const struct store_pool *s)
{
	u64 sectors = s->members.sectors;

	for (u32 k = 0; k < POOL_MEMBERS; k++)
		if (s->members.part[k] != NULL)
			sectors = min_u64(sectors, s->members.part[k]->sectors);
	return sectors;
}

bool pool_members_are_up(const struct store_pool *s)
{
	if (!s->members.is_mirror)
		return table_of(s->part->disk)->is_up;
	return find_member(s, 0, ALL_TURNS) != NULL || find_member(s, 1, ALL_TURNS) != NULL;
}

u32 pool_members_on(const struct store_pool *s, u32 disk)
{
	u32 k = 0;

	while (k < POOL_MEMBERS && (s->members.part[k] == NULL || s->members.part[k]->disk != disk))
		k++;
	return k;
}

void pool_members_devices(const struct store_pool *s, u32 p, struct pool_device device[POOL_MEMBERS])
{
	for (u32 k = 0; k < POOL_MEMBERS; k++) {
		device[k] = (struct pool_device){ 0 };
		if (s->members.part[k] != NULL)
			device[k] = pool_io_begin(p, k, s->members.part[k]);
		else
			pool_io_end(p, k);
		device[k].sectors = min_u64(device[k].sectors, s->members.sectors);
	}
}

/* ---- while it is open ---- */

void pool_members_lost(struct store_pool *s, u32 p, u32 member)
{
	pool_io_lose(p, member);
	if (s->members.is_mirror && s->state == POOLS_OPEN)
		pool_member_lost(s->pool, member);
}

bool pool_members_are_gone(const struct store_pool *s)
{
	struct pool_mirror m;

	return pool_mirror_get(s->pool, &m) && m.state[0] == POOL_MEMBER_GONE && m.state[1] == POOL_MEMBER_GONE;
}

static enum store_error judge_join(const struct store_pool *s, const struct store_order *order, const struct volume *v)
{
	const struct pool_members *m = &s->members;
	const struct pool_label *label = pool_label_get(s->pool);

	if (v == NULL)
		return STORE_NO_VOLUME;
	if (!m->is_mirror || !v->is_member || memcmp(v->guid, m->guid, SAME_BYTES) != 0)
		return STORE_NO_POOL;
	if (!is_usable(s, v))
		return table_of(v->disk)->is_up ? STORE_BUSY : STORE_NO_DISK;
	if ((order->flags & STORE_FORCED) == 0 &&
	    memcmp(label->member_uuid[store_member(v->guid)], v->guid, STORE_GUID_BYTES) != 0)
		return STORE_NO_POOL;
	return m->join_id != 0 ? STORE_BUSY : STORE_OK;
}

enum store_error pool_members_join(struct store_pool *s, const struct store_order *order)
{
	struct pool_members *m = &s->members;
	struct volume *v = volume_meant(order);
	enum store_error error = judge_join(s, order, v);
	struct pool_mirror now;

	if (error != STORE_OK)
		return error;
	(void)pool_mirror_get(s->pool, &now);
	if (now.state[store_member(v->guid)] != POOL_MEMBER_GONE && (order->flags & STORE_FORCED) == 0)
		return STORE_EXISTS;
	if (now.state[1 - store_member(v->guid)] != POOL_MEMBER_GOOD)
		return STORE_NEEDED;
	pool_member_lost(s->pool, store_member(v->guid));
	v->links++;
	m->join_id = order->id;
	m->join = v;
	m->is_joining = false;
	return STORE_ERROR_COUNT;
}

void pool_members_join_end(struct store_pool *s, enum store_error error)
{
	struct pool_members *m = &s->members;

	if (m->join_id == 0)
		return;
	pool_answer(s, m->join_id, error);
	m->join_id = 0;
	m->join->links--;
	m->join = NULL;
}

/* Its disk has been replaced: the pool is named after one that it is on. */
static void leave_part(struct store_pool *s)
{
	struct volume *const *part = s->members.part;

	if (s->part == part[0] || s->part == part[1])
		return;
	s->part->links--;
	s->part = part[0];
	s->part->links++;
}

/* A disk that is none of it after all is let go. */
static void joined(struct store_pool *s, u32 p, enum pool_status status)
{
	u32 member = store_member(s->members.join->guid);

	if (status != POOL_OK && pool_io_is_idle(p, member)) {
		pool_io_end(p, member);
		set_part(s, member, NULL);
	}
	if (status == POOL_OK)
		leave_part(s);
	pool_members_join_end(s, pool_error_of(status));
}

static bool look_at_join(struct store_pool *s, u32 p, const struct pool_mirror *now)
{
	struct pool_members *m = &s->members;
	u32 member = store_member(m->join->guid);
	struct pool_device device;

	if (m->is_joining && now->join == POOL_AGAIN)
		return false;
	if (m->is_joining) {
		joined(s, p, now->join);
		return true;
	}
	if (now->state[member] != POOL_MEMBER_GONE || !pool_io_is_idle(p, member))
		return false;
	set_part(s, member, m->join);
	device = pool_io_begin(p, member, m->join);
	m->is_joining = true;
	pool_member_join(s->pool, member, &device, m->join->guid);
	return true;
}

static bool is_told(const struct pool_mirror *now, const struct pool_mirror *told)
{
	return now->state[0] == told->state[0] && now->state[1] == told->state[1] && now->percent == told->percent &&
	       now->repaired == told->repaired;
}

bool pool_members_look(struct store_pool *s, u32 p)
{
	struct pool_mirror now;
	bool is_some;

	if (!pool_mirror_get(s->pool, &now))
		return false;
	is_some = s->members.join_id != 0 && look_at_join(s, p, &now);
	s->is_due = s->is_due || !is_told(&now, &s->members.told);
	return is_some;
}

void pool_members_report(struct store_pool *s, struct store_report *out)
{
	static const u8 states[] = {
		[POOL_MEMBER_GONE] = STORE_MEMBER_GONE, [POOL_MEMBER_SYNCING] = STORE_MEMBER_COPIED_TO,
		[POOL_MEMBER_GOOD] = STORE_MEMBER_GOOD,
	};
	struct pool_mirror *now = &s->members.told;

	if (!pool_mirror_get(s->pool, now))
		return;
	out->flags |= STORE_IS_MEMBER;
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		out->member[k] = states[now->state[k]];
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		out->member_turn[k] = (u8)store_member_turn(pool_label_get(s->pool)->member_uuid[k]);
	out->member_percent = now->percent;
	out->first = now->repaired;
	out->identity = now->read_errors[0] + now->read_errors[1];
}
