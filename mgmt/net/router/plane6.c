/* SPDX-License-Identifier: MIT */
/*
 * plane6.c - see plane6.h.
 */
#include "plane6.h"

#include <string.h>

#include "range.h"
#include "segment.h"

/* A packet on its way. */
struct passage6 {
	u32 port;			/* that it came through */
	const struct net_frame *frame;
	u8 *head;
	struct packet p;
	struct ip6 from, to;
	u64 now_ns;
};

/* ---- Error messages ---- */

/* To the sender, who may be a neighbour at that port alone. */
static void send_error(struct plane6 *p, u32 port, u8 *bytes, u32 count, u64 now_ns)
{
	struct ip6 to = ip6_load(bytes + ETH_BYTES + IPV6_TO), next_hop = to;
	const struct route6 *route = NULL;
	u64 mac;

	if (!ip6_is_link_local(to)) {
		route = routes6_find(&p->routes, to);
		if (route == NULL) {
			plane6_dropped(p, ROUTER_DROP_ROUTE);
			return;
		}
		port = route->port;
		next_hop = ip6_is_none(route->gateway) ? to : route->gateway;
	}
	mac_store(bytes + ETH_FROM, p->port[port].mac);
	be16_store(bytes + ETH_TYPE, ETHERTYPE_IPV6);
	if (neighbour_find(&p->ndp.table, port, next_hop, now_ns, &mac)) {
		mac_store(bytes + ETH_TO, mac);
		p->out.send(p->out.context, port, bytes, count);
	} else if (!neighbour_hold(&p->ndp.table, port, next_hop, bytes, count, NET_IF_NONE, false, now_ns)) {
		plane6_dropped(p, ROUTER_DROP_NEIGHBOUR);
	}
}

void plane6_tell(struct plane6 *p, u32 port, const u8 *frame, u32 count, struct icmp_error e, u64 now_ns)
{
	static u8 out[ICMP6_ERROR_MOST];	/* too large for the stack */
	u32 bytes = IPV6_BYTES + be16_load(frame + ETH_BYTES + IPV6_LENGTH);
	struct packet packet;

	if (!net_if_has6(&p->port[port]) || !packet_link(&packet, frame, count) ||
	    (count < PACKET_HEAD_BYTES && count < ETH_BYTES + bytes))
		return;
	packet_network(&packet, frame, ETH_BYTES + bytes);
	if (packet.kind != PACKET_IPV6 || !icmp6_error_allowed(&packet))
		return;
	if (!reply_allowed(&p->errors, port, mac_load(frame + ETH_FROM), now_ns)) {
		plane6_dropped(p, ROUTER_DROP_RATE);
		return;
	}
	bytes = (u32)min_u64(bytes, count - ETH_BYTES);
	send_error(p, port, out, icmp6_error_write(out, frame + ETH_BYTES, bytes, &p->port[port], e), now_ns);
}

static enum router_drop tell(struct plane_verdict *v, u8 type, u8 code, u32 mtu)
{
	v->action = PLANE_TELL;
	v->error = (struct icmp_error){ type, code, (u16)mtu };
	return ROUTER_DROP_NONE;
}

/* A frame that waited for a neighbour in vain. */
static void lost(void *context, u32 from_port, const u8 *bytes, u32 count, u64 now_ns)
{
	struct plane6 *p = context;

	plane6_dropped(p, ROUTER_DROP_NEIGHBOUR);
	if (from_port != NET_IF_NONE)
		plane6_tell(p, from_port, bytes, count,
			    (struct icmp_error){ ICMPV6_UNREACHABLE, UNREACHABLE6_ADDRESS, 0 }, now_ns);
}

/* ---- Set-up ---- */

void plane6_init(struct plane6 *p, u64 secret, const struct net_if *ports, struct outlet out, struct dice dice)
{
	p->port = ports;
	p->out = out;
	ndp_init(&p->ndp, secret, ports);
	p->ndp.table.out = out;
	p->ndp.table.lost = lost;
	p->ndp.table.lost_context = p;
	advert_init(&p->advert, ports, out, dice);
	reply_limits_init(&p->errors, secret, ICMP6_ERROR_RATE);
}

void plane6_set_port(struct plane6 *p, u32 port, u32 now_s)
{
	neighbours_forget(&p->ndp.table, port);
	routes6_remove(&p->routes, ROUTE_OWN);
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		struct route6 own = { .prefix = { p->port[i].prefix6, 0 }, .bits = 64, .port = (u8)i,
				      .origin = ROUTE_OWN };

		/* There is always room for one of each port. */
		if (net_if_has6(&p->port[i]) && routes6_add(&p->routes, own) != ST_OK)
			__builtin_unreachable();
	}
	advert_set_port(&p->advert, port, now_s);
}

/* ---- Onwards ---- */

/* The longest packet that the next network sees of this one. 0: it is to be cut, and can't be. */
static u32 longest(const struct passage6 *g)
{
	struct segment_plan plan;

	if (g->frame->segmenting == NET_WHOLE)
		return IPV6_BYTES + be16_load(g->head + ETH_BYTES + IPV6_LENGTH);
	return segment_plan(&plan, g->frame, g->head) ? segment_longest(&plan) - ETH_BYTES : 0;
}

static enum router_drop hop(struct plane6 *p, struct passage6 *g, const struct route6 *route, struct plane_verdict *v)
{
	const struct net_if *out = &p->port[route->port];
	u8 *hops = g->head + ETH_BYTES + IPV6_HOPS;
	u32 most = longest(g);
	u64 mac;

