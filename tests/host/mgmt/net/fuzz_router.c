/* SPDX-License-Identifier: MIT */
/*
 * Frames of any bytes through a router: parts of headers are made plausible, so that most get far. What leaves has good
 * checksums where they were good; nothing from outside reaches an inner host that did not ask; counts add up.
 */
/* links: net rt */
#include <stdlib.h>

#include "checksum.h"
#include "rip_message.h"
#include "router_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world w;

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void judge(const struct world_frame *f)
{
	const u8 *ip = f->bytes + ETH_BYTES;

	check(f->port < 3 && f->count >= ETH_BYTES + IPV4_BYTES);
	check(w.g.plane.routes.count <= ROUTES_MAX && w.g.rip.count <= ROUTES_LEARNED);
	check(mac_load(f->bytes + ETH_FROM) == w.g.plane.port[f->port].mac);
	if (be16_load(f->bytes + ETH_TYPE) == ETHERTYPE_ARP)
		return;
	if (be16_load(f->bytes + ETH_TYPE) == ETHERTYPE_LS) {
		check(f->port == 2);
		return;
	}
	if (be16_load(f->bytes + ETH_TYPE) == ETHERTYPE_IPV6) {		/* never outside */
		check(f->port != 0 && ip[0] >> 4 == 6 && f->count >= ETH_BYTES + IPV6_BYTES);
		return;
	}
	check(be16_load(f->bytes + ETH_TYPE) == ETHERTYPE_IPV4 && ip[0] >> 4 == 4);
	check(checksum_finish(checksum_add(0, ip, (ip[0] & 15u) * 4)) == 0);
	if (f->port == 0)		/* no inner address is seen outside */
		check(be32_load(ip + IPV4_FROM) == 0xc0000202);
}

/* Bits of `kind` choose what is made plausible. */
static void shape(u8 *b, u32 count, u32 port, u8 kind)
{
	static const u32 addresses[] = { 0xc0000202, 0x0a000001, 0x0a000005, 0x0a000106, 0xc6336407, 0xffffffff };
	u8 *ip = b + ETH_BYTES;
	u32 header = (ip[0] & 15u) * 4;

	if (count < 54)
		return;
	mac_store(b + ETH_TO, kind & 1 ? MAC_BROADCAST : w.g.plane.port[port].mac);
	mac_store(b + ETH_FROM, 0x020000000005 + ((u64)port << 8));
	be16_store(b + ETH_TYPE, kind & 2 && kind & 4 ? ETHERTYPE_ARP : ETHERTYPE_IPV4);
	if (kind & 2 && kind & 4)
		return;
	ip[0] = (u8)(0x40 | (ip[0] & 15));
	be16_store(ip + IPV4_LENGTH, (u16)(count - ETH_BYTES - (kind & 64 ? ip[3] % 4 : 0)));
	if (kind & 8)
		ip[IPV4_FRAGMENT] &= 0x60;
	be32_store(ip + IPV4_FROM, port == 0 ? 0xc6336407 : 0x0a000005 + ((port - 1) << 8));
	be32_store(ip + IPV4_TO, addresses[kind % ARRAY_COUNT(addresses)]);
	ip[IPV4_PROTOCOL] = kind & 16 ? PROTOCOL_ICMP : kind & 32 ? PROTOCOL_UDP : PROTOCOL_TCP;
	be16_store(ip + IPV4_CHECKSUM, 0);
	if (header >= IPV4_BYTES && header + ETH_BYTES <= count)
		be16_store(ip + IPV4_CHECKSUM, checksum_finish(checksum_add(0, ip, header)));
}

