/* SPDX-License-Identifier: MIT */
/*
 * ipv4.h - questions about IPv4 addresses, which are in the processor's byte order.
 */
#ifndef VOS_IPV4_H
#define VOS_IPV4_H

#include "types.h"

#define IPV4_BROADCAST 0xffffffffu

static inline u32 prefix_mask(u32 bits)
{
	return bits == 0 ? 0 : ~0u << (32 - bits);
}

static inline bool in_prefix(u32 address, u32 prefix, u32 bits)
{
	return ((address ^ prefix) & prefix_mask(bits)) == 0;
}

/* Could it be a host's? Not 0/8, 127/8, multicast and what is above it (RFC 1812, 5.3.7). */
static inline bool is_host(u32 address)
{
	u32 first = address >> 24;

	return first != 0 && first != 127 && first < 224;
}

#endif
