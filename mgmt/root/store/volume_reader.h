/* SPDX-License-Identifier: MIT */
/*
 * volume_reader.h - reads a volume over a link of root's, a piece at a time, and asks what is written in it. What the
 * store answers is foreign.
 */
#ifndef VOS_VOLUME_READER_H
#define VOS_VOLUME_READER_H

#include "types.h"
#include "volume_link.h"

#define READER_UNIT_BYTES ((u64)BLK_UNIT_SECTORS * BLK_SECTOR_BYTES)
#define READER_MAP_BYTES ((u64)BLK_SURVEY_SECTORS * BLK_SECTOR_BYTES)	/* what one survey tells of; it begins there */
#define READER_DATA_BYTES (256u * 1024u)

struct volume_reader {
	struct volume_link *link;
	u32 since;		/* BLK_SURVEY's */
	bool is_asking, is_map;	/* a request is under way: a survey, or a read */
	bool is_stale;		/* of one that began before: its answer is none */
	bool has_map, has_failed;
	u64 map_at;
	u8 map[BLK_SLOT_BYTES];	/* BLK_UNIT_* */
	u64 data_at;		/* what the window has of the volume */
	u32 data_bytes;
};

/* Also anew, over the same link. */
void volume_reader_begin(struct volume_reader *r, struct volume_link *link, u32 since);
/* The store's answers. To be called first in each turn. */
void volume_reader_turn(struct volume_reader *r);
/* BLK_UNIT_* of the unit at that place of the volume. False: the store is asked, or all has failed. */
bool volume_reader_unit(struct volume_reader *r, u64 at, u8 *bits);
/* Some of the bytes [at, end) of the volume; what is behind its end is zero. Returns how many; 0: the store is asked,
 * or all has failed. */
u32 volume_reader_bytes(struct volume_reader *r, u64 at, u64 end, u8 *to, u32 count);

#endif
