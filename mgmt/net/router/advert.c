/* SPDX-License-Identifier: MIT */
/*
 * advert.c - see advert.h.
 */
#include "advert.h"

#include <string.h>

#include "ndp_message.h"

#define HOPS_OF_HOSTS 64u
#define IS_WORSE_THAN_OTHERS 0x18u	/* RFC 4191, 2.2 */
#define PREFIX_IS_ON_LINK 0x80u		/* 4.6.2 */
#define PREFIX_MAKES_ADDRESSES 0x40u
#define HEADER_BYTES 16u
#define PREFIX_BYTES 32u
#define MTU_BYTES 8u
#define SERVERS_BYTES 24u
#define MESSAGE_BYTES (HEADER_BYTES + 8u + MTU_BYTES + PREFIX_BYTES + SERVERS_BYTES)

void advert_init(struct advert *a, const struct net_if *ports, struct outlet out, struct dice dice)
{
	*a = (struct advert){ .ports = ports, .out = out, .dice = dice };
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		bucket_set(&a->answers[i], ADVERT_ANSWERS);
}

static u32 put_prefix(u8 *out, const struct net_if *own)
{
	out[0] = ND_OPTION_PREFIX;
	out[1] = PREFIX_BYTES / 8;
	out[2] = 64;
	out[3] = PREFIX_IS_ON_LINK | PREFIX_MAKES_ADDRESSES;
	be32_store(out + 4, ADVERT_VALID_S);
	be32_store(out + 8, ADVERT_PREFERRED_S);
	ip6_store(out + 16, (struct ip6){ own->prefix6, 0 });
	return PREFIX_BYTES;
}

static u32 put_mtu(u8 *out, const struct net_if *own)
{
	out[0] = ND_OPTION_MTU;
	out[1] = MTU_BYTES / 8;
	be32_store(out + 4, own->mtu);
	return MTU_BYTES;
}

static void put_server(u8 *out, const struct net_if *own)
{
	out[0] = ND_OPTION_SERVERS;
	out[1] = SERVERS_BYTES / 8;
	be32_store(out + 4, ADVERT_LIFETIME_S);
	ip6_store(out + 8, net_if_address6(own));
}

static void send(const struct advert *a, u32 port, struct ip6 to, u64 mac)
{
	const struct net_if *own = &a->ports[port];
	u8 frame[ETH_BYTES + IPV6_BYTES + MESSAGE_BYTES], *icmp = frame + ETH_BYTES + IPV6_BYTES;
	u32 used = HEADER_BYTES;

	memset(icmp, 0, MESSAGE_BYTES);
	icmp[0] = ICMPV6_ROUTER_ADVERTISEMENT;
	icmp[4] = HOPS_OF_HOSTS;
	icmp[5] = IS_WORSE_THAN_OTHERS;
	be16_store(icmp + 6, ADVERT_LIFETIME_S);
	used += nd_put_mac(icmp + used, ND_OPTION_SOURCE, own->mac);
	used += put_mtu(icmp + used, own);
	used += put_prefix(icmp + used, own);
	put_server(icmp + used, own);
	nd_finish(frame, own->mac, mac, ip6_link_local(own->mac), to, MESSAGE_BYTES);
	a->out.send(a->out.context, port, frame, sizeof(frame));
}

void advert_set_port(struct advert *a, u32 port, u32 now_s)
{
	a->port[port] = (struct advert_port){ .due_s = now_s, .last_s = now_s - ADVERT_PAUSE_S };
}

void advert_asked(struct advert *a, u32 port, struct ip6 from, u64 mac, u64 now_ns)
{
	struct advert_port *p = &a->port[port];
	u32 soonest_s = p->last_s + ADVERT_PAUSE_S;

	if (ip6_is_none(from) || bucket_wait_ns(&a->answers[port], now_ns) != 0) {
		if ((s32)(p->due_s - soonest_s) > 0)
			p->due_s = soonest_s;
		return;
	}
	bucket_take(&a->answers[port], now_ns, 1);
	send(a, port, from, mac);
}

static u32 next_due(struct advert *a, struct advert_port *p, u32 now_s)
{
	u32 wait = ADVERT_LEAST_S + (u32)(a->dice.roll(a->dice.context) % (ADVERT_MOST_S - ADVERT_LEAST_S + 1));

	if (p->told < ADVERT_FIRST) {
		p->told++;
		wait = ADVERT_FIRST_S;
	}
	return now_s + wait;
}

void advert_tick(struct advert *a, u32 now_s)
{
	for (u32 i = 0; i < ROUTER_PORTS; i++) {
		struct advert_port *p = &a->port[i];

		if (!net_if_has6(&a->ports[i]) || (s32)(now_s - p->due_s) < 0)
			continue;
		send(a, i, IP6_ALL_NODES, ip6_group_mac(IP6_ALL_NODES));
		p->last_s = now_s;
		p->due_s = next_due(a, p, now_s);
	}
}
