/* SPDX-License-Identifier: MIT */
/*
 * Flows of NAT: packets that take the short way leave as by the long one, whatever has happened between. Two routers
 * get the same packets, clocks and configurations; one of them never has a flow that holds.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "checksum.h"
#include "router_world.h"

#define GATEWAY 0xc0000201u
#define OUTER 0xc0000202u
#define NAME_SERVER 0xc0000235u
#define STATION(port, n) (0x0a000000u + ((port) - 1) * 256 + (n))
#define STATION_MAC(port, n) (0x020000000000ull + (port) * 256 + (n))
#define STEPS 300000u
#define HEADERS (ETH_BYTES + IPV4_BYTES + TCP_BYTES)

static struct world fast, slow;
static u64 seed;

static u32 roll(u32 below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (u32)(seed >> 16) % below;
}

static void both_in(u32 port, const u8 *bytes, u32 count, const struct net_frame *frame)
{
	slow.g.plane.routes.generation++;	/* no flow was made with that one */
	world_in(&fast, port, bytes, count, frame);
	world_in(&slow, port, bytes, count, frame);
}

static void arp_reply(u32 port, u32 address, u64 mac)
{
	u8 arp[42] = { 0 };

	mac_store(arp, fast.g.plane.port[port].mac);
	mac_store(arp + ETH_FROM, mac);
	be16_store(arp + ETH_TYPE, ETHERTYPE_ARP);
	memcpy(arp + ETH_BYTES, (const u8[]){ 0, 1, 8, 0, 6, 4, 0, ARP_REQUEST }, 8);
	mac_store(arp + ETH_BYTES + ARP_SENDER_MAC, mac);
	be32_store(arp + ETH_BYTES + ARP_SENDER_IP, address);
	be32_store(arp + ETH_BYTES + ARP_TARGET_IP, fast.g.plane.port[port].address);
	both_in(port, arp, sizeof(arp), NULL);
}

static void meet(void)
{
	arp_reply(0, GATEWAY, 0x020000000099);
	arp_reply(0, NAME_SERVER, 0x020000000053);
	for (u32 port = 1; port < 3; port++)
		for (u32 n = 5; n < 7; n++)
			arp_reply(port, STATION(port, n), STATION_MAC(port, n));
}

static int setup(void **state)
{
	(void)state;
	seed = 0x123456789abcdef;
	world_init(&fast);
	world_init(&slow);
	meet();
	return 0;
}

/* Ethernet, IPv4 and the beginning of TCP, UDP or ICMP echo; returns the frame's bytes. */
static u32 packet(u8 *out, u32 port, u8 protocol, u32 from, u16 from_port, u32 to, u16 to_port)
{
	memset(out, 0, HEADERS + 8);
	mac_store(out, fast.g.plane.port[port].mac);
	mac_store(out + ETH_FROM, port == 0 ? 0x020000000099 : STATION_MAC(port, from & 0xff));
	be16_store(out + ETH_TYPE, ETHERTYPE_IPV4);
	ipv4_header_write(out + ETH_BYTES, protocol, from, to, TCP_BYTES + 8);
	be16_store(out + ETH_BYTES + IPV4_BYTES, from_port);
	be16_store(out + ETH_BYTES + IPV4_BYTES + 2, to_port);
	return HEADERS + 8;
}

static void set_header(u8 *out, u32 at, u8 value)
{
	u8 *ip = out + ETH_BYTES;

	ip[at] = value;
	be16_store(ip + IPV4_CHECKSUM, 0);
	be16_store(ip + IPV4_CHECKSUM, checksum_finish(checksum_add(0, ip, IPV4_BYTES)));
}

/* ---- anything ---- */

