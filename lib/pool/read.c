/* SPDX-License-Identifier: MIT */
/*
 * read.c - see read.h.
 */
#include "read.h"

#include <string.h>

#include "crc32c.h"
#include "crypt.h"
#include "node.h"
#include "range.h"
#include "task.h"

static struct device_range range_in(const struct task *t, u32 first, u32 count)
{
	return (struct device_range){ pool_place_block(t->old.place) * POOL_BLOCK_SECTORS + first, count };
}

/* The next sector of which the block's bit differs from that of `at`. */
static u32 run_end(const struct task *t, u32 at)
{
	u32 mask = pool_place_mask(t->old.place), end = t->first + t->count, block = at / POOL_BLOCK_SECTORS;
	u32 others = (mask >> block & 1) != 0 ? ~mask : mask;

	others = others >> block << block | BIT32(POOL_CHUNK_BLOCKS);
	return (u32)min_u64(end, (u32)__builtin_ctz(others) * POOL_BLOCK_SECTORS);
}

/* Straight into the request's memory, a run of written blocks at a time. */
static void read_next(struct pool *p, struct job *j)
{
	struct task *t = CONTAINER_OF(j, struct task, job);

	if (!t->io.is_ok) {
		task_finish(p, t, POOL_IO);
		return;
	}
	while (t->at < t->first + t->count) {
		u32 from = t->at;
		u8 *to = t->data + (from - t->first) * POOL_SECTOR;

		t->at = run_end(t, from);
		if (pool_place_mask(t->old.place) >> from / POOL_BLOCK_SECTORS & 1) {
			task_io(p, t, POOL_IO_READ, range_in(t, from, t->at - from), to);
			return;
		}
		memset(to, 0, (t->at - from) * POOL_SECTOR);
	}
	task_finish(p, t, POOL_OK);
}

void read_clear_unwritten(struct task *t)
{
	u32 mask = pool_place_mask(t->old.place);

	for (u32 i = 0; i < t->block_count; i++)
		if ((mask >> (t->block_first + i) & 1) == 0)
			memset(t->bounce + i * POOL_BLOCK, 0, POOL_BLOCK);
}

/* What was read is what was written. */
static bool is_sound(struct pool *p, struct task *t)
{
	if (t->volume->r.kind == POOL_ENCRYPTED)
		return crypt_open(p, t);
	return t->volume->r.kind == POOL_PLAIN || crc32c(0, t->bounce, POOL_BLOCK) == t->old.crc;
}

bool read_end(struct pool *p, struct task *t)
{
	if (!t->io.is_ok) {
		task_finish(p, t, POOL_IO);
		return false;
	}
	if (!is_sound(p, t)) {
		if (!device_reread(p, &t->io, t->old.crc))
			task_finish(p, t, POOL_CORRUPT);
		return false;
	}
	read_clear_unwritten(t);
	return true;
}

static void bounced(struct pool *p, struct job *j)
{
	struct task *t = CONTAINER_OF(j, struct task, job);

	if (!read_end(p, t))
		return;
	memcpy(t->data, t->bounce + (t->first - t->block_first * POOL_BLOCK_SECTORS) * POOL_SECTOR,
		t->count * POOL_SECTOR);
	task_finish(p, t, POOL_OK);
}

static void read_bounced(struct pool *p, struct task *t)
{
	u32 cover = task_cover(t);

	if (!task_take_bounce(p, t))
		return;
	t->block_first = (u32)__builtin_ctz(cover);
	t->block_count = (u32)__builtin_popcount(cover);
	task_next(t, bounced);
	task_io(p, t, POOL_IO_READ, range_in(t, t->block_first * POOL_BLOCK_SECTORS,
		t->block_count * POOL_BLOCK_SECTORS), t->bounce);
}

void read_begin(struct pool *p, struct job *j)
{
	struct task *t = CONTAINER_OF(j, struct task, job);
	struct node *leaf = NULL;
	enum node_found found = node_leaf(p, t->volume, t->granule, false, j, &leaf);

	if (found == NODE_LATER)
		return;
	if (found == NODE_BAD) {
		task_finish(p, t, j->error);
		return;
	}
	task_look(t, found == NODE_FOUND ? leaf : NULL);
	if (t->old.place == 0) {
		memset(t->data, 0, t->count * POOL_SECTOR);
		task_finish(p, t, POOL_OK);
		return;
	}
	if (!task_lock(p, t, LOCK_SHARED))
		return;
	if (t->volume->r.kind != POOL_PLAIN || (task_partial(t) != 0 && p->device.block_sectors > 1)) {
		read_bounced(p, t);
		return;
	}
	t->at = t->first;
	t->io.is_ok = true;
	task_next(t, read_next);
	read_next(p, j);
}
