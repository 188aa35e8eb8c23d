/* SPDX-License-Identifier: MIT */
/*
 * write.c - see write.h. Three ways of writing:
 *
 *	in place	a granule of a plain volume that no snapshot has. If all its blocks have been written before,
 *			the map does not change
 *	new, direct	to new blocks from the request's memory
 *	new, bounced	what the request does not cover is read first; what has a checksum is copied, as the request's
 *			memory may change until the device has read it
 *
 * The map changes after the data was written, in memory. The log has it before a flush ends (commit.c).
 */
#include "write.h"

#include <string.h>

#include "crc32c.h"
#include "crypt.h"
#include "layout.h"
#include "map.h"
#include "node.h"
#include "range.h"
#include "read.h"
#include "space.h"
#include "task.h"
#include "volume.h"

struct plan {
	bool in_place, is_bounced;
	u32 mask;		/* blocks that were written before */
	u32 cover, partial;	/* those that are touched, and that are touched in part */
	u32 range;			/* blocks that are written */
};

static struct plan plan_of(const struct pool *p, const struct task *t)
{
	struct plan a = { .cover = task_cover(t), .partial = task_partial(t) };
	bool is_plain = t->volume->r.kind == POOL_PLAIN;
	u32 aside;

	a.mask = pool_place_mask(t->old.place);
	a.in_place = is_plain && map_is_own(t->volume, t->granule, &t->old);
	aside = a.in_place ? 0 : a.mask & ~a.cover;
	a.range = aside != 0 ? task_bits(0, layout_granule_blocks(t->volume->r.kind)) : a.cover;
	a.is_bounced = !is_plain || t->data == NULL || aside != 0 ||
		(a.partial != 0 && (!a.in_place || (a.partial & ~a.mask) != 0 || p->device.block_sectors > 1));
	return a;
}

static struct device_range range_in(u64 block, u32 first, u32 count)
{
	return (struct device_range){ block * POOL_BLOCK_SECTORS + first, count };
}

/* What is kept for overwriting is for what is its own already. */
static struct space_part part_of(const struct pool *p, const struct task *t)
{
	const struct volume *v = t->volume;
	u64 spare = map_is_own(v, t->granule, &t->old) ? 0 : volume_keeps_spare(p, v);

	return (struct space_part){ v->kept_blocks - spare, v->kept_chunks };
}

/* The task begins anew after the next checkpoint, if that may free as many blocks. Others may take them before it: then
 * those have gone on, and it asks again. */
static void wait_for_space(struct pool *p, struct task *t, u32 count)
{
	bool is_kept = part_of(p, t).blocks > 0;	/* what others have taken counts for them only when they end */

	if (!space_may_come(p, count) && !(is_kept && tasks_have_taken(p, t))) {
		t->request->room = min_u64(t->request->room, space_coming(p));
		task_finish(p, t, POOL_NO_SPACE);
		return;
	}
	task_drop(p, t);
	task_restart(t);
	job_wait(&p->commit.space_waiters, &t->job);
	p->commit.wants_checkpoint |= !p->commit.is_frozen;
	job_ready(p, &p->commit.job);
}

static bool take_blocks(struct pool *p, struct task *t)
{
	u32 count = layout_granule_blocks(t->volume->r.kind);

	t->taken = space_take(p, part_of(p, t), count);
	if (t->taken == 0)
		wait_for_space(p, t, count);
	return t->taken != 0;
}

/* The map can change now: there are blocks for the nodes that come in addition, too. */
static bool may_change(struct pool *p, struct task *t)
{
	u32 added;

	if (p->is_failed) {
		task_finish(p, t, POOL_FAILED);
		return false;
	}
	if (!map_has_room(p, t->volume, &t->job))
		return false;
	added = node_added(t->leaf);
	if (added == 0 || space_room(p, part_of(p, t)) >= added)
		return true;
	wait_for_space(p, t, 1);
	return false;
}

/* The map takes what was written. */
static void apply(struct pool *p, struct job *j)
{
	struct task *t = CONTAINER_OF(j, struct task, job);

	if (!may_change(p, t))
		return;
	if (t->taken != 0) {
		space_use(p, t->taken, layout_granule_blocks(t->volume->r.kind));
		t->taken = 0;
	}
	map_set(p, t->leaf, t->granule, &t->new, &t->new_seal);
	map_note(p, t->volume, t->granule, &t->new, &t->new_seal);
	task_finish(p, t, POOL_OK);
}

static void written(struct pool *p, struct job *j)
{
	struct task *t = CONTAINER_OF(j, struct task, job);

	if (!t->io.is_ok) {
		task_finish(p, t, POOL_IO);
		return;
	}
	if (t->new.place == t->old.place) {
		task_finish(p, t, POOL_OK);
		return;
	}
	task_next(t, apply);
	apply(p, j);
}

static void write_direct(struct pool *p, struct task *t)
{
	task_next(t, written);
	task_io(p, t, POOL_IO_WRITE, range_in(pool_place_block(t->new.place), t->first, t->count), t->data);
}

