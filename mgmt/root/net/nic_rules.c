/* SPDX-License-Identifier: MIT */
/*
 * nic_rules.c - see nic_rules.h.
 */
#include "nic_rules.h"

#include <string.h>

#define TCP 6u			/* IANA, protocol numbers */
#define UDP 17u
#define ICMP 1u
#define ICMPV6 58u
#define IPV4 0x0800u		/* IANA, ethertypes */
#define IPV6 0x86ddu
#define MAPPED_BITS 96u		/* in front of an IPv4 address (RFC 4291, 2.5.5.2) */

static bool has_ports(const struct nic_rule *r)
{
	return r->port_last != 0;
}

bool nic_rule_ok(const struct nic_rule *r)
{
	bool may_have_ports = r->protocol == TCP || r->protocol == UDP;

	return r->action <= FILTER_DROP && r->direction <= FILTER_TO_PORT && r->bits <= 32 &&
	       (r->protocol == 0 || r->protocol == ICMP || may_have_ports) && r->port_first <= r->port_last &&
	       (may_have_ports || !has_ports(r)) && (r->bits != 0 || r->address == 0);
}

/* A rule with an address is of IPv4 alone. */
static bool is_of_both(const struct nic_rule *r)
{
	return r->bits == 0;
}

static void set_peer(const struct nic_rule *r, u8 *address, u8 *bits)
{
	memset(address + 10, 0xff, 2);
	for (u32 i = 0; i < 4; i++)
		address[12 + i] = (u8)(r->address >> (24 - 8 * i));
	*bits = (u8)(MAPPED_BITS + r->bits);
}

static struct filter_rule expand(const struct nic_rule *r, u16 ethertype)
{
	struct filter_rule f = {
		.direction = r->direction, .action = r->action, .ethertype = ethertype, .protocol = r->protocol,
		.to_port_first = r->port_first, .to_port_last = r->port_last,
	};

	if (ethertype == IPV6 && r->protocol == ICMP)
		f.protocol = ICMPV6;
	if (!is_of_both(r) && r->direction == FILTER_FROM_PORT)
		set_peer(r, f.to, &f.to_bits);
	else if (!is_of_both(r))
		set_peer(r, f.from, &f.from_bits);
	return f;
}

u32 nic_rules_expand(const struct nic_spec *nic, struct filter_rule *rules)
{
	u32 count = 0;

	for (u32 i = 0; i < nic->rule_count; i++) {
		rules[count++] = expand(&nic->rules[i], IPV4);
		if (is_of_both(&nic->rules[i]))
			rules[count++] = expand(&nic->rules[i], IPV6);
	}
	return count;
}

void nic_rules_hits(const struct nic_spec *nic, const u64 *counted, u64 *hits)
{
	u32 at = 0;

	for (u32 i = 0; i < nic->rule_count; i++) {
		hits[i] = counted[at++];
		if (is_of_both(&nic->rules[i]))
			hits[i] += counted[at++];
	}
}
