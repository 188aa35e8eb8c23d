/* SPDX-License-Identifier: MIT */
/*
 * make.c - the first blocks of a new pool.
 */
#include <string.h>

#include "layout.h"
#include "range.h"

/* Of 4 MiB, or so many that there is a bit for each. */
static u8 region_shift(u64 blocks)
{
	u8 shift = 10;

	while (blocks >> shift >= POOL_BLOCK * 8)
		shift++;
	return shift;
}

enum pool_status pool_make(const struct pool_spec *spec, u64 device_sectors, struct pool_node *blocks)
{
	struct pool_label *l = (struct pool_label *)blocks;
	struct pool_super *s = (struct pool_super *)&blocks[POOL_SUPER_BLOCK + 1];

	memset(blocks, 0, POOL_LOG_BLOCK * sizeof(*blocks));
	if (!layout_name(spec->name, sizeof(spec->name)))
		return POOL_INVAL;
	*l = (struct pool_label){
		.version = POOL_VERSION, .blocks = min_u64(device_sectors / POOL_BLOCK_SECTORS, POOL_BLOCKS_MAX),
		.log_blocks = spec->log_blocks, .dirty_max = spec->dirty_max, .block_shift = 12, .chunk_shift = 16,
		.member_count = 1, .features = POOL_FEATURE_ENCRYPTED,
	};
	if (spec->is_mirror) {
		l->features |= POOL_FEATURE_MIRROR;
		l->member_count = POOL_MEMBERS;
		l->member_index = spec->member;
		l->region_shift = region_shift(l->blocks);
	}
	memcpy(l->magic, POOL_LABEL_MAGIC, sizeof(l->magic));
	memcpy(l->uuid, spec->uuid, sizeof(l->uuid));
	memcpy(l->member_uuid[0], spec->uuid, sizeof(l->uuid));
	if (spec->is_mirror)
		memcpy(l->member_uuid, spec->member_uuid, sizeof(l->member_uuid));
	strcpy(l->name, spec->name);
	l->crc = layout_sum(l, sizeof(*l), offsetof(struct pool_label, crc));
	*s = (struct pool_super){
		.magic = POOL_SUPER_MAGIC, .generation = 1, .log_seq = 1, .birth = 1, .next_volume = 1,
		.used_blocks = layout_first_block(l),
	};
	memcpy(s->uuid, spec->uuid, sizeof(s->uuid));
	s->crc = layout_sum(s, sizeof(*s), offsetof(struct pool_super, crc));
	return layout_label(l, device_sectors) == POOL_OK ? POOL_OK : POOL_INVAL;
}
