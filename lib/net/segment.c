/* SPDX-License-Identifier: MIT */
/*
 * segment.c - see segment.h.
 */
#include "segment.h"

#include "checksum.h"
#include "inet.h"

static bool is_kind(const struct packet *p, u8 segmenting)
{
	return p->protocol == PROTOCOL_TCP && p->transport != 0 &&
	       p->kind == (segmenting == NET_TCP4 ? PACKET_IPV4 : PACKET_IPV6);
}

static bool is_fragment(const struct packet *p, const u8 *head)
{
	if (p->kind == PACKET_IPV4)
		return (be16_load(head + p->network + IPV4_FRAGMENT) & IPV4_MORE_FRAGMENTS) != 0;
	return p->transport != p->network + IPV6_BYTES;		/* no extension header can be cut around */
}

/* Where the IP packet ends. */
static u32 end_of(const struct packet *p, const u8 *head)
{
	const u8 *ip = head + p->network;

	return p->network + (p->kind == PACKET_IPV4 ? be16_load(ip + IPV4_LENGTH) :
						      IPV6_BYTES + be16_load(ip + IPV6_LENGTH));
}

bool segment_plan(struct segment_plan *plan, const struct net_frame *frame, const u8 *head)
{
	struct packet p;
	u32 tcp_bytes;

	if (!packet_link(&p, head, frame->bytes))
		return false;
	packet_network(&p, head, frame->bytes);
	if (!is_kind(&p, frame->segmenting) || is_fragment(&p, head) || end_of(&p, head) != frame->bytes ||
	    frame->checksum_start != p.transport ||
	    frame->checksum_offset != TCP_CHECKSUM)
		return false;
	tcp_bytes = (head[p.transport + TCP_OFFSET] >> 4) * 4u;
	if (tcp_bytes < TCP_BYTES || p.transport + tcp_bytes >= frame->bytes ||
	    p.transport + tcp_bytes > PACKET_HEAD_BYTES)
		return false;
	*plan = (struct segment_plan){
		.header_bytes = p.transport + tcp_bytes, .segment_bytes = frame->segment_bytes,
		.network = p.network, .transport = p.transport, .kind = frame->segmenting,
	};
	plan->payload_bytes = frame->bytes - plan->header_bytes;
	plan->count = (plan->payload_bytes + plan->segment_bytes - 1) / plan->segment_bytes;
	return true;
}

static void fix_ipv4(u8 *ip, u32 i, u32 length)
{
	be16_store(ip + IPV4_LENGTH, (u16)length);
	be16_store(ip + IPV4_ID, (u16)(be16_load(ip + IPV4_ID) + i));
	be16_store(ip + IPV4_CHECKSUM, 0);
	be16_store(ip + IPV4_CHECKSUM, checksum_finish(checksum_add(0, ip, (ip[0] & 15u) * 4)));
}

/* FIN and PSH belong to the last piece, CWR to the first (RFC 3168, 6.1.2). */
static void fix_tcp(const struct segment_plan *plan, u32 i, u8 *tcp)
{
	be32_store(tcp + TCP_SEQUENCE, be32_load(tcp + TCP_SEQUENCE) + i * plan->segment_bytes);
	if (i != 0)
		tcp[TCP_FLAGS] &= (u8)~TCP_CWR;
	if (i != plan->count - 1)
		tcp[TCP_FLAGS] &= (u8)~(TCP_FIN | TCP_PSH);
}

u32 segment_headers(const struct segment_plan *plan, u32 i, u8 *header)
{
	u32 left = plan->payload_bytes - i * plan->segment_bytes;
	u32 bytes = left < plan->segment_bytes ? left : plan->segment_bytes;
	u32 tcp_length = plan->header_bytes - plan->transport + bytes;
	u8 *ip = header + plan->network, *tcp = header + plan->transport;

	if (plan->kind == NET_TCP4)
		fix_ipv4(ip, i, plan->header_bytes - plan->network + bytes);
	else
		be16_store(ip + IPV6_LENGTH, (u16)tcp_length);
	fix_tcp(plan, i, tcp);
	be16_store(tcp + TCP_CHECKSUM, (u16)~checksum_finish(checksum_pseudo(ip, PROTOCOL_TCP, tcp_length)));
	return bytes;
}
