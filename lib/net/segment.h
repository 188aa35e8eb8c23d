/* SPDX-License-Identifier: MIT */
/*
 * segment.h - what a receiver that can't do it itself is spared of: a checksum that is left to be computed, and a TCP
 * segment that is too large for the wire, cut as a sender would have sent it. Pure.
 *
 * A frame's first bytes, its headers, are a private copy (PACKET_HEAD_BYTES at least, or all). The payload stays where
 * it is: the caller copies the ranges that it is told.
 */
#ifndef VOS_SEGMENT_H
#define VOS_SEGMENT_H

#include "net.h"
#include "packet.h"

struct segment_plan {
	u32 header_bytes;	/* Ethernet to TCP */
	u32 payload_bytes;	/* behind them */
	u32 segment_bytes;	/* of payload in each piece but the last */
	u32 count;		/* pieces */
	u16 network, transport;
	enum net_segmenting kind;
};

/*
 * How to cut a frame whose `segmenting` is not NET_WHOLE. False: its headers are not what it says (another protocol or
 * length, options beyond the frame, fragments, no payload): drop it.
 */
bool segment_plan(struct segment_plan *plan, const struct net_frame *frame, const u8 *head);

/* Bytes of the longest piece, with its headers. */
static inline u32 segment_longest(const struct segment_plan *plan)
{
	return plan->header_bytes +
	       (plan->payload_bytes < plan->segment_bytes ? plan->payload_bytes : plan->segment_bytes);
}

/* Bytes of all pieces, with their headers: less than 2^26. */
static inline u32 segment_wire_bytes(const struct segment_plan *plan)
{
	return plan->count * plan->header_bytes + plan->payload_bytes;
}

/*
 * The headers of piece `i` < count into `header`, which holds a copy of the frame's own: lengths, identification,
 * sequence, flags; the TCP checksum field gets the sum of the pseudo header, as with NET_NEEDS_CHECKSUM. Returns the
 * piece's bytes of payload, which begin at header_bytes + i * segment_bytes of the frame.
 */
u32 segment_headers(const struct segment_plan *plan, u32 i, u8 *header);

#endif
