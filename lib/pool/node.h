/* SPDX-License-Identifier: MIT */
/*
 * node.h - the cache of map nodes.
 */
#ifndef VOS_POOL_NODE_H
#define VOS_POOL_NODE_H

#include "entry.h"
#include "pool_state.h"

void nodes_init(struct pool *p);

enum node_found {
	NODE_FOUND,
	NODE_NONE,	/* holes only; not if it may be created */
	NODE_LATER,	/* the job waits, and is to ask again */
	NODE_BAD,	/* j->error says why */
};

/* The node of that level above a granule. With `creates` one is made in memory where there is none: it is clean, and
 * worth nothing until something is put into it. */
struct node_place { u64 granule; u32 level; bool creates; };
enum node_found node_at(struct pool *p, struct volume *v, const struct node_place *at, struct job *j,
	struct node **out);

static inline enum node_found node_leaf(struct pool *p, struct volume *v, u64 granule, bool creates, struct job *j,
	struct node **out)
{
	struct node_place at = { granule, 0, creates };

	return node_at(p, v, &at, j, out);
}

/* Granules below a node of that level, and which of those nodes has a granule. */
u64 node_span(const struct volume *v, u32 level);
u64 node_index(const struct volume *v, u64 granule, u32 level);

/* Of a granule that is a hole: where the holes after it end, as far as is known from memory. */
u64 node_hole_end(struct pool *p, const struct volume *v, u64 granule);

/* The leaf of a granule if it can be used now; it counts as used. NULL: it is not in memory, or is being read. */
struct node *node_leaf_cached(struct pool *p, const struct volume *v, u64 granule);

/* Where what is not newer than that birth ends, if nothing from `granule` on is, as far as is known from memory; else
 * `granule`. Of a volume that differs in nothing from the disk. */
u64 node_old_end(struct pool *p, const struct volume *v, u64 granule, u32 birth);

/* A node if it is in memory. */
struct node *node_cached(struct pool *p, const struct volume *v, u32 level, u64 index);

/* Whether a volume has no node that differs from the disk. */
bool nodes_are_clean(const struct pool *p, const struct volume *v);
/* Nothing of a volume that is clean, and has no tasks, stays in memory; false: a node is being read. */
bool nodes_forget(struct pool *p, const struct volume *v);
/* Makes the map a level higher; what is known of the nodes below stays. False: there is no memory for the new root. */
bool nodes_raise(struct pool *p, struct volume *v);

/* A node with a pin stays in memory. */
void node_pin(struct node *n);
void node_unpin(struct pool *p, struct node *n);

/* Blocks that the next checkpoint needs in addition once node_change() was called. */
u32 node_added(const struct node *n);
/* Makes it and those above it dirty. Not while a checkpoint is written. */
void node_change(struct pool *p, struct node *n);

/* A checkpoint: gives the dirty nodes places, from the leaves up, and their checksums to the nodes above. */
void nodes_place(struct pool *p);
/* All dirty nodes are on the disk. */
void nodes_settle(struct pool *p);

static inline struct pool_granule *node_granule(struct node *leaf, u64 granule)
{
	return entry_granule(leaf->bytes, leaf->volume->r.kind, granule);
}

static inline struct pool_seal *node_seal(struct node *leaf, u64 granule)
{
	return entry_seal(leaf->bytes, leaf->volume->r.kind, granule);
}

#endif