/* From a station, to it or the other port's, the router or a group; with headers, or a message of its own kind. */
static void shape6(u8 *b, u32 count, u32 port, u8 kind)
{
	static const u8 protocols[] = { PROTOCOL_ICMPV6, PROTOCOL_ICMPV6, PROTOCOL_UDP, PROTOCOL_TCP,
					PROTOCOL_OPTIONS, PROTOCOL_FRAGMENT, PROTOCOL_HOP_BY_HOP };
	const struct net_if *in = &w.g.plane.port[port];
	struct ip6 to[] = { net_if_address6(in), ip6_link_local(in->mac), IP6_ALL_NODES, IP6_ALL_ROUTERS,
			    ip6_solicited(net_if_address6(in)), { 0xfd00000000000002, ip6_interface(0x020000000206) },
			    { 0xfd00000000000002, 7 }, { 0x20010db800000000, 1 } };
	struct ip6 from = { kind & 1 ? IP6_LINK_LOCAL : in->prefix6, ip6_interface(0x020000000005 + (port << 8)) };
	u8 *ip = b + ETH_BYTES, *upper = ip + IPV6_BYTES;
	u32 bytes = count - ETH_BYTES - IPV6_BYTES;

	if (count < ETH_BYTES + IPV6_BYTES + ND_NEIGHBOUR_BYTES)
		return;
	be16_store(b + ETH_TYPE, ETHERTYPE_IPV6);
	mac_store(b + ETH_TO, in->mac);
	mac_store(b + ETH_FROM, 0x020000000005 + ((u64)port << 8));
	ipv6_header_write(ip, protocols[upper[7] % ARRAY_COUNT(protocols)], upper[6] & 1 ? 255 : upper[6],
			  kind & 2 ? (struct ip6){ 0, 0 } : from, to[kind % ARRAY_COUNT(to)], bytes);
	if (ip[IPV6_NEXT] != PROTOCOL_ICMPV6)
		return;
	upper[0] = (u8)(127 + upper[0] % 12);
	upper[1] &= 1;
	if (upper[4] & 1)
		ip6_store(upper + ND_TARGET, to[upper[5] % ARRAY_COUNT(to)]);
	be16_store(upper + ICMPV6_CHECKSUM, 0);
	be16_store(upper + ICMPV6_CHECKSUM,
		   checksum_finish(checksum_add(checksum_pseudo(ip, PROTOCOL_ICMPV6, bytes), upper, bytes)));
}

/* From another router of VOS: the head is plausible. */
static void shape_ls(u8 *b, u32 count)
{
	u8 *h = b + ETH_BYTES;

	if (count < ETH_BYTES + LS_HEADER + LS_STATE_BYTES)
		return;
	mac_store(b + ETH_TO, LS_GROUP_MAC);
	be16_store(b + ETH_TYPE, ETHERTYPE_LS);
	be32_store(h, LS_MAGIC);
	h[4] = 1 + h[4] % 2;
	h[5] &= 3;
	be16_store(h + 6, (u16)(count - ETH_BYTES - LS_HEADER));
	be64_store(h + 8, h[15] % 8 + 1u);
	if (h[4] == LS_HELLO) {
		be16_store(h + 6, (u16)(LS_HELLO_BYTES + h[5] * 8));
		be32_store(h + 16, h[16] & 1 ? 0x0a000106 : 0);
		return;
	}
	be16_store(h + 20, h[21] & 63);
	be16_store(h + 22, h[23] & 1);
	be16_store(h + 6, (u16)(LS_STATE_BYTES + h[5] * LS_LINK_BYTES + h[23] * LS_PREFIX_BYTES));
}

/* From a neighbour's RIP, an answer or a question; the entries' families and upper bytes are plausible. */
static void shape_rip(u8 *b, u32 count, u8 kind)
{
	u8 *ip = b + ETH_BYTES, *udp = ip + IPV4_BYTES, *rip = udp + UDP_BYTES;

	if (count < OWN_UDP_HEADERS + RIP_HEADER + RIP_ENTRY)
		return;
	count -= (count - OWN_UDP_HEADERS - RIP_HEADER) % RIP_ENTRY;
	mac_store(b + ETH_TO, RIP_GROUP_MAC);
	ipv4_header_write(ip, PROTOCOL_UDP, 0x0a000106, RIP_GROUP, count - ETH_BYTES - IPV4_BYTES);
	be16_store(udp, PORT_RIP);
	be16_store(udp + 2, PORT_RIP);
	be16_store(udp + UDP_LENGTH, (u16)(count - ETH_BYTES - IPV4_BYTES));
	be16_store(udp + UDP_CHECKSUM, 0);
	rip[0] = kind & 1 ? RIP_REQUEST : RIP_RESPONSE;
	rip[1] = 2;
	for (u8 *e = rip + RIP_HEADER; e < b + count; e += RIP_ENTRY) {
		be16_store(e, kind & 2 ? RIP_FAMILY_ALL : RIP_FAMILY_IPV4);
		be16_store(e + 8, 0xffff);
		if (e[18] & 1) {
			be16_store(e + 6, 0);
			be16_store(e + 10, 0);
		}
		be32_store(e + 16, e[19] & 31u);
	}
}

