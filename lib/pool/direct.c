/* SPDX-License-Identifier: MIT */
/*
 * direct.c - the short way (pool.h): a request that changes nothing of the pool's is told where its data lies, and its
 * owner goes to the device by itself.
 */
#include "map.h"
#include "node.h"
#include "range.h"
#include "volume.h"

#define CHUNK_SECTORS (POOL_CHUNK_BLOCKS * POOL_BLOCK_SECTORS)

/* Judged as in pool_submit(): what is refused here is refused there with its reason. */
static bool may_go(const struct pool *p, const struct volume *v, const struct pool_direct *d)
{
	u64 first = d->sector % CHUNK_SECTORS;

	return p->is_direct && v != NULL && (v->r.flags & POOL_VOLUME_DELETING) == 0 && v->r.kind == POOL_PLAIN &&
		d->sectors != 0 && range_ok(d->sector, d->sectors, v->r.sectors) &&
		range_ok(first, d->sectors, CHUNK_SECTORS) &&
		((first | d->sectors) & (p->device.block_sectors - 1)) == 0;
}

/* In place, and the log has all that the volume's map has. */
static bool may_write(const struct pool *p, const struct volume *v, u64 granule, const struct pool_granule *g)
{
	return !p->is_failed && (v->r.flags & POOL_VOLUME_READ_ONLY) == 0 && map_is_own(v, granule, g) &&
		v->noted <= p->commit.logged;
}

static bool is_written(const struct pool_granule *g, u32 first, u32 last)
{
	u32 cover = (BIT32(last - first + 1) - 1) << first;

	return g->place != 0 && (cover & ~pool_place_mask(g->place)) == 0;
}

bool pool_direct_begin(struct pool *p, struct pool_direct *d)
{
	struct volume *v = volume_of(p, d->volume);
	u32 first = (u32)(d->sector % CHUNK_SECTORS);
	const struct pool_granule *g;
	struct node *leaf;

	if (!may_go(p, v, d))
		return false;
	d->lock.volume = v;
	d->lock.granule = d->sector / CHUNK_SECTORS;
	leaf = node_leaf_cached(p, v, d->lock.granule);
	if (leaf == NULL)
		return false;
	g = node_granule(leaf, d->lock.granule);
	if (!is_written(g, first / POOL_BLOCK_SECTORS, (first + d->sectors - 1) / POOL_BLOCK_SECTORS) ||
	    (d->is_write && !may_write(p, v, d->lock.granule, g)) || !granule_lock(p, &d->lock, LOCK_SHARED))
		return false;
	v->busy++;
	d->place = pool_place_block(g->place) * POOL_BLOCK_SECTORS + first;
	return true;
}

bool pool_direct_end(struct pool *p, struct pool_direct *d)
{
	bool is_awaited = !list_is_empty(&p->lock_waiters);

	d->lock.volume->busy--;
	granule_unlock(p, &d->lock);
	return is_awaited;
}
