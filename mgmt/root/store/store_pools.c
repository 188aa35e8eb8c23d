/* SPDX-License-Identifier: MIT */
/*
 * store_pools.c - see store_pools.h.
 */
#include "store_pools.h"

#include <stdio.h>
#include <string.h>

#include "key_image.h"
#include "object_set.h"
#include "pool_groups.h"
#include "pool_members.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "store_maps.h"

/* What there is no memory for waits for the next store. */
static bool give_arena(u64 h_pd, u32 p)
{
	struct pool *pool = pool_at(p);
	enum status st = store_add_arena(h_pd, p, pool->arena_bytes, &pool->h_arena);

	if (st == ST_OK)
		return true;
	pool->state = POOL_HAS_FAILED;
	pool->error = STORE_ARENA;
	rt_log("root: no memory for pool %s: %lu KiB (status %u)", pool->partition->name,
	       (unsigned long)(pool->arena_bytes / KIB), (unsigned)st);
	return false;
}

static void drop_arena(u64 h_pd, u32 p)
{
	store_drop_arena(h_pd, p, pool_at(p)->arena_bytes, pool_at(p)->h_arena);
	pool_at(p)->h_arena = 0;
}

/* Of a member that is to join pool p. */
static bool order_join(u32 p, struct store_order *out)
{
	for (u32 k = 0; k < STORE_MEMBERS; k++) {
		const struct volume *v;

		if (!pool_join_is_due(p, k))
			continue;
		v = pool_at(p)->member[k];
		*out = (struct store_order){ .op = STORE_JOIN, .link = p, .slot = v->slot,
			.flags = v->is_joining ? STORE_FORCED : 0 };
		memcpy(out->guid, v->guid, sizeof(out->guid));
		return true;
	}
	return false;
}

bool store_pools_has_order(enum store_op op)
{
	return op == STORE_OPEN_POOL || op == STORE_CLOSE_POOL || op == STORE_MARK_POOL ||
	       op == STORE_JOIN || op == STORE_GROW_POOL;
}

/* 0: none. */
static u32 due_op(u64 h_pd, u32 p)
{
	const struct pool *pool = pool_at(p);

	if (pool_close_is_due(p))
		return STORE_CLOSE_POOL;
	if (pool == NULL || !disk_at(pool->partition->slot)->is_there)
		return 0;
	if (pool_mark_is_due(p))
		return STORE_MARK_POOL;
	if (pool->grow == POOL_GROW_DUE)
		return STORE_GROW_POOL;
	return pool_open_is_due(p) && (pool->h_arena != 0 || give_arena(h_pd, p)) ? STORE_OPEN_POOL : 0;
}

bool store_pools_order(u64 h_pd, u32 *p, struct store_order *out)
{
	for (; *p < STORE_POOLS_MAX; ++*p) {
		const struct pool *pool = pool_at(*p);
		u32 op = due_op(h_pd, *p);
		const struct volume *part;

		if (order_join(*p, out))
			return true;
		if (op == 0)
			continue;
		part = op == STORE_MARK_POOL ? pool_mark_part(*p) : pool->partition;
		*out = (struct store_order){ .op = op, .link = *p, .slot = part->slot,
			.bytes = pool->arena_bytes, .flags = op == STORE_MARK_POOL ? pool->mark_flags :
				op == STORE_OPEN_POOL && pool->is_forced ? STORE_FORCED : 0 };
		if (op == STORE_MARK_POOL)
			memcpy(out->volume, pool->mark_name, sizeof(pool->mark_name));
		else
			memcpy(out->volume, pool->partition->name, sizeof(out->volume));
		memcpy(out->guid, part->guid, sizeof(out->guid));
		return true;
	}
	return false;
}

void store_pools_sent(u32 p, const struct store_order *order)
{
	enum store_op op = (enum store_op)order->op;

	if (op == STORE_JOIN)
		pool_join_sent(p, store_member(order->guid));
	else if (op == STORE_MARK_POOL)
		pool_at(p)->mark = POOL_MARK_SENT;
	else if (op == STORE_GROW_POOL)
		pool_at(p)->grow = POOL_GROW_SENT;
	else
		pool_at(p)->state = op == STORE_OPEN_POOL ? POOL_IS_OPENING : POOL_IS_CLOSING;
	if (op == STORE_OPEN_POOL)
		pool_members_opening(p);
}

