/* SPDX-License-Identifier: MIT */
/*
 * survey.c - see survey.h. A step goes through the granules as far as their nodes are in memory, and goes on there once
 * the next node has been read. What is below a node that is not newer than the birth is not looked at.
 */
#include "survey.h"

#include "layout.h"
#include "node.h"
#include "range.h"
#include "task.h"

static u32 granule_sectors(const struct task *t)
{
	return layout_granule_blocks(t->volume->r.kind) * POOL_BLOCK_SECTORS;
}

/* Of the task: its granules from `at` on up to `end`. */
static void mark(struct task *t, u64 end, u32 bits)
{
	u32 all = granule_sectors(t);
	u64 base = t->request->sector / POOL_CHUNK_SECTORS;

	for (; t->granule + t->at < end; t->at++)
		t->request->data[(t->granule + t->at) * all / POOL_CHUNK_SECTORS - base] |= (u8)bits;
}

static u32 bits_of(const struct task *t, const struct pool_granule *g)
{
	bool is_changed = t->request->since == 0 || g->birth > t->request->since;

	return (g->place != 0 ? POOL_UNIT_WRITTEN : 0) | (is_changed ? POOL_UNIT_CHANGED : 0);
}

/* A leaf's, or those of a hole or of an old subtree. False: the task waits, or is finished. */
static bool mark_some(struct pool *p, struct task *t, u64 end)
{
	u64 granule = t->granule + t->at, old_end = granule;
	struct node *leaf = NULL;

	if (t->request->since != 0)
		old_end = node_old_end(p, t->volume, granule, t->request->since);
	if (old_end > granule) {
		mark(t, min_u64(old_end, end), POOL_UNIT_WRITTEN);
		return true;
	}
	switch (node_leaf(p, t->volume, granule, false, &t->job, &leaf)) {
	case NODE_NONE:
		mark(t, min_u64(node_hole_end(p, t->volume, granule), end), POOL_UNIT_CHANGED);
		return true;
	case NODE_FOUND:
		mark(t, granule + 1, bits_of(t, node_granule(leaf, granule)));
		return true;
	case NODE_BAD:
		task_finish(p, t, t->job.error);
		return false;
	default:
		return false;
	}
}

void survey_begin(struct pool *p, struct job *j)
{
	struct task *t = CONTAINER_OF(j, struct task, job);
	u64 end = t->granule + (t->count + granule_sectors(t) - 1) / granule_sectors(t);

	while (t->granule + t->at < end)
		if (!mark_some(p, t, end))
			return;
	task_finish(p, t, POOL_OK);
}
