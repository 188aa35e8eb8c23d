/* SPDX-License-Identifier: MIT */
/*
 * layout.h - judges what was read from a disk. Nothing of it is used before.
 */
#ifndef VOS_POOL_LAYOUT_H
#define VOS_POOL_LAYOUT_H

#include "pool.h"

/* The checksum of bytes of which the u32 at `crc_at` counts as zero. */
u32 layout_sum(const void *bytes, u32 count, u32 crc_at);

enum pool_status layout_label(const struct pool_label *l, u64 device_sectors);
/* Labels of two members: alike but for what each says of itself, and which disks they are. */
bool layout_is_same_pool(const struct pool_label *a, const struct pool_label *b);
bool layout_super(const struct pool_super *s, const struct pool_label *l);
bool layout_record(const struct pool_log_record *r, const struct pool_super *s, u64 seq);
bool layout_entry(const struct pool_entry *e, const struct pool_label *l, const struct pool_record *v, u32 birth);

/* A node as `ref` names it, with all its entries. */
struct layout_node { enum pool_node_kind kind; u32 level; u64 index; u32 entry_bytes; };
bool layout_node(const struct pool_node *n, const struct pool_ref *ref, const struct layout_node *as,
	const struct pool_label *l);
bool layout_granules(struct pool_node *n, const struct pool_label *l, enum pool_kind kind);
/* A head that is being deleted waits for its snapshots, which are all being deleted. */
bool layout_may_have_head(const struct pool_record *snapshot, const struct pool_record *head);
/* Granules of one can be those of the other. */
bool layout_same_kind(const struct pool_record *a, const struct pool_record *b);
bool layout_volume(const struct pool_record *r, const struct pool_super *s, const struct pool_label *l);

bool layout_name(const char *name, u32 size);
/* Blocks below it hold no data and no nodes. */
u64 layout_first_block(const struct pool_label *l);
/* Blocks of a granule. */
u32 layout_granule_blocks(enum pool_kind kind);
/* Granules that a map of so many levels holds. */
u64 layout_capacity(enum pool_kind kind, u32 levels);
u64 layout_granules_of(enum pool_kind kind, u64 sectors);
u32 layout_levels(enum pool_kind kind, u64 sectors);

#endif
