/* SPDX-License-Identifier: MIT */
/*
 * volume.h - the table of volumes.
 */
#ifndef VOS_POOL_VOLUME_H
#define VOS_POOL_VOLUME_H

#include "pool_state.h"

/* NULL = there is none. */
struct volume *volume_of(struct pool *p, u32 id);

/* What was born later belongs to this volume alone: its newest snapshot's birth, or that of the snapshot before. */
u32 volume_owned_after(const struct pool *p, const struct volume *v);

/* The record differs from the disk. */
void volume_changed(struct pool *p, const struct volume *v);

/* A leaf of the tree of volumes. */
void volumes_fill(const struct pool *p, u64 leaf, u8 *bytes);
bool volumes_load(struct pool *p, u64 leaf, const u8 *bytes);

#endif
