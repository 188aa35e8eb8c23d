/* SPDX-License-Identifier: MIT */
/*
 * own.c - see own.h.
 */
#include "own.h"

#include <string.h>

#include "checksum.h"

#define TCP_ACK 0x10u
#define TCP_RST 0x04u
#define TCP_SYN 0x02u
#define TCP_ACKNOWLEDGES 8u	/* offset in the header */
#define UNREACHABLE_PROTOCOL 2u

void own_init(struct own *o, struct plane *plane, bool (*udp)(void *context, const struct own_udp *u), void *context)
{
	*o = (struct own){ .plane = plane, .udp = udp, .context = context };
	reply_limits_init(&o->echoes, plane->arp.table.secret, ECHO_RATE);
}

/* ---- Sending ---- */

static void udp_headers(u8 *bytes, u32 from, u16 from_port, u32 to, u16 to_port, u32 payload)
{
	u8 *ip = bytes + ETH_BYTES, *udp = ip + IPV4_BYTES;
	u16 sum;

	ipv4_header_write(ip, PROTOCOL_UDP, from, to, UDP_BYTES + payload);
	be16_store(udp, from_port);
	be16_store(udp + 2, to_port);
	be16_store(udp + UDP_LENGTH, (u16)(UDP_BYTES + payload));
	be16_store(udp + UDP_CHECKSUM, 0);
	sum = checksum_finish(checksum_add(checksum_pseudo(ip, PROTOCOL_UDP, UDP_BYTES + payload), udp,
					   UDP_BYTES + payload));
	be16_store(udp + UDP_CHECKSUM, sum == 0 ? 0xffff : sum);
}

void own_send(struct own *o, u32 port, u16 from_port, const struct own_peer *to, u8 *bytes, u32 payload)
{
	const struct net_if *i = &o->plane->port[port];

	mac_store(bytes + ETH_TO, to->mac);
	mac_store(bytes + ETH_FROM, i->mac);
	be16_store(bytes + ETH_TYPE, ETHERTYPE_IPV4);
	udp_headers(bytes, i->address, from_port, to->address, to->port, payload);
	o->answered++;
	o->plane->out.send(o->plane->out.context, port, bytes, OWN_UDP_HEADERS + payload);
}

void own_send_far(struct own *o, u32 from, u16 from_port, u32 to, u16 to_port, u8 *bytes, u32 payload, u64 now_ns)
{
	udp_headers(bytes, from, from_port, to, to_port, payload);
	plane_send(o->plane, bytes, OWN_UDP_HEADERS + payload, now_ns);
}

/* Back to where a frame came from, the addresses exchanged. */
static void send_back(struct own *o, u32 port, u8 *bytes, const struct datagram *d, u32 payload)
{
	u64 to = mac_load(bytes + ETH_FROM);

	ipv4_header_write(bytes + ETH_BYTES, d->protocol, d->to, d->from, payload);
	mac_store(bytes + ETH_TO, to);
	mac_store(bytes + ETH_FROM, o->plane->port[port].mac);
	o->answered++;
	o->plane->out.send(o->plane->out.context, port, bytes, ETH_BYTES + IPV4_BYTES + payload);
}

/* ---- ICMP and TCP ---- */

/* An echo to a broadcast is answered by nobody here (RFC 1812, 4.3.3.6). */
static void echo(struct own *o, u32 port, u8 *bytes, struct datagram *d, u64 now_ns)
{
	u32 count = d->bytes - d->header;
	u8 *icmp = bytes + ETH_BYTES + IPV4_BYTES;

	if (d->icmp_type != ICMP_ECHO || d->transport[1] != 0 || net_if_is_broadcast(&o->plane->port[port], d->to)) {
		plane_dropped(o->plane, ROUTER_DROP_LOCAL);
		return;
	}
	if (!reply_allowed(&o->echoes, port, mac_load(bytes + ETH_FROM), now_ns)) {
		plane_dropped(o->plane, ROUTER_DROP_RATE);
		return;
	}
	memmove(icmp, d->transport, count);		/* options are not sent back */
	icmp[0] = ICMP_ECHO_REPLY;
	be16_store(icmp + ICMP_CHECKSUM, checksum_update(be16_load(icmp + ICMP_CHECKSUM), ICMP_ECHO << 8, 0));
	send_back(o, port, bytes, d, count);
}

