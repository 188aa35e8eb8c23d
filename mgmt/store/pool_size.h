/* SPDX-License-Identifier: MIT */
/*
 * pool_size.h - what a pool of a size has: log, memory. And the first blocks of a new one.
 */
#ifndef VOS_POOL_SIZE_H
#define VOS_POOL_SIZE_H

#include "pool.h"
#include "store.h"
#include "types.h"

#define POOL_NEW_BYTES (POOL_LOG_BLOCK * POOL_BLOCK)	/* of a new pool's first blocks */

struct pool_memory pool_memory_of(u64 sectors);
/* Of the arena; 0: a pool cannot have that size. */
u64 pool_arena_of(u64 sectors);

/* A new pool of that name and GUID. to[POOL_NEW_BYTES]; foreign memory. False: it cannot be. */
bool pool_new(const char *name, const u8 guid[STORE_GUID_BYTES], u64 sectors, u8 *to);

#endif
