/* SPDX-License-Identifier: MIT */
/*
 * routes6.h - where an IPv6 packet goes: the longest prefix, then the least preference. Pure.
 */
#ifndef VOS_ROUTES6_H
#define VOS_ROUTES6_H

#include "ipv6.h"
#include "routes.h"

#define ROUTES6_MAX (ROUTER_PORTS + ROUTES_LS)
_Static_assert(ROUTES6_MAX <= ROUTER_REPORT_ROUTES6, "all can be reported");

struct route6 {
	struct ip6 prefix;
	struct ip6 gateway;	/* none: the destination is a neighbour */
	u8 bits, port;
	u8 origin;		/* enum route_origin */
	u16 preference;
};

struct routes6 {
	u32 count;
	struct route6 route[ROUTES6_MAX];
};

/* ST_FULL: no room. bits <= 128; bits of the prefix behind them do not matter. */
enum status routes6_add(struct routes6 *t, struct route6 route) MUST_CHECK;
void routes6_remove(struct routes6 *t, enum route_origin origin);
/* NULL: there is none. */
const struct route6 *routes6_find(const struct routes6 *t, struct ip6 address);

#endif