/* Nothing listens: RFC 9293, 3.5.2. */
bool own_reset(const u8 *tcp, u32 count, u8 *out)
{
	u8 flags = tcp[TCP_FLAGS];
	u32 sequence = be32_load(tcp + TCP_SEQUENCE), acknowledged = be32_load(tcp + TCP_ACKNOWLEDGES);
	u32 header = (tcp[TCP_OFFSET] >> 4) * 4u;

	if ((flags & TCP_RST) != 0 || header < TCP_BYTES || header > count)
		return false;
	count -= header;
	count += (flags & TCP_SYN) != 0;
	count += (flags & TCP_FIN) != 0;
	memset(out, 0, TCP_BYTES);
	memcpy(out, tcp + 2, 2);
	memcpy(out + 2, tcp, 2);
	out[TCP_OFFSET] = TCP_BYTES / 4 << 4;
	out[TCP_FLAGS] = (flags & TCP_ACK) != 0 ? TCP_RST : TCP_RST | TCP_ACK;
	be32_store(out + TCP_SEQUENCE, (flags & TCP_ACK) != 0 ? acknowledged : 0);
	be32_store(out + TCP_ACKNOWLEDGES, (flags & TCP_ACK) != 0 ? 0 : sequence + count);
	return true;
}

static void reset(struct own *o, u32 port, u8 *bytes, const struct datagram *d)
{
	u8 *out = bytes + ETH_BYTES + IPV4_BYTES, tcp[TCP_BYTES];

	if (!own_reset(d->transport, d->bytes - d->header, tcp)) {
		plane_dropped(o->plane, ROUTER_DROP_LOCAL);
		return;
	}
	memcpy(out, tcp, sizeof(tcp));
	ipv4_header_write(bytes + ETH_BYTES, PROTOCOL_TCP, d->to, d->from, TCP_BYTES);
	be16_store(out + TCP_CHECKSUM,
		   checksum_finish(checksum_add(checksum_pseudo(bytes + ETH_BYTES, PROTOCOL_TCP, TCP_BYTES), out,
						TCP_BYTES)));
	send_back(o, port, bytes, d, TCP_BYTES);
}

/* ---- Coming in ---- */

static bool checksum_ok(const struct datagram *d)
{
	u32 bytes = d->bytes - d->header;
	u64 sum = d->protocol == PROTOCOL_ICMP ? 0 : checksum_pseudo(d->ip, d->protocol, bytes);

	if (d->is_partial || (d->protocol == PROTOCOL_UDP && be16_load(d->transport + UDP_CHECKSUM) == 0))
		return true;
	return checksum_finish(checksum_add(sum, d->transport, bytes)) == 0;
}

static bool take_udp(struct own *o, u32 port, const u8 *bytes, const struct datagram *d, u64 now_ns)
{
	u32 length = be16_load(d->transport + UDP_LENGTH);
	struct own_udp u = {
		.port = port, .from = d->from, .to = d->to, .from_port = d->from_port, .to_port = d->to_port,
		.from6 = ip6_mapped(d->from), .to6 = ip6_mapped(d->to), .mac = mac_load(bytes + ETH_FROM),
		.payload = d->transport + UDP_BYTES, .now_ns = now_ns,
	};

	if (length < UDP_BYTES || length > d->bytes - d->header) {
		plane_dropped(o->plane, ROUTER_DROP_MALFORMED);
		return true;
	}
	u.count = length - UDP_BYTES;
	return o->udp(o->context, &u);
}

static void refuse(struct own *o, u32 port, u8 *bytes, struct datagram *d, u64 now_ns)
{
	u8 code = d->protocol == PROTOCOL_UDP ? UNREACHABLE_PORT : UNREACHABLE_PROTOCOL;

	plane_dropped(o->plane, ROUTER_DROP_LOCAL);
	if (o->plane->port[port].is_outer || net_if_is_broadcast(&o->plane->port[port], d->to))
		return;
	d->there = d->there < PACKET_HEAD_BYTES ? d->there : PACKET_HEAD_BYTES;
	if (d->protocol == PROTOCOL_TCP)
		reset(o, port, bytes, d);
	else if (d->protocol != PROTOCOL_ICMP)
		plane_refuse(o->plane, port, bytes, d, (struct icmp_error){ ICMP_UNREACHABLE, code, 0 }, now_ns);
}

static enum router_drop judge(struct datagram *d, const struct net_frame *frame, u8 *bytes)
{
	if (frame->segmenting != NET_WHOLE)
		return ROUTER_DROP_LOCAL;
	if (!datagram_read(d, bytes, frame))
		return ROUTER_DROP_MALFORMED;
	if (d->is_fragment)
		return ROUTER_DROP_FRAGMENT;
	return d->transport != NULL && !checksum_ok(d) ? ROUTER_DROP_MALFORMED : ROUTER_DROP_NONE;
}

void own_take(struct own *o, u32 port, const struct net_frame *frame, u8 *bytes, u64 now_ns)
{
	struct datagram d;
	enum router_drop why = judge(&d, frame, bytes);

	if (why != ROUTER_DROP_NONE)
		plane_dropped(o->plane, why);
	else if (probe_is_answer(&o->plane->probe, &d))
		probe_heard(&o->plane->probe, &d, now_ns);
	else if (d.protocol == PROTOCOL_ICMP)
		echo(o, port, bytes, &d, now_ns);
	else if (d.protocol != PROTOCOL_UDP || !take_udp(o, port, bytes, &d, now_ns))
		refuse(o, port, bytes, &d, now_ns);
}
