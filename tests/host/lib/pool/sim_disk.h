/* SPDX-License-Identifier: MIT */
/*
 * sim_disk.h - a disk with a volatile cache, in memory.
 *
 * A write that was submitted may reach the disk from then on, whole or some of its sectors; it must have done so when a
 * flush ends that was submitted after the write's end.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "pool.h"

#define SIM_WRITES 4096u
#define SIM_QUEUE 64u

struct sim_write {
	u64 sector;
	u32 sectors;
	u8 *data;		/* malloc */
	struct pool_io *io;	/* NULL = it has ended */
	u64 ended;		/* when */
};

struct sim_queued {
	struct pool_io *io;
	u64 submitted;
};

struct sim_disk {
	u64 sectors;
	u8 *stable, *now;	/* after the last flush; as reads see it */
	struct sim_write write[SIM_WRITES];
	u32 writes;		/* not flushed, in the order of their submission */
	struct sim_queued queue[SIM_QUEUE];
	u32 queued, queue_max;	/* queue_max: what it has room for */
	u64 time;
	u64 writes_done, flushes_done, reads_done, read_sectors, written_sectors;
	u32 fail_after;		/* the next io of that number fails, and all after it; 0 = none fails */
	struct pool *pool;
	void (*on_write)(struct sim_disk *d);	/* a write was submitted */
};

void sim_disk_make(struct sim_disk *d, u64 sectors);
void sim_disk_free(struct sim_disk *d);
struct pool_device sim_device(struct sim_disk *d, u32 block_sectors);
/* Ends the io at that place of the queue. */
void sim_disk_end(struct sim_disk *d, u32 at);
/* What was not flushed is lost, and nobody waits for it. */
void sim_disk_cut(struct sim_disk *d);
/* Runs the pool and ends ios, in their order, until nothing is left to do. */
void sim_disk_drain(struct sim_disk *d);
/* A new, empty pool, written and flushed. */
enum pool_status sim_disk_format(struct sim_disk *d, const struct pool_spec *spec);

#endif
