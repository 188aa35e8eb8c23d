/* SPDX-License-Identifier: MIT */
/*
 * IPv6 through a router: what has a limit, what is left to be computed or cut, the way through the rings, and DNS. The
 * frames that scapy made (test_router_golden.c) have the rest.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "checksum.h"
#include "router_io.h"
#include "router_world.h"

#define HEADERS (ETH_BYTES + IPV6_BYTES)
#define STATION 0x020000000105ull

static struct world w;
static u8 frame[2048];

static struct ip6 address(u32 port, u64 mac)
{
	return (struct ip6){ 0xfd00000000000000 + port, ip6_interface(mac) };
}

static struct ip6 own(u32 port)
{
	return net_if_address6(&w.g.plane.port[port]);
}

static int begin(void **state)
{
	struct router_config config = world_config();

	(void)state;
	world_init(&w);
	config.port[1].prefix6 = 0xfd00000000000001;
	config.port[2].prefix6 = 0xfd00000000000002;
	assert_int_equal(gateway_configure(&w.g, &config, w.now_ns), ROUTER_OK);
	world_tick(&w, 1);
	assert_int_equal(w.kept, 2);		/* router advertisements */
	w.kept = 0;
	return 0;
}

static void finish(u8 protocol, u64 mac, struct ip6 from, struct ip6 to, u32 bytes, u32 checksum_at)
{
	u8 *ip = frame + ETH_BYTES, *upper = ip + IPV6_BYTES;

	mac_store(frame + ETH_TO, ip6_is_group(to) ? ip6_group_mac(to) : w.g.plane.port[1].mac);
	mac_store(frame + ETH_FROM, mac);
	be16_store(frame + ETH_TYPE, ETHERTYPE_IPV6);
	ipv6_header_write(ip, protocol, 255, from, to, bytes);
	be16_store(upper + checksum_at, 0);
	be16_store(upper + checksum_at,
		   checksum_finish(checksum_add(checksum_pseudo(ip, protocol, bytes), upper, bytes)));
}

/* A question for `target` at port 1. */
static void solicit(u64 mac, struct ip6 from, struct ip6 target)
{
	u8 *icmp = frame + HEADERS;

	memset(icmp, 0, ND_NEIGHBOUR_BYTES);
	icmp[0] = ICMPV6_NEIGHBOUR_SOLICITATION;
	ip6_store(icmp + ND_TARGET, target);
	finish(PROTOCOL_ICMPV6, mac, from, ip6_solicited(target), ND_NEIGHBOUR_BYTES, ICMPV6_CHECKSUM);
	world_in(&w, 1, frame, HEADERS + ND_NEIGHBOUR_BYTES, NULL);
}

static void udp_from(u64 mac, struct ip6 to, u16 to_port, const u8 *payload, u32 count, const struct net_frame *more)
{
	u8 *udp = frame + HEADERS;

	be16_store(udp, 5353);
	be16_store(udp + 2, to_port);
	be16_store(udp + UDP_LENGTH, (u16)(UDP_BYTES + count));
	memcpy(udp + UDP_BYTES, payload, count);
	finish(PROTOCOL_UDP, mac, address(1, mac), to, UDP_BYTES + count, UDP_CHECKSUM);
	world_in(&w, 1, frame, HEADERS + UDP_BYTES + count, more);
}

static void udp_in(struct ip6 to, u16 to_port, const u8 *payload, u32 count, const struct net_frame *more)
{
	udp_from(STATION, to, to_port, payload, count, more);
}

static u32 entries_of(u64 mac)
{
	const struct neighbour *all = w.g.plane.v6.ndp.table.entry[0];
	u32 count = 0;

	for (u32 i = 0; i < NEIGHBOUR_SETS * NEIGHBOUR_WAYS; i++)
		count += all[i].mac == mac;
	return count;
}

static void solicit_router(u64 mac)
{
	memset(frame + HEADERS, 0, ND_SOLICIT_ROUTER_BYTES);
	frame[HEADERS] = ICMPV6_ROUTER_SOLICITATION;
	finish(PROTOCOL_ICMPV6, mac, address(1, mac), IP6_ALL_ROUTERS, ND_SOLICIT_ROUTER_BYTES, ICMPV6_CHECKSUM);
	world_in(&w, 1, frame, HEADERS + ND_SOLICIT_ROUTER_BYTES, NULL);
}

