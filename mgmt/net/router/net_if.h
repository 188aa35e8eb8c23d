/* SPDX-License-Identifier: MIT */
/*
 * net_if.h - a router's port as the rest of the router sees it, the way out for frames that the router makes itself,
 * and questions about IPv4 addresses. Addresses are in the processor's byte order.
 */
#ifndef VOS_NET_IF_H
#define VOS_NET_IF_H

#include "inet.h"
#include "router.h"

#define PACKET_MOST 2048u	/* bytes of a frame that the router holds or looks at as a whole */
#define IPV4_BROADCAST 0xffffffffu
#define NET_IF_NONE ROUTER_PORTS

struct net_if {
	bool is_up, is_outer;
	u8 bits;
	u64 mac;
	u32 address;		/* 0: it has none yet */
	u32 mtu;
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

static inline u32 prefix_mask(u32 bits)
{
	return bits == 0 ? 0 : ~0u << (32 - bits);
}

static inline bool in_prefix(u32 address, u32 prefix, u32 bits)
{
	return ((address ^ prefix) & prefix_mask(bits)) == 0;
}

static inline bool net_if_reaches(const struct net_if *i, u32 address)
{
	return i->is_up && i->address != 0 && in_prefix(address, i->address, i->bits);
}

/* To all stations of the port's network, or of any. */
static inline bool net_if_is_broadcast(const struct net_if *i, u32 address)
{
	return address == IPV4_BROADCAST ||
	       (net_if_reaches(i, address) && (address | prefix_mask(i->bits)) == IPV4_BROADCAST);
}

/* Could it be a host's? Not 0/8, 127/8, multicast and what is above it (RFC 1812, 5.3.7). */
static inline bool is_host(u32 address)
{
	u32 first = address >> 24;

	return first != 0 && first != 127 && first < 224;
}

static inline void mac_store(u8 *p, u64 mac)
{
	be16_store(p, (u16)(mac >> 32));
	be32_store(p + 2, (u32)mac);
}

#endif
