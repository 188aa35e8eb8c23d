/* SPDX-License-Identifier: MIT */
/*
 * crash_world.h - a pool under random requests, and what becomes of it when the power fails.
 */
#ifndef CRASH_WORLD_H
#define CRASH_WORLD_H

#include "check.h"
#include "oracle.h"
#include "sim_cipher.h"
#include "sim_crash.h"

#define WORLD_REQUESTS 6u
#define REQUEST_SECTORS 384u

struct world;

struct world_request {
	struct pool_request r;
	struct pool_direct direct;
	struct pool_io io;	/* of the short way */
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
	struct sim_cipher cipher;
	struct pool *pool;
	struct pool_memory memory;
	void *arena, *second_arena, *check_arena;
	struct world_request request[WORLD_REQUESTS];
	u32 requests_max;
	u32 next_value, next_name;
	bool is_checking;
	bool is_failing;	/* the disk has failed, or will: requests may fail until the next power cut */
	u64 states, nested, limit;	/* power cuts tried; of them during recovery; to be tried */
	u32 directs;		/* requests that took the short way */
	u32 no_space;		/* requests that were refused for want of room */
	u64 nonces;		/* granules that were encrypted */
	u32 checkpoints, copies, deletions, reverts, resizes, cuts, failures;
	u8 *buffer;
};

/* One pool of that seed's size and ways, until so many requests are done or the limit of states is reached. */
void world_run(struct world *w, u64 seed, u32 requests);
void world_make(struct world *w);
void world_free(struct world *w);

/* For the files of the world. */
u64 world_next(struct world *w);
u32 world_below(struct world *w, u32 limit);
void __attribute__((format(printf, 2, 3), noreturn)) world_die(struct world *w, const char *format, ...);

/* Where on the volume a sector lies that the oracle has, and how many follow it there. */
static inline u64 world_sector(const struct oracle_volume *v, u64 at)
{
	return at / v->window * v->stride + at % v->window;
}

static inline u32 world_run_at(const struct oracle_volume *v, u64 at)
{
	u64 left = v->window - at % v->window;

	return (u32)(left < REQUEST_SECTORS ? left : REQUEST_SECTORS);
}

bool world_is_busy(const struct world *w, const struct oracle_volume *v, u64 sector, u64 sectors);
struct oracle_volume *world_some_volume(struct world *w);

/* crash_state.c: many of the states that a power cut may leave now, or one; a power cut after which the pool goes on */
void world_try_state(struct world *w, u64 chosen, bool is_torn);
void world_try_states(struct world *w, bool is_newest_in);
void world_cut(struct world *w);

/* crash_table.c */
void world_make_volume(struct world *w);
void world_change_table(struct world *w);

/* Opens the pool that is on the disk. */
void world_open(struct world *w);

#endif
