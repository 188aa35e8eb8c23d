/* SPDX-License-Identifier: MIT */
/*
 * plane.h - what becomes of a frame that came to a router (RFC 1812; of IPv6: plane6.h). Pure: its owner carries the
 * frames (router_io.h).
 *
 * plane_in() judges a frame by its first PACKET_HEAD_BYTES, a private copy, and changes them as they are to leave. What
 * is for the router itself, or has to wait for a neighbour's address, is looked at as a whole afterwards.
 */
#ifndef VOS_PLANE_H
#define VOS_PLANE_H

#include "arp.h"
#include "flows.h"
#include "icmp_error.h"
#include "nat.h"
#include "plane6.h"
#include "probe.h"
#include "reply_limits.h"
#include "routes.h"
#include "verdict.h"

struct plane {
	struct net_if port[ROUTER_PORTS];
	u32 least_mtu;			/* of ports that are up */
	u32 own_count, own[ROUTER_PORTS];	/* their addresses */
	struct routes routes;
	struct arp arp;
	struct nat nat;
	struct flows flows;
	u32 name_server;		/* behind the outer port: who connects to the router's port 53 is handed on to
					 * it; 0: none */
	struct plane6 v6;
	struct reply_limits errors;
	struct probe probe;
	struct outlet out;
	u64 drops[ROUTER_DROP_COUNT];
	u64 forwarded;
};

/* The outlet's and the dice's functions stay. */
void plane_init(struct plane *p, u64 secret, struct outlet out, struct dice dice);
/* A port is another one, or gone: what was known of it is forgotten. */
void plane_set_port(struct plane *p, u32 port, const struct net_if *setup, u64 now_ns);

void plane_in(struct plane *p, u32 port, const struct net_frame *frame, u8 *head, u64 now_ns, struct plane_verdict *v);
/* After PLANE_WAIT: the frame that came through `from_port`. */
void plane_wait(struct plane *p, const struct plane_verdict *v, u32 from_port, const u8 *bytes, u32 count,
		u64 now_ns);

/*
 * A packet of the router's own, at most PACKET_MOST bytes with room for an Ethernet header in front: finds its way. Its
 * source address is that of the port that it leaves by, if `ip` says 0; checksums of headers above IP do not change.
 */
void plane_send(struct plane *p, u8 *bytes, u32 count, u64 now_ns);
/* An ICMP error about a frame that was for the router itself. */
void plane_refuse(struct plane *p, u32 port, const u8 *frame, const struct datagram *d, struct icmp_error e,
		  u64 now_ns);

static inline void plane_dropped(struct plane *p, enum router_drop why)
{
	p->drops[why]++;
}

#endif
