/* SPDX-License-Identifier: MIT */
/*
 * neighbours.h - MAC addresses of IPv4 neighbours: ARP (RFC 826, RFC 1122 2.3.2). Pure: frames come in as arguments and
 * leave by an outlet.
 *
 * An entry is made only for whom the router wants to send to, or who asks for the router's own address; answers that
 * nobody asked for make none. It is confirmed by an answer, and asked again, at its old address first, when it is used
 * NEIGHBOUR_FRESH_S later. Requests have a rate, and places in the table are taken by hash with a secret: who scans a
 * network holds up nobody but those who look for neighbours that are not known yet. A MAC has a limit of entries,
 * however many addresses it says to have: one more costs it its oldest one. An address that root has given to a MAC is
 * nobody else's, also while its VM is stopped: what is forwarded to it comes to no other.
 */
#ifndef VOS_NEIGHBOURS_H
#define VOS_NEIGHBOURS_H

#include "bucket.h"
#include "net_if.h"

#define NEIGHBOUR_SETS 64u
#define NEIGHBOUR_WAYS 4u
#define NEIGHBOUR_HELD 16u		/* frames that wait for an answer, one for each address */
#define NEIGHBOUR_OF_MAC 32u		/* entries with one MAC, at one port */
#define NEIGHBOUR_FRESH_S 60u
#define NEIGHBOUR_TRIES 3u		/* a second apart */
#define NEIGHBOUR_FAILED_S 3u		/* so long nobody is asked again */
#define NEIGHBOUR_RATE 100u		/* requests a second at a port (RFC 1122: one a second for each address) */
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
	u32 address;
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
	const struct net_if *ports;
	struct outlet out;
	/* A frame that waited has nobody to go to; its source's port, or NET_IF_NONE if it is not to be told. */
	void (*lost)(void *lost_context, u32 from_port, const u8 *bytes, u32 count, u64 now_ns);
	void *lost_context;
	/* Does that address belong to another MAC? NULL: nobody knows. */
	bool (*is_anothers)(const void *owners, u32 address, u64 mac);
	const void *owners;
	struct bucket requests[ROUTER_PORTS];
	u64 conflicts;		/* somebody else says to have an address of the router */
	struct neighbour entry[NEIGHBOUR_SETS][NEIGHBOUR_WAYS];
	struct neighbour_frame held[NEIGHBOUR_HELD];
};

/* `ports` has ROUTER_PORTS of them, and stays; out, lost and is_anothers are set by the caller afterwards. */
void neighbours_init(struct neighbours *n, u64 secret, const struct net_if *ports);

/* Is the neighbour known? Then *mac says where to send to. */
bool neighbour_find(struct neighbours *n, u32 port, u32 address, u64 now_ns, u64 *mac);
/*
 * A frame of at most PACKET_MOST bytes to a neighbour that is not known: it leaves, with the MAC address filled in,
 * when the answer comes. The last one of several waits. False: it is dropped.
 */
bool neighbour_hold(struct neighbours *n, u32 port, u32 address, const u8 *bytes, u32 count, u32 from_port,
		    bool is_untouched, u64 now_ns);
/* A frame of ethertype ARP without a tag, at a port that is up. Returns false if it was malformed. */
bool neighbour_arp(struct neighbours *n, u32 port, const u8 *bytes, u32 count, u64 now_ns);
/* Once a second. */
void neighbours_tick(struct neighbours *n, u64 now_ns);
/* The port's address or link is another one. */
void neighbours_forget(struct neighbours *n, u32 port);

#endif
