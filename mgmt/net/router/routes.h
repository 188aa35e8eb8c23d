/* SPDX-License-Identifier: MIT */
/*
 * routes.h - where a packet goes: the longest prefix, then the least preference (RFC 1812, 5.2.4.3). Pure.
 */
#ifndef VOS_ROUTES_H
#define VOS_ROUTES_H

#include "net_if.h"
#include "status.h"

#define ROUTES_LEARNED 64u	/* of neighbours, by RIP */
#define ROUTES_LS 48u		/* likewise, by the link-state protocol */
#define ROUTES_MAX (ROUTER_ROUTES + ROUTER_PORTS + 1u + ROUTES_LEARNED + ROUTES_LS)
_Static_assert(ROUTES_MAX <= ROUTER_REPORT_ROUTES, "all can be reported");

#define PREFERENCE_OWN 0u		/* a port's own network */
#define PREFERENCE_LS 110u
#define PREFERENCE_RIP 120u
#define PREFERENCE_DHCP 254u

struct route {
	u32 prefix;
	u32 mask;
	u32 gateway;		/* 0: the destination is a neighbour */
	u8 bits, port;
	u8 origin;		/* enum route_origin */
	u16 preference;
};

/* In the order in which they are tried: the first one that matches is the one. */
struct routes {
	u32 count;
	u32 generation;		/* another one when they are others */
	struct route route[ROUTES_MAX];
};

/* ST_FULL: no room. bits <= 32; bits of the prefix behind them do not matter. */
enum status routes_add(struct routes *t, struct route route) MUST_CHECK;
void routes_remove(struct routes *t, enum route_origin origin);
/* NULL: there is none. */
const struct route *routes_find(const struct routes *t, u32 address);

#endif
