/* SPDX-License-Identifier: MIT */
/*
 * probe.h - an ICMP echo request of the router's own (RFC 792), which root asks for, and its answer: an echo reply, or
 * an error of a router on the way. One at a time. Pure.
 *
 * The data begin with a random number, so that no answer to a station behind NAT is taken for one to this.
 */
#ifndef VOS_PROBE_H
#define VOS_PROBE_H

#include "datagram.h"
#include "router.h"

struct probe {
	bool is_waiting;
	struct router_probe sent;
	u32 from;
	u64 cookie, sent_ns;
	struct router_probe_report report;
};

#define PROBE_MOST (ETH_BYTES + IPV4_BYTES + ICMP_BYTES + ROUTER_PROBE_BYTES)

/* Its packet into out[PROBE_MOST], from that address; returns the bytes of its frame. */
u32 probe_write(struct probe *b, const struct router_probe *wanted, u32 from, u64 cookie, u8 *out, u64 now_ns);
/* It ends without one: enum router_probe_state. */
void probe_end(struct probe *b, const struct router_probe *wanted, u32 state, u32 from);

/* Is that the answer that is waited for? / It is taken. */
bool probe_is_answer(const struct probe *b, const struct datagram *d);
void probe_heard(struct probe *b, const struct datagram *d, u64 now_ns);

#endif
