/* SPDX-License-Identifier: MIT */
/*
 * datagram.c - see datagram.h.
 */
#include "datagram.h"

#include "checksum.h"
#include "range.h"

static void read_header(struct datagram *d)
{
	u16 fragment = be16_load(d->ip + IPV4_FRAGMENT);

	d->header = (d->ip[0] & 15u) * 4;
	d->bytes = be16_load(d->ip + IPV4_LENGTH);
	d->from = be32_load(d->ip + IPV4_FROM);
	d->to = be32_load(d->ip + IPV4_TO);
	d->id = be16_load(d->ip + IPV4_ID);
	d->protocol = d->ip[IPV4_PROTOCOL];
	d->ttl = d->ip[IPV4_TTL];
	d->may_not_fragment = (fragment & IPV4_DONT_FRAGMENT) != 0;
	d->is_later_fragment = (fragment & IPV4_OFFSET_MASK) != 0;
	d->is_fragment = d->is_later_fragment || (fragment & IPV4_MORE_FRAGMENTS) != 0;
}

/* Bytes of a transport header that its checksum and its ports are in; 0: of a protocol that nothing is known of. */
static u32 transport_bytes(u8 protocol)
{
	return protocol == PROTOCOL_TCP ? TCP_BYTES : protocol == PROTOCOL_UDP || protocol == PROTOCOL_ICMP ? 8 : 0;
}

static void read_ports(struct datagram *d)
{
	const u8 *t = d->transport;

	if (d->protocol == PROTOCOL_ICMP) {
		d->icmp_type = t[0];
		d->from_port = d->to_port = icmp_is_echo(t[0]) ? be16_load(t + ICMP_ID) : 0;
		return;
	}
	d->from_port = be16_load(t);
	d->to_port = be16_load(t + 2);
}

/* A checksum may be left to be computed for TCP and UDP, or for something that they carry. */
static bool partial_ok(struct datagram *d, const u8 *head, const struct net_frame *frame)
{
	u32 start = (u32)(d->ip - head) + d->header;

	if ((frame->flags & NET_NEEDS_CHECKSUM) == 0)
		return true;
	if (d->is_fragment || d->transport == NULL)
		return false;
	if (frame->checksum_start + frame->checksum_offset + 2u > ETH_BYTES + d->bytes)	/* behind the packet */
		return false;
	d->is_partial = frame->checksum_start == start;
	if (!d->is_partial)
		return frame->checksum_start >= start + transport_bytes(d->protocol);
	return frame->checksum_offset == (d->protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM) &&
	       d->protocol != PROTOCOL_ICMP;
}

bool datagram_read(struct datagram *d, u8 *head, const struct net_frame *frame)
{
	u32 there = (u32)min_u64(frame->bytes, PACKET_HEAD_BYTES), need;

	*d = (struct datagram){ .ip = head + ETH_BYTES };
	if (there < ETH_BYTES + IPV4_BYTES || d->ip[0] >> 4 != 4)
		return false;
	read_header(d);
	if (d->header < IPV4_BYTES || d->bytes < d->header || d->bytes > frame->bytes - ETH_BYTES)
		return false;
	d->there = (u32)min_u64(there - ETH_BYTES, d->bytes);
	if (d->header > d->there || checksum_finish(checksum_add(0, d->ip, d->header)) != 0)
		return false;
	need = transport_bytes(d->protocol);
	if (need != 0 && !d->is_later_fragment) {
		if (!range_ok(d->header, need, d->there))
			return false;
		d->transport = d->ip + d->header;
		read_ports(d);
	}
	return partial_ok(d, head, frame);
}

bool datagram_read_quoted(struct datagram *d, u8 *ip, u32 there)
{
	*d = (struct datagram){ .ip = ip, .there = there };
	if (there < IPV4_BYTES || ip[0] >> 4 != 4)
		return false;
	read_header(d);
	if (d->header < IPV4_BYTES || !range_ok(d->header, 8, there) || transport_bytes(d->protocol) == 0 ||
	    d->is_later_fragment)
		return false;
	d->transport = ip + d->header;
	read_ports(d);
	return true;
}

/* A 16-bit word is another one: what that adds to a sum of all words. */
static u64 change(u16 before, u16 after)
{
	return (u64)(u16)~before + after;
}

static u16 adjusted(u16 checksum, u64 delta)
{
	return checksum_finish((u16)~checksum + delta);
}

static void adjust_at(u8 *field, u64 delta)
{
	be16_store(field, adjusted(be16_load(field), delta));
}

void transport_adjust(u8 *transport, u8 protocol, bool is_partial, u64 pseudo, u64 own)
{
	u8 *field = transport + (protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);

	if (is_partial) {		/* a sum, not its complement */
		be16_store(field, (u16)~checksum_finish(be16_load(field) + pseudo));
	} else if (protocol == PROTOCOL_TCP || be16_load(field) != 0) {
		u16 sum = adjusted(be16_load(field), pseudo + own);

		/* 0 says that there is no checksum (RFC 768). */
		be16_store(field, sum == 0 && protocol == PROTOCOL_UDP ? 0xffff : sum);
	}
}

/* Of what the pseudo header covers, and of what only the whole packet covers. */
static void adjust_transport(struct datagram *d, u64 pseudo, u64 own)
{
	u32 at = d->protocol == PROTOCOL_TCP ? TCP_CHECKSUM :
		 d->protocol == PROTOCOL_UDP ? UDP_CHECKSUM : ICMP_CHECKSUM;

	if (d->header + at + 2 > d->there)	/* quoted, and cut before it */
		return;
	if (d->protocol == PROTOCOL_ICMP)
		adjust_at(d->transport + at, own);
	else
		transport_adjust(d->transport, d->protocol, d->is_partial, pseudo, own);
}

static void set(struct datagram *d, u32 at, u32 address, u32 port_at, u16 port)
{
	u64 pseudo = change(be16_load(d->ip + at), (u16)(address >> 16)) +
		     change(be16_load(d->ip + at + 2), (u16)address);
	u64 own = 0;

	be32_store(d->ip + at, address);
	adjust_at(d->ip + IPV4_CHECKSUM, pseudo);
	if (d->transport == NULL)
		return;
	if (d->protocol != PROTOCOL_ICMP || icmp_is_echo(d->icmp_type)) {
		u8 *word = d->transport + (d->protocol == PROTOCOL_ICMP ? ICMP_ID : port_at);

		own = change(be16_load(word), port);
		be16_store(word, port);
	}
	adjust_transport(d, pseudo, own);
}

void datagram_set_from(struct datagram *d, u32 address, u16 port)
{
	set(d, IPV4_FROM, address, 0, port);
	d->from = address;
	d->from_port = port;
	if (d->protocol == PROTOCOL_ICMP)
		d->to_port = port;
}

void datagram_set_to(struct datagram *d, u32 address, u16 port)
{
	set(d, IPV4_TO, address, 2, port);
	d->to = address;
	d->to_port = port;
	if (d->protocol == PROTOCOL_ICMP)
		d->from_port = port;
}

void datagram_age(struct datagram *d)
{
	u16 before = be16_load(d->ip + IPV4_TTL);

	d->ip[IPV4_TTL]--;
	d->ttl--;
	adjust_at(d->ip + IPV4_CHECKSUM, change(before, be16_load(d->ip + IPV4_TTL)));
}
