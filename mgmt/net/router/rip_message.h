/* SPDX-License-Identifier: MIT */
/*
 * rip_message.h - the messages of RIP version 2 (RFC 2453, 4). Addresses and masks are in the processor's byte order.
 */
#ifndef VOS_RIP_MESSAGE_H
#define VOS_RIP_MESSAGE_H

#include "rip.h"

enum rip_command { RIP_REQUEST = 1, RIP_RESPONSE = 2 };

struct rip_entry {
	u16 family, tag;
	u32 address, mask, next_hop, metric;
};

#define RIP_FAMILY_ALL 0u	/* of the only entry of a request, with the metric RIP_INFINITY: the whole table */
#define RIP_FAMILY_IPV4 2u

/* Entries of a message that came; 0: none, or no message that is taken (version, length, authentication). */
u32 rip_entries(const u8 *bytes, u32 count, enum rip_command *command);
struct rip_entry rip_entry_at(const u8 *bytes, u32 index);
/* A prefix that can be a route, with a metric: *bits is its length. */
bool rip_entry_ok(const struct rip_entry *e, u8 *bits);

/* Its first `count` bytes are the message; 0 bytes: nothing was put into it yet. */
struct rip_writer {
	u8 bytes[OWN_UDP_HEADERS + RIP_MOST];
	u32 count;
};
void rip_begin(struct rip_writer *w, enum rip_command command);
void rip_put(struct rip_writer *w, const struct rip_entry *e);

static inline bool rip_is_full(const struct rip_writer *w)
{
	return w->count == RIP_MOST;
}

#endif
