/* SPDX-License-Identifier: MIT */
/*
 * net.h - a link between a port's client (a VMM, a router, the driver of a NIC) and its switch: memory that both map,
 * with a byte ring (ring.h) of frames each way.
 *
 * In a ring, a frame is a struct net_frame, then its bytes, then padding up to a multiple of NET_ALIGN. A frame is
 * published whole. Neither side trusts the other: the consumer copies struct net_frame once and judges the copy
 * (net_link.h), and copies what it decides by before it looks at it.
 *
 * Frames may be lost, as on any network: a full ring drops them at its producer, and a switch or a client that is
 * started again goes on at the published indices.
 */
#ifndef VOS_NET_H
#define VOS_NET_H

#include "ring.h"

#define NET_RING_BYTES (512u * 1024u)
#define NET_TO_SWITCH 0u					/* offsets in the link */
#define NET_TO_CLIENT (NET_TO_SWITCH + 4096u + NET_RING_BYTES)
#define NET_LINK_BYTES (2u * (4096u + NET_RING_BYTES))
_Static_assert(RING_BYTES(NET_RING_BYTES) <= 4096u + NET_RING_BYTES, "layout");

#define NET_ALIGN 16u
#define NET_FRAME_MIN 14u	/* an Ethernet header; frames come without padding and check sequence */
#define NET_TAG_BYTES 4u	/* IEEE 802.1Q */
#define NET_FRAME_MAX (14u + NET_TAG_BYTES + 65535u)

#define NET_SEGMENT_MIN 8u	/* Linux: 48 less up to 40 bytes of TCP options */

#define NET_NEEDS_CHECKSUM BIT32(0)	/* the field at checksum_start + checksum_offset holds the sum of the pseudo
					 * header; the checksum is of all bytes from checksum_start on */
#define NET_CHECKSUM_GOOD BIT32(1)	/* the producer has checked it; a switch takes that away */
#define NET_FRAME_FLAGS (BIT32(2) - 1)

/* A TCP segment that is too large for the wire: whoever can't take it cuts it into pieces of segment_bytes. */
enum net_segmenting { NET_WHOLE, NET_TCP4, NET_TCP6, NET_SEGMENTING_COUNT };

struct net_frame {
	u32 bytes;		/* NET_FRAME_MIN .. NET_FRAME_MAX */
	u8 flags;
	u8 segmenting;		/* enum net_segmenting; not NET_WHOLE: with NET_NEEDS_CHECKSUM */
	u16 segment_bytes;	/* of payload, at least NET_SEGMENT_MIN; 0 with NET_WHOLE */
	u16 checksum_start;	/* both 0 without NET_NEEDS_CHECKSUM */
	u16 checksum_offset;
	u32 zero;
};
_Static_assert(sizeof(struct net_frame) == NET_ALIGN, "ABI");

#endif
