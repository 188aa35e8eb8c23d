/* SPDX-License-Identifier: MIT */
#include "sim_disk.h"

#include <stdlib.h>
#include <string.h>

void sim_disk_make(struct sim_disk *d, u64 sectors)
{
	memset(d, 0, sizeof(*d));
	d->sectors = sectors;
	d->stable = calloc(sectors, POOL_SECTOR);
	d->now = calloc(sectors, POOL_SECTOR);
	d->queue_max = SIM_QUEUE;
	if (d->stable == NULL || d->now == NULL)
		abort();
	/* What was on it before: a block that was never written must not be shown. */
	memset(d->stable, 0xa5, sectors * POOL_SECTOR);
	memset(d->now, 0xa5, sectors * POOL_SECTOR);
}

void sim_disk_free(struct sim_disk *d)
{
	for (u32 i = 0; i < d->writes; i++)
		free(d->write[i].data);
	free(d->stable);
	free(d->now);
}

static void note_write(struct sim_disk *d, struct pool_io *io)
{
	struct sim_write *w = &d->write[d->writes++];

	if (d->writes > SIM_WRITES - 1)
		abort();
	*w = (struct sim_write){ io->sector, io->sectors, malloc(io->sectors * POOL_SECTOR), io, 0 };
	if (w->data == NULL)
		abort();
	memcpy(w->data, io->data, io->sectors * POOL_SECTOR);
}

static bool submit(void *context, struct pool_io *io)
{
	struct sim_disk *d = context;

	if (d->queued == d->queue_max)
		return false;
	if (io->op != POOL_IO_FLUSH && (io->sectors == 0 || io->sector >= d->sectors ||
		io->sectors > d->sectors - io->sector))
		abort();
	d->queue[d->queued++] = (struct sim_queued){ io, ++d->time };
	if (io->op == POOL_IO_WRITE) {
		note_write(d, io);
		if (d->on_write != NULL)
			d->on_write(d);
	}
	return true;
}

struct pool_device sim_device(struct sim_disk *d, u32 block_sectors)
{
	return (struct pool_device){ d, d->sectors, block_sectors, submit };
}

/* One that fails has arrived all the same, or has not. */
static void end_write(struct sim_disk *d, struct pool_io *io, bool is_ok)
{
	for (u32 i = 0; i < d->writes; i++) {
		struct sim_write *w = &d->write[i];

		if (w->io != io)
			continue;
		if (!is_ok && (d->time & 1) != 0) {
			free(w->data);
			memmove(w, w + 1, (--d->writes - i) * sizeof(*w));
			return;
		}
		/* What the memory holds by now, and not what it held at first, may be what arrived. */
		memcpy(d->now + w->sector * POOL_SECTOR, w->data, w->sectors * POOL_SECTOR);
		w->io = NULL;
		w->ended = ++d->time;
		d->writes_done++;
		d->written_sectors += w->sectors;
		return;
	}
	abort();
}

static void end_flush(struct sim_disk *d, u64 submitted)
{
	u32 kept = 0;

	for (u32 i = 0; i < d->writes; i++) {
		struct sim_write *w = &d->write[i];

		if (w->io != NULL || w->ended > submitted) {
			d->write[kept++] = *w;
			continue;
		}
		memcpy(d->stable + w->sector * POOL_SECTOR, w->data, w->sectors * POOL_SECTOR);
		free(w->data);
	}
	d->writes = kept;
	d->flushes_done++;
}

void sim_disk_end(struct sim_disk *d, u32 at)
{
	struct sim_queued q = d->queue[at];
	bool is_ok = d->fail_after != 1;

	memmove(d->queue + at, d->queue + at + 1, (d->queued - at - 1) * sizeof(d->queue[0]));
	d->queued--;
	d->fail_after -= d->fail_after > 1;
	if (q.io->op == POOL_IO_WRITE)
		end_write(d, q.io, is_ok);
	else if (q.io->op == POOL_IO_FLUSH && is_ok)
		end_flush(d, q.submitted);
	else if (q.io->op == POOL_IO_READ && is_ok) {
		memcpy(q.io->data, d->now + q.io->sector * POOL_SECTOR, q.io->sectors * POOL_SECTOR);
		d->reads_done++;
		d->read_sectors += q.io->sectors;
	}
	pool_io_done(d->pool, q.io, is_ok);
}

void sim_disk_cut(struct sim_disk *d)
{
	memcpy(d->now, d->stable, d->sectors * POOL_SECTOR);
	for (u32 i = 0; i < d->writes; i++)
		free(d->write[i].data);
	d->writes = d->queued = d->fail_after = 0;
}

void sim_disk_drain(struct sim_disk *d)
{
	for (pool_run(d->pool); d->queued > 0; pool_run(d->pool))
		sim_disk_end(d, 0);
}

enum pool_status sim_disk_format(struct sim_disk *d, const struct pool_spec *spec)
{
	static struct pool_node blocks[POOL_LOG_BLOCK];
	enum pool_status status = pool_make(spec, d->sectors, blocks);

	memcpy(d->stable, blocks, sizeof(blocks));
	memcpy(d->now, blocks, sizeof(blocks));
	return status;
}
