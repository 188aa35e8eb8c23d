/* SPDX-License-Identifier: MIT */
/*
 * plane.c - see plane.h.
 */
#include "plane.h"

#include <string.h>

#include "segment.h"

/* A packet on its way. */
struct passage {
	u32 port;			/* that it came through */
	const struct net_frame *frame;
	u8 *head;
	struct datagram d;
	u64 now_ns;
	bool is_translated;
	/* As it came, if an error message about it may be needed after a translation. */
	bool is_kept;
	struct datagram kept;
	u8 kept_head[PACKET_HEAD_BYTES];
};

static u32 seconds(u64 now_ns)
{
	return (u32)(now_ns / NS_PER_S);
}

/* ---- Error messages ---- */

static void answer(struct plane *p, u32 port, const u8 *frame, const struct datagram *d, struct icmp_error e,
		   u64 now_ns)
{
	const struct net_if *in = &p->port[port];
	u8 out[ICMP_ERROR_MOST];
	u32 count;

	if (in->address == 0 || !icmp_error_allowed(d, frame, in))
		return;
	if (!reply_allowed(&p->errors, port, mac_load(frame + ETH_FROM), now_ns)) {
		plane_dropped(p, ROUTER_DROP_RATE);
		return;
	}
	count = icmp_error_write(out, d, in, e);
	plane_send(p, out, count, now_ns);
}

void plane_refuse(struct plane *p, u32 port, const u8 *frame, const struct datagram *d, struct icmp_error e, u64 now_ns)
{
	answer(p, port, frame, d, e, now_ns);
}

static enum router_drop tell(struct plane *p, const struct passage *g, struct icmp_error e, enum router_drop why)
{
	if (g->is_kept)
		answer(p, g->port, g->kept_head, &g->kept, e, g->now_ns);
	else if (!g->is_translated)
		answer(p, g->port, g->head, &g->d, e, g->now_ns);
	return why;
}

/* A frame that waited for a neighbour in vain. */
static void lost(void *context, u32 from_port, const u8 *bytes, u32 count, u64 now_ns)
{
	struct plane *p = context;
	struct net_frame frame = { .bytes = count };
	u8 head[PACKET_HEAD_BYTES];
	struct datagram d;

	plane_dropped(p, ROUTER_DROP_NEIGHBOUR);
	if (from_port == NET_IF_NONE)
		return;
	memcpy(head, bytes, count < sizeof(head) ? count : sizeof(head));
	if (datagram_read(&d, head, &frame))
		answer(p, from_port, head, &d, (struct icmp_error){ ICMP_UNREACHABLE, UNREACHABLE_HOST, 0 }, now_ns);
}

/* ---- Set-up ---- */

void plane_init(struct plane *p, u64 secret, struct outlet out, struct dice dice)
{
	memset(p, 0, sizeof(*p));
	p->out = out;
	arp_init(&p->arp, secret, p->port);
	p->arp.table.out = (struct outlet){ out.send, out.context };
	p->arp.table.lost = lost;
	p->arp.table.lost_context = p;
	nat_init(&p->nat, secret, dice);
	flows_init(&p->flows, p->port, &p->routes, &p->nat, &p->arp.table);
	plane6_init(&p->v6, secret, p->port, out, dice);
	p->v6.drops = p->drops;
	p->v6.forwarded = &p->forwarded;
	reply_limits_init(&p->errors, secret, ICMP_ERROR_RATE);
	p->least_mtu = ROUTER_MTU_MAX;
}

static void own_route(struct plane *p, u32 port)
{
	const struct net_if *i = &p->port[port];
	struct route route = { .prefix = i->address, .bits = i->bits, .port = (u8)port, .origin = ROUTE_OWN };

	/* There is always room for one of each port. */
	if (i->is_up && i->address != 0 && routes_add(&p->routes, route) != ST_OK)
		__builtin_unreachable();
}

void plane_set_port(struct plane *p, u32 port, const struct net_if *setup, u64 now_ns)
{
	p->port[port] = *setup;
	neighbours_forget(&p->arp.table, port);
	routes_remove(&p->routes, ROUTE_OWN);
	plane6_set_port(&p->v6, port, seconds(now_ns));
	p->least_mtu = ROUTER_MTU_MAX;
	p->own_count = 0;
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		own_route(p, i);
		if (p->port[i].is_up && p->port[i].address != 0)
			p->own[p->own_count++] = p->port[i].address;
		if (p->port[i].is_up && p->port[i].mtu < p->least_mtu)
			p->least_mtu = p->port[i].mtu;
	}
	if (setup->is_outer && p->nat.outer != setup->address)
		nat_set_outer(&p->nat, setup->address);
}

