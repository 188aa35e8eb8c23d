/* SPDX-License-Identifier: MIT */
/*
 * packet.c - see packet.h. Every offset is compared with the bytes that are there before it is used.
 */
#include "packet.h"

#include <string.h>

#include "inet.h"
#include "range.h"

#define EXTENSIONS 8u		/* IPv6 extension headers that are followed */
#define ARP_ETHERNET_IPV4 0x0001080006040000ull	/* hardware, protocol, their lengths; the operation is masked */

/* The part of a frame that is looked at. */
struct head {
	const u8 *at;
	u32 bytes, frame_bytes;
};

static struct head head_of(const u8 *at, u32 frame_bytes)
{
	return (struct head){
		.at = at, .bytes = (u32)min_u64(frame_bytes, PACKET_HEAD_BYTES), .frame_bytes = frame_bytes,
	};
}

bool packet_link(struct packet *p, const u8 *head, u32 frame_bytes)
{
	p->to = mac_load(head + ETH_TO);
	p->from = mac_load(head + ETH_FROM);
	p->ethertype = be16_load(head + ETH_TYPE);
	p->network = ETH_BYTES;
	p->is_tagged = p->ethertype == ETHERTYPE_VLAN;
	p->tag = 0;
	if (!p->is_tagged)
		return true;
	if (frame_bytes < ETH_BYTES + 4)
		return false;
	p->tag = be16_load(head + ETH_BYTES);
	p->ethertype = be16_load(head + ETH_BYTES + 2);
	p->network = ETH_BYTES + 4;
	return true;
}

static bool read_arp(const struct head *h, u32 at)
{
	if (!range_ok(at, ARP_BYTES, h->bytes))
		return false;
	return ((u64)be32_load(h->at + at) << 32 | (u64)be16_load(h->at + at + 4) << 16) == ARP_ETHERNET_IPV4;
}

/* The fields of TCP, UDP and ICMP that packets are told apart by. */
static bool read_transport(struct packet *p, const struct head *h, u32 at)
{
	const u8 *t = h->at + at;
	u32 bytes = 0;

	p->payload = (u16)at;
	switch (p->protocol) {
	case PROTOCOL_TCP:
	case PROTOCOL_UDP:
		bytes = p->protocol == PROTOCOL_TCP ? TCP_BYTES : UDP_BYTES;
		if (!range_ok(at, bytes, h->bytes))
			return false;
		p->from_port = be16_load(t);
		p->to_port = be16_load(t + 2);
		break;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		bytes = 4;
		if (!range_ok(at, bytes, h->bytes))
			return false;
		p->icmp_type = t[0];
		break;
	default:
		return at <= h->bytes;
	}
	p->transport = (u16)at;
	p->payload = (u16)(at + bytes);
	return true;
}

static void map_address(u8 out[16], const u8 *v4)
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, v4, 4);
}

/* Headers end with their packet: what is behind it is padding, which the receiver does not look at. */
static void end_at(struct head *h, u32 end)
{
	if (h->bytes > end)
		h->bytes = end;
}

static bool read_ipv4(struct packet *p, struct head *h)
{
	const u8 *ip = h->at + p->network;
	u32 header, length;

	if (!range_ok(p->network, IPV4_BYTES, h->bytes) || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 15u) * 4;
	length = be16_load(ip + IPV4_LENGTH);
	if (header < IPV4_BYTES || length < header || !range_ok(p->network, length, h->frame_bytes))
		return false;
	end_at(h, p->network + length);
	p->protocol = ip[IPV4_PROTOCOL];
	map_address(p->from_address, ip + IPV4_FROM);
	map_address(p->to_address, ip + IPV4_TO);
	p->is_later_fragment = (be16_load(ip + IPV4_FRAGMENT) & IPV4_OFFSET_MASK) != 0;
	return p->is_later_fragment || read_transport(p, h, p->network + header);
}

static bool is_extension(u8 protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING || protocol == PROTOCOL_FRAGMENT ||
	       protocol == PROTOCOL_AUTH || protocol == PROTOCOL_OPTIONS;
}

