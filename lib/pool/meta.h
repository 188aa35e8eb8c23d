/* SPDX-License-Identifier: MIT */
/*
 * meta.h - trees whose leaves are made of tables in memory: volumes, free map. Two levels of inner nodes, the root
 * being one; only leaves that changed are written, and the nodes above them.
 */
#ifndef VOS_POOL_META_H
#define VOS_POOL_META_H

#include "pool_state.h"

#define META_LEVELS 3u		/* leaf, inner, root */

static inline void meta_change(struct meta_file *f, u32 leaf)
{
	if (f->leaf_state[leaf] == META_CLEAN)
		f->leaf_state[leaf] = META_DIRTY;
}

/* Gives places on the disk to what is to be written; true: it changed the free map, so ask again, for both files. */
bool meta_place(struct pool *p, struct meta_file *f);

/* The next node to be written, from the leaves to the root: its place, and it in `node`. 0 = there is none any more.
 * `level` and `at` are the cursor, 0 at first. */
u64 meta_next(struct pool *p, struct meta_file *f, u32 *level, u32 *at, struct pool_node *node);

/* All is on the disk. */
void meta_settle(struct meta_file *f);

/* Whether one of its nodes differs from the disk. */
bool meta_is_dirty(const struct meta_file *f);

/* Nodes that the disk does not have yet. */
u32 meta_missing(struct meta_file *f);

/* For reading: the nodes of a level, and their references. */
u32 meta_count(const struct meta_file *f, u32 level);
struct pool_ref *meta_ref(struct meta_file *f, u32 level, u32 at);
/* Takes what was read; false: it is malformed. */
bool meta_load(struct pool *p, struct meta_file *f, u32 level, u32 at, const struct pool_node *node);

#endif
