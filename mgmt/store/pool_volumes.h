/* SPDX-License-Identifier: MIT */
/*
 * pool_volumes.h - what is in a pool, as volumes of the store, and what root is to be told of it.
 */
#ifndef VOS_POOL_VOLUMES_H
#define VOS_POOL_VOLUMES_H

#include "store_pool.h"

#define POOL_RECORD_NAME sizeof(((struct pool_record *)0)->name)

/* What the pool calls a volume, or the snapshot of that name of the volume `head`: the pool's names are unique, those
 * of snapshots only among those of one volume. */
void pool_volumes_name(char full[POOL_RECORD_NAME], const char *name, u32 head);

/* Make volumes of the pool's table, keep those that are the same, drop those that are no more; one that a link has
 * stays, and fails its requests. What differs from what root was told is due to be reported. */
void pool_volumes_sync(struct store_pool *s, u32 slot);

/* The snapshot of that UUID, as a volume until a sync finds it without links. NULL: there is none, or no place. */
struct volume *pool_volumes_snapshot(struct store_pool *s, u32 slot, const u8 guid[STORE_GUID_BYTES]);

/* Links with its volumes wait, or go on: with the pool as it is now. */
void pool_volumes_hold(u32 slot);
void pool_volumes_go_on(struct store_pool *s, u32 slot);

/* None of them is going any more: what was to end it, or to put it back, was answered. */
void pool_volumes_stay(u32 slot);

/* A link has one of them. */
bool pool_volumes_is_used(u32 slot);
/* There are none any more. */
void pool_volumes_drop(struct store_pool *s, u32 slot);

/* What is used has changed by so much that root is to be told. */
void pool_volumes_look(struct store_pool *s, u32 slot);

bool pool_volumes_has_report(const struct store_pool *s);
/* The next one. */
void pool_volumes_report(struct store_pool *s, u32 slot, struct store_report *out);

#endif
