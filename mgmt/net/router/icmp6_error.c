/* SPDX-License-Identifier: MIT */
/*
 * icmp6_error.c - see icmp6_error.h.
 */
#include "icmp6_error.h"

#include <string.h>

#include "checksum.h"
#include "ndp_message.h"
#include "range.h"

#define HOPS_OWN 64u

/* Who sent a packet to many, or to all stations of the link, is told nothing: all would tell. */
bool icmp6_error_allowed(const struct packet *p)
{
	struct ip6 from = ip6_load(p->from_address);

	if (ip6_is_none(from) || ip6_is_group(from) || ip6_is_group(ip6_load(p->to_address)) || mac_is_group(p->to))
		return false;
	return p->protocol != PROTOCOL_ICMPV6 ||
	       (p->transport != 0 && p->icmp_type >= ICMPV6_FIRST_INFORMATION && p->icmp_type != ICMPV6_REDIRECT);
}

u32 icmp6_error_write(u8 *out, const u8 *ip, u32 count, const struct net_if *in, struct icmp_error e)
{
	u8 *own = out + ETH_BYTES, *icmp = own + IPV6_BYTES;
	u32 quoted = (u32)min_u64(count, ICMP6_QUOTED_MOST), bytes = ICMPV6_BYTES + quoted;
	struct ip6 to = ip6_load(ip + IPV6_FROM);
	struct ip6 from = ip6_is_link_local(to) ? ip6_link_local(in->mac) : net_if_address6(in);

	ipv6_header_write(own, PROTOCOL_ICMPV6, HOPS_OWN, from, to, bytes);
	memset(icmp, 0, ICMPV6_BYTES);
	icmp[0] = e.type;
	icmp[1] = e.code;
	be32_store(icmp + 4, e.mtu);
	memcpy(icmp + ICMPV6_BYTES, ip, quoted);
	be16_store(icmp + ICMPV6_CHECKSUM,
		   checksum_finish(checksum_add(checksum_pseudo(own, PROTOCOL_ICMPV6, bytes), icmp, bytes)));
	return ETH_BYTES + IPV6_BYTES + bytes;
}
