/* SPDX-License-Identifier: MIT */
/*
 * entries.h - orders that change one entry of a disk's partition table: judged, and carried out on the table in memory.
 */
#ifndef VOS_ENTRIES_H
#define VOS_ENTRIES_H

#include "store.h"
#include "types.h"

/* STORE_DELETE, STORE_UNMARK, STORE_FINISH, STORE_CREATE with STORE_ON_PARTITION, STORE_MARK_POOL, STORE_GROW_POOL.
 * With STORE_OK the table is to be written. */
enum store_error entry_change(u32 disk, const struct store_order *order);

#endif
