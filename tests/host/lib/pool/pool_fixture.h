/* SPDX-License-Identifier: MIT */
/*
 * pool_fixture.h - one pool on one simulated disk, for single sequences. Included by one test program.
 */
#ifndef POOL_FIXTURE_H
#define POOL_FIXTURE_H

#include "pool_state.h"
#include "sim_disk.h"

#define GRANULE 8u		/* sectors of an integrity volume's granule */
#define LEAF POOL_FANOUT

extern const struct pool_memory memory;
extern struct sim_disk disk;
extern struct pool *pool;
extern enum pool_status opened_as;
extern u8 data[POOL_CHUNK_BLOCKS * POOL_BLOCK];	/* of requests */

/* slice: of the reaper; 0 = as it is. free_pool() is a test's teardown. */
void make_pool(u32 blocks, u32 log_blocks, u32 dirty_max, u32 slice);
int free_pool(void **state);

/* The pool of before, if there was one, is gone as if the power had failed. */
void begin_open(u32 slice);
enum pool_status reopen(void);

/* A request with `data`, to its end. */
enum pool_status request(enum pool_op op, u32 volume, u64 sector, u32 sectors);
void ended(struct pool *p, struct pool_request *r, enum pool_status status);
void commit(void);
void write_granules(u32 volume, u32 from, u32 to);

u32 make_volume(const char *name, enum pool_kind kind, u64 sectors);
u32 snapshot(u32 volume, const char *name);
enum pool_status try_snapshot(u32 volume, const char *name, u32 *id);
struct volume *volume(u32 id);	/* NULL = there is none */
void assert_sound(void);

/* One job, or one io, at a time. False: there is none. */
bool step_pool(void);
void step_until_cursor(const struct volume *v, u64 cursor);
/* A checkpoint in the middle of a deletion, and a power cut after it. */
void commit_and_cut(void);

#endif
