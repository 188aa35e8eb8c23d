/* SPDX-License-Identifier: MIT */
/*
 * own6.c - see own6.h.
 */
#include "own6.h"

#include <string.h>

#include "checksum.h"

#define HOPS_OWN 64u

/* A packet for the router. */
struct arrival {
	u32 port;
	u8 *frame, *ip, *upper;		/* its headers */
	u32 bytes;			/* behind the IPv6 header */
	struct ip6 from, to;
	u64 now_ns;
	u8 protocol;
	bool is_partial;		/* its checksum is left to be computed */
};

/* ---- Sending ---- */

static void store_checksum(u8 *ip, u8 protocol, u32 at, u32 bytes)
{
	u8 *upper = ip + IPV6_BYTES;
	u16 sum;

	be16_store(upper + at, 0);
	sum = checksum_finish(checksum_add(checksum_pseudo(ip, protocol, bytes), upper, bytes));
	be16_store(upper + at, sum == 0 && protocol == PROTOCOL_UDP ? 0xffff : sum);
}

static void send(struct own6 *o, u32 port, u64 to_mac, u8 *frame, u32 bytes)
{
	mac_store(frame + ETH_TO, to_mac);
	mac_store(frame + ETH_FROM, o->plane->port[port].mac);
	be16_store(frame + ETH_TYPE, ETHERTYPE_IPV6);
	o->own->answered++;
	o->plane->out.send(o->plane->out.context, port, frame, ETH_BYTES + IPV6_BYTES + bytes);
}

void own6_send(struct own6 *o, u32 port, struct ip6 from, u16 from_port, const struct own_peer *to, u8 *bytes,
	       u32 payload)
{
	u8 *ip = bytes + ETH_BYTES, *udp = ip + IPV6_BYTES;

	ipv6_header_write(ip, PROTOCOL_UDP, HOPS_OWN, from, to->address6, UDP_BYTES + payload);
	be16_store(udp, from_port);
	be16_store(udp + 2, to->port);
	be16_store(udp + UDP_LENGTH, (u16)(UDP_BYTES + payload));
	store_checksum(ip, PROTOCOL_UDP, UDP_CHECKSUM, UDP_BYTES + payload);
	send(o, port, to->mac, bytes, UDP_BYTES + payload);
}

/* Back to where it came from, the addresses exchanged. */
static void send_back(struct own6 *o, const struct arrival *a, u32 checksum_at, u32 bytes)
{
	ipv6_header_write(a->ip, a->protocol, HOPS_OWN, a->to, a->from, bytes);
	store_checksum(a->ip, a->protocol, checksum_at, bytes);
	send(o, a->port, mac_load(a->frame + ETH_FROM), a->frame, bytes);
}

/* ---- ICMPv6 ---- */

/* An echo to a group is answered by nobody here. */
static void echo(struct own6 *o, const struct arrival *a)
{
	if (a->upper[1] != 0 || ip6_is_group(a->to) || a->bytes < ICMPV6_BYTES) {
		plane6_dropped(o->plane, ROUTER_DROP_LOCAL);
		return;
	}
	if (!reply_allowed(&o->own->echoes, a->port, mac_load(a->frame + ETH_FROM), a->now_ns)) {
		plane6_dropped(o->plane, ROUTER_DROP_RATE);
		return;
	}
	a->upper[0] = ICMPV6_ECHO_REPLY;
	send_back(o, a, ICMPV6_CHECKSUM, a->bytes);
}

static void discover(struct own6 *o, const struct arrival *a)
{
	struct nd_message m;

	if (!nd_read(&m, a->frame, a->ip, a->upper, a->bytes) ||
	    !ndp_heard(&o->plane->ndp, a->port, &m, a->now_ns))
		plane6_dropped(o->plane, ROUTER_DROP_LOCAL);
	else if (m.type == ICMPV6_ROUTER_SOLICITATION)
		advert_asked(&o->plane->advert, a->port, m.from, m.mac, a->now_ns);
}

static void icmp(struct own6 *o, const struct arrival *a)
{
	if (a->upper[0] == ICMPV6_ECHO)
		echo(o, a);
	else
		discover(o, a);
}

