/* SPDX-License-Identifier: MIT */
/*
 * pool_size.h - what a pool of a size has: log, memory. And the first blocks of a new one.
 */
#ifndef VOS_POOL_SIZE_H
#define VOS_POOL_SIZE_H

#include "gpt.h"
#include "pool.h"
#include "store.h"
#include "types.h"

#define POOL_NEW_BYTES (POOL_LOG_BLOCK * POOL_BLOCK)	/* of a new pool's first blocks */

struct pool_memory pool_memory_of(u64 sectors, bool is_mirror);
/* Of the arena; 0: a pool cannot have that size. */
u64 pool_arena_of(u64 sectors, bool is_mirror);

/* A new pool of the partition's name and GUID, or a member of it; zeros for one that takes another's place.
 * to[POOL_NEW_BYTES]; foreign memory. False: it cannot be. */
bool pool_new(const struct gpt_part *part, u64 sectors, u8 *to);

#endif