static u32 extension_bytes(u8 protocol, const u8 *header)
{
	if (protocol == PROTOCOL_FRAGMENT)
		return 8;
	return protocol == PROTOCOL_AUTH ? (header[1] + 2u) * 4 : (header[1] + 1u) * 8;
}

/* All headers must be in the first fragment (RFC 7112), and in what is looked at: a guard that can't see the last one
 * would let pass what it is there to stop (RFC 7113). */
static bool read_ipv6(struct packet *p, struct head *h)
{
	const u8 *ip = h->at + p->network;
	u32 at = p->network + IPV6_BYTES;

	if (!range_ok(p->network, IPV6_BYTES, h->bytes) || ip[0] >> 4 != 6 ||
	    !range_ok(at, be16_load(ip + IPV6_LENGTH), h->frame_bytes))
		return false;
	end_at(h, at + be16_load(ip + IPV6_LENGTH));
	memcpy(p->from_address, ip + IPV6_FROM, 16);
	memcpy(p->to_address, ip + IPV6_TO, 16);
	p->protocol = ip[IPV6_NEXT];
	for (u32 i = 0; is_extension(p->protocol); i++) {
		const u8 *header = h->at + at;

		if (i == EXTENSIONS || !range_ok(at, 8, h->bytes))
			return false;
		if (p->protocol == PROTOCOL_FRAGMENT && (be16_load(header + 2) & 0xfff8) != 0)
			p->is_later_fragment = true;
		at += extension_bytes(p->protocol, header);
		p->protocol = header[0];
		if (p->is_later_fragment)
			return true;
	}
	return read_transport(p, h, at);
}

/* Another way to send IP and ARP (RFC 1042), which nothing here reads and some receivers do: CVE-2021-27853, 27861. */
static bool is_snap(const struct packet *p, const struct head *h)
{
	const u8 *llc = h->at + p->network;

	return p->ethertype < ETHERTYPE_FIRST && range_ok(p->network, 3, h->bytes) && llc[0] == 0xaa &&
	       llc[1] == 0xaa && llc[2] == 3;
}

void packet_network(struct packet *p, const u8 *head, u32 frame_bytes)
{
	struct head h = head_of(head, frame_bytes);
	bool is_good = true;

	p->protocol = PROTOCOL_NO_NEXT;
	p->is_later_fragment = false;
	p->transport = p->payload = p->from_port = p->to_port = 0;
	p->icmp_type = 0;
	memset(p->from_address, 0, sizeof(p->from_address));
	memset(p->to_address, 0, sizeof(p->to_address));
	p->kind = PACKET_OTHER;
	switch (p->ethertype) {
	case ETHERTYPE_ARP:
		p->kind = PACKET_ARP;
		is_good = read_arp(&h, p->network);
		break;
	case ETHERTYPE_IPV4:
		p->kind = PACKET_IPV4;
		is_good = read_ipv4(p, &h);
		break;
	case ETHERTYPE_IPV6:
		p->kind = PACKET_IPV6;
		is_good = read_ipv6(p, &h);
		break;
	default:
		is_good = !is_snap(p, &h);
		break;
	}
	if (!is_good)
		p->kind = PACKET_BAD;
}

bool packet_checksum_ok(const struct packet *p, u32 start, u32 offset)
{
	if ((p->kind != PACKET_IPV4 && p->kind != PACKET_IPV6) || p->is_later_fragment)
		return false;
	if (start == p->transport && p->protocol == PROTOCOL_TCP)
		return offset == TCP_CHECKSUM;
	if (start == p->transport && p->protocol == PROTOCOL_UDP)
		return offset == UDP_CHECKSUM;
	return start >= p->payload;
}

bool packet_in_prefix(const u8 *address, const u8 *prefix, u32 bits)
{
	u32 rest = bits % 8;

	if (memcmp(address, prefix, bits / 8) != 0)
		return false;
	return rest == 0 || ((address[bits / 8] ^ prefix[bits / 8]) & (0xff00 >> rest) & 0xff) == 0;
}