/* A question of a station, or an answer from the server outside. */
static void shape_dns(u8 *b, u32 count, u32 port, u8 kind)
{
	u8 *ip = b + ETH_BYTES, *udp = ip + IPV4_BYTES, *dns = udp + UDP_BYTES;

	if (count < OWN_UDP_HEADERS + DNS_HEADER)
		return;
	mac_store(b + ETH_TO, w.g.plane.port[port].mac);
	if (port == 0)
		ipv4_header_write(ip, PROTOCOL_UDP, 0xc0000235, 0xc0000202, count - ETH_BYTES - IPV4_BYTES);
	else
		ipv4_header_write(ip, PROTOCOL_UDP, 0x0a000005, 0x0a000001, count - ETH_BYTES - IPV4_BYTES);
	be16_store(udp, port == 0 ? PORT_DNS : 5353);
	be16_store(udp + 2, port == 0 ? w.g.dns.open[DNS_OPEN - 1].port : PORT_DNS);
	be16_store(udp + UDP_LENGTH, (u16)(count - ETH_BYTES - IPV4_BYTES));
	be16_store(udp + UDP_CHECKSUM, 0);
	be16_store(dns + 4, 1);
	be32_store(dns + 6, 0);
	dns[2] = port == 0 ? 0x80 : kind & 1;
	if (port == 0 && kind & 2)
		be16_store(dns, w.g.dns.open[DNS_OPEN - 1].id);
	if (count > OWN_UDP_HEADERS + DNS_HEADER + 9 && kind & 4)
		memcpy(dns + DNS_HEADER, "\3web\3vos", 9);
}

static void send(u32 port, u8 kind, const u8 *data, u32 count)
{
	static u8 bytes[1024];
	struct net_frame frame = { .bytes = count };

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, data, count);
	shape(bytes, count, port, kind);
	if (kind >= 0xa0 && kind < 0xe0)
		shape6(bytes, count, port, kind);
	if (port == 2 && kind >= 0x90 && kind < 0xa0)
		shape_ls(bytes, count);
	if (port == 2 && kind >= 0xe0)
		shape_rip(bytes, count, kind);
	if (port != 2 && kind >= 0xe0)
		shape_dns(bytes, count, port, kind);
	if (count > 60 && bytes[count - 1] % 4 == 1) {
		frame.flags = NET_NEEDS_CHECKSUM;
		frame.checksum_start = bytes[count - 1] & 8 ? 34 : bytes[count - 2];
		frame.checksum_offset = bytes[count - 1] & 16 ? TCP_CHECKSUM : UDP_CHECKSUM;
		frame.segmenting = bytes[count - 1] & 32 ? (kind & 2 ? NET_TCP4 : NET_TCP6) : NET_WHOLE;
		frame.segment_bytes = frame.segmenting == NET_WHOLE ? 0 : 20;
	}
	world_in(&w, port, bytes, count, &frame);
	for (u32 i = 0; i < w.kept; i++)
		judge(&w.frame[i]);
	w.kept = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct router_config config = world_config();

	world_init(&w);
	config.port[2].speaks_rip = config.port[2].speaks_ls = 1;
	config.port[1].prefix6 = 0xfd00000000000001;
	config.port[2].prefix6 = 0xfd00000000000002;
	config.probe = (struct router_probe){ .number = 1, .address = 0x08080808, .bytes = 56, .ttl = 9 };
	check(gateway_configure(&w.g, &config, w.now_ns) == ROUTER_OK);
	while (size >= 3) {
		u32 port = data[0] % 3, count = data[1] * 3u;
		u8 kind = data[2];

		data += 3;
		size -= 3;
		count = count < size ? count : (u32)size;
		if (count >= ETH_BYTES)
			send(port, kind, data, count);
		if (count != 0 && data[0] % 16 == 0)
			world_tick(&w, 1u + kind);
		data += count;
		size -= count;
	}
	return 0;
}
