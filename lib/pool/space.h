/* SPDX-License-Identifier: MIT */
/*
 * space.h - which blocks are free. A run of blocks lies within one chunk.
 *
 *	free -> (space_take_*) given out -> (space_use) used -> (space_free) pending -> (space_settle) free
 *
 * The free map on the disk has the used ones. Pending blocks may be named by what is on the disk, so they are not
 * given out before the next checkpoint is durable.
 */
#ifndef VOS_POOL_SPACE_H
#define VOS_POOL_SPACE_H

#include "pool_state.h"

/* All free, except the fixed area. */
void space_init(struct pool *p);

/* Of what is kept for data of volumes, the part that somebody may take. */
struct space_part { u64 blocks, chunks; };
/* Blocks that may be given: also that part, and nothing else that is kept for data. What is kept for nodes is for who
 * has a part: how many of them each volume has by now is not known, but all that come find room there. */
u64 space_room(const struct pool *p, struct space_part mine);
/* What it will be after the next checkpoint for who has no part. */
u64 space_coming(const struct pool *p);

/* A block, or a chunk, for data; 0 = there is none. */
u64 space_take(struct pool *p, struct space_part mine, u32 count);
/* Whether the next checkpoint may bring what there is none of. */
bool space_may_come(const struct pool *p, u32 count);
/* A block for a node of the pool itself: the reserve is for this. */
u64 space_take_block(struct pool *p);

/* Given out and not needed. */
void space_put_back(struct pool *p, u64 block, u32 count);
void space_use(struct pool *p, u64 block, u32 count);
/* What the disk says is used; false: it is in use already. */
bool space_claim(struct pool *p, u64 block, u32 count);
/* There is room in the limbo list. Blocks that are not used have two owners on the disk: the pool fails. */
void space_free(struct pool *p, u64 block, u32 count);
void space_settle(struct pool *p);

/* Referenced by somebody. */
static inline bool space_is_used(const struct pool *p, u64 block)
{
	return (p->space.used[block / POOL_CHUNK_BLOCKS] >> block % POOL_CHUNK_BLOCKS & 1) != 0;
}

/* A leaf of the free map. */
void space_fill(const struct pool *p, u64 leaf, u8 *bytes);
void space_load(struct pool *p, u64 leaf, const u8 *bytes);

#endif
