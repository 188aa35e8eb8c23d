/* SPDX-License-Identifier: MIT */
/*
 * plane6.h - what becomes of an IPv6 packet that came to a router (RFC 8200; sources are judged by RFC 2827). Pure.
 *
 * Between inner networks alone: nothing is translated, and nothing of it passes the outer port. Extension headers are
 * looked at to see what a packet is, and never changed. The router sends no redirections: it carries what it gets.
 */
#ifndef VOS_PLANE6_H
#define VOS_PLANE6_H

#include "advert.h"
#include "icmp6_error.h"
#include "ndp.h"
#include "net.h"
#include "reply_limits.h"
#include "routes6.h"

#define ICMP6_ERROR_RATE 100u		/* a second, to one station */

struct plane6 {
	const struct net_if *port;	/* ROUTER_PORTS of them */
	struct routes6 routes;
	struct ndp ndp;
	struct advert advert;
	struct reply_limits errors;
	struct outlet out;
	u64 *drops;			/* ROUTER_DROP_COUNT, and the packets handed on: both of the plane's */
	u64 *forwarded;
};

void plane6_init(struct plane6 *p, u64 secret, const struct net_if *ports, struct outlet out, struct dice dice);
/* The port is another one: plane_set_port(). */
void plane6_set_port(struct plane6 *p, u32 port, u32 now_s);

/* As plane_in(), for a frame of ethertype IPv6. ROUTER_DROP_NONE: the verdict says what becomes of it. */
enum router_drop plane6_in(struct plane6 *p, u32 port, const struct net_frame *frame, u8 *head, u64 now_ns,
			   struct plane_verdict *v);
/* After PLANE_TELL, with `count` bytes of the frame, of which at most ICMP6_ERROR_MOST are looked at; or about a frame
 * for the router itself. */
void plane6_tell(struct plane6 *p, u32 port, const u8 *frame, u32 count, struct icmp_error e, u64 now_ns);

static inline void plane6_dropped(struct plane6 *p, enum router_drop why)
{
	p->drops[why]++;
}

#endif
