/* SPDX-License-Identifier: MIT */
/*
 * net_if.h - a router's port as the rest of the router sees it, the way out for frames that the router makes itself,
 * and questions about addresses, which are in the processor's byte order.
 *
 * A port's IPv6 addresses end in an identifier made of its MAC address, as those of hosts: the switch lets nobody else
 * use such an address (port_rules.h).
 */
#ifndef VOS_NET_IF_H
#define VOS_NET_IF_H

#include "inet.h"
#include "ipv4.h"
#include "ipv6.h"
#include "router.h"

#define PACKET_MOST 2048u	/* bytes of a frame that the router holds or looks at as a whole */
#define NET_IF_NONE ROUTER_PORTS

struct net_if {
	bool is_up, is_outer, speaks_rip, speaks_ls;
	u8 bits;
	u64 mac;
	u32 address;		/* 0: it has none yet */
	u32 mtu;
	u64 prefix6;		/* 0: no IPv6 */
};

/* Frames of the router's own: whole, with all checksums. */
struct outlet {
	void (*send)(void *context, u32 port, const u8 *bytes, u32 count);
	void *context;
};

/* Random numbers that nobody can guess. */
struct dice {
	u64 (*roll)(void *context);
	void *context;
};

static inline bool net_if_reaches(const struct net_if *i, u32 address)
{
	return i->is_up && i->address != 0 && in_prefix(address, i->address, i->bits);
}

static inline bool net_if_has6(const struct net_if *i)
{
	return i->is_up && i->prefix6 != 0;
}

static inline bool net_if_reaches6(const struct net_if *i, struct ip6 address)
{
	return net_if_has6(i) && address.high == i->prefix6;
}

static inline struct ip6 net_if_address6(const struct net_if *i)
{
	return (struct ip6){ i->prefix6, ip6_interface(i->mac) };
}

/* Its address in its network, or within its link. */
static inline bool net_if_is_own6(const struct net_if *i, struct ip6 address)
{
	return net_if_has6(i) && address.low == ip6_interface(i->mac) &&
	       (address.high == i->prefix6 || address.high == IP6_LINK_LOCAL);
}

/* To all stations of the port's network, or of any. */
static inline bool net_if_is_broadcast(const struct net_if *i, u32 address)
{
	return address == IPV4_BROADCAST ||
	       (net_if_reaches(i, address) && (address | prefix_mask(i->bits)) == IPV4_BROADCAST);
}

#endif
