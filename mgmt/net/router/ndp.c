/* SPDX-License-Identifier: MIT */
/*
 * ndp.c - see ndp.h.
 */
#include "ndp.h"

#include <string.h>

#define MESSAGE_BYTES (ND_NEIGHBOUR_BYTES + 8u)		/* with a MAC address */

static u8 *begin(u8 *frame, u8 type, u8 flags, struct ip6 target, u8 option, u64 mac)
{
	u8 *icmp = frame + ETH_BYTES + IPV6_BYTES;

	memset(icmp, 0, ND_NEIGHBOUR_BYTES);
	icmp[0] = type;
	icmp[ND_FLAGS] = flags;
	ip6_store(icmp + ND_TARGET, target);
	(void)nd_put_mac(icmp + ND_NEIGHBOUR_BYTES, option, mac);
	return frame;
}

/* The old MAC address alone if it is to be probed (7.3.3). */
static void ask(struct neighbours *n, const struct neighbour *e)
{
	const struct net_if *own = &n->ports[e->port];
	u8 frame[ETH_BYTES + IPV6_BYTES + MESSAGE_BYTES];
	bool is_probe = e->state == NEIGHBOUR_PROBED;
	struct ip6 to = is_probe ? e->address : ip6_solicited(e->address);
	struct ip6 from = ip6_is_link_local(e->address) ? ip6_link_local(own->mac) : net_if_address6(own);

	begin(frame, ICMPV6_NEIGHBOUR_SOLICITATION, 0, e->address, ND_OPTION_SOURCE, own->mac);
	nd_finish(frame, own->mac, is_probe ? e->mac : ip6_group_mac(to), from, to, MESSAGE_BYTES);
	n->out.send(n->out.context, e->port, frame, sizeof(frame));
}

void ndp_init(struct ndp *n, u64 secret, const struct net_if *ports)
{
	neighbours_init(&n->table, secret, ports);
	n->table.ask = ask;
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		bucket_set(&n->answers[i], NDP_ANSWERS);
}

/* To all if it asks whether the address is free (7.2.4): it has none to be told at. */
static void answer(struct ndp *n, u32 port, const struct nd_message *m, u64 now_ns)
{
	const struct net_if *own = &n->table.ports[port];
	u8 frame[ETH_BYTES + IPV6_BYTES + MESSAGE_BYTES];
	bool is_to_all = ip6_is_none(m->from);
	struct ip6 to = is_to_all ? IP6_ALL_NODES : m->from;
	u8 flags = is_to_all ? ND_IS_ROUTER | ND_OVERRIDES : ND_IS_ROUTER | ND_OVERRIDES | ND_IS_SOLICITED;

	if (is_to_all) {
		if (bucket_wait_ns(&n->answers[port], now_ns) != 0)
			return;
		bucket_take(&n->answers[port], now_ns, 1);
	}
	begin(frame, ICMPV6_NEIGHBOUR_ADVERTISEMENT, flags, m->target, ND_OPTION_TARGET, own->mac);
	nd_finish(frame, own->mac, is_to_all ? ip6_group_mac(to) : m->mac, m->target, to, MESSAGE_BYTES);
	n->table.out.send(n->table.out.context, port, frame, sizeof(frame));
}

/* A neighbour's address, and not the router's. */
static bool station_ok(const struct net_if *own, struct ip6 address)
{
	return (ip6_is_link_local(address) || net_if_reaches6(own, address)) && !net_if_is_own6(own, address);
}

static void note(const struct ndp *n, u32 port, const struct nd_message *m, struct ip6 address)
{
	const struct net_if *own = &n->table.ports[port];

	if (n->seen != NULL && net_if_reaches6(own, address) && !net_if_is_own6(own, address))
		n->seen(n->seen_context, m->mac, address);
}

static bool solicited(struct ndp *n, u32 port, const struct nd_message *m, u64 now_ns)
{
	const struct net_if *own = &n->table.ports[port];
	bool is_question = m->type == ICMPV6_ROUTER_SOLICITATION || net_if_is_own6(own, m->target);

	if (ip6_is_none(m->from)) {
		n->conflicts += is_question && m->type == ICMPV6_NEIGHBOUR_SOLICITATION;
		note(n, port, m, m->target);
	} else {
		if (!station_ok(own, m->from))
			return false;
		note(n, port, m, m->from);
		neighbour_heard(&n->table, port, m->from, m->mac, is_question, now_ns);
	}
	if (is_question && m->type == ICMPV6_NEIGHBOUR_SOLICITATION)
		answer(n, port, m, now_ns);
	return true;
}

/* One that does not override leaves what is known (7.2.5), which is asked again when it is old. */
static bool advertised(struct ndp *n, u32 port, const struct nd_message *m, u64 now_ns)
{
	const struct net_if *own = &n->table.ports[port];
	u64 known;

	if (net_if_is_own6(own, m->target)) {
		n->conflicts++;
		return true;
	}
	if (!station_ok(own, m->target))
		return false;
	if ((m->flags & ND_OVERRIDES) == 0 && neighbour_find(&n->table, port, m->target, now_ns, &known) &&
	    known != m->mac)
		return true;
	note(n, port, m, m->target);
	neighbour_heard(&n->table, port, m->target, m->mac, false, now_ns);
	return true;
}

bool ndp_heard(struct ndp *n, u32 port, const struct nd_message *m, u64 now_ns)
{
	if (m->mac == n->table.ports[port].mac)
		return false;
	return m->type == ICMPV6_NEIGHBOUR_ADVERTISEMENT ? advertised(n, port, m, now_ns) :
							   solicited(n, port, m, now_ns);
}
