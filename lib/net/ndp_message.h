/* SPDX-License-Identifier: MIT */
/*
 * ndp_message.h - messages of neighbour discovery (RFC 4861, 4): judged and written. Pure.
 */
#ifndef VOS_NDP_MESSAGE_H
#define VOS_NDP_MESSAGE_H

#include "ipv6.h"

#define ND_HOPS 255u		/* a message with fewer was forwarded, so it comes from elsewhere (6.1, 7.1) */
#define ND_TARGET 8u		/* offset in solicitations and advertisements of neighbours */
#define ND_NEIGHBOUR_BYTES 24u	/* of those, without options */
#define ND_SOLICIT_ROUTER_BYTES 8u
#define ND_FLAGS 4u		/* offset in an advertisement of a neighbour */
#define ND_IS_ROUTER 0x80u
#define ND_IS_SOLICITED 0x40u
#define ND_OVERRIDES 0x20u
#define ND_OPTION_SOURCE 1u
#define ND_OPTION_TARGET 2u
#define ND_OPTION_PREFIX 3u
#define ND_OPTION_MTU 5u
#define ND_OPTION_SERVERS 25u	/* RFC 8106, 5.1 */

/* A message of whose ICMPv6 checksum, code and hop limit nobody needs to be told more. */
struct nd_message {
	struct ip6 from, to;	/* of the IPv6 header */
	struct ip6 target;	/* of those about a neighbour */
	u64 mac;		/* who sent the frame; an option with another address makes the message wrong */
	u8 type, flags;
};

/*
 * From an ICMPv6 packet in a frame: `ip` is its header, `icmp` has `count` bytes. False: it is not one that a router
 * reads (solicitations, and advertisements of neighbours), or the rules of 6.1.1, 7.1.1 or 7.1.2 are broken.
 */
bool nd_read(struct nd_message *m, const u8 *frame, const u8 *ip, const u8 *icmp, u32 count);

/* Ethernet and IPv6 headers of a message of `count` bytes that begins at ETH_BYTES + IPV6_BYTES, and its checksum. */
void nd_finish(u8 *frame, u64 from_mac, u64 to_mac, struct ip6 from, struct ip6 to, u32 count);
/* An option with a MAC address; returns its bytes. */
u32 nd_put_mac(u8 *out, u8 option, u64 mac);

/* An IPv6 header in front of `payload` bytes. */
void ipv6_header_write(u8 *ip, u8 protocol, u8 hops, struct ip6 from, struct ip6 to, u32 payload);

#endif
