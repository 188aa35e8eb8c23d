/* SPDX-License-Identifier: MIT */
/*
 * ndp.h - who has which IPv6 address: neighbour discovery (RFC 4861, 7). Pure: frames leave by the table's outlet.
 *
 * An advertisement that nobody asked for changes an entry that there is, and makes none. Answers to all have a rate;
 * one to who asked has none, as with ARP: a station's flood must not leave the others without answers.
 */
#ifndef VOS_NDP_H
#define VOS_NDP_H

#include "ndp_message.h"
#include "neighbours.h"

#define NDP_ANSWERS 1000u	/* to all, a second, of one port */

struct ndp {
	struct neighbours table;
	struct bucket answers[ROUTER_PORTS];
	/* A station uses that address of the port's network, or is about to. NULL: nobody wants to know. */
	void (*seen)(void *seen_context, u64 mac, struct ip6 address);
	void *seen_context;
	u64 conflicts;		/* somebody else says to have an address of the router */
};

/* As neighbours_init(). The table's `out` and `lost`, and `seen`, are set by the caller afterwards. */
void ndp_init(struct ndp *n, u64 secret, const struct net_if *ports);
/* A message about a neighbour, or of a host that looks for routers; at a port that has IPv6. False: nothing is to be
 * made of it. */
bool ndp_heard(struct ndp *n, u32 port, const struct nd_message *m, u64 now_ns);

#endif