/* ---- UDP, and what nobody takes ---- */

static bool udp(struct own6 *o, const struct arrival *a)
{
	u32 length = be16_load(a->upper + UDP_LENGTH);
	struct own_udp u = {
		.port = a->port, .from6 = a->from, .to6 = a->to, .from_port = be16_load(a->upper),
		.to_port = be16_load(a->upper + 2), .mac = mac_load(a->frame + ETH_FROM),
		.payload = a->upper + UDP_BYTES, .now_ns = a->now_ns,
	};

	if (length < UDP_BYTES || length > a->bytes) {
		plane6_dropped(o->plane, ROUTER_DROP_MALFORMED);
		return true;
	}
	u.count = length - UDP_BYTES;
	return o->own->udp(o->own->context, &u);
}

static void refuse(struct own6 *o, const struct arrival *a)
{
	struct icmp_error e = { ICMPV6_PARAMETER, PARAMETER_NEXT_HEADER, IPV6_NEXT };
	u8 reset[TCP_BYTES];

	plane6_dropped(o->plane, ROUTER_DROP_LOCAL);
	if (ip6_is_group(a->to))
		return;
	if (a->protocol == PROTOCOL_UDP)
		e = (struct icmp_error){ ICMPV6_UNREACHABLE, UNREACHABLE6_PORT, 0 };
	if (a->protocol != PROTOCOL_TCP) {
		plane6_tell(o->plane, a->port, a->frame, ETH_BYTES + IPV6_BYTES + a->bytes, e, a->now_ns);
	} else if (own_reset(a->upper, a->bytes, reset)) {
		memcpy(a->upper, reset, sizeof(reset));
		send_back(o, a, TCP_CHECKSUM, sizeof(reset));
	}
}

/* ---- Coming in ---- */

static bool checksum_ok(const struct arrival *a)
{
	bool has_one = a->protocol == PROTOCOL_ICMPV6 || a->protocol == PROTOCOL_UDP || a->protocol == PROTOCOL_TCP;

	if (!has_one || a->is_partial)
		return true;
	if (a->protocol == PROTOCOL_UDP && be16_load(a->upper + UDP_CHECKSUM) == 0)	/* RFC 8200, 8.1 */
		return false;
	return checksum_finish(checksum_add(checksum_pseudo(a->ip, a->protocol, a->bytes), a->upper, a->bytes)) == 0;
}

static enum router_drop judge(struct arrival *a, const struct net_frame *frame)
{
	struct packet p;

	if (frame->segmenting != NET_WHOLE)
		return ROUTER_DROP_LOCAL;
	if (!packet_link(&p, a->frame, frame->bytes))
		return ROUTER_DROP_MALFORMED;
	packet_network(&p, a->frame, frame->bytes);
	if (p.kind != PACKET_IPV6)
		return ROUTER_DROP_MALFORMED;
	a->protocol = a->ip[IPV6_NEXT];
	if (a->protocol == PROTOCOL_FRAGMENT)
		return ROUTER_DROP_FRAGMENT;
	if (a->protocol != p.protocol)
		return ROUTER_DROP_LOCAL;
	a->bytes = be16_load(a->ip + IPV6_LENGTH);
	a->from = ip6_load(p.from_address);
	a->to = ip6_load(p.to_address);
	a->is_partial = (frame->flags & NET_NEEDS_CHECKSUM) != 0 && frame->checksum_start == p.transport;
	return checksum_ok(a) ? ROUTER_DROP_NONE : ROUTER_DROP_MALFORMED;
}

void own6_take(struct own6 *o, u32 port, const struct net_frame *frame, u8 *bytes, u64 now_ns)
{
	struct arrival a = { .port = port, .frame = bytes, .ip = bytes + ETH_BYTES,
			     .upper = bytes + ETH_BYTES + IPV6_BYTES, .now_ns = now_ns };
	enum router_drop why = judge(&a, frame);

	if (why != ROUTER_DROP_NONE)
		plane6_dropped(o->plane, why);
	else if (a.protocol == PROTOCOL_ICMPV6)
		icmp(o, &a);
	else if (a.protocol != PROTOCOL_UDP || !udp(o, &a))
		refuse(o, &a);
}
