/* SPDX-License-Identifier: MIT */
/*
 * icmp6_error.h - ICMPv6 messages about packets that go nowhere (RFC 4443, 3), and when there must be none (2.4 e).
 * Pure.
 */
#ifndef VOS_ICMP6_ERROR_H
#define VOS_ICMP6_ERROR_H

#include "net_if.h"
#include "packet.h"
#include "verdict.h"

#define ICMPV6_UNREACHABLE 1u
#define ICMPV6_TOO_BIG 2u
#define ICMPV6_TIME_EXCEEDED 3u
#define ICMPV6_PARAMETER 4u
#define ICMPV6_FIRST_INFORMATION 128u	/* below: errors */
#define UNREACHABLE6_ROUTE 0u
#define UNREACHABLE6_SCOPE 2u
#define UNREACHABLE6_ADDRESS 3u
#define UNREACHABLE6_PORT 4u
#define PARAMETER_NEXT_HEADER 1u

#define ICMP6_ERROR_MOST (ETH_BYTES + 1280u)	/* what every link carries, and so much is quoted */
#define ICMP6_QUOTED_MOST (1280u - IPV6_BYTES - ICMPV6_BYTES)

/* May there be one about this packet? */
bool icmp6_error_allowed(const struct packet *p);
/*
 * The message's bytes behind the Ethernet header of `out`, which has ICMP6_ERROR_MOST; it quotes the first
 * min(count, ICMP6_QUOTED_MOST) bytes of the packet `ip`. From `in`'s address to the packet's sender. Returns the
 * frame's bytes.
 */
u32 icmp6_error_write(u8 *out, const u8 *ip, u32 count, const struct net_if *in, struct icmp_error e);

#endif
