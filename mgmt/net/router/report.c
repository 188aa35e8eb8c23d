/* SPDX-License-Identifier: MIT */
/*
 * report.c - what root is told of a router; see gateway.h.
 */
#include <string.h>

#include "gateway.h"

static u32 left(u32 end_s, u32 now_s)
{
	return (s32)(end_s - now_s) > 0 ? end_s - now_s : 0;
}

static void add_routes(const struct gateway *g, struct router_report *r)
{
	const struct routes *t = &g->plane.routes;

	r->route_count = t->count;
	r->gateway = 0;
	for (u32 i = 0; i < t->count; i++) {
		const struct route *from = &t->route[i];

		r->route[i] = (struct router_route){
			.prefix = from->prefix, .gateway = from->gateway, .bits = from->bits, .port = from->port,
			.preference = from->preference, .origin = from->origin,
		};
		if (from->bits == 0 && r->gateway == 0)
			r->gateway = from->gateway;
	}
}

static void add_leases(const struct gateway *g, struct router_report *r, u32 now_s)
{
	r->lease_count = 0;
	for (u32 i = 0; i < DHCP_LEASES; i++) {
		const struct dhcp_lease *l = &g->server.lease[i];
		struct router_report_lease *out = &r->lease[r->lease_count];

		if (!l->is_used || l->mac == 0 || left(l->end_s, now_s) == 0)
			continue;
		*out = (struct router_report_lease){ .address = l->address, .left_s = left(l->end_s, now_s),
						     .port = l->port, .is_offered = l->is_offered };
		mac_store(out->mac, l->mac);
		r->lease_count++;
	}
}

static void add_neighbours(const struct gateway *g, struct router_report *r)
{
	r->neighbour_count = 0;
	for (u32 i = 0; i < NEIGHBOUR_SETS * NEIGHBOUR_WAYS; i++) {
		const struct neighbour *e = &g->plane.arp.table.entry[i / NEIGHBOUR_WAYS][i % NEIGHBOUR_WAYS];
		struct router_report_neighbour *out = &r->neighbour[r->neighbour_count];

		if (e->state == NEIGHBOUR_NONE)
			continue;
		*out = (struct router_report_neighbour){
			.address = (u32)e->address.low, .port = e->port,
			.is_known = e->state == NEIGHBOUR_KNOWN || e->state == NEIGHBOUR_PROBED,
		};
		mac_store(out->mac, e->mac);
		r->neighbour_count++;
	}
}

static void add_routes6(const struct gateway *g, struct router_report *r)
{
	const struct routes6 *t = &g->plane.v6.routes;

	r->route6_count = t->count;
	for (u32 i = 0; i < t->count; i++) {
		const struct route6 *from = &t->route[i];

		r->route6[i] = (struct router_report_route6){
			.prefix = { from->prefix.high, from->prefix.low },
			.gateway = { from->gateway.high, from->gateway.low },
			.bits = from->bits, .port = from->port, .preference = from->preference,
			.origin = from->origin,
		};
	}
}

static void add_neighbours6(const struct gateway *g, struct router_report *r)
{
	r->neighbour6_count = 0;
	for (u32 i = 0; i < NEIGHBOUR_SETS * NEIGHBOUR_WAYS; i++) {
		const struct neighbour *e = &g->plane.v6.ndp.table.entry[i / NEIGHBOUR_WAYS][i % NEIGHBOUR_WAYS];
		struct router_report_neighbour6 *out = &r->neighbour6[r->neighbour6_count];

		if (e->state == NEIGHBOUR_NONE)
			continue;
		*out = (struct router_report_neighbour6){
			.address = { e->address.high, e->address.low }, .port = e->port,
			.is_known = e->state == NEIGHBOUR_KNOWN || e->state == NEIGHBOUR_PROBED,
		};
		mac_store(out->mac, e->mac);
		r->neighbour6_count++;
	}
}

static void add_sessions(const struct gateway *g, struct router_report *r, u32 now_s)
{
	static const u8 protocols[] = {
		[NAT_TCP] = PROTOCOL_TCP, [NAT_UDP] = PROTOCOL_UDP, [NAT_ICMP] = PROTOCOL_ICMP,
	};
	const struct nat_table *t = &g->plane.nat.table;

	r->session_total = t->session_count;
	r->session_count = 0;
	for (u32 i = 0; i < NAT_SESSIONS && r->session_count < ROUTER_REPORT_SESSIONS; i++) {
		const struct nat_session *s = &t->session[i];
		const struct nat_map *m = &t->map[s->map];

		if (!s->is_used)
			continue;
		r->session[r->session_count++] = (struct router_report_session){
			.inner = m->inner, .remote = s->remote, .inner_port = m->inner_port,
			.outer_port = m->outer_port, .remote_port = s->remote_port, .protocol = protocols[m->protocol],
			.left_s = left(s->end_s, now_s),
		};
	}
}

static void add_address6(const struct net_if *from, struct router_report_port *to)
{
	struct ip6 address = net_if_address6(from);

	to->address6[0] = net_if_has6(from) ? address.high : 0;
	to->address6[1] = net_if_has6(from) ? address.low : 0;
}

void gateway_report(const struct gateway *g, struct router_report *r, u64 now_ns)
{
	u32 now_s = (u32)(now_ns / NS_PER_S);

	r->dhcp_state = g->client.state;
	r->dhcp_left_s = dhcp_client_has_lease(&g->client) ? left(g->client.end_s, now_s) : 0;
	r->dhcp_server = g->client.lease.server;
	memcpy(r->servers, g->server.servers, sizeof(r->servers));
	r->forwarded = g->plane.forwarded;
	r->answered = g->own.answered;
	r->probe = g->plane.probe.report;
	memcpy(r->drops, g->plane.drops, sizeof(r->drops));
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		r->port[i].address = g->plane.port[i].address;
		r->port[i].prefix_bits = g->plane.port[i].bits;
		add_address6(&g->plane.port[i], &r->port[i]);
	}
	add_routes(g, r);
	add_routes6(g, r);
	add_neighbours6(g, r);
	add_leases(g, r, now_s);
	add_neighbours(g, r);
	add_sessions(g, r, now_s);
}
