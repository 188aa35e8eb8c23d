/* SPDX-License-Identifier: MIT */
/*
 * sim_crash.h - a disk as a power cut left it: a base that is not changed, and writes that reached it.
 */
#ifndef SIM_CRASH_H
#define SIM_CRASH_H

#include "sim_disk.h"

#define CRASH_EVENTS 8192u

/* A write, or a flush, which has no data. */
struct crash_event {
	u64 sector;
	u32 sectors;
	const u8 *data;
};

struct crash_disk {
	const u8 *base;
	u64 sectors;
	u8 **copy;		/* of each block that was written */
	u8 *copies;
	u32 copied, copies_max;
	u32 *touched;
	struct crash_event event[CRASH_EVENTS];
	u32 events;
	u8 *bytes;		/* of the events */
	u64 bytes_used, bytes_max;
	struct pool_io *queue[SIM_QUEUE];
	u32 queued;
	u32 fail_after;		/* the next io of that number fails, and all after it; 0 = none fails */
	struct pool *pool;
};

void crash_make(struct crash_disk *c, u64 sectors);
void crash_free(struct crash_disk *c);
/* The base, and nothing else. */
void crash_reset(struct crash_disk *c, const u8 *base);
/* Those of the write's sectors of which `random` has the bit set; ~0 = all of them. */
void crash_write(struct crash_disk *c, u64 sector, u32 sectors, const u8 *data, u64 random);
const u8 *crash_block(const struct crash_disk *c, u64 block);

struct pool_device crash_device(struct crash_disk *c);
/* Runs the pool until nothing is left to do. What it writes is noted in `event`. */
void crash_drain(struct crash_disk *c);

#endif
