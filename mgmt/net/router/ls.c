/* SPDX-License-Identifier: MIT */
/*
 * ls.c - see ls.h.
 */
#include "ls.h"

#include <string.h>

static bool is_due(u32 at_s, u32 now_s)
{
	return (s32)(now_s - at_s) >= 0;
}

static bool speaks(const struct ls *l, u32 port)
{
	return l->ports[port].is_up && l->ports[port].speaks_ls;
}

void ls_init(struct ls *l, const struct net_if *ports, struct routes *routes, struct routes6 *routes6,
	     struct outlet out)
{
	*l = (struct ls){ .ports = ports, .routes = routes, .routes6 = routes6, .out = out };
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		bucket_set(&l->frames[i], LS_FRAMES);
}

/* ---- What is told ---- */

static void send_state(const struct ls *l, u32 port, const struct ls_state *s)
{
	static u8 frame[LS_MOST];	/* too large for the stack */

	l->out.send(l->out.context, port, frame, ls_write_state(frame, l->ports[port].mac, s));
}

/* At all ports but one, or NET_IF_NONE. */
static void flood(const struct ls *l, const struct ls_state *s, u32 except)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (i != except && speaks(l, i))
			send_state(l, i, s);
}

static void greet(const struct ls *l, u32 port)
{
	struct ls_hello h = { .id = l->id, .address = l->ports[port].address };
	u8 frame[LS_HELLO_MOST];

	for (u32 i = 0; i < LS_NEIGHBOURS; i++)
		if (l->neighbour[i].id != 0 && l->neighbour[i].port == port)
			h.heard[h.count++] = l->neighbour[i].id;
	l->out.send(l->out.context, port, frame, ls_write_hello(frame, l->ports[port].mac, &h));
}

/* ---- The own state ---- */

/* Two routers may have two networks in common: one link, by the port that comes first. */
static void add_links(const struct ls *l, struct ls_state *s)
{
	for (u32 i = 0; i < LS_NEIGHBOURS; i++) {
		bool is_known = l->neighbour[i].id == 0 || !l->neighbour[i].hears_us;

		for (u32 k = 0; k < s->link_count; k++)
			is_known = is_known || s->link[k].id == l->neighbour[i].id;
		if (!is_known)
			s->link[s->link_count++] = (struct ls_link){ l->neighbour[i].id, LS_PORT_COST };
	}
}

static void add_prefix(struct ls_state *s, u8 version, struct ip6 prefix, u32 bits)
{
	if (s->prefix_count < LS_PREFIXES)
		s->prefix[s->prefix_count++] = (struct ls_prefix){
			ip6_prefix(prefix, version == 4 ? bits + 96 : bits), version, (u8)bits, LS_PORT_COST,
		};
}

static bool has_own_way_out(const struct ls *l)
{
	for (u32 i = 0; i < l->routes->count; i++) {
		const struct route *r = &l->routes->route[i];

		if (r->bits == 0 && (r->origin == ROUTE_GIVEN || r->origin == ROUTE_DHCP))
			return true;
	}
	return false;
}

/* Inner networks; and the way out, if there is one. */
static void add_prefixes(const struct ls *l, struct ls_state *s)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		const struct net_if *p = &l->ports[i];

		if (p->is_up && !p->is_outer && p->address != 0)
			add_prefix(s, 4, ip6_mapped(p->address), p->bits);
		if (net_if_has6(p))
			add_prefix(s, 6, (struct ip6){ p->prefix6, 0 }, 64);
	}
	if (has_own_way_out(l))
		add_prefix(s, 4, ip6_mapped(0), 0);
}

static void renew(struct ls *l, u32 now_s)
{
	struct ls_state *own = &l->state[0];
	u32 sequence = own->sequence + 1;

	*own = (struct ls_state){ .id = l->id, .sequence = sequence };
	add_links(l, own);
	add_prefixes(l, own);
	l->count = l->count == 0 ? 1 : l->count;
	l->refresh_s = now_s + LS_REFRESH_S;
	l->is_changed = false;
	l->has_news = true;
	flood(l, own, NET_IF_NONE);
}

/* ---- Routes ---- */

static const struct ls_neighbour *by_id(const struct ls *l, u64 id)
{
	for (u32 i = 0; i < LS_NEIGHBOURS; i++)
		if (l->neighbour[i].id == id && l->neighbour[i].hears_us)
			return &l->neighbour[i];
	return NULL;
}

