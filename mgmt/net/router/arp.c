/* SPDX-License-Identifier: MIT */
/*
 * arp.c - see arp.h.
 */
#include "arp.h"

#define ARP_KINDS 0x00010800u		/* Ethernet, IPv4 */
#define ARP_LENGTHS 0x0604u

static void send_arp(struct neighbours *n, u32 port, u16 operation, u64 to, u64 target_mac, u32 target)
{
	const struct net_if *own = &n->ports[port];
	u8 frame[ETH_BYTES + ARP_BYTES], *arp = frame + ETH_BYTES;

	mac_store(frame + ETH_TO, to);
	mac_store(frame + ETH_FROM, own->mac);
	be16_store(frame + ETH_TYPE, ETHERTYPE_ARP);
	be32_store(arp + ARP_KIND, ARP_KINDS);
	be16_store(arp + 4, ARP_LENGTHS);
	be16_store(arp + ARP_OPERATION, operation);
	mac_store(arp + ARP_SENDER_MAC, own->mac);
	be32_store(arp + ARP_SENDER_IP, own->address);
	mac_store(arp + ARP_TARGET_MAC, target_mac);
	be32_store(arp + ARP_TARGET_IP, target);
	n->out.send(n->out.context, port, frame, sizeof(frame));
}

static void ask(struct neighbours *n, const struct neighbour *e)
{
	send_arp(n, e->port, ARP_REQUEST, e->state == NEIGHBOUR_PROBED ? e->mac : MAC_BROADCAST, 0,
		 (u32)e->address.low);
}

void arp_init(struct arp *a, u64 secret, const struct net_if *ports)
{
	neighbours_init(&a->table, secret, ports);
	a->table.ask = ask;
}

/* Of the network at that port, and a station's own words: the sender is who sent the frame. */
static bool sender_ok(const struct net_if *own, const u8 *bytes, u32 sender, u64 mac)
{
	return mac == mac_load(bytes + ETH_FROM) && !mac_is_group(mac) && mac != 0 && mac != own->mac &&
	       net_if_reaches(own, sender) && is_host(sender) && !net_if_is_broadcast(own, sender) &&
	       (sender & ~prefix_mask(own->bits)) != 0;
}

static bool is_anothers(const struct arp *a, u32 address, u64 mac)
{
	return a->is_anothers != NULL && a->is_anothers(a->owners, address, mac);
}

static bool arp_ok(const u8 *arp)
{
	u16 operation = be16_load(arp + ARP_OPERATION);

	return be32_load(arp + ARP_KIND) == ARP_KINDS && be16_load(arp + 4) == ARP_LENGTHS &&
	       (operation == ARP_REQUEST || operation == ARP_REPLY);
}

bool arp_heard(struct arp *a, u32 port, const u8 *bytes, u32 count, u64 now_ns)
{
	const struct net_if *own = &a->table.ports[port];
	const u8 *arp = bytes + ETH_BYTES;
	u32 sender, target;
	bool is_question;
	u64 mac;

	if (count < ETH_BYTES + ARP_BYTES || !arp_ok(arp))
		return false;
	sender = be32_load(arp + ARP_SENDER_IP);
	target = be32_load(arp + ARP_TARGET_IP);
	mac = mac_load(arp + ARP_SENDER_MAC);
	is_question = be16_load(arp + ARP_OPERATION) == ARP_REQUEST && target == own->address && own->address != 0;
	if (sender == own->address && sender != 0 && mac != own->mac)
		a->conflicts++;
	else if (sender_ok(own, bytes, sender, mac) && !is_anothers(a, sender, mac))
		neighbour_heard(&a->table, port, ip6_mapped(sender), mac, is_question, now_ns);
	/* Also to who has no address yet (RFC 5227): it must see that this one is taken. */
	if (is_question && mac == mac_load(bytes + ETH_FROM) && !mac_is_group(mac))
		send_arp(&a->table, port, ARP_REPLY, mac, mac, sender);
	return true;
}
