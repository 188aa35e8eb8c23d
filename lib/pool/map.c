/* SPDX-License-Identifier: MIT */
/*
 * map.c - see map.h.
 */
#include "map.h"

#include "layout.h"
#include "node.h"
#include "space.h"
#include "volume.h"

/* Entries that fit into the records of one batch. */
static u32 pending_max(const struct entries *e, const struct volume *v)
{
	return e->is_wide || v->r.kind == POOL_ENCRYPTED ? POOL_ENTRIES_ENCRYPTED * POOL_BATCH : POOL_PENDING;
}

bool map_has_room(struct pool *p, const struct volume *v, struct job *j)
{
	struct commit *c = &p->commit;
	/* What a checkpoint frees comes in addition. */
	u32 limbo = p->space.limbo_max - p->space.limbo_count;
	bool is_near = p->dirty_count + POOL_LEVELS_MAX > p->label.dirty_max || limbo <= p->space.reserve;

	bool is_full = c->filling.count >= pending_max(&c->filling, v);

	if (!c->is_frozen && !is_near && !is_full)
		return true;
	c->filling.is_full |= is_full;
	c->wants_checkpoint |= !c->is_frozen && is_near;
	job_wait(&c->room_waiters, j);
	job_ready(p, &c->job);
	return false;
}

bool map_is_own(const struct volume *v, u64 granule, const struct pool_granule *g)
{
	return g->place != 0 && g->birth > volume_owned_after(v, granule);
}

void map_set(struct pool *p, struct node *leaf, u64 granule, const struct pool_granule *new,
	const struct pool_seal *seal)
{
	struct volume *v = leaf->volume;
	struct pool_granule *g = node_granule(leaf, granule);
	bool is_own = map_is_own(v, granule, g);

	if (is_own && pool_place_block(g->place) != pool_place_block(new->place))
		space_free(p, pool_place_block(g->place), layout_granule_blocks(v->r.kind));
	v->r.own = v->r.own - is_own + map_is_own(v, granule, new);
	volume_keep(p, v);
	v->r.mapped = v->r.mapped - (g->place != 0) + (new->place != 0);
	*g = *new;
	if (v->r.kind == POOL_ENCRYPTED)
		*node_seal(leaf, granule) = *seal;
	node_change(p, leaf);
}

void map_note(struct pool *p, struct volume *v, u64 granule, const struct pool_granule *new,
	const struct pool_seal *seal)
{
	struct entries *e = &p->commit.filling;

	v->noted = p->commit.batch;
	e->entry[e->count] = (struct pool_entry_encrypted){
		.e = {
			.granule = granule, .place = new->place, .volume = v->r.id, .birth = new->birth,
			.crc = new->crc, .op = new->place != 0 ? POOL_LOG_MAP : POOL_LOG_HOLE,
		},
	};
	if (v->r.kind == POOL_ENCRYPTED) {
		e->entry[e->count].seal = *seal;
		e->is_wide = true;
	}
	e->count++;
	e->needs_data_flush |= new->place != 0 && v->r.kind == POOL_PLAIN;
}
