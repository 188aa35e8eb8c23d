/* SPDX-License-Identifier: MIT */
/*
 * rip.c - see rip.h. Sections are RFC 2453's.
 */
#include "rip.h"

#include "rip_message.h"

static bool is_due(u32 at_s, u32 now_s)
{
	return (s32)(now_s - at_s) >= 0;
}

void rip_init(struct rip *r, const struct net_if *ports, struct routes *routes, struct rip_outlet out, struct dice dice)
{
	*r = (struct rip){ .ports = ports, .routes = routes, .out = out, .dice = dice };
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		bucket_set(&r->questions[i], RIP_QUESTIONS);
}

/* ---- What is learned ---- */

static void install(const struct rip *r)
{
	routes_remove(r->routes, ROUTE_RIP);
	for (u32 i = 0; i < r->count; i++) {
		const struct rip_learned *l = &r->learned[i];
		struct route route = { .prefix = l->prefix, .gateway = l->gateway, .bits = l->bits, .port = l->port,
				       .origin = ROUTE_RIP, .preference = PREFERENCE_RIP };

		/* ROUTES_MAX has room for all that may be learned. */
		if (l->metric < RIP_INFINITY)
			(void)(routes_add(r->routes, route) == ST_OK);
	}
}

/* A change is told soon, but not at once: more may follow (3.10.1). */
static void changed(struct rip *r, struct rip_learned *l, u32 now_s)
{
	l->is_changed = true;
	install(r);
	if (r->is_triggered)
		return;
	r->is_triggered = true;
	r->trigger_s = now_s + 1 + (u32)(r->dice.roll(r->dice.context) % RIP_TRIGGER_MOST_S);
}

static void lose(struct rip *r, struct rip_learned *l, u32 now_s)
{
	l->metric = RIP_INFINITY;
	l->heard_s = now_s;
	changed(r, l, now_s);
}

static struct rip_learned *find(struct rip *r, u32 prefix, u8 bits)
{
	for (u32 i = 0; i < r->count; i++)
		if (r->learned[i].prefix == prefix && r->learned[i].bits == bits)
			return &r->learned[i];
	return NULL;
}

/* A port's own network is known better. */
static bool is_own_network(const struct rip *r, u32 prefix, u8 bits)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (r->ports[i].is_up && r->ports[i].address != 0 && r->ports[i].bits == bits &&
		    in_prefix(r->ports[i].address, prefix, bits))
			return true;
	return false;
}

static bool is_own_address(const struct rip *r, u32 address)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (r->ports[i].is_up && r->ports[i].address == address)
			return true;
	return false;
}

static void adopt(struct rip *r, const struct rip_learned *n)
{
	struct rip_learned *l = find(r, n->prefix, n->bits);

	if (l == NULL) {
		if (n->metric == RIP_INFINITY || r->count == ROUTES_LEARNED)
			return;
		l = &r->learned[r->count++];
		l->metric = RIP_INFINITY;
		l->gateway = 0;
	}
	if (l->gateway == n->gateway && l->port == n->port && l->metric < RIP_INFINITY) {
		if (n->metric == RIP_INFINITY) {
			lose(r, l, n->heard_s);
			return;
		}
		l->heard_s = n->heard_s;
		if (l->metric == n->metric && l->tag == n->tag)
			return;
	} else if (n->metric >= l->metric) {
		return;
	}
	*l = *n;
	changed(r, l, n->heard_s);
}

/* 3.9.2: one step farther than who told it, by the neighbour that it names or by itself. */
static void take_entry(struct rip *r, const struct own_udp *u, const struct rip_entry *e)
{
	const struct net_if *port = &r->ports[u->port];
	bool is_named = is_host(e->next_hop) && net_if_reaches(port, e->next_hop) && !is_own_address(r, e->next_hop) &&
			!net_if_is_broadcast(port, e->next_hop);
	struct rip_learned n = { .prefix = e->address, .gateway = is_named ? e->next_hop : u->from, .tag = e->tag,
				 .heard_s = (u32)(u->now_ns / NS_PER_S), .port = (u8)u->port };

	if (!rip_entry_ok(e, &n.bits) || is_own_network(r, n.prefix, n.bits))
		return;
	n.metric = (u8)(e->metric + 1 < RIP_INFINITY ? e->metric + 1 : RIP_INFINITY);
	adopt(r, &n);
}

