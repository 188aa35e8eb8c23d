/* SPDX-License-Identifier: MIT */
/*
 * advert.h - a router tells hosts that it is there, and the network's prefix, from which they make their addresses
 * (RFC 4861 6.2, RFC 4862); and itself as their name server (RFC 8106). Pure.
 *
 * The router has no way into the world for IPv6: it says that any other router is to be preferred (RFC 4191), and hosts
 * that try it anyway are told at once that there is no route.
 */
#ifndef VOS_ADVERT_H
#define VOS_ADVERT_H

#include "bucket.h"
#include "ipv6.h"
#include "net_if.h"

#define ADVERT_LEAST_S 200u		/* between two to all (6.2.1) */
#define ADVERT_MOST_S 600u
#define ADVERT_FIRST 3u			/* of them come sooner (6.2.4): */
#define ADVERT_FIRST_S 16u
#define ADVERT_PAUSE_S 3u		/* between two to all that were asked for (10) */
#define ADVERT_LIFETIME_S 1800u		/* of the router, and of the name server */
#define ADVERT_VALID_S 86400u		/* of the prefix */
#define ADVERT_PREFERRED_S 14400u
#define ADVERT_ANSWERS 10u		/* a second, to one host each, of one port; beyond, one to all is due */

struct advert_port {
	u32 due_s, last_s;
	u32 told;		/* how often, up to ADVERT_FIRST */
};

struct advert {
	const struct net_if *ports;
	struct outlet out;
	struct dice dice;
	struct bucket answers[ROUTER_PORTS];
	struct advert_port port[ROUTER_PORTS];
};

void advert_init(struct advert *a, const struct net_if *ports, struct outlet out, struct dice dice);
/* The port begins, or has another address. */
void advert_set_port(struct advert *a, u32 port, u32 now_s);
/* A host looks for routers; `from` may be none. */
void advert_asked(struct advert *a, u32 port, struct ip6 from, u64 mac, u64 now_ns);
/* Once a second. */
void advert_tick(struct advert *a, u32 now_s);

#endif
