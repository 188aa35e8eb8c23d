/* SPDX-License-Identifier: MIT */
/*
 * dhcp_server.h - addresses for the stations of a router's inner port (RFC 2131). Pure.
 *
 * A station is its MAC address, not its client identifier: clones of one image have the same of those. One that root
 * has given an address gets that one alone; others get one from the pool, by a hash of the MAC, so that a router that
 * was started again gives the same. It answers only who sends with the MAC that he asks for, so with MAC guards a VM
 * takes one address. Leases are in memory: a client that renews one that is not known keeps it if it is free.
 */
#ifndef VOS_DHCP_SERVER_H
#define VOS_DHCP_SERVER_H

#include "dhcp_message.h"
#include "net_if.h"

#define DHCP_LEASES 256u
#define DHCP_OFFER_S 30u
#define DHCP_DECLINED_S 600u
#define DHCP_DECLINES 4u	/* addresses that one station keeps from the others so */

struct dhcp_lease {
	u64 mac;		/* 0: free, or declined by somebody */
	u64 declined_by;	/* 0: it is not declined */
	u32 address;
	u32 end_s;
	u8 port;
	bool is_offered;	/* not yet taken */
	bool is_used;
};

struct dhcp_scope {
	bool is_on;
	u32 first, last;	/* of the pool; both 0: none */
	u32 lease_s;
};

struct dhcp_server {
	const struct net_if *ports;
	const struct router_name *names;	/* that root gave; count of them */
	u32 name_count;
	u32 servers[ROUTER_SERVERS];	/* of DNS, outside; 0: none. Stations are told the router itself (dns.h) */
	struct dhcp_scope scope[ROUTER_PORTS];
	struct dhcp_lease lease[DHCP_LEASES];
};

/* What is to be sent, from port 67 to port 68. */
struct dhcp_answer {
	u64 mac;
	u32 address;		/* IPV4_BROADCAST too */
	u32 bytes;
};

/*
 * A message that came to UDP port 67 of an inner port, in a frame from `mac`. True: `out`, which has DHCP_MOST, is to
 * be sent.
 */
bool dhcp_serve(struct dhcp_server *s, u32 port, u64 mac, const u8 *bytes, u32 count, u32 now_s, u8 *out,
		struct dhcp_answer *to);

/* The address that a station of that MAC has taken; 0: none. */
u32 dhcp_address_of(const struct dhcp_server *s, u64 mac, u32 now_s);

/* Has root given that address to another MAC? */
bool dhcp_is_anothers(const struct dhcp_server *s, u32 address, u64 mac);

#endif
