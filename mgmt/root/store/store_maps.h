/* SPDX-License-Identifier: MIT */
/*
 * store_maps.h - the memory of volumes in RAM and of links where the store has it. h_pd: the store's PD, 0 while it is
 * down: then there is nothing to map or unmap.
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

/* All of it, so that the store never faults for want of memory; or nothing. */
enum status store_map_link(u64 h_pd, u32 link, u64 h_mem) MUST_CHECK;
void store_unmap_link(u64 h_pd, u32 link);

#endif