static void oddities(u8 *out, u32 count, struct net_frame *frame)
{
	u8 protocol = out[ETH_BYTES + IPV4_PROTOCOL];

	*frame = (struct net_frame){ .bytes = count + roll(2) * roll(20) };
	out[ETH_BYTES + IPV4_BYTES + TCP_FLAGS] = (u8)(roll(8) == 0 ? roll(256) : 0x10);
	be16_store(out + ETH_BYTES + IPV4_BYTES + TCP_CHECKSUM, (u16)roll(65536));
	be16_store(out + ETH_BYTES + IPV4_BYTES + UDP_CHECKSUM, (u16)(roll(4) != 0 ? roll(65536) : 0));
	if (roll(3) == 0 && protocol != PROTOCOL_ICMP) {
		frame->flags = NET_NEEDS_CHECKSUM;
		frame->checksum_start = (u16)(ETH_BYTES + IPV4_BYTES + roll(2) * roll(2) * 8);
		frame->checksum_offset = roll(8) != 0 && protocol == PROTOCOL_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
	}
	switch (roll(40)) {
	case 0: set_header(out, IPV4_TTL, (u8)roll(3)); break;
	case 1: set_header(out, IPV4_FRAGMENT, (u8)roll(64)); break;
	case 2: set_header(out, 0, (u8)(0x40 + roll(8))); break;
	case 3: set_header(out, IPV4_LENGTH + 1, (u8)roll(80)); break;
	case 4: out[ETH_BYTES + roll(IPV4_BYTES)] ^= (u8)(1u << roll(8)); break;
	case 5: out[roll(6)] ^= 1; break;
	case 6: frame->bytes = count - roll(HEADERS); break;
	default: break;
	}
}

static void random_packet(void)
{
	static const u8 protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP };
	static const u16 remote_ports[] = { 443, 53, 80 };
	static u8 out[NET_FRAME_MAX];
	u32 port = roll(3), peer = roll(3) == 0 ? NAME_SERVER : 0x08080801 + roll(2), from, to, count;
	u16 own_port = (u16)(roll(12) == 0 ? 8080 : 4000 + roll(2)), remote = remote_ports[roll(3)];
	struct net_frame frame;

	if (port == 0) {
		from = peer;
		to = OUTER;
	} else {
		from = STATION(port, 5 + roll(2));
		to = roll(5) != 0 ? peer : roll(3) == 0 ? OUTER : STATION(port, 1);
		to = roll(40) != 0 ? to : STATION(3 - port, 5);
	}
	count = packet(out, port, protocols[roll(3)], from, port == 0 ? remote : own_port, to,
		       port == 0 || to == OUTER ? own_port : remote);
	if (out[ETH_BYTES + IPV4_PROTOCOL] == PROTOCOL_ICMP) {
		out[ETH_BYTES + IPV4_BYTES] = port == 0 ? 0 : 8;
		be16_store(out + ETH_BYTES + IPV4_BYTES + ICMP_ID, own_port);
	}
	oddities(out, count, &frame);
	both_in(port, out, frame.bytes, &frame);
}

static void other_configuration(void)
{
	static struct router_config c;
	u32 what = roll(8);

	c = world_config();
	c.generation = 2 + 2 * roll(1000);
	if (what == 1)
		c.route_count = 0;
	else if (what == 2)
		c.port[roll(3)].mtu = 576;
	else if (what == 3)
		c.forward[0].address = STATION(1, 5);
	else if (what == 4)
		c.port[2].is_up = 0;
	else if (what == 5)
		c.port[0].address = OUTER + 1 + roll(2);
	else if (what == 6)
		c.port[0].mac[5] = 3;
	assert_int_equal(gateway_configure(&fast.g, &c, fast.now_ns), gateway_configure(&slow.g, &c, slow.now_ns));
}

static void pass_time(void)
{
	u32 seconds = roll(20) == 0 ? roll(400) : 1;

	world_tick(&fast, seconds);
	world_tick(&slow, seconds);
}

static void expect_same(void)
{
	assert_int_equal(fast.kept, slow.kept);
	for (u32 i = 0; i < fast.kept; i++) {
		assert_int_equal(fast.frame[i].port, slow.frame[i].port);
		assert_int_equal(fast.frame[i].count, slow.frame[i].count);
		assert_memory_equal(fast.frame[i].bytes, slow.frame[i].bytes, fast.frame[i].count);
	}
	assert_int_equal(fast.g.plane.forwarded, slow.g.plane.forwarded);
	assert_memory_equal(fast.g.plane.drops, slow.g.plane.drops, sizeof(fast.g.plane.drops));
	fast.kept = slow.kept = 0;
}

static void whatever_happens(void **state)
{
	(void)state;
	for (u32 i = 0; i < STEPS; i++) {
		if (roll(300) == 0)
			other_configuration();
		else if (roll(100) == 0)
			pass_time();
		else if (roll(200) == 0)
			arp_reply(1, STATION(1, 5), STATION_MAC(1, 5 + roll(2) * 64));
		else if (roll(60) == 0)
			meet();
		else
			random_packet();
		expect_same();
		if (i % 4096 == 0)
			assert_memory_equal(&fast.g.plane.nat.table, &slow.g.plane.nat.table,
					    sizeof(fast.g.plane.nat.table));
	}
}

