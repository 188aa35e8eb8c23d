/* SPDX-License-Identifier: MIT */
/*
 * volume.h - the table of volumes.
 */
#ifndef VOS_POOL_VOLUME_H
#define VOS_POOL_VOLUME_H

#include "pool_state.h"

/* NULL = there is none. */
struct volume *volume_of(struct pool *p, u32 id);

/* What was born later at that granule belongs to this volume and newer ones alone: the birth of the snapshot before it.
 * A snapshot that is being deleted counts no more where its granules are done. */
u32 volume_owned_after(const struct volume *v, u64 granule);

/* The next newer snapshot of a snapshot's line, or its head: who may have what a snapshot being deleted has at its
 * cursor. One that is being deleted too, and is further, counts no more. */
struct volume *volume_next(struct pool *p, const struct volume *v);

/* Who is whose snapshot; after each change of the table. False: the records contradict each other. */
bool volumes_relate(struct pool *p);

/* Changes of the table: whether they are possible now; a place, or NULL; a new id; that it was changed. */
enum pool_status volume_may_change(const struct pool *p);
struct volume *volume_unused(struct pool *p);
void volume_table_changed(struct pool *p, const struct volume *v);

bool volume_size_ok(enum pool_kind kind, u64 sectors);

/* Keeps blocks for a thick volume, after each change of its own granules, its size or its flags. */
void volume_keep(struct pool *p, struct volume *v);
/* The part of what is kept for it, if anything, that is for overwriting what it has. */
u64 volume_keeps_spare(const struct pool *p, const struct volume *v);
/* What is kept for volumes that change together: now, and afterwards. */
struct keep_change {
	u64 blocks, chunks, blocks_after, chunks_after;
};
void volume_keep_add(const struct pool *p, struct keep_change *sum, const struct volume *v,
	const struct pool_record *changed);
/* Whether there is room for that: POOL_OK, POOL_NO_SPACE, or POOL_AGAIN: not now. */
enum pool_status volume_may_keep(const struct pool *p, const struct keep_change *sum);

/* The record differs from the disk. */
void volume_changed(struct pool *p, const struct volume *v);

/* A leaf of the tree of volumes. */
void volumes_fill(const struct pool *p, u64 leaf, u8 *bytes);
bool volumes_load(struct pool *p, u64 leaf, const u8 *bytes);

#endif
