/* SPDX-License-Identifier: MIT */
/*
 * mirror_regions.c - see mirror.h: a bit for each region of the disk, in block 3 of each member. It is durable before
 * the first write to the region is begun, and is taken out again two checkpoints after the last one: what was written
 * before a checkpoint is on both members when it has ended. A bit too many costs a copy; the block may be written in
 * part, as each of its bits is right or was right.
 */
#include <string.h>

#include "mirror.h"

#define WORDS (REGION_BITS / 64)

static bool set(u64 *bits, u64 region)
{
	bool was = (bits[region / 64] >> region % 64 & 1) != 0;

	bits[region / 64] |= BIT64(region % 64);
	return was;
}

static u64 region_of(const struct pool *p, u64 sector)
{
	return sector / POOL_BLOCK_SECTORS >> p->label.region_shift;
}

static void ended(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->is_regions_busy = false;
	m->bad |= m->region_op.bad;
	if ((mirror_written_bits(m) & ~m->region_members) == 0)	/* nobody has come meanwhile */
		memcpy(m->have, m->region_block, POOL_BLOCK);
	mirror_wake(p);
}

static void written(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->bad |= m->region_op.bad;
	m->region_op.then = ended;
	if (mirror_written_bits(m) == 0)	/* it is broken */
		ended(p);
	else
		mirror_op_start(p, &m->region_op, mirror_written_bits(m), POOL_IO_FLUSH,
			(struct device_range){ 0, 0 }, NULL);
}

static void begin(struct pool *p)
{
	struct mirror *m = p->mirror;

	m->is_regions_busy = true;
	m->region_members = mirror_written_bits(m);
	memcpy(m->region_block, m->want, POOL_BLOCK);
	for (u32 i = 0; i < WORDS; i++)
		m->have[i] &= m->want[i];
	m->region_op.then = written;
	mirror_op_start(p, &m->region_op, mirror_written_bits(m), POOL_IO_WRITE, device_blocks(POOL_REGION_BLOCK, 1),
		m->region_block);
}

bool regions_have(struct pool *p, const struct pool_io *io)
{
	struct mirror *m = p->mirror;
	u64 last = region_of(p, io->sector + io->sectors - 1);
	bool has_all = true;

	if (io->sector < POOL_LOG_BLOCK * POOL_BLOCK_SECTORS)
		return true;
	for (u64 r = region_of(p, io->sector); r <= last; r++) {
		(void)set(m->written, r);
		(void)set(m->want, r);
		has_all = has_all && (m->have[r / 64] >> r % 64 & 1) != 0;
	}
	if (!has_all && !m->is_regions_busy)
		begin(p);
	return has_all;
}

void regions_settle(struct pool *p)
{
	struct mirror *m = p->mirror;

	if (m->state[0] != MEMBER_GOOD || m->state[1] != MEMBER_GOOD)
		return;
	for (u32 i = 0; i < WORDS; i++) {
		m->want[i] = m->written[i] | m->before[i];
		m->before[i] = m->written[i];
		m->written[i] = 0;
	}
	for (const struct list *l = m->active.next; l != &m->active; l = l->next) {
		const struct pool_io *u = CONTAINER_OF(l, struct pair, link)->upper;

		for (u64 r = region_of(p, u->sector); u->op == POOL_IO_WRITE &&
			r <= region_of(p, u->sector + u->sectors - 1); r++) {
			(void)set(m->written, r);
			(void)set(m->want, r);
		}
	}
}