/* Who has a way out takes nobody else's, whatever the preferences: two would send to each other. */
static bool is_wanted(const struct ls_prefix *p, bool has_way_out)
{
	return !has_way_out || p->version != 4 || p->bits != 0;
}

/* The shortest way to a prefix so far. Full tables leave the rest unreached. */
struct found {
	const struct ls_prefix *prefix;
	const struct ls_neighbour *by;
	u32 cost;
};

static void offer(struct found *found, u32 *count, const struct found *way)
{
	u32 i = 0;

	while (i < *count && !(found[i].prefix->bits == way->prefix->bits &&
			       ip6_equal(found[i].prefix->prefix, way->prefix->prefix)))
		i++;
	if (i == ROUTES_LS || (i < *count && found[i].cost <= way->cost))
		return;
	found[i] = *way;
	*count += i == *count;
}

static void add_route(struct ls *l, const struct found *f)
{
	const struct ls_neighbour *by = f->by;
	struct route route = { .prefix = (u32)f->prefix->prefix.low, .gateway = by->address, .bits = f->prefix->bits,
			       .port = by->port, .origin = ROUTE_LS, .preference = PREFERENCE_LS };
	struct route6 route6 = { .prefix = f->prefix->prefix, .gateway = ip6_link_local(by->mac),
				 .bits = f->prefix->bits, .port = by->port, .origin = ROUTE_LS,
				 .preference = PREFERENCE_LS };

	/* Both tables have room for ROUTES_LS. */
	if (f->prefix->version == 4 && by->address != 0)
		(void)(routes_add(l->routes, route) == ST_OK);
	else if (f->prefix->version == 6 && net_if_has6(&l->ports[by->port]))
		(void)(routes6_add(l->routes6, route6) == ST_OK);
}

static void find_routes(struct ls *l)
{
	static struct ls_path path[LS_ROUTERS];
	static struct found found[2][ROUTES_LS];	/* of IPv4 and IPv6 */
	u32 count[2] = { 0 };
	bool has_way_out = has_own_way_out(l);

	routes_remove(l->routes, ROUTE_LS);
	routes6_remove(l->routes6, ROUTE_LS);
	l->has_news = false;
	ls_paths(l->state, l->count, l->id, path);
	for (u32 i = 1; i < l->count; i++) {
		const struct ls_state *s = &l->state[i];
		struct found way = { .by = path[i].cost == LS_FAR ? NULL : by_id(l, path[i].first) };

		for (u32 k = 0; way.by != NULL && k < s->prefix_count; k++) {
			way.prefix = &s->prefix[k];
			way.cost = path[i].cost + s->prefix[k].cost;
			if (is_wanted(way.prefix, has_way_out))
				offer(found[way.prefix->version == 6], &count[way.prefix->version == 6], &way);
		}
	}
	for (u32 v = 0; v < 2; v++)
		for (u32 i = 0; i < count[v]; i++)
			add_route(l, &found[v][i]);
}

/* ---- Neighbours ---- */

static struct ls_neighbour *place_for(struct ls *l, u64 id, u32 port)
{
	struct ls_neighbour *found = NULL;

	for (u32 i = 0; i < LS_NEIGHBOURS; i++) {
		struct ls_neighbour *n = &l->neighbour[i];

		if (n->id == id && n->port == port)
			return n;
		if (n->id == 0 && found == NULL)
			found = n;
	}
	return found;
}

static bool says_that_it_hears(const struct ls_hello *h, u64 id)
{
	for (u32 i = 0; i < h->count; i++)
		if (h->heard[i] == id)
			return true;
	return false;
}

static bool hello(struct ls *l, u32 port, const u8 *frame, u32 now_s)
{
	struct ls_neighbour *n, before;
	struct ls_hello h;

	if (!ls_read_hello(&h, frame) || h.id == l->id ||
	    (h.address != 0 && (!net_if_reaches(&l->ports[port], h.address) || h.address == l->ports[port].address)))
		return false;
	n = place_for(l, h.id, port);
	if (n == NULL)
		return false;
	before = *n;
	*n = (struct ls_neighbour){ .id = h.id, .mac = mac_load(frame + ETH_FROM), .address = h.address,
				    .heard_s = now_s, .port = (u8)port, .hears_us = says_that_it_hears(&h, l->id) };
	if (n->hears_us != before.hears_us || n->mac != before.mac || n->address != before.address)
		l->is_changed = true;
	if (before.id == 0)
		greet(l, port);
	for (u32 i = 0; n->hears_us && !before.hears_us && i < l->count; i++)	/* it knows nothing yet */
		send_state(l, port, &l->state[i]);
	return true;
}

