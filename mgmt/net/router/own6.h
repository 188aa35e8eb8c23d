/* SPDX-License-Identifier: MIT */
/*
 * own6.h - what a router does with IPv6 packets for itself: neighbour discovery, echo, UDP to its services (DNS); the
 * rest is refused (own.h has the same for IPv4). Pure.
 *
 * Fragments and packets with extension headers for the router are dropped: nothing that it serves needs them
 * (RFC 6980 forbids them for neighbour discovery).
 */
#ifndef VOS_OWN6_H
#define VOS_OWN6_H

#include "own.h"
#include "plane6.h"

struct own6 {
	struct plane6 *plane;
	struct own *own;		/* whose services and limits it shares */
};

/* After PLANE_TAKE: the whole frame, which may be written to. */
void own6_take(struct own6 *o, u32 port, const struct net_frame *frame, u8 *bytes, u64 now_ns);

/* UDP to a neighbour whose MAC address is known: `bytes` has the payload behind OWN6_UDP_HEADERS, which are filled in.
 * `from` is an address of `port`. */
#define OWN6_UDP_HEADERS (ETH_BYTES + IPV6_BYTES + UDP_BYTES)
void own6_send(struct own6 *o, u32 port, struct ip6 from, u16 from_port, const struct own_peer *to, u8 *bytes,
	       u32 payload);

#endif
