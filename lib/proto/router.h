/* SPDX-License-Identifier: MIT */
/*
 * router.h - what the PD of a router finds, and what it reports. A router is the client of one switch port (net.h) for
 * each of its own ports; at most one of them is the outer one, behind which NAT hides the others.
 *
 * Root writes the configuration, the router the report; both pages have a generation that is odd while they are
 * written, so a reader copies all and takes the copy if the generation was even and the same before and after. Root
 * signals ROUTER_BIT_CONFIG after it wrote. The router judges the whole configuration before it takes any of it: one
 * that is wrong changes nothing, and the report says so (taken, error).
 *
 * IPv4 addresses are numbers in the processor's byte order: 10.0.0.1 is 0x0a000001. Of IPv6 addresses, [0] is the upper
 * half and [1] the lower one: 2001:db8::1 is { 0x20010db800000000, 1 }.
 */
#ifndef VOS_ROUTER_H
#define VOS_ROUTER_H

#include "net.h"

#define ROUTER_PORTS 8u			/* of one */
#define ROUTER_ROUTES 32u		/* that root gives; those of its own networks and of DHCP are not counted */
#define ROUTER_FORWARDS 32u
#define ROUTER_NAMES 256u
#define ROUTER_NAME_BYTES 32u		/* with the NUL */
#define ROUTER_SERVERS 3u		/* DNS */

/* ---- Addresses ---- (program, heap, stack and info page as in every PD: vm_layout.h) */
#define ROUTER_CONFIG 0x20000000ull	/* const struct router_config, read only, ROUTER_CONFIG_BYTES */
#define ROUTER_CONFIG_BYTES 0x8000u
#define ROUTER_REPORT 0x20100000ull	/* struct router_report, ROUTER_REPORT_BYTES; starts zeroed */
#define ROUTER_REPORT_BYTES 0x10000u
#define ROUTER_LINKS 0x28000000ull	/* + i * ROUTER_LINK_STRIDE: link (net.h) of port i while it is up; client */
#define ROUTER_LINK_STRIDE 0x200000ull
_Static_assert(NET_LINK_BYTES <= ROUTER_LINK_STRIDE, "layout");

/* ---- Handles and notification bits ---- */
#define ROUTER_H_SWITCH 16u		/* + i: THREAD|SIGNAL: the switch of port i */
#define ROUTER_BIT_LINK BIT64(0)	/* from a switch: frames, or room */
#define ROUTER_BIT_CONFIG BIT64(1)	/* from root */

/* ---- Configuration ---- */
#define ROUTER_MTU_MIN 576u		/* RFC 791: what every host must take */
#define ROUTER_MTU_MAX 9000u

struct router_port {
	u8 mac[6];
	u8 is_up;		/* 0: the rest does not matter */
	u8 is_outer;
	u32 address;		/* 0: from DHCP, for the outer port alone */
	u8 prefix_bits;		/* 1 .. 30; 0 with DHCP */
	u8 serves_dhcp;		/* for an inner port */
	u8 speaks_rip;		/* likewise: with the routers of that network (RFC 2453) */
	u8 speaks_ls;		/* likewise: the link-state protocol of VOS */
	u32 mtu;		/* of IP packets, ROUTER_MTU_MIN .. ROUTER_MTU_MAX */
	u32 pool_first, pool_last;	/* that the DHCP server gives to whom it does not know; both 0: to nobody */
	u32 lease_s;		/* at least 60 */
	u64 prefix6;		/* of an inner port: the upper half of its IPv6 network's addresses, of which hosts
				 * choose the lower one; 0: it has no IPv6 */
};

/* Who knows of a route. */
enum route_origin { ROUTE_OWN, ROUTE_GIVEN, ROUTE_DHCP, ROUTE_RIP, ROUTE_LS, ROUTE_ORIGINS };

/* To prefix/bits by `gateway`, a neighbour at `port`. Of equal ones the least preference is taken. */
struct router_route {
	u32 prefix, gateway;
	u8 bits, port;
	u16 preference;
	u8 origin;		/* enum route_origin, in a report */
	u8 zero[3];
};

