/* SPDX-License-Identifier: MIT */
/*
 * device.c - the way to the device: requests that it has no room for wait in their order.
 */
#include "pool_state.h"

static void submit(struct pool *p, struct pool_io *io, enum pool_io_op op, struct device_range range, void *data,
	u8 only)
{
	io->op = op;
	io->sector = range.sector;
	io->sectors = range.sectors;
	io->data = data;
	io->only = only;
	list_init(&io->link);
	if (!list_is_empty(&p->io_waiting) || !p->device.submit(p->device.context, io))
		list_insert_before(&p->io_waiting, &io->link);
}

void device_submit(struct pool *p, struct pool_io *io, enum pool_io_op op, struct device_range range, void *data)
{
	submit(p, io, op, range, data, 0);
}

void device_read_member(struct pool *p, struct pool_io *io, u32 member, struct device_range range, void *data)
{
	submit(p, io, POOL_IO_READ, range, data, (u8)(1 + member));
}

void pool_io_done(struct pool *p, struct pool_io *io, bool is_ok)
{
	io->is_ok = is_ok;
	io->done(p, io);
	while (!list_is_empty(&p->io_waiting)) {
		struct pool_io *next = CONTAINER_OF(p->io_waiting.next, struct pool_io, link);

		list_remove(&next->link);
		if (p->device.submit(p->device.context, next))
			continue;
		list_insert_before(p->io_waiting.next, &next->link);
		return;
	}
}
