/* SPDX-License-Identifier: MIT */
/*
 * export_stream.c - see export_stream.h. An extent has the units that follow each other and are alike, and ends where a
 * survey ends: so it does not depend on what was asked before.
 */
#include "export_stream.h"

#include <string.h>

#include "range.h"

#define STEPS 64u	/* before others have their turn */

enum unit { UNIT_DATA, UNIT_ZERO, UNIT_SKIP };

void export_stream_begin(struct export_stream *e, u64 disk_bytes, bool is_diff, u64 from)
{
	*e = (struct export_stream){ .disk_bytes = disk_bytes, .is_diff = is_diff, .from = from };
}

/* What the stream has of a unit. False: the reader does not know yet. */
static bool unit_at(const struct export_stream *e, struct volume_reader *r, u64 at, enum unit *unit)
{
	u8 bits;

	if (!volume_reader_unit(r, at, &bits))
		return false;
	if (e->is_diff && (bits & BLK_UNIT_CHANGED) == 0)
		*unit = UNIT_SKIP;
	else if ((bits & BLK_UNIT_WRITTEN) != 0)
		*unit = UNIT_DATA;
	else
		*unit = e->is_diff ? UNIT_ZERO : UNIT_SKIP;
	return true;
}

static void put_head(struct export_stream *e)
{
	e->head_left = EXTENTS_HEAD_BYTES;
}

/* The next run of units that are alike. False: the reader does not know yet. */
static bool next_run(struct export_stream *e, struct volume_reader *r)
{
	u64 last = align_down(e->disk_at, READER_MAP_BYTES) + READER_MAP_BYTES, end = e->disk_at, bytes;
	enum unit first, unit;

	if (!unit_at(e, r, e->disk_at, &first))
		return false;
	do
		end += READER_UNIT_BYTES;
	while (end < last && end < e->disk_bytes && unit_at(e, r, end, &unit) && unit == first);
	bytes = min_u64(end, align_up(e->disk_bytes, EXTENTS_UNIT)) - e->disk_at;
	if (first == UNIT_DATA) {
		extents_put_extent(e->head, e->disk_at, bytes);
		put_head(e);
		e->run_left = bytes;
		return true;
	}
	if (first == UNIT_ZERO) {
		extents_put_zeros(e->head, e->disk_at, bytes);
		put_head(e);
	}
	e->disk_at = end;
	return true;
}

/* What follows the last head and its data. False: the reader does not know yet. */
static bool next_head(struct export_stream *e, struct volume_reader *r)
{
	if (!e->is_begun) {
		extents_put_head(e->head, e->disk_bytes, e->is_diff);
		put_head(e);
		e->is_begun = true;
		return true;
	}
	if (e->disk_at < e->disk_bytes)
		return next_run(e, r);
	extents_put_end(e->head, e->disk_bytes);
	put_head(e);
	e->is_over = true;
	return true;
}

/* Bytes before the first that is wanted are only counted. */
static void skip(struct export_stream *e)
{
	u64 some = min_u64(e->from - e->at, e->head_left != 0 ? e->head_left : e->run_left);

	if (e->head_left != 0) {
		e->head_left -= (u32)some;
	} else {
		e->run_left -= some;
		e->disk_at += some;
	}
	e->at += some;
}

static u32 give_head(struct export_stream *e, u8 *to, u32 count)
{
	count = min_u64(count, e->head_left) == count ? count : e->head_left;
	memcpy(to, e->head + EXTENTS_HEAD_BYTES - e->head_left, count);
	e->head_left -= count;
	return count;
}

static u32 give_data(struct export_stream *e, struct volume_reader *r, u8 *to, u32 count)
{
	u64 end = e->disk_at + e->run_left;

	count = volume_reader_bytes(r, e->disk_at, end, to, (u32)min_u64(count, e->run_left));
	e->disk_at += count;
	e->run_left -= count;
	return count;
}

u32 export_stream_take(struct export_stream *e, struct volume_reader *r, u8 *to, u32 count)
{
	u32 done = 0, some;

	for (u32 i = 0; i < STEPS && done < count; i++) {
		if (e->head_left == 0 && e->run_left == 0) {
			if (e->is_over || !next_head(e, r))
				break;
			continue;
		}
		if (e->at < e->from) {
			skip(e);
			continue;
		}
		some = e->head_left != 0 ? give_head(e, to + done, count - done) :
					   give_data(e, r, to + done, count - done);
		if (some == 0)
			break;
		done += some;
		e->at += some;
	}
	return done;
}
