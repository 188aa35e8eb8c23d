/* SPDX-License-Identifier: MIT */
/*
 * rip.h - a router tells its neighbours what it reaches, and learns from them: RIP version 2 (RFC 2453). Pure: its
 * owner carries the messages. Times are seconds.
 *
 * What it tells: the best route to each prefix of the router's table, learned ones back to where they came from as
 * unreachable (split horizon with poisoned reverse, 3.4.3). What it learns goes into that table as ROUTE_RIP. Version 1
 * and messages with authentication are not taken: nobody here has a key.
 *
 * Whoever may send on a network whose port speaks RIP can change where packets go: it is for networks of routers.
 */
#ifndef VOS_RIP_H
#define VOS_RIP_H

#include "bucket.h"
#include "own.h"
#include "routes.h"

#define RIP_GROUP_MAC 0x01005e000009ull		/* RFC 1112, 6.4 */
#define RIP_INFINITY 16u
#define RIP_HEADER 4u
#define RIP_ENTRY 20u
#define RIP_ENTRIES 25u				/* of one message */
#define RIP_MOST (RIP_HEADER + RIP_ENTRIES * RIP_ENTRY)

#define RIP_UPDATE_S 30u
#define RIP_UPDATE_JITTER_S 5u
#define RIP_TRIGGER_MOST_S 5u
#define RIP_TIMEOUT_S 180u
#define RIP_GARBAGE_S 120u
#define RIP_QUESTIONS 10u			/* requests a second that are answered, of one port */

/* A message leaves: `bytes` has room for OWN_UDP_HEADERS in front of the payload. */
struct rip_outlet {
	void (*send)(void *context, u32 port, const struct own_peer *to, u8 *bytes, u32 payload);
	void *context;
};

struct rip_learned {
	u32 prefix, gateway;
	u32 heard_s;		/* or, with the metric RIP_INFINITY: when it became that */
	u16 tag;
	u8 bits, port;
	u8 metric;		/* 2 .. RIP_INFINITY */
	bool is_changed;	/* since it was told */
};

struct rip {
	const struct net_if *ports;
	struct routes *routes;
	struct rip_outlet out;
	struct dice dice;
	bool is_on[ROUTER_PORTS];
	struct bucket questions[ROUTER_PORTS];
	u32 update_s, trigger_s;	/* when all, and what has changed, is told */
	bool is_triggered;
	u32 count;
	struct rip_learned learned[ROUTES_LEARNED];
};

/* `ports` and `routes` are looked at whenever something is told. No port speaks RIP yet. */
void rip_init(struct rip *r, const struct net_if *ports, struct routes *routes, struct rip_outlet out,
	      struct dice dice);
/* A port begins to speak RIP, ends, or has another address: what was learned through it is gone. */
void rip_set_port(struct rip *r, u32 port, bool is_on, u32 now_s);
/* A message to PORT_RIP through a port that speaks RIP. */
void rip_heard(struct rip *r, const struct own_udp *u);
/* Once a second. */
void rip_tick(struct rip *r, u32 now_s);

#endif
