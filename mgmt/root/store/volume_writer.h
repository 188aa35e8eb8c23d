/* SPDX-License-Identifier: MIT */
/*
 * volume_writer.h - fills a volume over a link of root's, from its begin to its end, in pieces of at most 64 KiB. A
 * piece that is zero is not written where a new volume reads as zeros.
 */
#ifndef VOS_VOLUME_WRITER_H
#define VOS_VOLUME_WRITER_H

#include "error_info.h"
#include "types.h"
#include "volume_link.h"

struct volume_writer {
	struct volume_link *link;
	bool keeps_holes;	/* what is not written reads as zeros */
	u64 at;			/* all before it was taken */
	u64 piece_at, piece_bytes;	/* of the piece that is being filled; seg_count 0: none is */
	u32 seg_count;
	struct blk_seg seg[BLK_SEGS];
	bool is_flushing;
	enum error failure;	/* ERR_IMPORT_...: the volume can't be written */
};

void volume_writer_begin(struct volume_writer *w, struct volume_link *link, bool keeps_holes);
/* Bytes for `offset`, which is not before w->at; what lies between is zero. Returns how many were taken: fewer, if
 * there is no room, before the store has answered. */
u64 volume_writer_put(struct volume_writer *w, u64 offset, const u8 *bytes, u64 count);
/* All was put. True: it is on stable storage. */
bool volume_writer_end(struct volume_writer *w);
/* The store's answers. To be called first in each turn. */
void volume_writer_turn(struct volume_writer *w);

#endif
