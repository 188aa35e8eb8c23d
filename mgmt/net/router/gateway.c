/* SPDX-License-Identifier: MIT */
/*
 * gateway.c - see gateway.h.
 */
#include "gateway.h"

#include <string.h>

#include "config_judge.h"

static u32 seconds(u64 now_ns)
{
	return (u32)(now_ns / NS_PER_S);
}

/* ---- The outer address ---- */

static void add_forwards(struct gateway *g)
{
	for (u32 i = 0; i < g->config.forward_count; i++) {
		const struct router_forward *f = &g->config.forward[i];
		enum nat_protocol protocol = f->protocol == PROTOCOL_TCP ? NAT_TCP : NAT_UDP;

		/* The table is empty, and no two have one port. */
		(void)nat_map_forward(&g->plane.nat.table, protocol, f->outer_port, f->address, f->port);
	}
}

static void set_outer(struct gateway *g, u32 address, u8 bits, u64 now_ns)
{
	struct net_if port = g->plane.port[g->outer];

	port.address = address;
	port.bits = bits;
	plane_set_port(&g->plane, g->outer, &port, now_ns);
	dns_forget(&g->dns);
	add_forwards(g);
}

static void set_servers(struct gateway *g)
{
	const u32 *from = g->config.servers;

	if ((from[0] | from[1] | from[2]) == 0)
		from = g->client.lease.servers;
	memcpy(g->server.servers, from, sizeof(g->server.servers));
	g->plane.name_server = dns_server_of(&g->dns);
}

static void drop_lease(struct gateway *g, u64 now_ns)
{
	routes_remove(&g->plane.routes, ROUTE_DHCP);
	set_outer(g, 0, 0, now_ns);
	set_servers(g);
}

/* An outer network that is also an inner one can't be used: packets to it would find the wrong way. */
static bool is_inner_network(const struct gateway *g, u32 address, u32 bits)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		const struct net_if *p = &g->plane.port[i];
		u32 shorter = p->bits < bits ? p->bits : bits;

		if (p->is_up && !p->is_outer && in_prefix(address, p->address, shorter))
			return true;
	}
	return false;
}

static void take_lease(struct gateway *g, u64 now_ns)
{
	const struct dhcp_message *l = &g->client.lease;
	const struct net_if *port = &g->plane.port[g->outer];
	u8 bits = (u8)__builtin_popcount(l->mask);
	struct route route = { .gateway = l->gateway, .port = (u8)g->outer, .preference = PREFERENCE_DHCP,
			       .origin = ROUTE_DHCP };

	if (is_inner_network(g, l->yours, bits)) {
		dhcp_client_start(&g->client, port->mac, g->dice, seconds(now_ns) + DHCP_WAIT_MOST_S);
		drop_lease(g, now_ns);
		return;
	}
	if (port->address != l->yours || port->bits != bits)
		set_outer(g, l->yours, bits, now_ns);
	routes_remove(&g->plane.routes, ROUTE_DHCP);
	/* There is always room for this one. */
	if (l->gateway != 0)
		(void)(routes_add(&g->plane.routes, route) == ST_OK);
	set_servers(g);
}

/* ---- Services ---- */

static void serve_dhcp(struct gateway *g, const struct own_udp *u)
{
	u8 out[OWN_UDP_HEADERS + DHCP_MOST];
	struct dhcp_answer to;
	struct own_peer peer;

	if (!dhcp_serve(&g->server, u->port, u->mac, u->payload, u->count, seconds(u->now_ns), out + OWN_UDP_HEADERS,
			&to))
		return;
	peer = (struct own_peer){ .mac = to.mac, .address = to.address, .port = PORT_DHCP_CLIENT };
	own_send(&g->own, u->port, PORT_DHCP_SERVER, &peer, out, to.bytes);
}