/* The request's data over what was there. */
static void write_bounce(struct pool *p, struct task *t)
{
	u8 *to = t->bounce + (t->first - t->block_first * POOL_BLOCK_SECTORS) * POOL_SECTOR;

	if (t->data != NULL)
		memcpy(to, t->data, t->count * POOL_SECTOR);
	else
		memset(to, 0, t->count * POOL_SECTOR);
	if (t->volume->r.kind == POOL_ENCRYPTED)
		crypt_seal(p, t);
	if (t->volume->r.kind != POOL_PLAIN)
		t->new.crc = crc32c(0, t->bounce, POOL_BLOCK);
	task_next(t, written);
	task_io(p, t, POOL_IO_WRITE, range_in(pool_place_block(t->new.place), t->block_first * POOL_BLOCK_SECTORS,
		t->block_count * POOL_BLOCK_SECTORS), t->bounce);
}

static void old_read(struct pool *p, struct job *j)
{
	struct task *t = CONTAINER_OF(j, struct task, job);

	if (read_end(p, t))
		write_bounce(p, t);
}

static void write_bounced(struct pool *p, struct task *t, const struct plan *a)
{
	t->block_first = (u32)__builtin_ctz(a->range);
	t->block_count = (u32)__builtin_popcount(a->range);
	if ((a->mask & a->range & ~(a->cover & ~a->partial)) == 0) {
		read_clear_unwritten(t);
		write_bounce(p, t);
		return;
	}
	task_next(t, old_read);
	task_io(p, t, POOL_IO_READ, range_in(pool_place_block(t->old.place), t->block_first * POOL_BLOCK_SECTORS,
		t->block_count * POOL_BLOCK_SECTORS), t->bounce);
}

static bool get_ready(struct pool *p, struct task *t, const struct plan *a)
{
	bool is_change = !a->in_place || a->is_bounced || (a->cover & ~a->mask) != 0;

	return task_lock(p, t, is_change ? LOCK_EXCLUSIVE : LOCK_SHARED) &&
		(!a->is_bounced || task_take_bounce(p, t)) && (a->in_place || take_blocks(p, t)) &&
		(t->volume->r.kind != POOL_ENCRYPTED || crypt_take_nonce(p, t));
}

/* Holes that follow a hole need no task: a request over terabytes of them ends soon, and others have their turn. */
static void skip_holes(struct pool *p, const struct task *t)
{
	struct pool_request *r = t->request;
	u64 unit = layout_granule_blocks(t->volume->r.kind) * POOL_BLOCK_SECTORS;
	u64 end = node_hole_end(p, t->volume, t->granule) * unit - r->sector;

	if (end <= r->next)
		return;
	r->next = (u32)min_u64(end, r->sectors);
	if (r->next == r->sectors)
		list_remove(&r->link);
}

/* The leaf of a change; false: the task waits, or has ended. */
static bool find(struct pool *p, struct task *t, bool creates)
{
	struct node *leaf = NULL;
	enum node_found found;

	if (p->is_failed) {
		task_finish(p, t, POOL_FAILED);
		return false;
	}
	found = node_leaf(p, t->volume, t->granule, creates, &t->job, &leaf);
	if (found == NODE_FOUND) {
		task_look(t, leaf);
		task_pin(t, leaf);
		return true;
	}
	if (found == NODE_NONE)
		skip_holes(p, t);
	if (found != NODE_LATER)
		task_finish(p, t, t->job.error);
	return false;
}

void write_begin(struct pool *p, struct job *j)
{
	struct task *t = CONTAINER_OF(j, struct task, job);
	struct plan a;

	if (!find(p, t, true))
		return;
	a = plan_of(p, t);
	if (t->data == NULL && (a.mask & a.cover) == 0) {
		task_finish(p, t, POOL_OK);
		return;
	}
	if (!get_ready(p, t, &a))
		return;
	t->new = t->old;
	t->new.place = pool_place_of(a.in_place ? pool_place_block(t->old.place) : t->taken, a.mask | a.cover);
	if (t->taken != 0)
		t->new.birth = p->super.birth;	/* of a volume with requests no snapshot is made */
	if (a.is_bounced)
		write_bounced(p, t, &a);
	else
		write_direct(p, t);
}

static void unmap(struct pool *p, struct job *j)
{
	static const struct pool_seal none;
	struct task *t = CONTAINER_OF(j, struct task, job);

	if (!may_change(p, t))
		return;
	t->new = (struct pool_granule){ .birth = p->super.birth };
	map_set(p, t->leaf, t->granule, &t->new, &none);
	map_note(p, t->volume, t->granule, &t->new, &none);
	task_finish(p, t, POOL_OK);
}

void unmap_begin(struct pool *p, struct job *j)
{
	struct task *t = CONTAINER_OF(j, struct task, job);

	if (!find(p, t, false))
		return;
	if (t->old.place == 0) {
		skip_holes(p, t);
		task_finish(p, t, POOL_OK);
		return;
	}
	if (!task_lock(p, t, LOCK_EXCLUSIVE))
		return;
	task_next(t, unmap);
	unmap(p, j);
}