/* A station that asks from ever other addresses takes nobody's place, and no other station's answers. */
static void test_question_flood(void **state)
{
	u64 mac;

	(void)state;
	solicit(STATION, address(1, STATION), own(1));
	for (u64 i = 0; i < 3 * NDP_ANSWERS; i++) {
		solicit(STATION + 1, (struct ip6){ 0xfd00000000000001, 0x1000 + i }, own(1));
		w.kept = 0;
	}
	assert_int_equal(entries_of(STATION + 1), NEIGHBOUR_OF_MAC);
	assert_true(neighbour_find(&w.g.plane.v6.ndp.table, 1, address(1, STATION), w.now_ns, &mac));
	solicit(STATION, address(1, STATION), own(1));
	assert_int_equal(w.kept, 1);
}

/* Who asks whether a router's address is free is answered to all, so not for ever. */
static void test_flood_to_all(void **state)
{
	u32 told = 0;

	(void)state;
	for (u32 i = 0; i < 3 * NDP_ANSWERS; i++) {
		solicit(STATION + 1, (struct ip6){ 0, 0 }, own(1));
		told += w.kept;
		w.kept = 0;
	}
	assert_in_range(told, 1, NDP_ANSWERS);
	w.now_ns += NS_PER_S;
	solicit(STATION + 1, (struct ip6){ 0, 0 }, own(1));
	assert_int_equal(w.kept, 1);
}

/* Who uses up the answers to hosts that look for routers leaves the others the one to all. */
static void test_router_question_flood(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3 * ADVERT_ANSWERS; i++)
		solicit_router(STATION + 1);
	w.kept = 0;
	solicit_router(STATION);
	assert_int_equal(w.kept, 0);
	world_tick(&w, ADVERT_PAUSE_S);
	assert_int_equal(w.kept, 1);
	assert_int_equal(w.frame[0].port, 1);
	assert_int_equal(w.frame[0].bytes[HEADERS], ICMPV6_ROUTER_ADVERTISEMENT);
}

/* Of each of 65,536 hosts that are not there somebody wants something: asked are as many as the rate allows. */
static void test_scan(void **state)
{
	u32 asked = 0;

	(void)state;
	solicit(STATION, address(1, STATION), own(1));
	w.kept = 0;
	for (u64 i = 0; i < 65536; i++) {
		udp_in((struct ip6){ 0xfd00000000000002, 0x10000 + i }, 7, (const u8 *)"x", 1, NULL);
		asked += w.kept;
		w.kept = 0;
	}
	assert_in_range(asked, 1, 2 * NEIGHBOUR_RATE);
	assert_true(neighbour_find(&w.g.plane.v6.ndp.table, 1, address(1, STATION), w.now_ns, &(u64){ 0 }));
}

/* While somebody scans a network, a neighbour there that is known is asked whether it is still there. */
static void test_scan_spares_known(void **state)
{
	struct ip6 to = address(2, 0x020000000206);

	(void)state;
	neighbour_heard(&w.g.plane.v6.ndp.table, 2, to, 0x020000000206, true, w.now_ns);
	w.now_ns += (NEIGHBOUR_FRESH_S + 1) * NS_PER_S;
	for (u64 i = 0; i < 3 * NEIGHBOUR_RATE; i++)
		udp_in((struct ip6){ 0xfd00000000000002, 0x10000 + i }, 7, (const u8 *)"x", 1, NULL);
	w.kept = 0;
	udp_in(to, 7, (const u8 *)"x", 1, NULL);
	assert_int_equal(w.kept, 2);
	assert_int_equal(w.frame[0].bytes[HEADERS], ICMPV6_NEIGHBOUR_SOLICITATION);
	assert_int_equal(mac_load(w.frame[0].bytes + ETH_TO), 0x020000000206);
}

/* A VM that comes to another network has another address; no VM has the router's. */
static void test_names(void **state)
{
	u64 web = 0x020000000107;
	struct ip6 there = address(2, web);

	(void)state;
	solicit(web, (struct ip6){ 0, 0 }, own(1));
	assert_true(ip6_is_none(names6_of(&w.g.names6, web)));
	solicit(web, (struct ip6){ 0, 0 }, address(1, web));
	solicit(web, (struct ip6){ 0xfd00000000000001, 5 }, own(1));
	assert_true(ip6_equal(names6_of(&w.g.names6, web), address(1, web)));
	names6_seen(&w.g.names6, web, there);
	assert_true(ip6_equal(names6_of(&w.g.names6, web), there));
}

static void test_error_rate(void **state)
{
	u32 told = 0;

	(void)state;
	solicit(STATION, address(1, STATION), own(1));
	w.kept = 0;
	for (u32 i = 0; i < 1000; i++) {
		udp_in((struct ip6){ 0x20010db800000000, i }, 7, (const u8 *)"x", 1, NULL);
		told += w.kept;
		w.kept = 0;
	}
	assert_in_range(told, 1, ICMP6_ERROR_RATE);
	assert_int_equal(w.g.plane.drops[ROUTER_DROP_RATE], 1000 - told);
	assert_int_equal(w.g.plane.drops[ROUTER_DROP_ROUTE], 1000);
}

