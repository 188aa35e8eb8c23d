/* SPDX-License-Identifier: MIT */
/*
 * entry.h - entries in the leaves of maps: 16 bytes, of encrypted volumes 48.
 */
#ifndef VOS_POOL_ENTRY_H
#define VOS_POOL_ENTRY_H

#include "pool_format.h"

static inline u32 entry_bytes(enum pool_kind kind)
{
	return kind == POOL_ENCRYPTED ? sizeof(struct pool_granule_encrypted) : sizeof(struct pool_granule);
}

/* Entries in a leaf. */
static inline u32 entry_fanout(enum pool_kind kind)
{
	return kind == POOL_ENCRYPTED ? POOL_FANOUT_ENCRYPTED : POOL_FANOUT;
}

/* Of the leaf that has this granule. */
static inline struct pool_granule *entry_granule(struct pool_node *leaf, enum pool_kind kind, u64 granule)
{
	return kind == POOL_ENCRYPTED ? &leaf->encrypted[granule % POOL_FANOUT_ENCRYPTED].g :
		&leaf->granule[granule % POOL_FANOUT];
}

/* NULL: such a volume has none. */
static inline struct pool_seal *entry_seal(struct pool_node *leaf, enum pool_kind kind, u64 granule)
{
	return kind == POOL_ENCRYPTED ? &leaf->encrypted[granule % POOL_FANOUT_ENCRYPTED].seal : NULL;
}

#endif