static void ask_dhcp(struct gateway *g, u64 now_ns)
{
	u8 out[OWN_UDP_HEADERS + DHCP_MOST];
	struct own_peer all = { .mac = MAC_BROADCAST, .address = IPV4_BROADCAST, .port = PORT_DHCP_SERVER };
	struct dhcp_question q;
	enum dhcp_news news;
	bool is_due = dhcp_client_tick(&g->client, seconds(now_ns), out + OWN_UDP_HEADERS, &q, &news);

	if (news == DHCP_LOST)
		drop_lease(g, now_ns);
	if (!is_due)
		return;
	if (q.to == IPV4_BROADCAST)
		own_send(&g->own, g->outer, PORT_DHCP_CLIENT, &all, out, q.bytes);
	else
		own_send_far(&g->own, q.from, PORT_DHCP_CLIENT, q.to, PORT_DHCP_SERVER, out, q.bytes, now_ns);
}

static void hear_dhcp(struct gateway *g, const struct own_udp *u)
{
	enum dhcp_news news = dhcp_client_heard(&g->client, u->payload, u->count, seconds(u->now_ns));

	if (news == DHCP_GOT)
		take_lease(g, u->now_ns);
	else if (news == DHCP_LOST)
		drop_lease(g, u->now_ns);
	ask_dhcp(g, u->now_ns);
}

/* Of an inner station to the router's address there, or an answer of a server, outside or inside. In front of the
 * message there is room for the headers of either version. */
static void forward_dns(struct gateway *g, const struct own_udp *u, u32 outside)
{
	static u8 out[OWN6_UDP_HEADERS + DNS_MOST];	/* too large for the stack */
	u8 *message = out + OWN6_UDP_HEADERS, *v4 = message - OWN_UDP_HEADERS;
	struct dns_out to;
	enum dns_action action = u->to == outside && outside != 0 ?
		dns_heard(&g->dns, u, message, &to) :
		dns_asked(&g->dns, u, outside != 0, message, &to);

	if (action == DNS_REPLY && to.to.address != 0)
		own_send(&g->own, to.port, PORT_DNS, &to.to, v4, to.bytes);
	else if (action == DNS_REPLY)
		own6_send(&g->own6, to.port, to.from6, PORT_DNS, &to.to, out, to.bytes);
	else if (action == DNS_FORWARD)
		own_send_far(&g->own, outside, to.from_port, to.to.address, PORT_DNS, v4, to.bytes, u->now_ns);
}

static void send_rip(void *context, u32 port, const struct own_peer *to, u8 *bytes, u32 payload)
{
	struct gateway *g = context;

	own_send(&g->own, port, PORT_RIP, to, bytes, payload);
}

static bool is_dns(const struct gateway *g, const struct own_udp *u, u32 outside)
{
	const struct net_if *port = &g->plane.port[u->port];

	if (outside != 0 && u->to == outside)
		return u->from_port == PORT_DNS;
	return !port->is_outer && u->to_port == PORT_DNS &&
	       (u->to == 0 ? net_if_is_own6(port, u->to6) : u->to == port->address);
}

static bool udp(void *context, const struct own_udp *u)
{
	struct gateway *g = context;
	bool is_outer = u->port == g->outer;
	u32 outside = g->outer != NET_IF_NONE ? g->plane.port[g->outer].address : 0;

	if (is_dns(g, u, outside)) {
		forward_dns(g, u, outside);
		return true;
	}
	if (u->to == 0)			/* IPv6 has no other service */
		return false;
	if (u->to_port == PORT_RIP && g->plane.port[u->port].speaks_rip) {
		rip_heard(&g->rip, u);
		return true;
	}
	if (is_outer && u->to_port == PORT_DHCP_CLIENT && u->from_port == PORT_DHCP_SERVER) {
		hear_dhcp(g, u);
		return true;
	}
	if (is_outer || u->to_port != PORT_DHCP_SERVER || !g->server.scope[u->port].is_on)
		return false;
	serve_dhcp(g, u);
	return true;
}

/* ---- Configuration ---- */

