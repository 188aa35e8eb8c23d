/* SPDX-License-Identifier: MIT */
/*
 * definition_pools.h - pools as places for definitions, and for the disks that these name.
 */
#ifndef VOS_DEFINITION_POOLS_H
#define VOS_DEFINITION_POOLS_H

#include "pools.h"

struct volume;

/* The volume with definitions of that pool, if it has a row. */
struct volume *definition_volume_in(u32 p);
/* The first pool that takes one; NULL = none does. */
const char *definition_pool_with_room(void);

/* What can be applied now is. / A pool is open that was not then: definitions may have waited for it. */
void definition_pools_note(void);
bool definition_pools_are_new(void);

#endif
