/* SPDX-License-Identifier: MIT */
/*
 * capture.c - see capture.h.
 */
#include "capture.h"

#include "range.h"

/* As much of a piece as is wanted. */
static void put(struct ring *to, u32 *at, u32 end, const u8 *bytes, u32 count)
{
	count = (u32)min_u64(count, end - *at);
	if (count != 0)
		net_write(to, *at, bytes, count);
	*at += count;
}

u32 capture_write(struct ring *to, const struct captured *c, u32 snap_bytes, u64 time_ns)
{
	const struct capture_record record = { .time_ns = time_ns, .bytes = c->bytes };
	u32 at = sizeof(record), end = at + (u32)min_u64(c->bytes, snap_bytes);
	const struct net_frame frame = { .bytes = end };

	if (!net_begin(to, &frame))
		return 0;
	net_write(to, 0, &record, at);
	put(to, &at, end, c->start, c->start_bytes);
	put(to, &at, end, c->head, c->head_bytes);
	if (end != at)
		net_copy(c->rest, c->rest_at, to, at, end - at);
	net_end(to, &frame);
	return end;
}