static bool is_anothers(const void *owners, u32 address, u64 mac)
{
	return dhcp_is_anothers(owners, address, mac);
}

static void seen6(void *names6, u64 mac, struct ip6 address)
{
	names6_seen(names6, mac, address);
}

void gateway_init(struct gateway *g, u64 secret, struct outlet out, struct dice dice)
{
	memset(g, 0, sizeof(*g));
	plane_init(&g->plane, secret, out, dice);
	own_init(&g->own, &g->plane, udp, g);
	g->own6 = (struct own6){ &g->plane.v6, &g->own };
	g->plane.v6.ndp.seen = seen6;
	g->plane.v6.ndp.seen_context = &g->names6;
	rip_init(&g->rip, g->plane.port, &g->plane.routes, (struct rip_outlet){ send_rip, g }, dice);
	ls_init(&g->ls, g->plane.port, &g->plane.routes, &g->plane.v6.routes, out);
	dns_init(&g->dns, &g->server, &g->names6, &g->plane.nat.table, dice);
	g->server.ports = g->plane.port;
	g->server.names = g->config.name;
	g->plane.arp.is_anothers = is_anothers;
	g->plane.arp.owners = &g->server;
	g->outer = NET_IF_NONE;
	g->dice = dice;
}

static bool is_same_port(const struct router_port *a, const struct router_port *b)
{
	return memcmp(a->mac, b->mac, MAC_BYTES) == 0 && a->is_up == b->is_up && a->is_outer == b->is_outer &&
	       a->address == b->address && a->prefix_bits == b->prefix_bits && a->mtu == b->mtu &&
	       a->speaks_rip == b->speaks_rip && a->speaks_ls == b->speaks_ls && a->prefix6 == b->prefix6;
}

/* Nothing else of a port counts that is not up. */
static bool is_outer_port(const struct router_port *p)
{
	return p->is_up != 0 && p->is_outer != 0;
}

static void set_port(struct gateway *g, u32 i, const struct router_port *p, u64 now_ns)
{
	struct net_if port = { 0 };
	bool is_outer = is_outer_port(p);

	if (p->is_up != 0)
		port = (struct net_if){ true, is_outer, p->speaks_rip != 0, p->speaks_ls != 0, p->prefix_bits,
					mac_load(p->mac), p->address, p->mtu, p->prefix6 };
	if (i == g->outer) {		/* it was the outer one */
		routes_remove(&g->plane.routes, ROUTE_DHCP);
		g->client.state = ROUTER_DHCP_OFF;
		nat_set_outer(&g->plane.nat, 0);
		g->outer = NET_IF_NONE;
	}
	plane_set_port(&g->plane, i, &port, now_ns);
	rip_set_port(&g->rip, i, port.speaks_rip, seconds(now_ns));
	ls_set_port(&g->ls, i, seconds(now_ns));
	if (!is_outer)
		return;
	g->outer = i;
	if (p->address == 0)
		dhcp_client_start(&g->client, port.mac, g->dice, seconds(now_ns));
}

static bool is_same_forwards(const struct router_config *a, const struct router_config *b)
{
	return a->forward_count == b->forward_count &&
	       memcmp(a->forward, b->forward, b->forward_count * sizeof(b->forward[0])) == 0;
}

static void set_routes(struct gateway *g)
{
	routes_remove(&g->plane.routes, ROUTE_GIVEN);
	for (u32 i = 0; i < g->config.route_count; i++) {
		const struct router_route *r = &g->config.route[i];
		struct route route = { .prefix = r->prefix, .gateway = r->gateway, .bits = r->bits, .port = r->port,
				       .preference = r->preference, .origin = ROUTE_GIVEN };

		/* ROUTES_MAX has room for all that may be given. */
		(void)(routes_add(&g->plane.routes, route) == ST_OK);
	}
}

