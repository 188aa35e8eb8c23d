/* SPDX-License-Identifier: MIT */
/*
 * pool_origins.c - see pool_origins.h.
 */
#include "pool_origins.h"

enum pool_status pool_origins_mark(struct store_pool *s, u32 snapshot)
{
	s->has_origins = true;
	return pool_volume_mark(s->pool, snapshot, POOL_VOLUME_MARKED, true);
}

static bool is_origin(const struct pool_record *r)
{
	u32 flags = r->flags & (POOL_VOLUME_MARKED | POOL_VOLUME_DELETING);

	return r->head != 0 && flags == POOL_VOLUME_MARKED;
}

static bool has_links(u32 slot, u32 number)
{
	const struct volume *v = volume_of_part(slot, number);

	return v != NULL && v->links != 0;
}

/* The pool refuses one that has clones, also as long as they are being deleted. */
bool pool_origins_let_go(struct store_pool *s, u32 slot)
{
	bool is_any = false, has_origins = false;

	for (u32 i = 0; i < STORE_POOL_VOLUMES && s->has_origins; i++) {
		const struct pool_record *r = pool_volume(s->pool, i);

		if (r == NULL || !is_origin(r))
			continue;
		has_origins = true;
		if (!has_links(slot, i + 1))
			is_any = pool_delete(s->pool, &r->id, 1) == POOL_OK || is_any;
	}
	s->has_origins = has_origins;
	return is_any;
}
