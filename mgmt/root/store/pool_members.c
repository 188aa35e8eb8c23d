/* SPDX-License-Identifier: MIT */
/*
 * pool_members.c - see pool_members.h.
 */
#include "pool_members.h"

#include <string.h>

#include "disks.h"
#include "range.h"

#define SAME_BYTES (STORE_GUID_BYTES - 1)

static bool is_of_pool(const struct volume *v, u32 p)
{
	return v != NULL && v->kind == VOLUME_ROW_POOL && v->pool == p;
}

u32 pool_of_guid(const u8 guid[STORE_GUID_BYTES])
{
	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v != NULL && v->kind == VOLUME_ROW_POOL && v->is_member && memcmp(v->guid, guid, SAME_BYTES) == 0)
			return v->pool;
	}
	return STORE_POOLS_MAX;
}

bool pool_has_member(const struct volume *v)
{
	const struct pool *pool = pool_at(v->pool);

	return pool != NULL && (!v->is_member || pool->member[store_member(v->guid)] == v);
}

static bool is_there(const struct volume *v)
{
	return v != NULL && v->is_there && disk_at(v->slot)->is_there;
}

/* Before another one: one that a person has put in its place, then one that the pool's label names; before that is
 * known, the last one. What a partition says of itself anybody can have written there. */
static bool is_rather(const struct pool *pool, const struct volume *v, const struct volume *than)
{
	u32 named = pool->member_turn[store_member(v->guid)];
	u32 turn = store_member_turn(v->guid), other = store_member_turn(than->guid);

	if (v->is_joining != than->is_joining)
		return v->is_joining;
	if (pool->has_turns && (turn == named) != (other == named))
		return turn == named;
	return turn > other || (turn == other && !is_there(than));
}

void pool_member_add(struct volume *v)
{
	struct pool *pool = pool_at(v->pool);
	struct volume **place = &pool->member[store_member(v->guid)];

	pool->is_mirror = true;
	if (*place == NULL || is_rather(pool, v, *place))
		*place = v;
	if (*place == v)
		pool->was_asked[store_member(v->guid)] = false;
}

/* The label may name others than it seemed before. */
static void place_again(u32 p)
{
	struct pool *pool = pool_at(p);

	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = volume_at(i), *now;

		if (!is_of_pool(v, p) || !v->is_member || v->is_making || v->is_going)
			continue;
		now = pool->member[store_member(v->guid)];
		if (now != NULL && now != v && is_rather(pool, v, now))
			pool_member_add(v);
	}
}

/* The pool keeps its name, and what is in it is on that disk from now on. */
static void set_partition(u32 p, struct volume *to)
{
	struct pool *pool = pool_at(p);
	struct volume *from = pool->partition;
	char name[VOLUME_NAME_BYTES];

	memcpy(name, from->name, sizeof(name));
	memcpy(from->name, to->name, sizeof(name));
	memcpy(to->name, name, sizeof(name));
	pool->partition = to;
	for (u32 i = 0; i < volumes_end(); i++)
		if (volume_at(i) != NULL && volume_is_in_pool(volume_at(i)) && volume_at(i)->pool == p)
			volume_at(i)->slot = to->slot;
}

/* One that is about to join is none of the pool yet, and may never be. */
static bool may_be_partition(const struct volume *v)
{
	return is_there(v) && !v->is_making && !v->is_going && !v->is_joining;
}

static void elect(u32 p)
{
	struct pool *pool = pool_at(p);

	if (pool == NULL || !pool->is_mirror)
		return;
	place_again(p);
	for (u32 k = 0; k < STORE_MEMBERS; k++)
		if (pool->member[k] != pool->partition && may_be_partition(pool->member[k]) &&
		    (!is_there(pool->partition) || !pool_has_member(pool->partition)))
			set_partition(p, pool->member[k]);
}

void pools_elect(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		elect(p);
}

bool pool_member_remove(struct volume *v)
{
	struct pool *pool = pool_at(v->pool);

	if (pool == NULL || !v->is_member)
		return false;
	for (u32 k = 0; k < STORE_MEMBERS; k++)
		if (pool->member[k] == v)
			pool->member[k] = NULL;
	for (u32 i = 0; i < volumes_end(); i++)		/* whose place it had taken */
		if (is_of_pool(volume_at(i), v->pool) && volume_at(i) != v && !volume_at(i)->is_making &&
		    pool->member[store_member(volume_at(i)->guid)] == NULL)
			pool_member_add(volume_at(i));
	for (u32 i = 0; i < volumes_end() && pool->partition == v; i++)
		if (is_of_pool(volume_at(i), v->pool) && volume_at(i) != v)
			set_partition(v->pool, volume_at(i));
	return pool->partition != v;
}

