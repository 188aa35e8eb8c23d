/* SPDX-License-Identifier: MIT */
/*
 * pool_groups.c - see pool_groups.h.
 */
#include "pool_groups.h"

#include <string.h>

#include "guid.h"
#include "pools.h"
#include "order_ring.h"

#define MEMBERS VM_DEVICES
#define MEMBER_BITS 4u

enum group_state { GROUP_FREE, GROUP_DUE, GROUP_SENT, GROUP_DONE };

struct member {
	u32 volume;			/* its number in root's table */
	union {
		struct {
			u8 guid[STORE_GUID_BYTES];	/* and its GUID: it is that volume still */
			u8 new_guid[STORE_GUID_BYTES];
		};
		u8 secret[STORE_SECRET_BYTES];	/* of a key */
	};
	char name[VOLUME_NAME_BYTES], snapshot[VOLUME_NAME_BYTES];
	u64 bytes;
	bool is_answered;
};

static struct group {
	enum group_state state;
	bool is_left;			/* nobody asks about it any more */
	bool is_unwanted;		/* and what it makes goes again */
	enum store_op op;
	u32 flags, pool, count, error;
	u32 way;			/* of a key */
	struct member members[MEMBERS];
} groups[GROUPS];

/* It makes volumes or snapshots. */
static bool makes(const struct group *g)
{
	return g->op == STORE_SNAPSHOT || g->op == STORE_CLONE;
}

_Static_assert(MEMBERS <= 1u << MEMBER_BITS, "ids");

u32 group_begin(enum store_op op, u32 flags)
{
	u32 i = 0;

	while (i < GROUPS && groups[i].state != GROUP_FREE)
		i++;
	if (i < GROUPS)
		groups[i] = (struct group){ .state = GROUP_DUE, .op = op, .flags = flags };
	return i;
}

static struct member *add(u32 group, const struct volume *v)
{
	struct group *g = &groups[group];
	struct member *m = &g->members[g->count++];

	g->pool = v->pool;
	m->volume = volume_number(v);
	memcpy(m->guid, v->guid, sizeof(m->guid));
	return m;
}

void group_add(u32 group, const struct volume *v, const char *name, const char *snapshot)
{
	struct member *m = add(group, v);

	strcpy(m->name, name);
	strcpy(m->snapshot, snapshot);
	guid_choose(m->new_guid);
}

void group_add_change(u32 group, const struct volume *v, const char *name, u64 bytes)
{
	struct member *m = add(group, v);

	strcpy(m->name, name);
	m->bytes = bytes;
}

void group_add_revert(u32 group, const struct volume *v, const struct volume *to)
{
	struct member *m = add(group, v);

	strcpy(m->name, v->name);
	memcpy(m->new_guid, to->guid, sizeof(m->new_guid));
}

void group_add_key(u32 group, u32 pool, u32 way, const u8 secret[STORE_SECRET_BYTES])
{
	struct group *g = &groups[group];
	struct member *m = &g->members[g->count++];

	g->pool = pool;
	g->way = way;
	strcpy(m->name, pool_at(pool)->partition->name);
	memcpy(m->secret, secret, sizeof(m->secret));
}

bool group_unlock(u32 pool, u32 way, const u8 secret[STORE_SECRET_BYTES])
{
	u32 group = group_begin(STORE_UNLOCK, 0);

	if (group == GROUP_NONE)
		return false;
	group_add_key(group, pool, way, secret);
	groups[group].is_left = true;
	return true;
}

static bool has_secret(const struct group *g)
{
	return g->op == STORE_SET_KEY || g->op == STORE_UNLOCK;
}

/* It is needed no more. */
static void wipe(struct group *g)
{
	if (has_secret(g))
		explicit_bzero(g->members, sizeof(g->members));
}

u32 group_pool(u32 group)
{
	return groups[group].pool;
}

static struct volume *find_guid(u32 pool, const u8 guid[STORE_GUID_BYTES])
{
	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = volume_at(i);

		if (v != NULL && volume_is_in_pool(v) && v->pool == pool && v->is_there &&
		    memcmp(v->guid, guid, STORE_GUID_BYTES) == 0)
			return v;
	}
	return NULL;
}

struct volume *group_made(u32 group, u32 member)
{
	return member < groups[group].count ? find_guid(groups[group].pool, groups[group].members[member].new_guid)
					    : NULL;
}

