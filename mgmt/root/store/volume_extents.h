/* SPDX-License-Identifier: MIT */
/*
 * volume_extents.h - what the store tells of disks, their partitions and what is in pools becomes volumes; and what is
 * there no more is forgotten. Pure.
 */
#ifndef VOS_VOLUME_EXTENTS_H
#define VOS_VOLUME_EXTENTS_H

#include "store.h"
#include "volumes.h"

/* The place is free again, and that of its pool, if it is one. */
void volume_forget(struct volume *v);

/* The store has told of a whole disk: a volume of its name and size. NULL: another disk had the name, and a VM has
 * that; or there is no place. */
struct volume *volume_set_disk(u32 slot, const char *name, u64 bytes, u32 block_bytes, u64 identity);
/* VMs have let volumes go. Disks that were refused for their sake are there now; partitions that are lost are volumes
 * no more. */
void volumes_are_let_go(void);
/* A report of the store, STORE_EXTENT: is it possible, and of something that the store has? */
bool extent_is_ok(const struct store_report *report);
/* The store has told of a partition (STORE_EXTENT) of a disk that is there, or of what is in a pool. */
void volume_take_extent(const struct store_report *report);
/* The store has the volume: it was told of one in RAM before, and has told of disks and their parts itself. */
bool volume_is_served(const struct volume *v);
/* The store is another one: it will tell of all partitions anew. */
void volumes_expect_again(void);

#endif