/* ---- Leaving ---- */

static void leave(struct plane *p, struct passage *g, const struct route *route, struct plane_verdict *v)
{
	u64 mac;

	datagram_age(&g->d);
	v->port = route->port;
	v->next_hop = ip6_mapped(route->gateway != 0 ? route->gateway : g->d.to);
	v->is_translated = g->is_translated;
	mac_store(g->head + ETH_FROM, p->port[v->port].mac);
	p->forwarded++;
	if (likely(neighbour_find(&p->arp.table, v->port, v->next_hop, g->now_ns, &mac))) {
		mac_store(g->head + ETH_TO, mac);
		v->action = PLANE_SEND;
	} else {
		v->action = PLANE_WAIT;
	}
}

void plane_wait(struct plane *p, const struct plane_verdict *v, u32 from_port, const u8 *bytes, u32 count, u64 now_ns)
{
	struct neighbours *n = ip6_is_mapped(v->next_hop) ? &p->arp.table : &p->v6.ndp.table;

	if (!neighbour_hold(n, v->port, v->next_hop, bytes, count, from_port, !v->is_translated, now_ns))
		plane_dropped(p, ROUTER_DROP_NEIGHBOUR);
}

void plane_send(struct plane *p, u8 *bytes, u32 count, u64 now_ns)
{
	u32 to = be32_load(bytes + ETH_BYTES + IPV4_TO);
	const struct route *route = routes_find(&p->routes, to);
	struct ip6 next_hop;
	u64 mac;

	if (route == NULL || !p->port[route->port].is_up) {
		plane_dropped(p, ROUTER_DROP_ROUTE);
		return;
	}
	next_hop = ip6_mapped(route->gateway != 0 ? route->gateway : to);
	mac_store(bytes + ETH_FROM, p->port[route->port].mac);
	be16_store(bytes + ETH_TYPE, ETHERTYPE_IPV4);
	if (neighbour_find(&p->arp.table, route->port, next_hop, now_ns, &mac)) {
		mac_store(bytes + ETH_TO, mac);
		p->out.send(p->out.context, route->port, bytes, count);
	} else if (!neighbour_hold(&p->arp.table, route->port, next_hop, bytes, count, NET_IF_NONE, false, now_ns)) {
		plane_dropped(p, ROUTER_DROP_NEIGHBOUR);
	}
}

/* ---- Through NAT ---- */

static enum router_drop nat_drop(enum nat_result result)
{
	static const enum router_drop drops[] = {
		[NAT_DONE] = ROUTER_DROP_NONE, [NAT_LOCAL] = ROUTER_DROP_LOCAL, [NAT_UNKNOWN] = ROUTER_DROP_NAT_NONE,
		[NAT_LIMITED] = ROUTER_DROP_NAT_LIMIT, [NAT_KIND] = ROUTER_DROP_NAT_KIND,
		[NAT_FRAGMENT] = ROUTER_DROP_FRAGMENT,
	};

	return drops[result];
}

/* What may turn out not to pass is kept as it came: its sender knows it by that. */
static void keep(const struct plane *p, struct passage *g)
{
	if (likely(g->d.ttl > 1 && g->frame->bytes <= p->least_mtu + ETH_BYTES))
		return;
	memcpy(g->kept_head, g->head, (u32)(g->d.ip - g->head) + g->d.there);
	g->kept = g->d;
	g->kept.ip = g->kept_head + (g->d.ip - g->head);
	if (g->d.transport != NULL)
		g->kept.transport = g->kept_head + (g->d.transport - g->head);
	g->is_kept = true;
}

/* The longest packet that the next network sees of this one. 0: it is to be cut, and can't be. */
static u32 longest(const struct passage *g)
{
	struct segment_plan plan;

	if (likely(g->frame->segmenting == NET_WHOLE))
		return g->d.bytes;
	return segment_plan(&plan, g->frame, g->head) ? segment_longest(&plan) - ETH_BYTES : 0;
}

/* By a route that was found, with what its sender must be told. */
static enum router_drop hop(struct plane *p, struct passage *g, const struct route *route, struct plane_verdict *v)
{
	const struct net_if *out = &p->port[route->port];
	u32 most = longest(g);

