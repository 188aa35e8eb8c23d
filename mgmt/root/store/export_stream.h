/* SPDX-License-Identifier: MIT */
/*
 * export_stream.h - a volume as a stream of extents (lib/image/extents.h), from any offset of the stream on: what a
 * snapshot is written as is always the same stream. What lies before the offset is counted, and not read.
 */
#ifndef VOS_EXPORT_STREAM_H
#define VOS_EXPORT_STREAM_H

#include "extents.h"
#include "types.h"
#include "volume_reader.h"

struct export_stream {
	u64 disk_bytes;
	bool is_diff;		/* only what has changed */
	u64 at, from;		/* of the stream: what comes next, and what the first byte to be given is */
	u64 disk_at;		/* of the disk: what is not in the stream before `at` */
	u64 run_left;		/* of the extent: bytes that follow, from disk_at on */
	u8 head[EXTENTS_HEAD_BYTES];
	u32 head_left;		/* bytes of it at its end that follow first */
	bool is_begun, is_over;
};

void export_stream_begin(struct export_stream *e, u64 disk_bytes, bool is_diff, u64 from);
/* The next bytes, at most `count`. Returns how many; 0: the reader has asked the store, or has failed, or it is over,
 * or it is to be called again. */
u32 export_stream_take(struct export_stream *e, struct volume_reader *r, u8 *to, u32 count);

#endif
