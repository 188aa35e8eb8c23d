/* SPDX-License-Identifier: MIT */
/*
 * crash_world.h - a pool under random requests, and what becomes of it when the power fails.
 */
#ifndef CRASH_WORLD_H
#define CRASH_WORLD_H

#include "check.h"
#include "oracle.h"
#include "sim_crash.h"

#define WORLD_REQUESTS 6u

struct world;

struct world_request {
	struct pool_request r;
	struct world *w;
	struct oracle_volume *v;
	u64 at;			/* of its first sector among those that the oracle has */
	u64 first, count;	/* sectors that get the value */
	u32 value;
	u64 asked;
	bool is_used;
	u8 *data;
};

struct world {
	u64 seed, random;
	struct sim_disk disk;
	struct crash_disk crash;
	struct oracle oracle;
	struct pool *pool;
	struct pool_memory memory;
	void *arena, *second_arena, *check_arena;
	struct world_request request[WORLD_REQUESTS];
	u32 requests_max;
	u32 next_value, next_name;
	bool is_checking;
	u64 states, nested, limit;	/* power cuts tried; of them during recovery; to be tried */
	u32 no_space;		/* requests that were refused for want of room */
	u32 checkpoints, copies, deletions;
	u8 *buffer;
	enum pool_status opened;
};

/* One pool of that seed's size and ways, until so many requests are done or the limit of states is reached. */
void world_run(struct world *w, u64 seed, u32 requests);
void world_make(struct world *w);
void world_free(struct world *w);

#endif