	if (most == 0)
		return ROUTER_DROP_MALFORMED;
	if (g->d.ttl <= 1)
		return tell(p, g, (struct icmp_error){ ICMP_TIME_EXCEEDED, 0, 0 }, ROUTER_DROP_TTL);
	if (most > out->mtu)
		return tell(p, g, (struct icmp_error){ ICMP_UNREACHABLE, UNREACHABLE_TOO_LONG, (u16)out->mtu },
			    ROUTER_DROP_TOO_LONG);
	if (out->is_outer && !p->port[g->port].is_outer) {
		enum nat_result result = nat_out(&p->nat, &g->d, mac_load(g->head + ETH_FROM), seconds(g->now_ns));

		if (result != NAT_DONE)
			return nat_drop(result);
		g->is_translated = true;
	}
	if (unlikely(g->d.is_asked && !out->is_outer))	/* the router's answer, for all that the station knows */
		datagram_set_from(&g->d, out->address, g->d.from_port);
	leave(p, g, route, v);
	return ROUTER_DROP_NONE;
}

static enum router_drop find_hop(struct plane *p, struct passage *g, struct plane_verdict *v)
{
	const struct route *route = routes_find(&p->routes, g->d.to);

	if (route == NULL || p->port[route->port].address == 0)
		return tell(p, g, (struct icmp_error){ ICMP_UNREACHABLE, UNREACHABLE_NET, 0 }, ROUTER_DROP_ROUTE);
	/* To all of a network of the router's: not from another one (RFC 2644). */
	if (route->gateway == 0 && net_if_is_broadcast(&p->port[route->port], g->d.to))
		return ROUTER_DROP_ROUTE;
	return hop(p, g, route, v);
}

/* To the outer address: behind it are inner hosts, or the router itself. From an inner host, its own source is to be
 * seen as others see it (RFC 4787, REQ-9), and both hosts are behind the router. */
static enum router_drop to_outer(struct plane *p, struct passage *g, struct plane_verdict *v)
{
	enum nat_result result = NAT_DONE;
	bool is_inner = !p->port[g->port].is_outer;

	v->action = PLANE_TAKE;
	if (is_inner && !nat_has(&p->nat, &g->d))
		return ROUTER_DROP_NONE;
	keep(p, g);
	if (is_inner)
		result = nat_out(&p->nat, &g->d, mac_load(g->head + ETH_FROM), seconds(g->now_ns));
	if (result == NAT_DONE)
		result = nat_in(&p->nat, &g->d, seconds(g->now_ns));
	if (result == NAT_LOCAL)
		return ROUTER_DROP_NONE;
	v->action = PLANE_DROPPED;
	if (result != NAT_DONE)
		return nat_drop(result);
	g->is_translated = true;
	return find_hop(p, g, v);
}

/* A name server's answer that is too long for a packet is asked for by TCP (RFC 7766): to the router, which stands for
 * the server outside. */
static bool is_for_name_server(const struct plane *p, const struct passage *g)
{
	const struct route *route;

	if (g->d.to != p->port[g->port].address || g->d.protocol != PROTOCOL_TCP || g->d.is_later_fragment ||
	    g->d.to_port != NAT_PORT_DNS || p->name_server == 0)
		return false;
	route = routes_find(&p->routes, p->name_server);
	return route != NULL && p->port[route->port].is_outer && p->port[route->port].address != 0;
}

static enum router_drop to_name_server(struct plane *p, struct passage *g, struct plane_verdict *v)
{
	keep(p, g);
	datagram_set_to(&g->d, p->name_server, NAT_PORT_DNS);
	g->d.is_asked = g->is_translated = true;
	return find_hop(p, g, v);
}

/* ---- Coming in ---- */

static bool is_own(const struct plane *p, u32 address)
{
	for (u32 i = 0; i < p->own_count; i++)
		if (p->own[i] == address)
			return true;
	return false;
}

