/* SPDX-License-Identifier: MIT */
/*
 * dhcp_watch.c - see dhcp_watch.h.
 */
#include "dhcp_watch.h"

#include "dhcp_message.h"
#include "range.h"

#define CLIENT_MAC 28u		/* in a message (RFC 2131, 2: chaddr) */

bool dhcp_may_grant(const struct packet *p, const u8 *head, u32 frame_bytes)
{
	return p->ethertype == ETHERTYPE_IPV4 && range_ok(p->network, IPV4_BYTES + UDP_BYTES, frame_bytes) &&
	       head[p->network + IPV4_PROTOCOL] == PROTOCOL_UDP;
}

bool dhcp_read_grant(struct dhcp_grant *grant, const u8 *bytes, u32 frame_bytes)
{
	u32 seen = (u32)min_u64(frame_bytes, DHCP_SEEN_BYTES), end;
	struct dhcp_message m;
	struct packet p;

	if (!packet_link(&p, bytes, frame_bytes))
		return false;
	packet_network(&p, bytes, frame_bytes);
	if (p.kind != PACKET_IPV4 || p.protocol != PROTOCOL_UDP || p.transport == 0 ||
	    p.from_port != PORT_DHCP_SERVER || p.to_port != PORT_DHCP_CLIENT)
		return false;
	end = (u32)min_u64(seen, p.network + be16_load(bytes + p.network + IPV4_LENGTH));
	if (end < p.payload || !dhcp_read(&m, bytes + p.payload, end - p.payload) || !m.is_reply ||
	    m.type != DHCP_ACK || m.yours == 0)
		return false;
	*grant = (struct dhcp_grant){ .mac = m.mac, .address = m.yours, .lease_s = m.lease_s };
	return true;
}

bool dhcp_is_for_another(const struct packet *p, const u8 *head, u32 frame_bytes, u64 mac)
{
	if (p->kind != PACKET_IPV4 || p->protocol != PROTOCOL_UDP || p->transport == 0 ||
	    p->to_port != PORT_DHCP_SERVER)
		return false;
	return !range_ok(p->payload + CLIENT_MAC, MAC_BYTES, (u32)min_u64(frame_bytes, PACKET_HEAD_BYTES)) ||
	       mac_load(head + p->payload + CLIENT_MAC) != mac;
}
