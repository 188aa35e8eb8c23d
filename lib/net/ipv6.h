/* SPDX-License-Identifier: MIT */
/*
 * ipv6.h - questions about IPv6 addresses (RFC 4291), which are two numbers in the processor's byte order. An IPv4
 * address may be one of them, mapped (2.5.5.2).
 */
#ifndef VOS_IPV6_H
#define VOS_IPV6_H

#include "inet.h"

#define IPV6_ADDRESS_BYTES 16u

struct ip6 {
	u64 high, low;		/* the prefix of a network of 64 bits, and the interface identifier */
};

#define IP6_LINK_LOCAL 0xfe80000000000000ull	/* the `high` of all of them (2.5.6) */
#define IP6_GROUP_ON_LINK 0xff02000000000000ull	/* the `high` of groups within a link (2.7) */
#define IP6_ALL_NODES ((struct ip6){ IP6_GROUP_ON_LINK, 1 })
#define IP6_ALL_ROUTERS ((struct ip6){ IP6_GROUP_ON_LINK, 2 })

static inline struct ip6 ip6_load(const u8 *p)
{
	return (struct ip6){ be64_load(p), be64_load(p + 8) };
}

static inline void ip6_store(u8 *p, struct ip6 address)
{
	be64_store(p, address.high);
	be64_store(p + 8, address.low);
}

static inline bool ip6_equal(struct ip6 a, struct ip6 b)
{
	return a.high == b.high && a.low == b.low;
}

static inline bool ip6_is_none(struct ip6 a)
{
	return (a.high | a.low) == 0;
}

static inline struct ip6 ip6_mapped(u32 v4)
{
	return (struct ip6){ 0, 0xffff00000000ull | v4 };
}

static inline bool ip6_is_mapped(struct ip6 a)
{
	return a.high == 0 && a.low >> 32 == 0xffff;
}

static inline bool ip6_is_group(struct ip6 a)
{
	return a.high >> 56 == 0xff;
}

static inline bool ip6_is_link_local(struct ip6 a)
{
	return a.high >> 54 == 0xfe80u >> 6;
}

/* Could a network of 64 bits have these first ones? Not 0000::/8 (with ::1 and mapped ones), fe80::/10, groups. */
static inline bool ip6_prefix_ok(u64 high)
{
	return high >> 56 != 0 && high >> 56 != 0xff && high >> 54 != 0xfe80u >> 6;
}

/* The first `bits` (0 .. 128) of an address. */
static inline struct ip6 ip6_prefix(struct ip6 a, u32 bits)
{
	u64 high = bits == 0 ? 0 : bits >= 64 ? ~0ull : ~0ull << (64 - bits);
	u64 low = bits <= 64 ? 0 : ~0ull << (128 - bits);

	return (struct ip6){ a.high & high, a.low & low };
}

/* An interface identifier made of a MAC address (RFC 4291, appendix A). */
static inline u64 ip6_interface(u64 mac)
{
	return ((mac >> 24 << 40 | (mac & 0xffffff)) | 0xfffe000000ull) ^ 0x0200000000000000ull;
}

/* The MAC address that it was made of, or 0. */
static inline u64 ip6_interface_mac(u64 low)
{
	return (low >> 24 & 0xffff) != 0xfffe ? 0 :
		((low ^ 0x0200000000000000ull) >> 40 << 24) | (low & 0xffffff);
}

static inline struct ip6 ip6_link_local(u64 mac)
{
	return (struct ip6){ IP6_LINK_LOCAL, ip6_interface(mac) };
}

/* Who looks for the MAC address of that neighbour asks this group (2.7.1). */
static inline struct ip6 ip6_solicited(struct ip6 address)
{
	return (struct ip6){ IP6_GROUP_ON_LINK, 0x1ff000000ull | (address.low & 0xffffff) };
}

/* The MAC address of a group (RFC 2464, 7). */
static inline u64 ip6_group_mac(struct ip6 group)
{
	return 0x333300000000ull | (group.low & 0xffffffff);
}

#endif