bool group_is_done(u32 group, u32 *error)
{
	*error = groups[group].error;
	return groups[group].state == GROUP_DONE;
}

void group_end(u32 group, bool has_given_up)
{
	struct group *g = &groups[group];

	g->is_left = true;
	g->is_unwanted = has_given_up && makes(g);
	if (g->state == GROUP_DUE || (g->state == GROUP_DONE && !g->is_unwanted))
		g->state = GROUP_FREE;
	if (g->state == GROUP_FREE)
		wipe(g);
}

/* ---- orders ---- */

static bool send(u32 group)
{
	struct group *g = &groups[group];

	if (!order_ring_has_room(g->count))
		return false;
	for (u32 i = 0; i < g->count; i++) {
		const struct member *m = &g->members[i];
		struct store_order order = { .op = g->op, .slot = STORE_POOL_SLOT + g->pool,
					     .flags = g->flags | (i + 1 < g->count ? STORE_MORE : 0) };

		order.bytes = m->bytes;
		order.link = g->way;
		memcpy(order.volume, m->name, sizeof(order.volume));
		memcpy(order.snapshot, m->snapshot, sizeof(order.snapshot));
		memcpy(order.guid, m->guid, sizeof(order.guid));
		memcpy(order.new_guid, m->new_guid, sizeof(order.new_guid));
		(void)!store_order_send(&order, ORDER_OF_GROUP | group << MEMBER_BITS | i);
	}
	g->state = GROUP_SENT;
	return true;
}

/* One at a time for each pool: the store keeps few orders. */
static bool is_pool_busy(u32 pool)
{
	for (u32 i = 0; i < GROUPS; i++)
		if (groups[i].state == GROUP_SENT && groups[i].pool == pool)
			return true;
	return false;
}

bool groups_send(void)
{
	for (u32 i = 0; i < GROUPS; i++)
		if (groups[i].state == GROUP_DUE && pool_is_usable(groups[i].pool) &&
		    !is_pool_busy(groups[i].pool) && !send(i))
			return false;
	return true;
}

/* ---- answers ---- */

/* What was made before a store died is there when it is ordered again, and what was deleted is not. */
static bool is_made(const struct group *g)
{
	for (u32 i = 0; i < g->count; i++)
		if (makes(g) ? find_guid(g->pool, g->members[i].new_guid) == NULL
			     : g->op != STORE_DELETE || find_guid(g->pool, g->members[i].guid) != NULL)
			return false;
	return true;
}

static bool are_answered(const struct group *g)
{
	for (u32 i = 0; i < g->count; i++)
		if (!g->members[i].is_answered)
			return false;
	return true;
}

void group_take_done(u32 number, u32 error)
{
	u32 member = number & ((1u << MEMBER_BITS) - 1);
	struct group *g = &groups[((number & ~ORDER_OF_GROUP) >> MEMBER_BITS) % GROUPS];

	if (g->state != GROUP_SENT || member >= g->count)
		return;
	g->members[member].is_answered = true;
	if (error != STORE_OK && g->error == STORE_OK)
		g->error = error;
	if (!are_answered(g))
		return;
	g->state = g->is_left && !g->is_unwanted ? GROUP_FREE : GROUP_DONE;
	wipe(g);
	if (is_made(g))
		g->error = STORE_OK;
}

struct volume *groups_unwanted(void)
{
	for (u32 i = 0; i < GROUPS; i++) {
		struct group *g = &groups[i];

		if (g->state != GROUP_DONE || !g->is_unwanted)
			continue;
		for (u32 k = 0; k < g->count; k++) {
			struct volume *v = find_guid(g->pool, g->members[k].new_guid);

			if (v != NULL && !volume_is_in_use(v))
				return v;
		}
		g->state = GROUP_FREE;
	}
	return NULL;
}

/* A revert that nobody waits for is not done behind the back of who was told that it failed. */
void groups_again(void)
{
	for (u32 i = 0; i < GROUPS; i++) {
		struct group *g = &groups[i];

		if (g->state != GROUP_SENT)
			continue;
		g->state = g->is_left && !g->is_unwanted ? GROUP_FREE : GROUP_DUE;
		if (g->state == GROUP_FREE)
			wipe(g);
		g->error = STORE_OK;
		for (u32 k = 0; k < g->count; k++)
			g->members[k].is_answered = false;
	}
}