/* Who is refused all the time takes no other station's errors. */
static void test_error_flood(void **state)
{
	const struct ip6 nowhere = { 0x20010db800000000, 1 };
	u64 other = STATION + 1;

	(void)state;
	solicit(STATION, address(1, STATION), own(1));
	solicit(other, address(1, other), own(1));
	for (u32 i = 0; i < 1000; i++)
		udp_in(nowhere, 7, (const u8 *)"x", 1, NULL);
	w.kept = 0;
	udp_from(other, nowhere, 7, (const u8 *)"x", 1, NULL);
	assert_int_equal(w.kept, 1);
	assert_int_equal(w.frame[0].bytes[HEADERS], ICMPV6_UNREACHABLE);
}

/* Left to be computed: only into the field of UDP or TCP; the router computes no checksum that it only carries. */
static void test_partial(void **state)
{
	struct net_frame f = { .bytes = HEADERS + UDP_BYTES + 4, .flags = NET_NEEDS_CHECKSUM,
			       .checksum_start = HEADERS, .checksum_offset = UDP_CHECKSUM };
	struct ip6 to = address(2, 0x020000000206);

	(void)state;
	neighbour_heard(&w.g.plane.v6.ndp.table, 2, to, 0x020000000206, true, w.now_ns);
	udp_in(to, 7, (const u8 *)"abcd", 4, &f);
	assert_int_equal(w.kept, 1);
	assert_int_equal(w.frame[0].port, 2);
	f.checksum_offset = TCP_CHECKSUM;
	udp_in(to, 7, (const u8 *)"abcd", 4, &f);
	f.checksum_start = ETH_BYTES;
	udp_in(to, 7, (const u8 *)"abcd", 4, &f);
	assert_int_equal(w.kept, 1);
	assert_int_equal(w.g.plane.drops[ROUTER_DROP_MALFORMED], 2);
}

/* A segment that is to be cut counts by its pieces: each fits, though all of it would not. */
static void test_segment(void **state)
{
	struct net_frame f = { .bytes = HEADERS + TCP_BYTES + 1900, .flags = NET_NEEDS_CHECKSUM, .segmenting = NET_TCP6,
			       .segment_bytes = 1440, .checksum_start = HEADERS, .checksum_offset = TCP_CHECKSUM };
	struct ip6 to = address(2, 0x020000000206);

	(void)state;
	neighbour_heard(&w.g.plane.v6.ndp.table, 2, to, 0x020000000206, true, w.now_ns);
	memset(frame + HEADERS, 0, TCP_BYTES);
	frame[HEADERS + TCP_OFFSET] = 5 << 4;
	finish(PROTOCOL_TCP, STATION, address(1, STATION), to, TCP_BYTES + 1900, TCP_CHECKSUM);
	world_in(&w, 1, frame, f.bytes, &f);
	assert_int_equal(w.kept, 1);
	f.segment_bytes = 1441;
	world_in(&w, 1, frame, f.bytes, &f);
	assert_int_equal(w.g.plane.drops[ROUTER_DROP_TOO_LONG], 1);
}

/* ---- DNS ---- */

static const u8 example[] = "\1\2\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1";
#define EXAMPLE_BYTES (sizeof(example) - 1)

/* The server outside answers the question that was forwarded last with `count` bytes. */
static void answer_in(u32 count)
{
	static u8 reply[OWN_UDP_HEADERS + DNS_MOST];
	const u8 *asked = w.frame[0].bytes;
	u8 *ip = reply + ETH_BYTES, *udp = ip + IPV4_BYTES;

	mac_store(reply + ETH_TO, w.g.plane.port[0].mac);
	mac_store(reply + ETH_FROM, 0x020000000035);
	be16_store(reply + ETH_TYPE, ETHERTYPE_IPV4);
	ipv4_header_write(ip, PROTOCOL_UDP, 0xc0000235, 0xc0000202, UDP_BYTES + count);
	memset(udp, 0, UDP_BYTES);
	be16_store(udp, PORT_DNS);
	be16_store(udp + 2, be16_load(asked + ETH_BYTES + IPV4_BYTES));
	be16_store(udp + UDP_LENGTH, (u16)(UDP_BYTES + count));
	memcpy(udp + UDP_BYTES, asked + OWN_UDP_HEADERS, EXAMPLE_BYTES);
	udp[UDP_BYTES + 2] |= 0x80;
	w.kept = 0;
	world_in(&w, 0, reply, OWN_UDP_HEADERS + count, NULL);
}