/* Nobody sends with an address that is not behind his port (RFC 2827), or with one of the router's. */
static bool source_ok(const struct plane *p, u32 port, const struct datagram *d)
{
	const struct net_if *in = &p->port[port];
	const struct route *route;

	if (d->from == 0)		/* a host that has no address yet */
		return d->protocol == PROTOCOL_UDP && !d->is_fragment && d->to_port == PORT_DHCP_SERVER &&
		       !in->is_outer;
	if (!is_host(d->from) || net_if_is_broadcast(in, d->from) || is_own(p, d->from))
		return false;
	if (in->is_outer && in->address == 0)
		return true;		/* all that it takes is for the DHCP client */
	if (likely(net_if_reaches(in, d->from)))
		return true;
	route = routes_find(&p->routes, d->from);
	return route != NULL && route->port == port;
}

static bool is_rip(const struct datagram *d)
{
	return d->to == RIP_GROUP && d->protocol == PROTOCOL_UDP && !d->is_fragment && d->to_port == PORT_RIP;
}

static enum router_drop ipv4_in(struct plane *p, struct passage *g, struct plane_verdict *v)
{
	const struct net_if *in = &p->port[g->port];
	bool is_group = mac_is_group(mac_load(g->head + ETH_TO));

	if (!datagram_read(&g->d, g->head, g->frame))
		return ROUTER_DROP_MALFORMED;
	if (!source_ok(p, g->port, &g->d))
		return ROUTER_DROP_SOURCE;
	if (unlikely(p->probe.is_waiting) && probe_is_answer(&p->probe, &g->d)) {
		v->action = PLANE_TAKE;
		return ROUTER_DROP_NONE;
	}
	if (in->address == 0 || net_if_is_broadcast(in, g->d.to)) {
		v->action = PLANE_TAKE;
		return ROUTER_DROP_NONE;
	}
	if (in->speaks_rip && is_rip(&g->d)) {
		v->action = PLANE_TAKE;
		return ROUTER_DROP_NONE;
	}
	if (is_group || !is_host(g->d.to))	/* also multicast: it goes nowhere from here */
		return ROUTER_DROP_LOCAL;
	if (g->d.to == p->nat.outer && p->nat.outer != 0)
		return to_outer(p, g, v);
	if (!in->is_outer && unlikely(is_for_name_server(p, g)))
		return to_name_server(p, g, v);
	if (is_own(p, g->d.to)) {
		v->action = PLANE_TAKE;
		return in->is_outer ? ROUTER_DROP_NAT_NONE : ROUTER_DROP_NONE;
	}
	return in->is_outer ? ROUTER_DROP_NAT_NONE : find_hop(p, g, v);
}

static enum router_drop judge(struct plane *p, struct passage *g, struct plane_verdict *v)
{
	u64 to = mac_load(g->head + ETH_TO);	/* cppcheck-suppress ctuuninitvar */
	u16 ethertype = be16_load(g->head + ETH_TYPE);

	if (to != p->port[g->port].mac && !mac_is_group(to))
		return ROUTER_DROP_LINK;
	if (likely(ethertype == ETHERTYPE_IPV4))
		return ipv4_in(p, g, v);
	if (ethertype == ETHERTYPE_IPV6)
		return plane6_in(&p->v6, g->port, g->frame, g->head, g->now_ns, v);
	if (ethertype == ETHERTYPE_LS && p->port[g->port].speaks_ls) {
		v->action = PLANE_TAKE;
		return ROUTER_DROP_NONE;
	}
	if (ethertype != ETHERTYPE_ARP)
		return ROUTER_DROP_LINK;
	return arp_heard(&p->arp, g->port, g->head, g->frame->bytes, g->now_ns) ? ROUTER_DROP_NONE :
										  ROUTER_DROP_MALFORMED;
}

void plane_in(struct plane *p, u32 port, const struct net_frame *frame, u8 *head, u64 now_ns, struct plane_verdict *v)
{
	struct flow_key key = flow_key_of(&p->flows, port, frame, head);
	struct passage g;		/* not zeroed as a whole: kept_head is long, and hardly ever needed */
	enum router_drop why;

	if (key.protocol != 0 && flows_pass(&p->flows, &key, frame, head, now_ns, v)) {
		p->forwarded++;
		return;
	}
	g.port = port;
	g.frame = frame;
	g.head = head;
	g.now_ns = now_ns;
	g.is_translated = g.is_kept = false;
	v->action = PLANE_DROPPED;
	why = judge(p, &g, v);
	if (why != ROUTER_DROP_NONE) {
		v->action = PLANE_DROPPED;
		plane_dropped(p, why);
	} else if (key.protocol != 0 && g.is_translated && v->action == PLANE_SEND) {
		flows_learn(&p->flows, &key, &g.d, v);
	}
}