	if (most == 0)
		return ROUTER_DROP_MALFORMED;
	if (*hops <= 1) {
		plane6_dropped(p, ROUTER_DROP_TTL);
		return tell(v, ICMPV6_TIME_EXCEEDED, 0, 0);
	}
	if (most > out->mtu) {
		plane6_dropped(p, ROUTER_DROP_TOO_LONG);
		return tell(v, ICMPV6_TOO_BIG, 0, out->mtu);
	}
	--*hops;
	v->port = route->port;
	v->next_hop = ip6_is_none(route->gateway) ? g->to : route->gateway;
	v->is_translated = false;
	v->action = PLANE_WAIT;
	mac_store(g->head + ETH_FROM, out->mac);
	++*p->forwarded;
	if (neighbour_find(&p->ndp.table, v->port, v->next_hop, g->now_ns, &mac)) {
		mac_store(g->head + ETH_TO, mac);
		v->action = PLANE_SEND;
	}
	return ROUTER_DROP_NONE;
}

/* An address within a link or a host is not forwarded (RFC 4291, 2.5.3 and 2.5.6). */
static enum router_drop onwards(struct plane6 *p, struct passage6 *g, struct plane_verdict *v)
{
	const struct route6 *route;

	if (!ip6_prefix_ok(g->to.high) || mac_is_group(g->p.to))
		return ROUTER_DROP_LOCAL;
	if (ip6_is_link_local(g->from)) {
		plane6_dropped(p, ROUTER_DROP_SOURCE);
		return tell(v, ICMPV6_UNREACHABLE, UNREACHABLE6_SCOPE, 0);
	}
	route = routes6_find(&p->routes, g->to);
	if (route != NULL)
		return hop(p, g, route, v);
	plane6_dropped(p, ROUTER_DROP_ROUTE);
	return tell(v, ICMPV6_UNREACHABLE, UNREACHABLE6_ROUTE, 0);
}

/* ---- Coming in ---- */

static bool is_own(const struct plane6 *p, u32 port, struct ip6 address)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (net_if_has6(&p->port[i]) && ip6_equal(address, net_if_address6(&p->port[i])))
			return true;
	return net_if_is_own6(&p->port[port], address);
}

/* Nobody sends with an address that is not behind his port, or with one of the router's. A host without an address
 * asks whether one is free, and looks for routers (RFC 4862, 5.4; RFC 4861, 6.3.7). */
static bool source_ok(const struct plane6 *p, const struct passage6 *g)
{
	const struct route6 *route;

	if (ip6_is_none(g->from))
		return g->p.protocol == PROTOCOL_ICMPV6 && ip6_is_group(g->to) &&
		       (g->p.icmp_type == ICMPV6_NEIGHBOUR_SOLICITATION ||
			g->p.icmp_type == ICMPV6_ROUTER_SOLICITATION);
	if (is_own(p, g->port, g->from) || ip6_is_group(g->from))
		return false;
	if (ip6_is_link_local(g->from) || net_if_reaches6(&p->port[g->port], g->from))
		return true;
	route = routes6_find(&p->routes, g->from);
	return route != NULL && route->port == g->port;
}

/* Groups of the link that the router is in. Questions about other addresses tell it who is about to use one. */
static bool is_wanted_group(const struct passage6 *g)
{
	if (g->p.protocol != PROTOCOL_ICMPV6 || g->to.high != IP6_GROUP_ON_LINK)
		return false;
	return ip6_equal(g->to, IP6_ALL_NODES) || ip6_equal(g->to, IP6_ALL_ROUTERS) ||
	       ip6_equal(g->to, ip6_solicited(g->to));
}

static bool checksum_ok(const struct passage6 *g)
{
	const struct net_frame *f = g->frame;
	u32 end = ETH_BYTES + IPV6_BYTES + be16_load(g->head + ETH_BYTES + IPV6_LENGTH);

	return (f->flags & NET_NEEDS_CHECKSUM) == 0 ||
	       (packet_checksum_ok(&g->p, f->checksum_start, f->checksum_offset) &&
		f->checksum_start + f->checksum_offset + 2u <= end);
}

enum router_drop plane6_in(struct plane6 *p, u32 port, const struct net_frame *frame, u8 *head, u64 now_ns,
			   struct plane_verdict *v)
{
	struct passage6 g = { .port = port, .frame = frame, .head = head, .now_ns = now_ns };

	if (!net_if_has6(&p->port[port]) || !packet_link(&g.p, head, frame->bytes))
		return ROUTER_DROP_LINK;
	packet_network(&g.p, head, frame->bytes);
	if (g.p.kind != PACKET_IPV6 || !checksum_ok(&g))
		return ROUTER_DROP_MALFORMED;
	g.from = ip6_load(g.p.from_address);
	g.to = ip6_load(g.p.to_address);
	if (!source_ok(p, &g))
		return ROUTER_DROP_SOURCE;
	if (!ip6_is_group(g.to) && !is_own(p, port, g.to))
		return onwards(p, &g, v);
	if (ip6_is_group(g.to) && !is_wanted_group(&g))		/* other groups go nowhere from here */
		return ROUTER_DROP_LOCAL;
	v->action = PLANE_TAKE;
	return ROUTER_DROP_NONE;
}
