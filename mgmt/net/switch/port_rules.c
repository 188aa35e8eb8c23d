/* SPDX-License-Identifier: MIT */
/*
 * port_rules.c - see port_rules.h.
 */
#include "port_rules.h"

#include <string.h>

#include "inet.h"

static bool is_own_address(const struct port_guard *g, const u8 *v4)
{
	static const u8 none[4];

	return memcmp(v4, none, 4) == 0 || memcmp(g->address, none, 4) == 0 || memcmp(v4, g->address, 4) == 0;
}

static enum net_drop judge_arp(const struct port_guard *g, const u8 *arp)
{
	if ((g->set & GUARD_MAC) != 0 && mac_load(arp + ARP_SENDER_MAC) != g->mac)
		return DROP_MAC;
	return (g->set & GUARD_ADDRESS) != 0 && !is_own_address(g, arp + ARP_SENDER_IP) ? DROP_ADDRESS : DROP_NONE;
}

static enum net_drop judge_ipv4(const struct port_guard *g, const struct packet *p)
{
	if ((g->set & GUARD_ADDRESS) != 0 && !is_own_address(g, p->from_address + 12))
		return DROP_ADDRESS;
	return (g->set & GUARD_DHCP) != 0 && p->protocol == PROTOCOL_UDP &&
			       (p->from_port == PORT_DHCP_SERVER || p->to_port == PORT_DHCP_CLIENT) ?
		       DROP_DHCP : DROP_NONE;
}

static enum net_drop judge_ipv6(const struct port_guard *g, const struct packet *p)
{
	if ((g->set & GUARD_DHCP) != 0 && p->protocol == PROTOCOL_UDP &&
	    (p->from_port == PORT_DHCPV6_SERVER || p->to_port == PORT_DHCPV6_CLIENT))
		return DROP_DHCP;
	if ((g->set & GUARD_ADVERTISEMENTS) != 0 && p->protocol == PROTOCOL_ICMPV6 && !p->is_later_fragment &&
	    (p->icmp_type == ICMPV6_ROUTER_ADVERTISEMENT || p->icmp_type == ICMPV6_REDIRECT))
		return DROP_ADVERTISEMENT;
	return DROP_NONE;
}

enum net_drop port_guard_judge(const struct port_guard *g, const struct packet *p, const u8 *head)
{
	if ((g->set & GUARD_MAC) != 0 && p->from != g->mac)
		return DROP_MAC;
	switch (p->kind) {
	case PACKET_ARP:
		return judge_arp(g, head + p->network);
	case PACKET_IPV4:
		return judge_ipv4(g, p);
	case PACKET_IPV6:
		return judge_ipv6(g, p);
	case PACKET_BAD:
		return DROP_MALFORMED;
	case PACKET_OTHER:
		break;
	}
	return (g->set & GUARD_ADVERTISEMENTS) != 0 && p->ethertype == ETHERTYPE_LS ? DROP_ADVERTISEMENT : DROP_NONE;
}

static bool has_addresses(const struct filter_rule *r)
{
	return (r->from_bits | r->to_bits | r->protocol | r->icmp_type) != 0;
}

bool filter_rule_ok(const struct filter_rule *r)
{
	bool is_ip = r->ethertype == ETHERTYPE_IPV4 || r->ethertype == ETHERTYPE_IPV6;
	bool has_ports = (r->from_port_last | r->to_port_last) != 0;

	return r->direction <= FILTER_TO_PORT && r->action <= FILTER_DROP && r->from_bits <= 128 &&
	       r->to_bits <= 128 && r->zero == 0 && r->zero2 == 0 && (is_ip || !has_addresses(r)) &&
	       (!has_ports || r->protocol == PROTOCOL_TCP || r->protocol == PROTOCOL_UDP) &&
	       (r->icmp_type == 0 || r->protocol == PROTOCOL_ICMP || r->protocol == PROTOCOL_ICMPV6) &&
	       r->from_port_first <= r->from_port_last && r->to_port_first <= r->to_port_last;
}

static bool port_matches(u16 port, u16 first, u16 last)
{
	return last == 0 || (port >= first && port <= last);
}

/* A later fragment has no ports: it matches no rule about them. */
static bool transport_matches(const struct filter_rule *r, const struct packet *p)
{
	if ((r->from_port_last | r->to_port_last | r->icmp_type) == 0)
		return true;
	return p->transport != 0 && port_matches(p->from_port, r->from_port_first, r->from_port_last) &&
	       port_matches(p->to_port, r->to_port_first, r->to_port_last) &&
	       (r->icmp_type == 0 || p->icmp_type == r->icmp_type - 1);
}

static bool matches(const struct filter_rule *r, const struct packet *p)
{
	if (r->ethertype == 0)
		return true;
	if (r->ethertype != p->ethertype)
		return false;
	if (!has_addresses(r))
		return true;
	return (r->protocol == 0 || r->protocol == p->protocol) &&
	       packet_in_prefix(p->from_address, r->from, r->from_bits) &&
	       packet_in_prefix(p->to_address, r->to, r->to_bits) && transport_matches(r, p);
}

bool port_filter_allows(struct port_filter *f, enum filter_direction direction, const struct packet *p)
{
	for (u32 i = 0; i < f->count; i++)
		if (f->rule[i].direction == direction && matches(&f->rule[i], p)) {
			f->hits[i]++;
			return f->rule[i].action == FILTER_ALLOW;
		}
	return !f->drops_rest;
}
