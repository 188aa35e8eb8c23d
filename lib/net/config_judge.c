/* SPDX-License-Identifier: MIT */
/*
 * config_judge.c - see config_judge.h.
 */
#include "config_judge.h"

#include <string.h>

#include "inet.h"
#include "ipv4.h"
#include "ipv6.h"

#define LEASE_LEAST_S 60u
#define LEASE_MOST_S (1u << 30)

static bool station_ok(const struct router_port *p, u32 address)
{
	u32 host = address & ~prefix_mask(p->prefix_bits);

	return is_host(address) && in_prefix(address, p->address, p->prefix_bits) && host != 0 &&
	       (host | prefix_mask(p->prefix_bits)) != IPV4_BROADCAST;
}

static enum router_error judge_port(const struct router_port *p)
{
	u64 mac = mac_load(p->mac);

	if (mac == 0 || mac_is_group(mac) || p->mtu < ROUTER_MTU_MIN || p->mtu > ROUTER_MTU_MAX)
		return ROUTER_BAD_PORT;
	if (p->prefix6 != 0 && (p->is_outer != 0 || !ip6_prefix_ok(p->prefix6)))
		return ROUTER_BAD_PREFIX6;
	if (p->address == 0)
		return p->is_outer != 0 && p->prefix_bits == 0 && p->serves_dhcp == 0 && p->speaks_rip == 0 &&
		       p->speaks_ls == 0 ? ROUTER_OK : ROUTER_BAD_OUTER;
	if (p->prefix_bits < 1 || p->prefix_bits > 30 || !station_ok(p, p->address))
		return ROUTER_BAD_PORT;
	if (p->is_outer != 0 && (p->serves_dhcp != 0 || p->speaks_rip != 0 || p->speaks_ls != 0))
		return ROUTER_BAD_OUTER;
	if (p->serves_dhcp == 0)
		return ROUTER_OK;
	if (p->lease_s < LEASE_LEAST_S || p->lease_s > LEASE_MOST_S)
		return ROUTER_BAD_POOL;
	if (p->pool_first == 0 && p->pool_last == 0)
		return ROUTER_OK;
	return p->pool_first <= p->pool_last && station_ok(p, p->pool_first) && station_ok(p, p->pool_last) ?
	       ROUTER_OK : ROUTER_BAD_POOL;
}

static bool overlap(const struct router_port *a, const struct router_port *b)
{
	u32 bits = a->prefix_bits < b->prefix_bits ? a->prefix_bits : b->prefix_bits;

	if (memcmp(a->mac, b->mac, MAC_BYTES) == 0 || (a->prefix6 != 0 && a->prefix6 == b->prefix6))
		return true;
	return a->address != 0 && b->address != 0 && in_prefix(a->address, b->address, bits);
}

static enum router_error judge_ports(const struct router_config *c)
{
	u32 outer = 0;

	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		enum router_error error = c->port[i].is_up != 0 ? judge_port(&c->port[i]) : ROUTER_OK;

		if (error != ROUTER_OK)
			return error;
		outer += c->port[i].is_up != 0 && c->port[i].is_outer != 0;
		for (u32 k = 0; k < i && c->port[i].is_up != 0; k++)
			if (c->port[k].is_up != 0 && overlap(&c->port[i], &c->port[k]))
				return ROUTER_BAD_OVERLAP;
	}
	return outer <= 1 ? ROUTER_OK : ROUTER_BAD_OUTER;
}

/* A neighbour at an inner port; NULL: none has such. */
static const struct router_port *inner_port_of(const struct router_config *c, u32 address)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		if (c->port[i].is_up != 0 && c->port[i].is_outer == 0 && c->port[i].address != address &&
		    station_ok(&c->port[i], address))
			return &c->port[i];
	return NULL;
}

static bool route_ok(const struct router_config *c, const struct router_route *r)
{
	const struct router_port *p;

	if (r->bits > 32 || r->port >= ROUTER_PORTS || (r->prefix & ~prefix_mask(r->bits)) != 0)
		return false;
	p = &c->port[r->port];
	return p->is_up != 0 && p->address != 0 && r->gateway != p->address && station_ok(p, r->gateway);
}

static bool forward_ok(const struct router_config *c, u32 at)
{
	const struct router_forward *f = &c->forward[at];

	if ((f->protocol != PROTOCOL_TCP && f->protocol != PROTOCOL_UDP) || f->outer_port == 0 || f->port == 0 ||
	    inner_port_of(c, f->address) == NULL)
		return false;
	for (u32 i = 0; i < at; i++)
		if (c->forward[i].protocol == f->protocol && c->forward[i].outer_port == f->outer_port)
			return false;
	return true;
}

static bool text_ok(const char *name)
{
	u32 i = 0;

	for (; i < ROUTER_NAME_BYTES && name[i] != '\0'; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return i > 0 && i < ROUTER_NAME_BYTES;
}

static bool same_name(const char *a, const char *b)
{
	for (u32 i = 0; i < ROUTER_NAME_BYTES; i++) {
		char x = a[i] >= 'A' && a[i] <= 'Z' ? (char)(a[i] + 32) : a[i];
		char y = b[i] >= 'A' && b[i] <= 'Z' ? (char)(b[i] + 32) : b[i];

		if (x != y)
			return false;
		if (x == '\0')
			return true;
	}
	return true;
}

static bool name_ok(const struct router_config *c, u32 at)
{
	const struct router_name *n = &c->name[at];
	u64 mac = mac_load(n->mac);

	if (!text_ok(n->name) || mac_is_group(mac) || (mac == 0 && n->address == 0) ||
	    (n->address != 0 && inner_port_of(c, n->address) == NULL))
		return false;
	for (u32 i = 0; i < at; i++) {
		const struct router_name *other = &c->name[i];

		if (same_name(other->name, n->name) || (n->address != 0 && other->address == n->address) ||
		    (mac != 0 && mac_load(other->mac) == mac))
			return false;
	}
	return true;
}

static bool probe_ok(const struct router_probe *b)
{
	return b->number == 0 || (is_host(b->address) && b->ttl != 0 && b->bytes >= ROUTER_PROBE_LEAST &&
				  b->bytes <= ROUTER_PROBE_BYTES);
}

enum router_error config_judge(const struct router_config *c)
{
	enum router_error error;

	if (c->route_count > ROUTER_ROUTES || c->forward_count > ROUTER_FORWARDS || c->name_count > ROUTER_NAMES)
		return ROUTER_BAD_COUNT;
	error = judge_ports(c);
	for (u32 i = 0; i < c->route_count && error == ROUTER_OK; i++)
		error = route_ok(c, &c->route[i]) ? ROUTER_OK : ROUTER_BAD_ROUTE;
	for (u32 i = 0; i < c->forward_count && error == ROUTER_OK; i++)
		error = forward_ok(c, i) ? ROUTER_OK : ROUTER_BAD_FORWARD;
	for (u32 i = 0; i < c->name_count && error == ROUTER_OK; i++)
		error = name_ok(c, i) ? ROUTER_OK : ROUTER_BAD_NAME;
	return error != ROUTER_OK || probe_ok(&c->probe) ? error : ROUTER_BAD_PROBE;
}
