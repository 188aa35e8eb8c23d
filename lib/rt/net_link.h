/* SPDX-License-Identifier: MIT */
/*
 * net_link.h - frames in the rings of a network link (net.h). Pure.
 *
 * A producer writes a frame's bytes in pieces of any size, then publishes it. A consumer looks at the next frame, reads
 * its bytes in pieces, then releases it. The ring must be one of NET_RING_BYTES.
 */
#ifndef VOS_NET_LINK_H
#define VOS_NET_LINK_H

#include "net.h"

/* Does the description keep the rules of net.h? */
bool net_frame_ok(const struct net_frame *frame);

/* Producer. False: no room; nothing was written. `frame` keeps the rules. */
bool net_begin(struct ring *r, const struct net_frame *frame);
/* offset + count <= frame->bytes */
static inline void net_write(struct ring *r, u32 offset, const void *bytes, u32 count)
{
	ring_write_ahead(r, (u32)sizeof(struct net_frame) + offset, bytes, count);
}
void net_end(struct ring *r, const struct net_frame *frame);

enum net_next {
	NET_NONE,
	NET_FRAME,
	NET_BROKEN	/* the producer broke a rule: what follows can't be found any more */
};

/* Consumer: a copy of the next frame's description, judged. */
enum net_next net_next(const struct ring *r, struct net_frame *frame);
/* offset + count <= frame->bytes */
static inline void net_read(const struct ring *r, u32 offset, void *bytes, u32 count)
{
	ring_read_ahead(r, (u32)sizeof(struct net_frame) + offset, bytes, count);
}
void net_done(struct ring *r, const struct net_frame *frame);
/* After NET_BROKEN: all that is there is dropped. */
void net_drop_all(struct ring *r);

/* Bytes of the next frame of `from`, from `from_offset` on, into the frame that was begun in `to`. */
static inline void net_copy(const struct ring *from, u32 from_offset, struct ring *to, u32 to_offset, u32 count)
{
	ring_copy_ahead(from, (u32)sizeof(struct net_frame) + from_offset, to,
			(u32)sizeof(struct net_frame) + to_offset, count);
}

#endif