/* What comes from outside to that port of the outer address goes to `address`. */
struct router_forward {
	u8 protocol;		/* 6 = TCP, 17 = UDP */
	u8 zero;
	u16 outer_port;		/* not 0 */
	u32 address;		/* behind an inner port */
	u16 port, zero1;
};

/* NAME.vos has this address. With a MAC, DHCP gives it to that station and to nobody else. */
struct router_name {
	char name[ROUTER_NAME_BYTES];	/* letters, digits and '-'; ends with NUL */
	u32 address;			/* 0: what DHCP gives to that MAC from the pool */
	u8 mac[6];			/* all 0: none */
	u16 zero;
};

/* An echo request of the router's own (RFC 792), of which it reports what came of it. */
#define ROUTER_PROBE_LEAST 8u
#define ROUTER_PROBE_BYTES 64u
struct router_probe {
	u32 number;		/* another one than before: it is sent; 0: none, and no answer is waited for */
	u32 address;
	u16 id, sequence;
	u16 bytes;		/* of data, ROUTER_PROBE_LEAST .. ROUTER_PROBE_BYTES */
	u8 ttl;			/* not 0 */
	u8 zero;
};

/* A port that gets another link is not up in one configuration in between, which the router has taken. */
struct router_config {
	u32 generation;			/* 0: there is none yet */
	u32 route_count, forward_count, name_count;
	u64 seed[4];			/* random, of this start of the router */
	u32 servers[ROUTER_SERVERS];	/* of DNS, 0 = none; those that DHCP names are used if all are 0 */
	struct router_probe probe;
	u32 zero;
	struct router_port port[ROUTER_PORTS];
	struct router_route route[ROUTER_ROUTES];
	struct router_forward forward[ROUTER_FORWARDS];
	struct router_name name[ROUTER_NAMES];
};
_Static_assert(sizeof(struct router_config) <= ROUTER_CONFIG_BYTES, "layout");

enum router_error {
	ROUTER_OK,
	ROUTER_BAD_COUNT,	/* too many of something */
	ROUTER_BAD_PORT,	/* MAC, MTU, prefix or address of a port */
	ROUTER_BAD_OUTER,	/* two outer ports, or DHCP of a kind that this port can't have */
	ROUTER_BAD_OVERLAP,	/* two ports in one network, or with one MAC */
	ROUTER_BAD_POOL,	/* not in the port's network, or too short a lease */
	ROUTER_BAD_ROUTE,
	ROUTER_BAD_FORWARD,	/* also: two of one port */
	ROUTER_BAD_NAME,	/* also: one twice, or two with one address or MAC */
	ROUTER_BAD_PREFIX6,	/* not one of a network's, or of the outer port */
	ROUTER_BAD_PROBE,
	ROUTER_ERROR_COUNT
};

/* ---- Report ---- */
/* Why a packet was not handed on. */
enum router_drop {
	ROUTER_DROP_NONE,
	ROUTER_DROP_LINK,	/* not for this router's MAC address, tagged, or neither IP nor ARP; IPv6 at a port
				 * without it */
	ROUTER_DROP_MALFORMED,	/* headers, lengths, checksum */
	ROUTER_DROP_SOURCE,	/* no host's address, or one that is not behind that port */
	ROUTER_DROP_TTL,
	ROUTER_DROP_ROUTE,	/* there is none */
	ROUTER_DROP_TOO_LONG,	/* for the next network */
	ROUTER_DROP_NEIGHBOUR,	/* does not answer, or too many are asked for */
	ROUTER_DROP_NAT_NONE,	/* from outside, and nobody asked for it */
	ROUTER_DROP_NAT_LIMIT,	/* that host has too many entries, or the table is full */
	ROUTER_DROP_NAT_KIND,	/* a protocol that can't be translated */
	ROUTER_DROP_FRAGMENT,	/* to be translated, and its first fragment was not seen before */
	ROUTER_DROP_LOCAL,	/* for the router, and it has no use for it */
	ROUTER_DROP_RATE,	/* an error message or answer beyond the limit */
	ROUTER_DROP_FULL,	/* no room in the link */
	ROUTER_DROP_COUNT
};

