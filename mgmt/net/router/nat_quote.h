/* SPDX-License-Identifier: MIT */
/*
 * nat_quote.h - ICMP errors through NAT: the packet that they quote is translated too (RFC 5508, 4). Pure.
 */
#ifndef VOS_NAT_QUOTE_H
#define VOS_NAT_QUOTE_H

#include "nat.h"

/* Is it an error about a packet that was translated? A fragment of one is none. */
static inline bool nat_is_error(const struct datagram *d)
{
	return d->protocol == PROTOCOL_ICMP && d->transport != NULL && icmp_is_error(d->icmp_type) && !d->is_fragment;
}

/* As nat_out and nat_in, for an error; no session is made or kept alive by it. */
enum nat_result nat_error_out(struct nat *n, struct datagram *d, u32 now_s);
enum nat_result nat_error_in(struct nat *n, struct datagram *d, u32 now_s);

/* enum nat_protocol, or NAT_PROTOCOLS: none */
u32 nat_protocol_of(const struct datagram *d);

#endif