/* ---- What is told ---- */

static void flush(struct rip *r, u32 port, const struct own_peer *to, struct rip_writer *w)
{
	if (w->count > RIP_HEADER)
		r->out.send(r->out.context, port, to, w->bytes, w->count);
	rip_begin(w, RIP_RESPONSE);
}

static void tell_one(struct rip *r, u32 port, const struct own_peer *to, struct rip_writer *w,
		     const struct rip_entry *e)
{
	rip_put(w, e);
	if (rip_is_full(w))
		flush(r, port, to, w);
}

static u32 metric_of(struct rip *r, const struct route *route)
{
	const struct rip_learned *l = route->origin == ROUTE_RIP ? find(r, route->prefix, route->bits) : NULL;

	return l != NULL ? l->metric : 1;
}

/* The router's best routes; to a port's own network nothing of what lies there is told. */
static void tell_routes(struct rip *r, u32 port, const struct own_peer *to, struct rip_writer *w)
{
	const struct routes *t = r->routes;

	for (u32 i = 0; i < t->count; i++) {
		const struct route *route = &t->route[i];
		struct rip_entry e = { .family = RIP_FAMILY_IPV4, .address = route->prefix, .mask = route->mask,
				       .metric = metric_of(r, route) };
		bool is_second = i > 0 && route[-1].prefix == route->prefix && route[-1].bits == route->bits;

		if (route->origin != ROUTE_RIP && !is_second && route->port != port)
			tell_one(r, port, to, w, &e);
	}
}

static bool is_best(const struct rip *r, const struct rip_learned *l)
{
	const struct routes *t = r->routes;

	for (u32 i = 0; i < t->count; i++)
		if (t->route[i].prefix == l->prefix && t->route[i].bits == l->bits)
			return t->route[i].origin == ROUTE_RIP;
	return true;		/* it is gone, which is told as well */
}

static void tell_learned(struct rip *r, u32 port, const struct own_peer *to, struct rip_writer *w, bool is_changed_only)
{
	for (u32 i = 0; i < r->count; i++) {
		const struct rip_learned *l = &r->learned[i];
		struct rip_entry e = { .family = RIP_FAMILY_IPV4, .tag = l->tag, .address = l->prefix,
				       .mask = prefix_mask(l->bits),
				       .metric = l->port == port ? RIP_INFINITY : l->metric };

		if ((l->is_changed || !is_changed_only) && is_best(r, l))
			tell_one(r, port, to, w, &e);
	}
}

static void tell(struct rip *r, u32 port, const struct own_peer *to, bool is_changed_only)
{
	struct rip_writer w;

	rip_begin(&w, RIP_RESPONSE);
	if (!is_changed_only)
		tell_routes(r, port, to, &w);
	tell_learned(r, port, to, &w, is_changed_only);
	flush(r, port, to, &w);
}

static const struct own_peer group = { .mac = RIP_GROUP_MAC, .address = RIP_GROUP, .port = PORT_RIP };

static bool speaks(const struct rip *r, u32 port)
{
	return r->is_on[port] && r->ports[port].is_up && r->ports[port].address != 0;
}

static void tell_all(struct rip *r, bool is_changed_only)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (speaks(r, i))
			tell(r, i, &group, is_changed_only);
	for (u32 i = 0; i < r->count; i++)
		r->learned[i].is_changed = false;
	r->is_triggered = false;
}

/* ---- Questions (3.9.1) ---- */

static void ask(struct rip *r, u32 port)
{
	static const struct rip_entry all = { .family = RIP_FAMILY_ALL, .metric = RIP_INFINITY };
	struct rip_writer w;

	rip_begin(&w, RIP_REQUEST);
	rip_put(&w, &all);
	r->out.send(r->out.context, port, &group, w.bytes, w.count);
}

