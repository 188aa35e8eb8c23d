/* SPDX-License-Identifier: MIT */
/*
 * definition_pools.c - see definition_pools.h.
 */
#include "definition_pools.h"

#include "definition_volume.h"
#include "volumes.h"

static bool is_seen[STORE_POOLS_MAX];

struct volume *definition_volume_in(u32 p)
{
	struct volume *v = volume_find(VOLUME_OF_VOS);

	return v != NULL && v->kind == VOLUME_ROW_THIN && v->pool == p && !v->is_making && v->is_there ? v : NULL;
}

const char *definition_pool_with_room(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (pool_is_usable(p) && !pool_at(p)->partition->is_going && !pool_at(p)->is_imported &&
		    pool_at(p)->free_bytes >= DEFINITION_VOLUME_BYTES)
			return pool_at(p)->partition->name;
	return NULL;
}

/* One whose disk is away for a while, as while the store is started again, has been seen. */
static bool is_new(u32 p)
{
	is_seen[p] = is_seen[p] && pool_at(p) != NULL && !pool_at(p)->is_exported;
	return !is_seen[p] && pool_is_usable(p);
}

void definition_pools_note(void)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		is_seen[p] = is_new(p) || is_seen[p];
}

bool definition_pools_are_new(void)
{
	bool is_some = false;

	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		is_some = is_new(p) || is_some;
	return is_some;
}
