/* SPDX-License-Identifier: MIT */
/*
 * gateway.h - a router: the way of packets (plane.h), what it answers itself (own.h), DHCP on both sides, and the
 * configuration and the report that root shares with it (router.h). Pure: its owner carries the frames and has the
 * clock.
 */
#ifndef VOS_GATEWAY_H
#define VOS_GATEWAY_H

#include "dhcp_client.h"
#include "dhcp_server.h"
#include "dns.h"
#include "ls.h"
#include "own6.h"
#include "rip.h"

struct gateway {
	struct plane plane;
	struct own own;
	struct own6 own6;
	struct dhcp_server server;
	struct rip rip;
	struct ls ls;
	struct dns dns;
	struct names6 names6;
	struct dhcp_client client;	/* OFF without an outer port that asks */
	u32 outer;			/* the outer port, or NET_IF_NONE */
	struct router_config config;	/* that was taken last */
	struct dice dice;
};

void gateway_init(struct gateway *g, u64 secret, struct outlet out, struct dice dice);

/* A private copy of root's configuration: judged, and taken if it is good. What did not change goes on as it was. */
enum router_error gateway_configure(struct gateway *g, const struct router_config *c, u64 now_ns);
/* After PLANE_TAKE: the whole frame, which may be written to. */
void gateway_take(struct gateway *g, u32 port, const struct net_frame *frame, u8 *bytes, u64 now_ns);
/* Once a second. */
void gateway_tick(struct gateway *g, u64 now_ns);
/* All of the report but generations, error, drops' FULL and what its owner counts. */
void gateway_report(const struct gateway *g, struct router_report *r, u64 now_ns);

#endif