/* ---- when a flow holds ---- */

static const u8 *last_frame(void)
{
	return fast.frame[fast.kept - 1].bytes;
}

/* From that station; returns the source of what leaves last, 0: nothing does. */
static u32 send_out(u32 n, u8 ttl, u32 more)
{
	static u8 out[NET_FRAME_MAX];
	u32 count = packet(out, 1, PROTOCOL_UDP, STATION(1, n), 4000, 0x08080808, 443) + more;

	be16_store(out + ETH_BYTES + IPV4_LENGTH, (u16)(count - ETH_BYTES));
	set_header(out, IPV4_TTL, ttl);
	fast.kept = 0;
	world_in(&fast, 1, out, count, NULL);
	return fast.kept == 0 ? 0 : be32_load(last_frame() + ETH_BYTES + IPV4_FROM);
}

/* Flows that say something else show whether they are believed. */
static void mark(void)
{
	struct flows *f = &fast.g.plane.flows;

	for (u32 i = 0; i < FLOWS; i++)
		f->flow[i].address = 0x01020304;
}

static void expect_short(bool is_short)
{
	mark();
	assert_int_equal(send_out(5, 64, 0), is_short ? 0x01020304 : OUTER);
}

static void pass(u32 seconds)
{
	fast.now_ns += seconds * NS_PER_S;
}

static void how_long(void **state)
{
	struct route route = { .prefix = 0x09000000, .bits = 8, .port = 0, .gateway = GATEWAY, .origin = ROUTE_GIVEN };

	(void)state;
	assert_int_equal(send_out(5, 64, 0), OUTER);
	expect_short(true);
	assert_int_equal(send_out(5, 1, 0), STATION(1, 1));		/* the router's own message */
	assert_int_equal(send_out(5, 64, 1600), STATION(1, 1));
	assert_int_equal(routes_add(&fast.g.plane.routes, route), ST_OK);
	expect_short(false);
	expect_short(true);
	pass(301);						/* its session has ended */
	arp_reply(0, GATEWAY, 0x020000000099);
	expect_short(false);
	expect_short(true);
	pass(61);						/* the neighbour is to be asked */
	expect_short(false);
	expect_short(false);
	arp_reply(0, GATEWAY, 0x020000000098);			/* a flow asks the table where that is */
	expect_short(true);
	assert_int_equal(mac_load(last_frame()), 0x020000000098);
	arp_reply(0, GATEWAY, 0x020000000097);
	expect_short(true);
	assert_int_equal(mac_load(last_frame()), 0x020000000097);
}

/* The neighbour's entry is another's. */
static void another_neighbour(void **state)
{
	struct neighbour *e = fast.g.plane.arp.table.entry[0];

	(void)state;
	assert_int_equal(send_out(5, 64, 0), OUTER);
	expect_short(true);
	for (u32 i = 0; i < NEIGHBOUR_SETS * NEIGHBOUR_WAYS; i++)
		if (ip6_equal(e[i].address, ip6_mapped(GATEWAY)))
			e[i].address = ip6_mapped(GATEWAY + 1);
	mark();
	assert_true(send_out(5, 64, 0) != 0x01020304);
}

/* The place of a session that has ended is another's: its flow is not believed. */
static void another_session(void **state)
{
	(void)state;
	assert_int_equal(send_out(5, 64, 0), OUTER);
	expect_short(true);
	pass(301);
	nat_table_sweep(&fast.g.plane.nat.table, (u32)(fast.now_ns / NS_PER_S));
	arp_reply(0, GATEWAY, 0x020000000099);
	assert_int_equal(send_out(6, 64, 0), OUTER);
	expect_short(false);
	expect_short(true);
	nat_set_outer(&fast.g.plane.nat, OUTER);		/* all end, and others take their places */
	assert_int_equal(send_out(7, 64, 0), OUTER);
	assert_int_equal(send_out(6, 64, 0), OUTER);
	expect_short(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whatever_happens, setup), cmocka_unit_test_setup(how_long, setup),
		cmocka_unit_test_setup(another_session, setup), cmocka_unit_test_setup(another_neighbour, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