u32 pool_member_named(u32 p, const char *on)
{
	const struct pool *pool = pool_at(p);
	u32 unseen = STORE_MEMBERS;

	for (u32 k = 0; k < STORE_MEMBERS; k++) {
		if (pool->member[k] != NULL && strcmp(pool->member[k]->on, on) == 0)
			return k;
		if (pool->member[k] == NULL && pool->member_state[k] == STORE_MEMBER_GONE)
			unseen = k;
	}
	return unseen;
}

static bool is_replaced(const struct volume *v)
{
	const struct volume *now = pool_at(v->pool)->member[store_member(v->guid)];

	return now != NULL && store_member_turn(v->guid) < store_member_turn(now->guid);
}

struct volume *pool_left_over(u32 p, const char *on)
{
	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = volume_at(i);

		if (is_of_pool(v, p) && v->is_member && is_replaced(v) && !v->is_making && !v->is_going &&
		    is_there(v) && strcmp(v->on, on) == 0)
			return v;
	}
	return NULL;
}

_Static_assert(DISKS <= 32, "a bit each");

u32 volume_slots(const struct volume *v)
{
	const struct pool *pool = volume_is_in_pool(v) ? pool_at(v->pool) : NULL;
	u32 slots = volume_is_on_disk(v) ? BIT32(v->slot) : 0;

	for (u32 k = 0; pool != NULL && k < STORE_MEMBERS; k++)
		slots |= pool->member[k] != NULL ? BIT32(pool->member[k]->slot) : 0;
	return slots;
}

const char *pool_member_on(u32 p, u32 member)
{
	const struct volume *v = pool_at(p)->member[member];

	return v != NULL ? v->on : "";
}

static u32 members_there(const struct pool *pool)
{
	return (u32)is_there(pool->member[0]) | (u32)is_there(pool->member[1]) << 1;
}

void pool_members_opening(u32 p)
{
	pool_at(p)->opened_with = members_there(pool_at(p));
}

bool pool_members_have_come(u32 p)
{
	return (members_there(pool_at(p)) & ~pool_at(p)->opened_with) != 0;
}

/* ---- what the store tells ---- */

void pool_members_take(u32 p, const struct store_report *r)
{
	struct pool *pool = pool_at(p);

	if (pool == NULL || !pool->is_mirror || pool->h_arena == 0 || r->sectors == 0)
		return;
	for (u32 k = 0; k < STORE_MEMBERS; k++) {
		if (r->member[k] >= STORE_MEMBER_STATES)
			continue;
		if (r->member[k] == STORE_MEMBER_GONE && pool->member_state[k] != STORE_MEMBER_GONE)
			pool->was_asked[k] = true;
		pool->member_state[k] = r->member[k];
	}
	for (u32 k = 0; k < STORE_MEMBERS; k++)
		pool->member_turn[k] = r->member_turn[k];
	pool->has_turns = true;
	elect(p);
	pool->member_percent = (u32)min_u64(r->member_percent, 100);
	pool->repaired = r->first;
	pool->read_errors = r->identity;
}

bool pool_member_news(u32 p, u32 *member, enum pool_member_news *news)
{
	static const enum pool_member_news news_of[] = {
		[STORE_MEMBER_GONE] = MEMBER_IS_LOST, [STORE_MEMBER_COPIED_TO] = MEMBER_IS_COPIED_TO,
		[STORE_MEMBER_GOOD] = MEMBER_IS_BACK,
	};
	struct pool *pool = pool_at(p);

	for (u32 k = 0; pool != NULL && pool->is_mirror && pool->state == POOL_IS_OPEN && k < STORE_MEMBERS; k++) {
		if (pool->member_told[k] == pool->member_state[k])
			continue;
		pool->member_told[k] = pool->member_state[k];
		*member = k;
		*news = news_of[pool->member_state[k]];
		return true;
	}
	return false;
}

/* ---- members that join ---- */

bool pool_join_is_due(u32 p, u32 member)
{
	const struct pool *pool = pool_at(p);
	const struct volume *v = pool != NULL ? pool->member[member] : NULL;

	return pool != NULL && pool->is_mirror && pool_is_usable(p) && is_there(v) && !v->is_making && !v->is_going &&
	       !pool->is_joining && !pool->was_asked[member] &&
	       pool->member_state[1 - member] == STORE_MEMBER_GOOD &&
	       (pool->member_state[member] == STORE_MEMBER_GONE || v->is_joining);
}

void pool_join_sent(u32 p, u32 member)
{
	pool_at(p)->is_joining = true;
	pool_at(p)->joining = member;
}

void pool_join_done(u32 p, u32 error)
{
	struct pool *pool = pool_at(p);
	struct volume *v;

	if (pool == NULL || !pool->is_joining)
		return;
	pool->is_joining = false;
	pool->was_asked[pool->joining] = true;
	v = pool->member[pool->joining];
	if (v == NULL || !v->is_joining)
		return;
	v->is_joining = false;
	v->error = error;
}