static u32 metric_to(struct rip *r, const struct rip_entry *e)
{
	const struct routes *t = r->routes;

	for (u32 i = 0; i < t->count; i++)
		if (t->route[i].prefix == e->address && t->route[i].mask == e->mask)
			return metric_of(r, &t->route[i]);
	return RIP_INFINITY;
}

static void answer(struct rip *r, const struct own_udp *u, u32 entries)
{
	struct own_peer to = { .mac = u->mac, .address = u->from, .port = u->from_port };
	struct rip_entry e = rip_entry_at(u->payload, 0);
	struct rip_writer w;

	if (bucket_wait_ns(&r->questions[u->port], u->now_ns) != 0)
		return;
	bucket_take(&r->questions[u->port], u->now_ns, 1);
	if (entries == 1 && e.family == RIP_FAMILY_ALL && e.metric == RIP_INFINITY) {
		tell(r, u->port, &to, false);
		return;
	}
	rip_begin(&w, RIP_RESPONSE);
	for (u32 i = 0; i < entries; i++) {
		e = rip_entry_at(u->payload, i);
		e.metric = metric_to(r, &e);
		rip_put(&w, &e);
	}
	r->out.send(r->out.context, u->port, &to, w.bytes, w.count);
}

void rip_heard(struct rip *r, const struct own_udp *u)
{
	const struct net_if *port = &r->ports[u->port];
	enum rip_command command;
	u32 entries = rip_entries(u->payload, u->count, &command);

	if (entries == 0 || !speaks(r, u->port) || !net_if_reaches(port, u->from) || is_own_address(r, u->from) ||
	    net_if_is_broadcast(port, u->from))
		return;
	if (command == RIP_REQUEST) {
		answer(r, u, entries);
		return;
	}
	for (u32 i = 0; i < entries && u->from_port == PORT_RIP; i++) {
		struct rip_entry e = rip_entry_at(u->payload, i);

		take_entry(r, u, &e);
	}
}

/* ---- Times (3.8) ---- */

/* What ends is lost when the table is whole again: install looks at all of it. */
static void age(struct rip *r, u32 now_s)
{
	u32 kept = 0;

	for (u32 i = 0; i < r->count; i++) {
		const struct rip_learned *l = &r->learned[i];

		if (l->metric < RIP_INFINITY || !is_due(l->heard_s + RIP_GARBAGE_S, now_s))
			r->learned[kept++] = *l;
	}
	r->count = kept;
	for (u32 i = 0; i < kept; i++) {
		struct rip_learned *l = &r->learned[i];

		if (l->metric < RIP_INFINITY && is_due(l->heard_s + RIP_TIMEOUT_S, now_s))
			lose(r, l, now_s);
	}
}

static u32 next_update(struct rip *r, u32 now_s)
{
	u32 jitter = (u32)(r->dice.roll(r->dice.context) % (2 * RIP_UPDATE_JITTER_S + 1));

	return now_s + RIP_UPDATE_S - RIP_UPDATE_JITTER_S + jitter;
}

void rip_set_port(struct rip *r, u32 port, bool is_on, u32 now_s)
{
	for (u32 i = 0; i < r->count; i++)
		if (r->learned[i].port == port && r->learned[i].metric < RIP_INFINITY)
			lose(r, &r->learned[i], now_s);
	r->is_on[port] = is_on;
	if (!speaks(r, port))
		return;
	ask(r, port);
	r->update_s = now_s;		/* not before all ports and routes are as they are to be */
}

void rip_tick(struct rip *r, u32 now_s)
{
	age(r, now_s);
	if (is_due(r->update_s, now_s)) {
		tell_all(r, false);
		r->update_s = next_update(r, now_s);
	} else if (r->is_triggered && is_due(r->trigger_s, now_s)) {
		tell_all(r, true);
	}
}
