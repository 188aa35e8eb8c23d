/* SPDX-License-Identifier: MIT */
/*
 * own.h - what a router does with packets for itself: it answers an echo (RFC 1122, 3.2.2.6), hands UDP to its services
 * (DHCP, DNS), and refuses the rest from inside. To the outside it answers echoes alone. Pure.
 *
 * Fragments for the router are dropped: nothing that it serves needs them.
 */
#ifndef VOS_OWN_H
#define VOS_OWN_H

#include "plane.h"

#define ECHO_RATE 1000u		/* answers a second, to one station */

/* A UDP packet for the router, whole, its checksum judged. */
struct own_udp {
	u32 port;		/* that it came through */
	u32 from, to;		/* 0: it is one of IPv6 */
	struct ip6 from6, to6;	/* the same, or mapped ones */
	u16 from_port, to_port;
	u64 mac;		/* of who sent the frame */
	const u8 *payload;
	u32 count;
	u64 now_ns;
};

struct own {
	struct plane *plane;
	struct reply_limits echoes;
	/* True: some service knows that port, and took it. */
	bool (*udp)(void *context, const struct own_udp *u);
	void *context;
	u64 answered;
};

void own_init(struct own *o, struct plane *plane, bool (*udp)(void *context, const struct own_udp *u), void *context);

/* The RST that answers a TCP segment of `count` bytes, into out[TCP_BYTES], without its checksum. False: there is
 * none. */
bool own_reset(const u8 *tcp, u32 count, u8 *out);

/* After PLANE_TAKE: the whole frame, which may be written to. */
void own_take(struct own *o, u32 port, const struct net_frame *frame, u8 *bytes, u64 now_ns);

/*
 * UDP to a neighbour whose MAC address is known: `bytes` has the payload behind OWN_UDP_HEADERS, which are filled in.
 * From the address and MAC of `port`.
 */
#define OWN_UDP_HEADERS (ETH_BYTES + IPV4_BYTES + UDP_BYTES)
struct own_peer { u64 mac; u32 address; u16 port; struct ip6 address6; };	/* address 0: address6 */
void own_send(struct own *o, u32 port, u16 from_port, const struct own_peer *to, u8 *bytes, u32 payload);
/* The same to wherever the routes lead. */
void own_send_far(struct own *o, u32 from, u16 from_port, u32 to, u16 to_port, u8 *bytes, u32 payload, u64 now_ns);

#endif