static void age_neighbours(struct ls *l, u32 now_s)
{
	for (u32 i = 0; i < LS_NEIGHBOURS; i++)
		if (l->neighbour[i].id != 0 && is_due(l->neighbour[i].heard_s + LS_DEAD_S, now_s)) {
			l->neighbour[i] = (struct ls_neighbour){ 0 };
			l->is_changed = true;
		}
}

/* ---- States of others ---- */

static bool is_newer(const struct ls_state *a, const struct ls_state *b)
{
	return (s32)(a->sequence - b->sequence) > 0;
}

static u32 place_of(const struct ls *l, u64 id)
{
	u32 i = 1;

	while (i < l->count && l->state[i].id != id)
		i++;
	return i;
}

static bool state(struct ls *l, u32 port, const u8 *frame)
{
	static struct ls_state s;	/* too large for the stack */
	u32 at;

	if (!ls_read_state(&s, frame))
		return false;
	if (s.id == l->id) {		/* of before this start: it must not stand */
		if (is_newer(&s, &l->state[0]) || (s.sequence == l->state[0].sequence &&
						   s.link_count != l->state[0].link_count)) {
			l->state[0].sequence = s.sequence;
			l->is_changed = true;
		}
		return true;
	}
	at = place_of(l, s.id);
	if (at == LS_ROUTERS)
		return false;
	if (at < l->count && !is_newer(&s, &l->state[at]))
		return true;
	if (at == l->count)
		l->count++;
	l->state[at] = s;
	l->has_news = true;
	flood(l, &s, port);
	return true;
}

static void age_states(struct ls *l)
{
	u32 kept = 1;

	for (u32 i = 1; i < l->count; i++) {
		if (++l->state[i].age_s > LS_AGE_MOST_S) {
			l->has_news = true;
			continue;
		}
		if (kept != i)
			l->state[kept] = l->state[i];
		kept++;
	}
	l->count = l->count == 0 ? 0 : kept;
}

/* ---- */

bool ls_heard(struct ls *l, u32 port, const u8 *frame, u32 count, u64 now_ns)
{
	struct bucket *b = &l->frames[port];
	u32 kind = ls_kind_of(frame, count);

	if (kind == 0 || !speaks(l, port) || l->id == 0 || bucket_wait_ns(b, now_ns) != 0)
		return false;
	bucket_take(b, now_ns, 1);
	return kind == LS_HELLO ? hello(l, port, frame, (u32)(now_ns / NS_PER_S)) : state(l, port, frame);
}

void ls_set_port(struct ls *l, u32 port, u32 now_s)
{
	u64 id = 0;

	for (u32 i = 0; i < LS_NEIGHBOURS; i++)
		if (l->neighbour[i].port == port)
			l->neighbour[i] = (struct ls_neighbour){ 0 };
	for (u32 i = ROUTER_PORTS; i-- > 0;)
		id = speaks(l, i) ? l->ports[i].mac : id;
	if (id != l->id) {		/* another router, for the others */
		memset(l->neighbour, 0, sizeof(l->neighbour));
		memset(l->state, 0, sizeof(l->state));
		l->count = 0;
		l->id = id;
	}
	l->hello_s = now_s;
	l->is_changed = l->has_news = true;
}

void ls_tick(struct ls *l, u32 now_s)
{
	if (l->id == 0) {
		if (l->has_news)
			find_routes(l);
		return;
	}
	age_neighbours(l, now_s);
	age_states(l);
	if (is_due(l->hello_s, now_s)) {
		for (u32 i = 0; i < ROUTER_PORTS; i++)
			if (speaks(l, i))
				greet(l, i);
		l->hello_s = now_s + LS_HELLO_S;
	}
	if (l->is_changed || is_due(l->refresh_s, now_s))
		renew(l, now_s);
	if (l->has_news)
		find_routes(l);
}
