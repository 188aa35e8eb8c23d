/* SPDX-License-Identifier: MIT */
/*
 * nat.h - translation of packets between inner addresses and the outer one (RFC 3022). Pure.
 *
 * Mapping is independent of the peer, filtering depends on the peer's address (RFC 4787, REQ-1, REQ-8). TCP, UDP, ICMP
 * echo, and ICMP errors about them. Other protocols are refused. A fragment is translated if the first one, which has
 * the ports, was seen before it; nothing is put together.
 */
#ifndef VOS_NAT_H
#define VOS_NAT_H

#include "datagram.h"
#include "nat_table.h"

#define NAT_FRAGMENT_SETS 32u
#define NAT_FRAGMENT_WAYS 4u
#define NAT_FRAGMENT_S 30u

#define NAT_PORT_DNS 53u

/* Seconds. */
#define NAT_UDP_S 300u			/* RFC 4787, REQ-5 */
#define NAT_DNS_S 30u
#define NAT_TCP_S 7440u			/* RFC 5382, REQ-5 */
#define NAT_TCP_SHORT_S 240u		/* half open, or ended */
#define NAT_ICMP_S 60u			/* RFC 5508, REQ-2 */

/* Later fragments of this packet go where its first one went. */
struct nat_fragment {
	u32 from, to, other;	/* the address that stands instead of from (outwards) or to (inwards) */
	u32 end_s;
	u16 id;
	u8 protocol;
	bool is_out;
};

struct nat {
	u32 outer;		/* address; 0: there is none, nothing is translated */
	u32 generation;		/* another one when sessions have ended all at once */
	struct nat_session *last;	/* the one of the packet that nat_out or nat_in has translated; NULL: none */
	struct dice dice;
	struct nat_fragment fragment[NAT_FRAGMENT_SETS][NAT_FRAGMENT_WAYS];
	struct nat_table table;
};

enum nat_result {
	NAT_DONE,
	NAT_LOCAL,		/* for the router itself, if it has a use for it */
	NAT_UNKNOWN,		/* nobody asked for it */
	NAT_LIMITED,
	NAT_KIND,		/* a protocol, or an ICMP message, that can't be translated */
	NAT_FRAGMENT
};

void nat_init(struct nat *n, u64 secret, struct dice dice);
/* Another outer address: all sessions end. Forwards are to be added again. */
void nat_set_outer(struct nat *n, u32 outer);

/* Is there, behind the outer address, whom this packet could be for? */
bool nat_has(const struct nat *n, const struct datagram *d);
/* From an inner host to the outside, in a frame from `mac`: its source is another one afterwards. */
enum nat_result nat_out(struct nat *n, struct datagram *d, u64 mac, u32 now_s);
/* To the outer address: its destination is an inner host afterwards. */
enum nat_result nat_in(struct nat *n, struct datagram *d, u32 now_s);

/* A packet of its session, outwards or inwards, gives that its time. tcp_flags: of TCP. */
void nat_touch(struct nat_session *s, enum nat_protocol protocol, u8 tcp_flags, bool is_out, u32 now_s);

#endif
