/* SPDX-License-Identifier: MIT */
/*
 * icmp_error.c - see icmp_error.h.
 */
#include "icmp_error.h"

#include <string.h>

#include "checksum.h"

#define TTL_OWN 64u

bool icmp_error_allowed(const struct datagram *d, const u8 *frame, const struct net_if *in)
{
	if (d->is_later_fragment || !is_host(d->from) || net_if_is_broadcast(in, d->from))
		return false;
	if (mac_is_group(mac_load(frame + ETH_TO)) || !is_host(d->to) || net_if_is_broadcast(in, d->to))
		return false;
	return d->protocol != PROTOCOL_ICMP || (d->transport != NULL && icmp_is_echo(d->icmp_type));
}

void ipv4_header_write(u8 *ip, u8 protocol, u32 from, u32 to, u32 payload)
{
	memset(ip, 0, IPV4_BYTES);
	ip[0] = 0x45;
	be16_store(ip + IPV4_LENGTH, (u16)(IPV4_BYTES + payload));
	ip[IPV4_TTL] = TTL_OWN;
	ip[IPV4_PROTOCOL] = protocol;
	be32_store(ip + IPV4_FROM, from);
	be32_store(ip + IPV4_TO, to);
	be16_store(ip + IPV4_CHECKSUM, checksum_finish(checksum_add(0, ip, IPV4_BYTES)));
}

u32 icmp_error_write(u8 *out, const struct datagram *d, const struct net_if *in, struct icmp_error e)
{
	u8 *ip = out + ETH_BYTES, *icmp = ip + IPV4_BYTES;
	u32 bytes = ICMP_BYTES + d->there;

	ipv4_header_write(ip, PROTOCOL_ICMP, in->address, d->from, bytes);
	memset(icmp, 0, ICMP_BYTES);
	icmp[0] = e.type;
	icmp[1] = e.code;
	be16_store(icmp + ICMP_SEQUENCE, e.mtu);
	memcpy(icmp + ICMP_BYTES, d->ip, d->there);
	be16_store(icmp + ICMP_CHECKSUM, checksum_finish(checksum_add(0, icmp, bytes)));
	return ETH_BYTES + IPV4_BYTES + bytes;
}
