/* SPDX-License-Identifier: MIT */
/*
 * map.h - changes of a volume's map, in memory; the entries of the log come of them.
 */
#ifndef VOS_POOL_MAP_H
#define VOS_POOL_MAP_H

#include "pool_state.h"

/* Whether a change of the volume's map has room now: in the cache, in the log's buffer, in the limbo list. If not, or
 * while a checkpoint is written, the job waits for the end of a commit, and is to ask again. */
bool map_has_room(struct pool *p, const struct volume *v, struct job *j);

/* Whether nothing but this volume's newest state has that granule. */
bool map_is_own(const struct volume *v, u64 granule, const struct pool_granule *g);

/* Puts `new` in the place of what the leaf has, frees what that was if it was the volume's own, and keeps the accounts.
 * The blocks of the new one are in use already. `seal`: of an encrypted volume. */
void map_set(struct pool *p, struct node *leaf, u64 granule, const struct pool_granule *new,
	const struct pool_seal *seal);

/* Notes the change for the log. */
void map_note(struct pool *p, struct volume *v, u64 granule, const struct pool_granule *new,
	const struct pool_seal *seal);

#endif
