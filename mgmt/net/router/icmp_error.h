/* SPDX-License-Identifier: MIT */
/*
 * icmp_error.h - ICMP messages about packets that go nowhere (RFC 792, 1191), and when there must be none (RFC 1812,
 * 4.3.2.7). Pure.
 */
#ifndef VOS_ICMP_ERROR_H
#define VOS_ICMP_ERROR_H

#include "datagram.h"
#include "verdict.h"

#define UNREACHABLE_NET 0u
#define UNREACHABLE_HOST 1u
#define UNREACHABLE_PORT 3u
#define UNREACHABLE_TOO_LONG 4u
#define ICMP_ERROR_RATE 100u		/* a second, to one station */
#define ICMP_ERROR_MOST (ETH_BYTES + IPV4_BYTES + ICMP_BYTES + PACKET_HEAD_BYTES)

/* May there be one about this packet, which came in `frame` through `in`? */
bool icmp_error_allowed(const struct datagram *d, const u8 *frame, const struct net_if *in);
/*
 * The message's bytes behind the Ethernet header of `out`, which has ICMP_ERROR_MOST; it quotes what there is of the
 * packet. From `in`'s address to the packet's sender. Returns the frame's bytes.
 */
u32 icmp_error_write(u8 *out, const struct datagram *d, const struct net_if *in, struct icmp_error e);

/* An IPv4 header without options in front of `payload` bytes. */
void ipv4_header_write(u8 *ip, u8 protocol, u32 from, u32 to, u32 payload);

#endif
