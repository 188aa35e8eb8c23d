/* SPDX-License-Identifier: MIT */
/*
 * commit_io.c - see commit_io.h.
 */
#include "commit_io.h"

static void done(struct pool *p, struct pool_io *io)
{
	struct commit *c = &p->commit;

	c->is_bad |= !io->is_ok;
	if (--c->outstanding == 0)
		job_ready(p, &c->job);
}

void commit_io(struct pool *p, struct pool_io *io, enum pool_io_op op, struct device_range range, void *data)
{
	io->done = done;
	p->commit.outstanding++;
	device_submit(p, io, op, range, data);
}

void commit_flush(struct pool *p)
{
	commit_io(p, &p->commit.io[0], POOL_IO_FLUSH, (struct device_range){ 0, 0 }, NULL);
}
