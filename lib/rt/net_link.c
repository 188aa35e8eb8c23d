/* SPDX-License-Identifier: MIT */
/*
 * net_link.c - see net_link.h.
 */
#include "net_link.h"

#include "range.h"

static u32 record_bytes(u32 frame_bytes)
{
	return (u32)align_up(sizeof(struct net_frame) + frame_bytes, NET_ALIGN);
}

static bool checksum_ok(const struct net_frame *f)
{
	if ((f->flags & NET_NEEDS_CHECKSUM) == 0)
		return f->checksum_start == 0 && f->checksum_offset == 0;
	return f->checksum_start >= NET_FRAME_MIN &&
	       (u32)f->checksum_start + f->checksum_offset + 2 <= f->bytes;
}

static bool segmenting_ok(const struct net_frame *f)
{
	if (f->segmenting == NET_WHOLE)
		return f->segment_bytes == 0;
	return f->segmenting < NET_SEGMENTING_COUNT && f->segment_bytes >= NET_SEGMENT_MIN &&
	       (f->flags & NET_NEEDS_CHECKSUM) != 0;
}

bool net_frame_ok(const struct net_frame *f)
{
	return f->bytes >= NET_FRAME_MIN && f->bytes <= NET_FRAME_MAX && (f->flags & ~NET_FRAME_FLAGS) == 0 &&
	       f->zero == 0 && checksum_ok(f) && segmenting_ok(f);
}

bool net_begin(struct ring *r, const struct net_frame *frame)
{
	if (ring_room(r) < record_bytes(frame->bytes))
		return false;
	ring_write_ahead(r, 0, frame, sizeof(*frame));
	return true;
}

void net_end(struct ring *r, const struct net_frame *frame)
{
	ring_publish(r, record_bytes(frame->bytes));
}

enum net_next net_next(const struct ring *r, struct net_frame *frame)
{
	u32 used = ring_used(r);

	if (used == 0)
		return NET_NONE;
	if (used < sizeof(*frame))
		return NET_BROKEN;
	ring_read_ahead(r, 0, frame, sizeof(*frame));
	return net_frame_ok(frame) && record_bytes(frame->bytes) <= used ? NET_FRAME : NET_BROKEN;
}

void net_done(struct ring *r, const struct net_frame *frame)
{
	ring_release(r, record_bytes(frame->bytes));
}

void net_drop_all(struct ring *r)
{
	ring_release(r, ring_used(r));
}
