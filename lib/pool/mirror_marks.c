/* SPDX-License-Identifier: MIT */
/*
 * mirror_marks.c - see mirror.h: p->super says who is stale; here that gets into the superblocks of the members, both
 * slots of one member after the other. The generation does not change: a sector is written wholly or not at all, so
 * each slot says the old or the new. The source is the first one: a member that was stale must not go on alone, and say
 * that the other is stale, while the other still says so of it.
 */
#include <string.h>

#include "layout.h"
#include "mirror.h"

bool marks_is_super(const struct pool_io *io)
{
	return io->op == POOL_IO_WRITE && io->sector >= POOL_SUPER_BLOCK * POOL_BLOCK_SECTORS &&
		io->sector < (POOL_SUPER_BLOCK + 2) * POOL_BLOCK_SECTORS;
}

static void set_marks(struct pool *p, struct pool_super *s)
{
	memcpy(s->stale_generation, p->super.stale_generation, sizeof(s->stale_generation));
	s->crc = layout_sum(s, sizeof(*s), offsetof(struct pool_super, crc));
}

/* It may have been made before a member failed. */
void marks_take(struct pool *p, struct pool_io *io)
{
	struct mirror *m = p->mirror;
	u32 at = (u32)(io->sector / POOL_BLOCK_SECTORS) - POOL_SUPER_BLOCK;
	struct pool_super *s = (struct pool_super *)io->data;

	set_marks(p, s);
	m->slot[at] = *s;
	m->is_slot[at] = true;
}

bool marks_are_due(const struct mirror *m)
{
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		if (mirror_is_written(m, k) && m->durable[k] != m->version)
			return true;
	return false;
}

static void write_slot(struct pool *p);

static void slot_written(struct pool *p)
{
	p->mirror->mark_slot++;
	write_slot(p);
}

static void flushed(struct pool *p)
{
	struct mirror *m = p->mirror;
	u32 member = m->marking - 1;

	m->marking = 0;
	m->bad |= m->mark_op.bad;
	if (m->mark_op.bad == 0)
		m->durable[member] = m->mark_version;
	mirror_wake(p);
}

static void write_slot(struct pool *p)
{
	struct mirror *m = p->mirror;
	u32 bit = BIT32(m->marking - 1);

	if (m->mark_op.bad != 0) {
		flushed(p);
		return;
	}
	while (m->mark_slot < 2 && !m->is_slot[m->mark_slot])
		m->mark_slot++;
	if (m->mark_slot == 2) {
		m->mark_op.then = flushed;
		mirror_op_start(p, &m->mark_op, bit, POOL_IO_FLUSH, (struct device_range){ 0, 0 }, NULL);
		return;
	}
	set_marks(p, &m->slot[m->mark_slot]);
	memset(m->mark_block, 0, sizeof(*m->mark_block));
	memcpy(m->mark_block, &m->slot[m->mark_slot], sizeof(m->slot[0]));
	m->mark_op.then = slot_written;
	mirror_op_start(p, &m->mark_op, bit, POOL_IO_WRITE, device_blocks(POOL_SUPER_BLOCK + m->mark_slot, 1),
		m->mark_block);
}

void marks_step(struct pool *p)
{
	struct mirror *m = p->mirror;
	u32 member = m->source;

	if (m->marking != 0 || !marks_are_due(m))
		return;
	if (m->durable[member] == m->version)
		member = 1 - member;
	if (mirror_is_active(m, POOL_SUPER_BLOCK * POOL_BLOCK_SECTORS, 2 * POOL_BLOCK_SECTORS))
		return;
	m->marking = member + 1;
	m->mark_version = m->version;
	m->mark_slot = 0;
	m->mark_op.bad = 0;
	write_slot(p);
}
