/* SPDX-License-Identifier: MIT */
/*
 * store_maps.h - the memory of volumes in RAM, of pools and of links where the store has it. h_pd: the store's PD, 0
 * while it is down: then there is nothing to map or unmap.
 */
#ifndef VOS_STORE_MAPS_H
#define VOS_STORE_MAPS_H

#include "status.h"
#include "types.h"
#include "volumes.h"

/* A new memory for that volume, mapped. On a failure it has none. */
enum status store_add_ram(u64 h_pd, struct volume *v) MUST_CHECK;
enum status store_map_ram(u64 h_pd, const struct volume *v) MUST_CHECK;
/* Unmapped, and no more. */
void store_drop_ram(u64 h_pd, const struct volume *v);

/* Memory of all volumes in RAM. */
u64 store_ram_bytes(void);

/* The arena of pool p: all of it is granted. */
enum status store_add_arena(u64 h_pd, u32 p, u64 bytes, u64 *h_mem) MUST_CHECK;
void store_drop_arena(u64 h_pd, u32 p, u64 bytes, u64 h_mem);

/* All of it, so that the store never faults for want of memory; or nothing. */
enum status store_map_link(u64 h_pd, u32 link, u64 h_mem) MUST_CHECK;
void store_unmap_link(u64 h_pd, u32 link);

/* The link with the driver of a disk, if there is one. */
enum status store_map_disk(u64 h_pd, u32 slot, bool *is_mapped) MUST_CHECK;

#endif
