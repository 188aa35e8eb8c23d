/* SPDX-License-Identifier: MIT */
/*
 * nd_guard.c - see nd_guard.h.
 */
#include "nd_guard.h"

#include "ndp_message.h"
#include "range.h"

static bool is_discovery(const struct packet *p)
{
	return p->protocol == PROTOCOL_ICMPV6 && !p->is_later_fragment &&
	       (p->icmp_type == ICMPV6_ROUTER_SOLICITATION || p->icmp_type == ICMPV6_NEIGHBOUR_SOLICITATION ||
		p->icmp_type == ICMPV6_NEIGHBOUR_ADVERTISEMENT);
}

static bool is_anothers(const struct port_guard *g, const struct mac_table *table, struct ip6 address)
{
	u64 mac = ip6_interface_mac(address.low);

	return mac != 0 && mac != g->mac && mac_owner(table, mac) != PORT_NONE;
}

/* The whole message is to be seen: RFC 6980 forbids fragments. */
static bool read(struct nd_message *m, const struct packet *p, const u8 *head, u32 frame_bytes)
{
	const u8 *ip = head + p->network;
	u32 end = p->network + IPV6_BYTES + be16_load(ip + IPV6_LENGTH);

	return p->transport == p->network + IPV6_BYTES && end <= min_u64(frame_bytes, PACKET_HEAD_BYTES) &&
	       nd_read(m, head, ip, head + p->transport, end - p->transport);
}

/* Who has no address yet, and asks for one, is about to have it. */
static bool claims_target(const struct nd_message *m)
{
	return m->type == ICMPV6_NEIGHBOUR_ADVERTISEMENT ||
	       (m->type == ICMPV6_NEIGHBOUR_SOLICITATION && ip6_is_none(m->from));
}

enum net_drop nd_guard_judge(const struct port_guard *g, const struct mac_table *table, const struct packet *p,
			     const u8 *head, u32 frame_bytes)
{
	struct nd_message m;

	if ((g->set & GUARD_ADDRESS) == 0 || p->kind != PACKET_IPV6)
		return DROP_NONE;
	if (is_anothers(g, table, ip6_load(p->from_address)))
		return DROP_ADDRESS;
	if (!is_discovery(p))
		return DROP_NONE;
	if (!read(&m, p, head, frame_bytes))
		return DROP_MALFORMED;
	return claims_target(&m) && is_anothers(g, table, m.target) ? DROP_ADDRESS : DROP_NONE;
}
