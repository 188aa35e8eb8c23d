/* SPDX-License-Identifier: MIT */
/*
 * ndp_message.c - see ndp_message.h.
 */
#include "ndp_message.h"

#include <string.h>

#include "checksum.h"
#include "range.h"

#define OPTION_UNIT 8u

/* Each option has a length (4.6), and one that names a MAC address names the frame's sender. */
static bool options_ok(const u8 *icmp, u32 at, u32 count, u8 wanted, u64 mac, bool *is_there)
{
	while (at < count) {
		u32 bytes;

		if (!range_ok(at, 2, count) || icmp[at + 1] == 0)
			return false;
		bytes = icmp[at + 1] * OPTION_UNIT;
		if (!range_ok(at, bytes, count))
			return false;
		if (icmp[at] == wanted) {
			if (mac_load(icmp + at + 2) != mac)
				return false;
			*is_there = true;
		}
		at += bytes;
	}
	return true;
}

static bool addresses_ok(const struct nd_message *m, bool has_mac)
{
	if (ip6_is_none(m->from))
		return !has_mac && m->type != ICMPV6_NEIGHBOUR_ADVERTISEMENT &&
		       (m->type != ICMPV6_NEIGHBOUR_SOLICITATION || ip6_equal(m->to, ip6_solicited(m->target)));
	return m->type != ICMPV6_NEIGHBOUR_ADVERTISEMENT || !ip6_is_group(m->to) ||
	       (m->flags & ND_IS_SOLICITED) == 0;
}

bool nd_read(struct nd_message *m, const u8 *frame, const u8 *ip, const u8 *icmp, u32 count)
{
	bool is_router = icmp[0] == ICMPV6_ROUTER_SOLICITATION, has_mac = false;
	u32 bytes = is_router ? ND_SOLICIT_ROUTER_BYTES : ND_NEIGHBOUR_BYTES;
	u8 wanted = icmp[0] == ICMPV6_NEIGHBOUR_ADVERTISEMENT ? ND_OPTION_TARGET : ND_OPTION_SOURCE;

	if (!is_router && icmp[0] != ICMPV6_NEIGHBOUR_SOLICITATION && icmp[0] != ICMPV6_NEIGHBOUR_ADVERTISEMENT)
		return false;
	if (ip[IPV6_HOPS] != ND_HOPS || icmp[1] != 0 || count < bytes)
		return false;
	*m = (struct nd_message){ .from = ip6_load(ip + IPV6_FROM), .to = ip6_load(ip + IPV6_TO),
				  .mac = mac_load(frame + ETH_FROM), .type = icmp[0], .flags = icmp[ND_FLAGS] };
	if (!is_router)
		m->target = ip6_load(icmp + ND_TARGET);
	if (ip6_is_group(m->target) || mac_is_group(m->mac) || m->mac == 0)
		return false;
	return options_ok(icmp, bytes, count, wanted, m->mac, &has_mac) && addresses_ok(m, has_mac);
}

void ipv6_header_write(u8 *ip, u8 protocol, u8 hops, struct ip6 from, struct ip6 to, u32 payload)
{
	be32_store(ip, 6u << 28);
	be16_store(ip + IPV6_LENGTH, (u16)payload);
	ip[IPV6_NEXT] = protocol;
	ip[IPV6_HOPS] = hops;
	ip6_store(ip + IPV6_FROM, from);
	ip6_store(ip + IPV6_TO, to);
}

void nd_finish(u8 *frame, u64 from_mac, u64 to_mac, struct ip6 from, struct ip6 to, u32 count)
{
	u8 *ip = frame + ETH_BYTES, *icmp = ip + IPV6_BYTES;

	mac_store(frame + ETH_TO, to_mac);
	mac_store(frame + ETH_FROM, from_mac);
	be16_store(frame + ETH_TYPE, ETHERTYPE_IPV6);
	ipv6_header_write(ip, PROTOCOL_ICMPV6, ND_HOPS, from, to, count);
	be16_store(icmp + ICMPV6_CHECKSUM, 0);
	be16_store(icmp + ICMPV6_CHECKSUM,
		   checksum_finish(checksum_add(checksum_pseudo(ip, PROTOCOL_ICMPV6, count), icmp, count)));
}

u32 nd_put_mac(u8 *out, u8 option, u64 mac)
{
	out[0] = option;
	out[1] = 1;
	mac_store(out + 2, mac);
	return OPTION_UNIT;
}