/* By what has unlocked it before, or by a boot module of its name and ".key". */
static void unlock(u32 p)
{
	struct pool *pool = pool_at(p);
	char name[IMAGE_NAME_BYTES];
	const struct image *image;

	if (pool->key != POOL_KEY_LOCKED)
		return;
	snprintf(name, sizeof(name), "%s.key", pool->partition->name);
	image = image_find(&root.images, name, false);
	if (pool->way == 0 && image != NULL && !image->is_uploaded &&
	    key_image_secret(image, pool->secret) == ST_OK)
		pool->way = STORE_KEY_FILE;
	if (pool->way != 0 && !group_unlock(p, pool->way, pool->secret))
		rt_log("root: pool %s stays locked: unlock-pool it", pool->partition->name);
}

static struct volume *marked(u32 p, u32 error)
{
	if (pool_at(p)->mark != POOL_MARK_SENT)
		return NULL;
	pool_marked(p, error);
	return pool_at(p)->partition;
}

static struct volume *grown(u32 p, u32 error)
{
	if (pool_at(p)->grow != POOL_GROW_SENT)
		return NULL;
	pool_grown(p, error);
	if (error == STORE_OK)
		rt_log("root: the partition of pool %s is larger: the store is started again",
		       pool_at(p)->partition->name);
	return pool_at(p)->partition;
}

struct volume *store_pools_done(u64 h_pd, u32 p, enum store_op op, u32 error)
{
	struct pool *pool = pool_at(p);

	if (op == STORE_JOIN && pool != NULL) {
		pool_join_done(p, error);
		pools_elect();
		return pool->partition;
	}
	if (pool != NULL && op == STORE_MARK_POOL)
		return marked(p, error);
	if (pool != NULL && op == STORE_GROW_POOL)
		return grown(p, error);
	if (pool == NULL || pool->state != (op == STORE_OPEN_POOL ? POOL_IS_OPENING : POOL_IS_CLOSING))
		return NULL;
	pool->is_forced = false;
	if (op == STORE_CLOSE_POOL && error != STORE_OK && pool->mark == POOL_MARK_DUE)
		pool_mark_done(p, error);	/* it stays open, and what it is */
	if ((op == STORE_OPEN_POOL) == (error == STORE_OK)) {
		pool->state = POOL_IS_OPEN;
		unlock(p);
	} else {
		bool is_late = op == STORE_OPEN_POOL && error == STORE_MISSING && pool_members_have_come(p);

		pool->error = error;
		if (error == STORE_MISSING && !is_late)
			rt_log("root: pool %s waits for its other disk, which may have more; open-pool uses it without",
			       pool->partition->name);
		pool->state = op == STORE_OPEN_POOL && !is_late ? POOL_HAS_FAILED : POOL_IS_CLOSED;
		drop_arena(h_pd, p);
	}
	return pool->partition;
}

static void tell_member(u32 p, u32 member, enum pool_member_news news)
{
	const char *name = pool_at(p)->partition->name, *on = pool_member_on(p, member);

	if (news == MEMBER_IS_LOST)
		rt_log("root: pool %s is degraded: it goes on with disk %s alone%s%s", name,
		       pool_member_on(p, 1 - member), on[0] != '\0' ? ", without " : "", on);
	else if (news == MEMBER_IS_COPIED_TO)
		rt_log("root: pool %s is being copied to disk %s", name, on);
	else
		rt_log("root: pool %s is in sync on disk %s", name, on);
}

void store_pools_warn(u32 p)
{
	u32 percent = pool_warning(p), member;
	enum pool_member_news news;

	while (pool_member_news(p, &member, &news))
		tell_member(p, member, news);
	if (percent != 0)
		rt_log("root: pool %s is %u %% full: %lu MiB are free", pool_at(p)->partition->name, (unsigned)percent,
		       (unsigned long)(pool_at(p)->free_bytes / MIB));
}

void store_pools_drop(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (pool_at(p) != NULL && pool_at(p)->h_arena != 0)
			drop_arena(0, p);
}

u64 store_pools_bytes(void)
{
	u64 sum = 0;

	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (pool_at(p) != NULL)
			sum += object_bytes(pool_at(p)->h_arena);
	return sum;
}
