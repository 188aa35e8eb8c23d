/* SPDX-License-Identifier: MIT */
/*
 * memory.h - divides the arena.
 */
#ifndef VOS_POOL_MEMORY_H
#define VOS_POOL_MEMORY_H

#include "pool_state.h"

/* NULL: the sizes are malformed. */
struct pool *memory_carve(void *arena, const struct pool_memory *memory, u64 device_sectors);

/* The label is known: sizes of the tables, and the reserve. False: the arena is too small for this pool. */
bool memory_fits(struct pool *p);

#endif