enum router_dhcp_state {
	ROUTER_DHCP_OFF, ROUTER_DHCP_SELECTING, ROUTER_DHCP_REQUESTING, ROUTER_DHCP_BOUND, ROUTER_DHCP_RENEWING,
	ROUTER_DHCP_REBINDING
};

#define ROUTER_REPORT_LEASES 256u
#define ROUTER_REPORT_NEIGHBOURS 256u
#define ROUTER_REPORT_SESSIONS 1024u
#define ROUTER_REPORT_ROUTES 192u
#define ROUTER_REPORT_ROUTES6 64u

struct router_report_port {
	u64 in_frames, in_bytes, out_frames, out_bytes;
	u32 address;			/* 0: none yet */
	u32 prefix_bits;
	u64 address6[2];		/* in a network of 64 bits; 0: none */
};

/* As struct router_route. */
struct router_report_route6 {
	u64 prefix[2], gateway[2];
	u8 bits, port;
	u16 preference;
	u8 origin;		/* enum route_origin */
	u8 zero[3];
};

struct router_report_lease {
	u32 address, left_s;
	u8 mac[6];
	u8 port, is_offered;		/* offered, not yet taken */
};

struct router_report_neighbour {
	u32 address;
	u8 mac[6];
	u8 port, is_known;		/* 0: asked for */
};

struct router_report_neighbour6 {
	u64 address[2];
	u8 mac[6];
	u8 port, is_known;		/* 0: asked for */
};

struct router_report_session {
	u32 inner, remote;
	u16 inner_port, outer_port, remote_port;	/* of ICMP: identifiers; no remote one */
	u8 protocol, zero;
	u32 left_s;
};

enum router_probe_state {
	ROUTER_PROBE_NONE,
	ROUTER_PROBE_WAITING,	/* sent, and no answer yet */
	ROUTER_PROBE_REPLIED,
	ROUTER_PROBE_REFUSED,	/* with an ICMP error: on the way, or because its hops were used up */
	ROUTER_PROBE_NO_ROUTE,
	ROUTER_PROBE_STATES
};

struct router_probe_report {
	u32 number;
	u32 state;		/* enum router_probe_state */
	u32 from;		/* who answered */
	u8 icmp_type, icmp_code, ttl, zero;	/* of the answer */
	u64 time_ns;		/* until it came */
};

struct router_report {
	u32 generation;
	u32 taken;			/* generation of the configuration that was judged last */
	u32 error;			/* enum router_error, of that one */
	u32 dhcp_state;			/* enum router_dhcp_state, of the outer port */
	u32 dhcp_left_s, dhcp_server;
	u32 gateway;			/* of the default route; 0: none */
	u32 servers[ROUTER_SERVERS];	/* of DNS, in use */
	u32 session_total;		/* in the table; the report may hold fewer */
	u32 lease_count, neighbour_count, session_count, route_count, neighbour6_count, route6_count;
	u32 zero;
	u64 drops[ROUTER_DROP_COUNT];
	u64 forwarded, answered;	/* packets handed on / that the router answered itself */
	struct router_probe_report probe;
	struct router_report_port port[ROUTER_PORTS];
	struct router_route route[ROUTER_REPORT_ROUTES];
	struct router_report_lease lease[ROUTER_REPORT_LEASES];
	struct router_report_neighbour neighbour[ROUTER_REPORT_NEIGHBOURS];
	struct router_report_session session[ROUTER_REPORT_SESSIONS];
	struct router_report_route6 route6[ROUTER_REPORT_ROUTES6];
	struct router_report_neighbour6 neighbour6[ROUTER_REPORT_NEIGHBOURS];
};
_Static_assert(sizeof(struct router_report) <= ROUTER_REPORT_BYTES, "layout");

#endif
