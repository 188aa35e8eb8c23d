/* SPDX-License-Identifier: MIT */
/*
 * names6.h - which IPv6 address a VM has: hosts choose their own (RFC 4862), so the router notes what the station with
 * the VM's MAC address says in neighbour discovery. Of several in one network, the one that is made of the MAC address
 * stays; else the last one counts. Pure.
 */
#ifndef VOS_NAMES6_H
#define VOS_NAMES6_H

#include "ipv6.h"
#include "router.h"

struct names6 {
	u32 count;
	struct { u64 mac; struct ip6 address; } seen[ROUTER_NAMES];
};

/* The names are others: what belongs to none of them is forgotten. */
void names6_set(struct names6 *n, const struct router_name *names, u32 count);
/* That MAC address uses that address; it may be nobody's of the names. */
void names6_seen(struct names6 *n, u64 mac, struct ip6 address);
/* None: it is not known. */
struct ip6 names6_of(const struct names6 *n, u64 mac);

#endif
