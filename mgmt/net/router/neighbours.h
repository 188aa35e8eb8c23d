/* SPDX-License-Identifier: MIT */
/*
 * neighbours.h - MAC addresses of neighbours (RFC 1122 2.3.2, RFC 4861 7.3), whatever they are asked by: arp.h fills
 * one table, ndp.h another. IPv4 addresses are mapped ones. Pure: frames leave by an outlet.
 *
 * An entry is made only for whom the router wants to send to, or who asks for the router's own address; answers that
 * nobody asked for make none. It is confirmed by an answer, and asked again, at its old address first, when it is used
 * NEIGHBOUR_FRESH_S later. Requests to all have a rate, and places in the table are taken by hash with a secret: who
 * scans a network holds up nobody but those who look for neighbours that are not known yet. A MAC has a limit of
 * entries, however many addresses it says to have: one more costs it its oldest one.
 */
#ifndef VOS_NEIGHBOURS_H
#define VOS_NEIGHBOURS_H

#include "bucket.h"
#include "ipv6.h"
#include "net_if.h"

#define NEIGHBOUR_SETS 64u
#define NEIGHBOUR_WAYS 4u
#define NEIGHBOUR_HELD 16u		/* frames that wait for an answer, one for each address */
#define NEIGHBOUR_OF_MAC 32u		/* entries with one MAC, at one port */
#define NEIGHBOUR_FRESH_S 60u
#define NEIGHBOUR_TRIES 3u		/* a second apart */
#define NEIGHBOUR_FAILED_S 3u		/* so long nobody is asked again */
#define NEIGHBOUR_RATE 100u		/* to all, a second at a port (RFC 1122: one a second for each address) */
_Static_assert(NEIGHBOUR_SETS * NEIGHBOUR_WAYS <= ROUTER_REPORT_NEIGHBOURS, "all can be reported");

enum neighbour_state {
	NEIGHBOUR_NONE,
	NEIGHBOUR_ASKED,	/* not known yet; a frame may wait */
	NEIGHBOUR_KNOWN,
	NEIGHBOUR_PROBED,	/* known, and asked whether it is still there */
	NEIGHBOUR_FAILED	/* did not answer */
};

struct neighbour {
	u64 mac;
	struct ip6 address;
	u32 due_s;		/* of a next try, or of the state's end */
	u8 port, state, tries;
	u8 held;		/* frame + 1 that waits; 0: none */
};

struct neighbour_frame {
	u32 count;		/* 0: free */
	bool is_untouched;	/* it may be quoted in an error message */
	u8 from_port;		/* where it came from */
	u8 bytes[PACKET_MOST];
};

struct neighbours {
	u64 secret;		/* odd */
	struct outlet out;
	/* Asks for an entry's address: its old MAC address alone if it is NEIGHBOUR_PROBED, else all. */
	void (*ask)(struct neighbours *n, const struct neighbour *e);
	const struct net_if *ports;
	/* A frame that waited has nobody to go to; its source's port, or NET_IF_NONE if it is not to be told. */
	void (*lost)(void *lost_context, u32 from_port, const u8 *bytes, u32 count, u64 now_ns);
	void *lost_context;
	struct bucket requests[ROUTER_PORTS];
	struct neighbour entry[NEIGHBOUR_SETS][NEIGHBOUR_WAYS];
	struct neighbour_frame held[NEIGHBOUR_HELD];
};

/* `ports` has ROUTER_PORTS of them, and stays; out, ask and lost are set by the caller afterwards. */
void neighbours_init(struct neighbours *n, u64 secret, const struct net_if *ports);

/* Is the neighbour known? Then *mac says where to send to. */
bool neighbour_find(struct neighbours *n, u32 port, struct ip6 address, u64 now_ns, u64 *mac);
/* Its entry, where another neighbour's may be later; NULL: it is not known. */
const struct neighbour *neighbour_known(const struct neighbours *n, u32 port, struct ip6 address);
/*
 * A frame of at most PACKET_MOST bytes to a neighbour that is not known: it leaves, with the MAC address filled in,
 * when the answer comes. The last one of several waits. False: it is dropped.
 */
bool neighbour_hold(struct neighbours *n, u32 port, struct ip6 address, const u8 *bytes, u32 count, u32 from_port,
		    bool is_untouched, u64 now_ns);
/* A neighbour says where it is, and was judged. `is_question`: it asks for the router, so it gets an entry. */
void neighbour_heard(struct neighbours *n, u32 port, struct ip6 address, u64 mac, bool is_question, u64 now_ns);
/* Once a second. */
void neighbours_tick(struct neighbours *n, u64 now_ns);
/* The port's address or link is another one. */
void neighbours_forget(struct neighbours *n, u32 port);

#endif
