/* SPDX-License-Identifier: MIT */
/*
 * flows.h - what NAT has made of packets of TCP and UDP, kept by both their endpoints, so that the next ones of a
 * connection are not judged anew. Pure.
 *
 * A flow is made of what plane_in() has done with a whole packet that was translated once and is sent. It holds while
 * routes, ports and forwards are the same, its session lives, and the next neighbour is known. What it does not hold
 * for goes the long way. Both ways come to the same packet; they differ in time.
 */
#ifndef VOS_FLOWS_H
#define VOS_FLOWS_H

#include "nat.h"
#include "neighbours.h"
#include "routes.h"
#include "verdict.h"

#define FLOWS 1024u

/* As the packet says it that comes in, in the order of its bytes. */
struct flow_key {
	u64 addresses;		/* source and destination */
	u32 ports;
	u8 port;		/* of the router, that it came through */
	u8 protocol;		/* PROTOCOL_TCP or PROTOCOL_UDP; 0: it has no flow */
};

struct flow {
	struct flow_key key;
	u32 routes, nat;	/* their generations */
	u32 serial;		/* of its session */
	u16 session;
	bool is_out;
	u8 port;		/* that it leaves by */
	u16 transport_port;	/* these stand instead of the source (outwards) or the destination (inwards): */
	u32 address;
	u32 pseudo, own;	/* what that adds to sums: to those with the pseudo header, to all */
	struct ip6 next_hop;
	const struct neighbour *next;
};

struct flows {
	const struct net_if *ports;
	const struct routes *routes;
	struct nat *nat;
	const struct neighbours *neighbours;
	struct flow flow[FLOWS];
};

void flows_init(struct flows *f, const struct net_if *ports, const struct routes *routes, struct nat *nat,
		const struct neighbours *neighbours);
/* A packet that may have a flow, in a frame to the port's own MAC address. Its checksum is not looked at. */
struct flow_key flow_key_of(const struct flows *f, u32 port, const struct net_frame *frame, const u8 *head);
/* Its flow holds: it is to be sent, as *v says, with the changed head. Else nothing has changed. */
bool flows_pass(struct flows *f, const struct flow_key *key, const struct net_frame *frame, u8 *head, u64 now_ns,
		struct plane_verdict *v);
/* The packet with that key, which has no flow that holds, was translated by nat->last, changed to `d`, and is sent. */
void flows_learn(struct flows *f, const struct flow_key *key, const struct datagram *d, const struct plane_verdict *v);

#endif
