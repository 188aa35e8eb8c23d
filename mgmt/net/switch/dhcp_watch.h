/* SPDX-License-Identifier: MIT */
/*
 * dhcp_watch.h - which IPv4 address a DHCP server gives to whom (RFC 2131), as it passes through a switch. Pure; the
 * frame is foreign.
 */
#ifndef VOS_DHCP_WATCH_H
#define VOS_DHCP_WATCH_H

#include "packet.h"

#define DHCP_SEEN_BYTES 640u	/* of a frame: a message has 576 with its headers, or says more (RFC 2131, 2) */

struct dhcp_grant {
	u64 mac;		/* the client's */
	u32 address;
	u32 lease_s;
};

/* May the packet be a server's message to a client? Only the headers of its link were read from `head`. */
bool dhcp_may_grant(const struct packet *p, const u8 *head, u32 frame_bytes);
/* False: it gives nobody an address. `bytes` is the frame's first min(frame_bytes, DHCP_SEEN_BYTES). */
bool dhcp_read_grant(struct dhcp_grant *grant, const u8 *bytes, u32 frame_bytes);

/* The same headers were read to the end: does a client's message name another client than `mac`? */
bool dhcp_is_for_another(const struct packet *p, const u8 *head, u32 frame_bytes, u64 mac);

#endif
