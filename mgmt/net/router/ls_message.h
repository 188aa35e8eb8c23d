/* SPDX-License-Identifier: MIT */
/*
 * ls_message.h - messages of the link-state protocol of VOS routers (ls.h): judged and written. Pure.
 *
 * An Ethernet frame of ETHERTYPE_LS to LS_GROUP_MAC; so nothing forwards it. Numbers are big endian. Behind the
 * Ethernet header:
 *
 *	u32 LS_MAGIC	u8 kind		u8 count	u16 bytes of all that follows the header
 *	hello:		u64 id		u32 IPv4 address of the sender at this port;
 *			then `count` u64: routers heard there
 *	state:		u64 id		u32 sequence	u16 age in seconds	u16 count of prefixes;
 *			then `count` links: u64 id, u16 cost;
 *			then prefixes: u8 version 4 or 6, u8 bits, u16 cost, 16 bytes of address
 *
 * An IPv4 address is mapped, its bits are those of IPv4.
 */
#ifndef VOS_LS_MESSAGE_H
#define VOS_LS_MESSAGE_H

#include "ipv6.h"

#define LS_GROUP_MAC 0x03564f530001ull	/* a group, locally administered */
#define LS_MAGIC 0x564c5331u
#define LS_HEADER 8u
#define LS_HELLO_BYTES 12u		/* without the routers heard */
#define LS_STATE_BYTES 16u		/* without links and prefixes */
#define LS_LINK_BYTES 10u
#define LS_PREFIX_BYTES 20u

#define LS_NEIGHBOURS 16u		/* of one router */
#define LS_PREFIXES 24u			/* likewise */
#define LS_COST_MOST 1000u
#define LS_AGE_MOST_S 60u
#define LS_HELLO_MOST (ETH_BYTES + LS_HEADER + LS_HELLO_BYTES + LS_NEIGHBOURS * 8)
#define LS_MOST (ETH_BYTES + LS_HEADER + LS_STATE_BYTES + LS_NEIGHBOURS * LS_LINK_BYTES + LS_PREFIXES * LS_PREFIX_BYTES)

enum ls_kind { LS_HELLO = 1, LS_STATE };

struct ls_hello {
	u64 id;
	u32 address;
	u32 count;
	u64 heard[LS_NEIGHBOURS];
};

struct ls_link { u64 id; u32 cost; };
struct ls_prefix { struct ip6 prefix; u8 version, bits; u16 cost; };

/* What a router says of itself. */
struct ls_state {
	u64 id;				/* 0: there is none */
	u32 sequence;			/* the later one of two is the one that is ahead by less than 2^31 */
	u32 age_s;
	u32 link_count, prefix_count;
	struct ls_link link[LS_NEIGHBOURS];
	struct ls_prefix prefix[LS_PREFIXES];
};

/* The kind of a foreign frame, of which `count` bytes are there; 0: it is none of these, or not whole. */
u32 ls_kind_of(const u8 *frame, u32 count);
/* Of a frame of that kind. False: a number is out of range, or what it says of its length is not true. */
bool ls_read_hello(struct ls_hello *h, const u8 *frame);
bool ls_read_state(struct ls_state *s, const u8 *frame);

/* Into frame[LS_MOST], from that MAC address; returns the frame's bytes. */
u32 ls_write_hello(u8 *frame, u64 mac, const struct ls_hello *h);
u32 ls_write_state(u8 *frame, u64 mac, const struct ls_state *s);

#endif
