/* SPDX-License-Identifier: MIT */
/*
 * reap.c - gives the blocks of volumes that are being deleted back, a granule at a time.
 *
 * The cursor in the record goes through the granules. What an older snapshot has (births say so), or the next newer one
 * or the head (the same block at the same place), is left alone, also as whole subtrees. What is left alone because a
 * newer one has it belongs to that one from then on: volume_owned_after() looks at the cursor.
 *
 * The entries that are done are taken out of the tree: the tree on the disk names at any time what is in use. The log
 * knows nothing of it: after a power cut the deletion goes on from the last checkpoint.
 */
#include "reap.h"

#include "layout.h"
#include "map.h"
#include "node.h"
#include "range.h"
#include "space.h"
#include "volume.h"

#define SLICE 64u

enum outcome { DONE_SOME, WAITS, FAILED };

static void skip(struct volume *v, u64 granule, u32 level)
{
	u64 size = layout_capacity(v->r.kind, level), end = layout_capacity(v->r.kind, v->r.levels);

	v->r.cursor = (granule / size + 1) * size;
	if (v->r.cursor > end)
		v->r.cursor = end;
}

static enum outcome outcome_of(enum node_found found)
{
	return found == NODE_LATER ? WAITS : FAILED;
}

static enum outcome wait_for_checkpoint(struct pool *p)
{
	p->commit.wants_checkpoint |= !p->commit.is_frozen;
	job_wait(&p->commit.room_waiters, &p->reap.job);
	job_ready(p, &p->commit.job);
	return WAITS;
}

/* Whether the newer one has the same node there. One that it has changed is going to be another; but until a checkpoint
 * has placed it, the newer one's tree on the disk has this one. */
static enum outcome newer_has(struct pool *p, struct volume *newer, u32 level, u64 block, bool *has)
{
	u64 granule = p->reap.volume->r.cursor, index = node_index(p->reap.volume, granule, level);
	struct node_place above = { granule, level + 1, false };
	const struct node *n;
	struct node *parent;
	enum node_found found;

	*has = false;
	if (newer == NULL)
		return DONE_SOME;
	/* One of them was smaller, and has no such node. */
	if (level >= newer->r.levels || granule >= layout_capacity(newer->r.kind, newer->r.levels))
		return DONE_SOME;
	n = node_cached(p, newer, level, index);
	if (n != NULL && n->state == NODE_DIRTY)
		return n->ref.block == block ? wait_for_checkpoint(p) : DONE_SOME;
	if (level + 1 == newer->r.levels) {
		*has = newer->r.root.block == block;
		return DONE_SOME;
	}
	found = node_at(p, newer, &above, &p->reap.job, &parent);
	if (found == NODE_LATER || found == NODE_BAD)
		return outcome_of(found);
	*has = found == NODE_FOUND && parent->bytes->ref[index % POOL_FANOUT].block == block;
	return DONE_SOME;
}

/* The subtree is somebody else's, or empty. */
static void unlink_node(struct pool *p, struct volume *v, struct node *parent, u32 level)
{
	u64 granule = v->r.cursor, index = node_index(v, granule, level);
	struct pool_ref *ref = parent == NULL ? &v->r.root : &parent->bytes->ref[index % POOL_FANOUT];

	if (ref->block != 0) {
		*ref = (struct pool_ref){ .birth = p->super.birth };
		if (parent != NULL)
			node_change(p, parent);
	}
	volume_changed(p, v);
	skip(v, granule, level + 1);
}

/* The granule of the newer one, if it has the same block there. */
static enum outcome newer_granule(struct pool *p, struct volume *newer, u64 granule, pool_place place, bool *has)
{
	struct node *leaf;
	enum node_found found;

	*has = false;
	if (newer == NULL || granule >= layout_capacity(newer->r.kind, newer->r.levels))
		return DONE_SOME;
	found = node_leaf(p, newer, granule, false, &p->reap.job, &leaf);
	if (found == NODE_LATER || found == NODE_BAD)
		return outcome_of(found);
	*has = found == NODE_FOUND && node_granule(leaf, granule)->place != 0 &&
		pool_place_block(node_granule(leaf, granule)->place) == pool_place_block(place);
	return DONE_SOME;
}

static void drop(struct pool *p, struct volume *v, struct volume *newer, struct node *leaf, bool newer_has_it)
{
	u64 granule = v->r.cursor;
	struct pool_granule *g = node_granule(leaf, granule);

	if (g->birth > volume_owned_after(v, granule)) {
		v->r.own--;
		if (!newer_has_it) {
			space_free(p, pool_place_block(g->place), layout_granule_blocks(v->r.kind));
		} else {
			newer->r.own++;
			volume_keep(p, newer);
			volume_changed(p, newer);
		}
	}
	v->r.mapped--;
	*g = (struct pool_granule){ .birth = p->super.birth };
	if (v->r.kind == POOL_ENCRYPTED)
		*node_seal(leaf, granule) = (struct pool_seal){ 0 };
	node_change(p, leaf);
	v->r.cursor++;
}

