/* SPDX-License-Identifier: MIT */
/*
 * mirror_io.c - see mirror.h: the way to the members. What ends wakes the mirror's job, which goes on with all that
 * waits.
 */
#include "mirror.h"

void mirror_wake(struct pool *p)
{
	job_ready(p, &p->mirror->job);
}

static void member_submit(struct mirror *m, u32 member, struct pool_io *io)
{
	list_init(&io->link);
	if (!list_is_empty(&m->waiting[member]) || !m->below[member].submit(m->below[member].context, io))
		list_insert_before(&m->waiting[member], &io->link);
}

void mirror_retry(struct mirror *m, u32 member)
{
	while (!list_is_empty(&m->waiting[member])) {
		struct pool_io *io = CONTAINER_OF(m->waiting[member].next, struct pool_io, link);

		list_remove(&io->link);
		if (m->below[member].submit(m->below[member].context, io))
			continue;
		list_insert_before(m->waiting[member].next, &io->link);
		return;
	}
}

void mirror_send(struct mirror *m, struct pool_io *io, u32 member, enum pool_io_op what, struct device_range range,
	void *data)
{
	io->op = what;
	io->sector = range.sector;
	io->sectors = range.sectors;
	io->data = data;
	member_submit(m, member, io);
}

static void op_done(struct pool *p, struct pool_io *io)
{
	struct mirror *m = p->mirror;
	struct mirror_op *ops[] = { &m->mark_op, &m->region_op, &m->copy_op, &m->compare_op, &m->open_op };

	for (u32 i = 0; i < ARRAY_COUNT(ops); i++)
		for (u32 k = 0; k < POOL_MEMBERS; k++) {
			struct mirror_op *op = ops[i];

			if (io != &op->io[k])
				continue;
			if (!io->is_ok)
				op->bad |= BIT32(k);
			mirror_retry(m, k);
			if (--op->left == 0)
				op->then(p);
			return;
		}
}

void mirror_op_start(struct pool *p, struct mirror_op *op, u32 members, enum pool_io_op what, struct device_range range,
	void *data)
{
	op->bad = 0;
	op->left = (u32)__builtin_popcount(members);
	for (u32 k = 0; k < POOL_MEMBERS; k++)
		if ((members >> k & 1) != 0) {
			op->io[k].done = op_done;
			mirror_send(p->mirror, &op->io[k], k, what, range, data);
		}
}

bool mirror_is_active(const struct mirror *m, u64 sector, u32 sectors)
{
	for (const struct list *l = m->active.next; l != &m->active; l = l->next) {
		const struct pool_io *u = CONTAINER_OF(l, struct pair, link)->upper;

		if (u->op == POOL_IO_WRITE && u->sector < sector + sectors && sector < u->sector + u->sectors)
			return true;
	}
	return false;
}
