/* SPDX-License-Identifier: MIT */
/*
 * packet.h - what the headers at a frame's begin say. Pure; the frame is foreign.
 */
#ifndef VOS_PACKET_H
#define VOS_PACKET_H

#include "types.h"

#define PACKET_HEAD_BYTES 256u	/* of a frame, that are looked at */

enum packet_kind {
	PACKET_OTHER,		/* neither IP nor ARP */
	PACKET_ARP,		/* for Ethernet and IPv4, whole */
	PACKET_IPV4,
	PACKET_IPV6,
	PACKET_BAD		/* ARP or IP, but its headers are broken, or do not end in PACKET_HEAD_BYTES */
};

/* Addresses have 16 bytes; IPv4 ones are mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so that one prefix match does. */
struct packet {
	u64 to, from;		/* MAC addresses (mac_load) */
	u16 tag;		/* IEEE 802.1Q; 0 if it has none */
	bool is_tagged;
	u16 ethertype;		/* behind the tag */
	u16 network;		/* offset of what is behind the ethertype */
	enum packet_kind kind;
	/* PACKET_IPV4 and _IPV6 */
	u8 protocol;		/* behind the extension headers */
	bool is_later_fragment;	/* not the first one: there is no transport header */
	u16 transport;		/* offset of the transport header; 0: none */
	u16 payload;		/* offset of what is behind the headers that were read */
	u8 from_address[16], to_address[16];
	u16 from_port, to_port;	/* TCP and UDP */
	u8 icmp_type;		/* ICMP and ICMPv6 */
};

/*
 * `head` is the first min(frame_bytes, PACKET_HEAD_BYTES) bytes; frame_bytes >= ETH_BYTES. packet_link() reads the
 * Ethernet header and the tag alone: all up to `network`. False: the tag is cut short. packet_network() reads the rest.
 */
bool packet_link(struct packet *p, const u8 *head, u32 frame_bytes);
void packet_network(struct packet *p, const u8 *head, u32 frame_bytes);

/*
 * After packet_network(): may somebody else compute a checksum of all bytes from `start` on, into start + offset? Only
 * into the field of TCP or UDP, or behind all that was read: else the packet would be another one than was judged.
 */
bool packet_checksum_ok(const struct packet *p, u32 start, u32 offset);

/* Does an address begin with the first `bits` of a prefix? bits <= 128. */
bool packet_in_prefix(const u8 *address, const u8 *prefix, u32 bits);

#endif
