/* SPDX-License-Identifier: MIT */
/*
 * extents.h - the contents of a disk as a stream of bytes, without its holes: what a program and VOS send each other.
 * Pure.
 *
 *	head     "VOSDISK1", u64 size of the disk
 *	extent   u64 offset, u64 bytes, that many bytes; offsets grow, and both are multiples of EXTENTS_UNIT
 *	end      u64 size of the disk, u64 0
 *
 * A diff says how a disk differs from an older state of it: its head is "VOSDIFF1", and
 *
 *	zeros    u64 offset, u64 bytes + 2^63: that many bytes are zero now
 *
 * All numbers are little endian. What no extent names is zero, in a diff as it was. The last extent may end behind the
 * disk's end, by less than EXTENTS_UNIT, with zeros.
 */
#ifndef VOS_EXTENTS_H
#define VOS_EXTENTS_H

#include "status.h"
#include "types.h"

#define EXTENTS_UNIT 4096u
#define EXTENTS_HEAD_BYTES 16u		/* of the head, of an extent and of the end */
#define EXTENTS_MAX_BYTES (1ull << 50)	/* of a disk */

/* Into out[EXTENTS_HEAD_BYTES]. */
void extents_put_head(u8 *out, u64 disk_bytes, bool is_diff);
void extents_put_extent(u8 *out, u64 offset, u64 bytes);
void extents_put_zeros(u8 *out, u64 offset, u64 bytes);
void extents_put_end(u8 *out, u64 disk_bytes);

/* ---- Reading: any number of bytes at a time ---- */

enum extents_state { EXTENTS_MORE, EXTENTS_DATA, EXTENTS_ZEROS, EXTENTS_END, EXTENTS_BAD };

struct extents {
	u64 disk_bytes;		/* 0: the head has not come yet */
	u64 offset, left;	/* of the extent: where its next byte belongs, and how many are to come */
	u64 behind;		/* the next extent does not begin before */
	u8 head[EXTENTS_HEAD_BYTES];
	u32 head_count;
	u64 zeros;		/* EXTENTS_ZEROS: how many, from `offset` on */
	bool is_over, is_bad;
	bool takes_diff;	/* set after extents_init: a diff is not malformed */
	bool is_diff;
};

void extents_init(struct extents *e);
/*
 * What comes next in bytes[0, count): EXTENTS_DATA: *used bytes are data for `offset`, and are consumed when
 * extents_took is called, all or the first of them. EXTENTS_MORE: *used bytes of heads were consumed.
 * EXTENTS_ZEROS: of a diff, likewise, and the last of them were zeros.
 * EXTENTS_END: they were, and the stream is complete. Bytes behind it make it EXTENTS_BAD, as does all that is
 * malformed.
 */
enum extents_state extents_next(struct extents *e, const u8 *bytes, u64 count, u64 *used) MUST_CHECK;
void extents_took(struct extents *e, u64 count);

#endif