static void ask_example(void)
{
	u8 arp[60] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 0x35, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 0x35,
		       192, 0, 2, 0x35, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2 };

	world_in(&w, 0, arp, sizeof(arp), NULL);
	w.kept = 0;
	udp_in(own(1), PORT_DNS, example, EXAMPLE_BYTES, NULL);
	assert_int_equal(w.kept, 1);
	assert_int_equal(w.frame[0].port, 0);
}

static void expect_answer(u32 count, u16 flags)
{
	const u8 *ip = w.frame[0].bytes + ETH_BYTES, *dns = ip + IPV6_BYTES + UDP_BYTES;

	assert_int_equal(w.kept, 1);
	assert_int_equal(w.frame[0].port, 1);
	assert_int_equal(w.frame[0].count, HEADERS + UDP_BYTES + count);
	assert_true(ip6_equal(ip6_load(ip + IPV6_FROM), own(1)));
	assert_true(ip6_equal(ip6_load(ip + IPV6_TO), address(1, STATION)));
	assert_int_equal(be16_load(dns), 0x0102);
	assert_int_equal(be16_load(dns + 2), flags);
	assert_int_equal(checksum_finish(checksum_add(checksum_pseudo(ip, PROTOCOL_UDP, UDP_BYTES + count),
						      ip + IPV6_BYTES, UDP_BYTES + count)), 0);
}

/* A station asks over IPv6, a server over IPv4; what does not fit into a packet of IPv6 is cut to its head. */
static void test_dns(void **state)
{
	(void)state;
	ask_example();
	answer_in(1452);
	expect_answer(1452, 0x8100);
	ask_example();
	answer_in(1453);
	expect_answer(EXAMPLE_BYTES, 0x8300);
}

/* ---- Rings ---- */

static u8 links[2][NET_LINK_BYTES] __attribute__((aligned(4096)));

/* What is too long is quoted from the ring, not from its head alone; what fits goes on whole. */
static void test_rings(void **state)
{
	static struct router_io io;
	struct ring to_router, from_router;
	struct net_frame f = { .bytes = 1600 };
	struct ip6 to = address(2, 0x020000000206);

	(void)state;
	memset(links, 0, sizeof(links));
	io = (struct router_io){ .g = &w.g };
	w.g.plane.v6.out = w.g.plane.v6.ndp.table.out = (struct outlet){ router_io_send, &io };
	for (u32 i = 0; i < 2; i++)
		router_io_attach(&io, i + 1, links[i]);
	ring_attach_producer(&to_router, (struct ring_shared *)(links[0] + NET_TO_CLIENT), NET_RING_BYTES);
	ring_attach_consumer(&from_router, (struct ring_shared *)(links[0] + NET_TO_SWITCH), NET_RING_BYTES);
	neighbour_heard(&w.g.plane.v6.ndp.table, 1, address(1, STATION), STATION, true, w.now_ns);
	neighbour_heard(&w.g.plane.v6.ndp.table, 2, to, 0x020000000206, true, w.now_ns);
	for (u32 i = 0; i < f.bytes; i++)
		frame[i] = (u8)i;
	finish(PROTOCOL_UDP, STATION, address(1, STATION), to, f.bytes - HEADERS, UDP_CHECKSUM);
	assert_true(net_begin(&to_router, &f));
	net_write(&to_router, 0, frame, f.bytes);
	net_end(&to_router, &f);
	(void)router_io_step(&io, w.now_ns, 16);
	assert_int_equal(net_next(&from_router, &f), NET_FRAME);
	assert_int_equal(f.bytes, ICMP6_ERROR_MOST);
	net_read(&from_router, HEADERS + ICMPV6_BYTES, w.frame[0].bytes, ICMP6_QUOTED_MOST);
	assert_memory_equal(w.frame[0].bytes, frame + ETH_BYTES, ICMP6_QUOTED_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_question_flood, begin), cmocka_unit_test_setup(test_flood_to_all, begin),
		cmocka_unit_test_setup(test_router_question_flood, begin), cmocka_unit_test_setup(test_scan, begin),
		cmocka_unit_test_setup(test_scan_spares_known, begin), cmocka_unit_test_setup(test_names, begin),
		cmocka_unit_test_setup(test_error_rate, begin), cmocka_unit_test_setup(test_partial, begin),
		cmocka_unit_test_setup(test_error_flood, begin),
		cmocka_unit_test_setup(test_segment, begin), cmocka_unit_test_setup(test_dns, begin),
		cmocka_unit_test_setup(test_rings, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
