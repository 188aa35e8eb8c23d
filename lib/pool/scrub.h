/* SPDX-License-Identifier: MIT */
/*
 * scrub.h - reads what an open pool has on its disk, beside its requests, and judges it: label, superblock, the nodes
 * of the tables and of all maps; with_data also the data, that with a checksum against it. What several have is read
 * once.
 *
 * One transfer at a time, so that requests have the disk. What changes meanwhile is judged as it is then. That no block
 * is lost or used twice is for pool_check(), of a pool that nobody has open.
 */
#ifndef VOS_POOL_SCRUB_H
#define VOS_POOL_SCRUB_H

#include "check.h"
#include "pool.h"

struct pool_scrub {
	/* the caller's; good until done() */
	void *context;
	bool with_data;
	/* CHECK_READ, CHECK_LABEL, CHECK_SUPER, CHECK_NODE, CHECK_FREE, CHECK_DATA; `id` is the volume's, or 0 */
	void (*found)(struct pool *p, struct pool_scrub *s, enum check_fault fault, u64 block, u32 id);
	/* POOL_OK: it is through, whatever it found. POOL_FAILED: the pool failed meanwhile */
	void (*done)(struct pool *p, struct pool_scrub *s, enum pool_status status);
	/* results */
	u64 blocks, faults;	/* blocks that were read */
};

/* Of a mirror that is recovered, and not open yet: what has a checksum and may differ on its members is read from both.
 * The source gets what only the other has right. Label and tables were read before. */
void scrub_resync(struct pool *p, struct pool_scrub *s);
/* Of an open pool. POOL_AGAIN: one is under way. */
enum pool_status pool_scrub_begin(struct pool *p, struct pool_scrub *s);
/* How much of the volumes is done, 0 .. 100. */
u32 pool_scrub_percent(const struct pool *p);

#endif