static void set_scopes(struct gateway *g)
{
	g->server.name_count = g->config.name_count;
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		const struct router_port *p = &g->config.port[i];

		g->server.scope[i] = (struct dhcp_scope){
			.is_on = p->is_up != 0 && p->serves_dhcp != 0, .first = p->pool_first, .last = p->pool_last,
			.lease_s = p->lease_s,
		};
	}
	set_servers(g);
}

/* ---- An echo request of its own ---- */

static bool is_own(const struct gateway *g, u32 address)
{
	for (u32 i = 0; i < g->plane.own_count; i++)
		if (g->plane.own[i] == address)
			return true;
	return false;
}

static void start_probe(struct gateway *g, const struct router_probe *wanted, u64 now_ns)
{
	const struct route *route = routes_find(&g->plane.routes, wanted->address);
	u32 from = route != NULL && g->plane.port[route->port].is_up ? g->plane.port[route->port].address : 0;
	u8 out[PROBE_MOST];

	if (wanted->number == 0)
		probe_end(&g->plane.probe, wanted, ROUTER_PROBE_NONE, 0);
	else if (is_own(g, wanted->address))
		probe_end(&g->plane.probe, wanted, ROUTER_PROBE_REPLIED, wanted->address);
	else if (from == 0)
		probe_end(&g->plane.probe, wanted, ROUTER_PROBE_NO_ROUTE, 0);
	else
		plane_send(&g->plane, out, probe_write(&g->plane.probe, wanted, from, g->dice.roll(g->dice.context),
						       out, now_ns), now_ns);
}

/* An outer port goes before another one comes. */
enum router_error gateway_configure(struct gateway *g, const struct router_config *c, u64 now_ns)
{
	enum router_error error = config_judge(c);
	bool is_changed[ROUTER_PORTS], is_other_nat = !is_same_forwards(&g->config, c);
	bool is_other_probe = g->config.probe.number != c->probe.number;

	if (error != ROUTER_OK)
		return error;
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		is_changed[i] = !is_same_port(&g->config.port[i], &c->port[i]);
	g->config = *c;
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (is_changed[i] && !is_outer_port(&c->port[i]))
			set_port(g, i, &c->port[i], now_ns);
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (is_changed[i] && is_outer_port(&c->port[i])) {
			set_port(g, i, &c->port[i], now_ns);
			is_other_nat = true;
		}
	set_routes(g);
	set_scopes(g);
	names6_set(&g->names6, c->name, c->name_count);
	if (is_other_nat) {		/* sessions end: their ports may be others' now */
		nat_set_outer(&g->plane.nat, g->plane.nat.outer);
		dns_forget(&g->dns);
		add_forwards(g);
	}
	if (is_other_probe)
		start_probe(g, &c->probe, now_ns);
	return ROUTER_OK;
}

void gateway_take(struct gateway *g, u32 port, const struct net_frame *frame, u8 *bytes, u64 now_ns)
{
	u16 ethertype = be16_load(bytes + ETH_TYPE);

	if (ethertype == ETHERTYPE_IPV6)
		own6_take(&g->own6, port, frame, bytes, now_ns);
	else if (ethertype != ETHERTYPE_LS)
		own_take(&g->own, port, frame, bytes, now_ns);
	else if (!ls_heard(&g->ls, port, bytes, frame->bytes, now_ns))
		plane_dropped(&g->plane, ROUTER_DROP_MALFORMED);
}

void gateway_tick(struct gateway *g, u64 now_ns)
{
	neighbours_tick(&g->plane.arp.table, now_ns);
	neighbours_tick(&g->plane.v6.ndp.table, now_ns);
	advert_tick(&g->plane.v6.advert, seconds(now_ns));
	nat_table_sweep(&g->plane.nat.table, seconds(now_ns));
	dns_tick(&g->dns, seconds(now_ns));
	g->plane.name_server = dns_server_of(&g->dns);
	rip_tick(&g->rip, seconds(now_ns));
	ls_tick(&g->ls, seconds(now_ns));
	if (g->outer != NET_IF_NONE)
		ask_dhcp(g, now_ns);
}
