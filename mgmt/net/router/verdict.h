/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - what becomes of a frame that came to a router.
 */
#ifndef VOS_VERDICT_H
#define VOS_VERDICT_H

#include "ipv6.h"

/* An ICMP message about a packet that goes nowhere. */
struct icmp_error {
	u8 type, code;
	u16 mtu;		/* too long: of the next network; IPv6's "parameter problem": where it is */
};

enum plane_action {
	PLANE_DROPPED,
	PLANE_SEND,	/* to `port`, with the changed head */
	PLANE_WAIT,	/* plane_wait() with the whole frame, its head changed */
	PLANE_TAKE,	/* it is for the router itself */
	PLANE_TELL	/* IPv6: plane6_tell() with as much of the frame as fits; its head is as it came */
};

struct plane_verdict {
	enum plane_action action;
	u32 port;		/* that it goes to */
	struct ip6 next_hop;	/* an IPv4 address is mapped */
	bool is_translated;
	struct icmp_error error;	/* TELL */
};

#endif