/* The next granule that the leaf has, or its end. */
static enum outcome reap_leaf(struct pool *p, struct volume *v, struct node *leaf)
{
	u32 fanout = entry_fanout(v->r.kind);
	u64 end = (v->r.cursor / fanout + 1) * fanout;
	struct volume *newer;
	enum outcome outcome;
	bool has;

	while (v->r.cursor < end && node_granule(leaf, v->r.cursor)->place == 0)
		v->r.cursor++;
	volume_changed(p, v);
	if (v->r.cursor == end)
		return DONE_SOME;
	node_pin(leaf);
	newer = volume_next(p, v);
	outcome = newer_granule(p, newer, v->r.cursor, node_granule(leaf, v->r.cursor)->place, &has);
	if (outcome == DONE_SOME)
		drop(p, v, newer, leaf, has);
	node_unpin(p, leaf);
	return outcome;
}

/* Whether the node is looked into. */
static enum outcome is_own_node(struct pool *p, struct volume *newer, struct node *parent, u32 level, bool *is_own)
{
	struct volume *v = p->reap.volume;
	u64 index = node_index(v, v->r.cursor, level);
	const struct pool_ref *ref = parent == NULL ? &v->r.root : &parent->bytes->ref[index % POOL_FANOUT];
	const struct node *n = node_cached(p, v, level, index);
	enum outcome outcome;
	bool has;

	*is_own = true;
	if (n != NULL && n->state == NODE_DIRTY)
		return DONE_SOME;
	*is_own = false;
	if (ref->block == 0 || ref->birth <= volume_owned_after(v, v->r.cursor))
		return DONE_SOME;
	if (parent != NULL)
		node_pin(parent);
	outcome = newer_has(p, newer, level, ref->block, &has);
	if (parent != NULL)
		node_unpin(p, parent);
	*is_own = !has;
	return outcome;
}

static enum outcome reap_once(struct pool *p)
{
	struct volume *v = p->reap.volume, *newer = volume_next(p, v);
	struct node *n = NULL;

	for (u32 level = v->r.levels; level-- > 0;) {
		struct node_place at = { v->r.cursor, level, false };
		enum node_found found;
		bool is_own;
		enum outcome outcome = is_own_node(p, newer, n, level, &is_own);

		if (outcome != DONE_SOME)
			return outcome;
		if (!is_own) {
			unlink_node(p, v, n, level);
			return DONE_SOME;
		}
		found = node_at(p, v, &at, &p->reap.job, &n);
		if (found != NODE_FOUND)
			return outcome_of(found);
	}
	return reap_leaf(p, v, n);
}

/* The record goes when its tree on the disk is empty; what was shared wholly with the newer one is that one's. */
static bool finish(struct pool *p)
{
	struct volume *v = p->reap.volume, *newer = volume_next(p, v);

	if (!nodes_are_clean(p, v) || p->commit.is_frozen || !nodes_forget(p, v)) {
		wait_for_checkpoint(p);
		return false;
	}
	if (newer != NULL) {
		newer->r.own += v->r.own;
		volume_changed(p, newer);
	}
	v->r = (struct pool_record){ 0 };
	v->previous = NULL;
	p->reap.volume = NULL;
	volume_table_changed(p, v);
	return true;
}

static bool is_through(const struct volume *v)
{
	return v->r.cursor >= layout_capacity(v->r.kind, v->r.levels);
}

static bool has_snapshots(const struct pool *p, u32 id)
{
	for (u32 i = 0; i < p->memory.volumes; i++)
		if (p->volume[i].r.id != 0 && p->volume[i].r.head == id)
			return true;
	return false;
}

/* A head comes after its snapshots: what they shared is its own then. */
static struct volume *next_volume(struct pool *p)
{
	for (u32 i = 0; i < p->memory.volumes; i++) {
		struct volume *v = &p->volume[i];

		if (v->r.id != 0 && (v->r.flags & POOL_VOLUME_DELETING) != 0 && !v->is_stuck &&
			!has_snapshots(p, v->r.id))
			return v;
	}
	return NULL;
}

static void step(struct pool *p, struct job *j)
{
	struct reap *r = &p->reap;
	enum outcome outcome = DONE_SOME;

	if (r->volume == NULL)
		r->volume = next_volume(p);
	if (r->volume == NULL || p->is_failed)
		return;
	/* The head writes in place where the cursor was: a power cut must not bring the snapshot back. */
	if (r->volume->deleted_in == p->super.generation) {
		wait_for_checkpoint(p);
		return;
	}
	for (u32 i = 0; i < r->slice && outcome == DONE_SOME && !is_through(r->volume); i++) {
		if (!map_has_room(p, r->volume, j))
			return;
		outcome = reap_once(p);
	}
	if (outcome == WAITS)
		return;
	/* What can't be read can't be freed: the volume stays, and others have their turn. */
	if (outcome == FAILED) {
		r->volume->is_stuck = true;
		r->volume = NULL;
		j->error = POOL_OK;
		job_ready(p, j);
		return;
	}
	if (!is_through(r->volume) || finish(p))
		job_ready(p, j);
}

void reap_init(struct pool *p)
{
	p->reap.slice = SLICE;
	job_init(&p->reap.job, step);
}
