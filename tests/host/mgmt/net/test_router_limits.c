/* SPDX-License-Identifier: MIT */
/*
 * What one station, or somebody outside, can take of a router's tables from the others: sessions of NAT, whatever
 * addresses it sends from, sessions through forwards, entries of neighbours, and answers of the router itself.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "router_world.h"

#define OUTSIDE 0xc6336407u

static struct world w;

/* UDP of the station behind port 1, from any address and port. */
static void send_out(u8 station, u32 from, u16 from_port)
{
	u8 frame[60] = { 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, station, 8, 0 };

	ipv4_header_write(frame + ETH_BYTES, PROTOCOL_UDP, from, OUTSIDE, UDP_BYTES);
	be16_store(frame + 34, from_port);
	be16_store(frame + 36, 9000);
	be16_store(frame + 38, UDP_BYTES);
	world_in(&w, 1, frame, sizeof(frame), NULL);
}

static void syn_in(u32 from, u16 from_port, u16 to_port)
{
	u8 frame[60] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };

	ipv4_header_write(frame + ETH_BYTES, PROTOCOL_TCP, from, 0xc0000202, TCP_BYTES);
	be16_store(frame + 34, from_port);
	be16_store(frame + 36, to_port);
	frame[46] = TCP_BYTES / 4 << 4;
	frame[47] = 2;
	world_in(&w, 0, frame, sizeof(frame), NULL);
}

/* UDP from outside, to the port under which a station is seen. */
static void udp_in(u16 from_port, u16 to_port)
{
	u8 frame[60] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };

	ipv4_header_write(frame + ETH_BYTES, PROTOCOL_UDP, OUTSIDE, 0xc0000202, UDP_BYTES);
	be16_store(frame + 34, from_port);
	be16_store(frame + 36, to_port);
	be16_store(frame + 38, UDP_BYTES);
	world_in(&w, 0, frame, sizeof(frame), NULL);
}

/* Whom a station has sent to may answer from other ports, but leaves it sessions to begin itself. */
static void test_peer_of_many_ports(void **state)
{
	const struct nat_table *t = &w.g.plane.nat.table;

	(void)state;
	world_init(&w);
	send_out(0x0a, 0x0a00000a, 2000);
	for (u16 port = 1; port < 2 * NAT_HOST_SESSIONS; port++)
		udp_in(port, 2000);
	assert_int_equal(t->session_count, NAT_INVITED_SESSIONS);
	send_out(0x0a, 0x0a00000a, 2001);
	assert_int_equal(t->session_count, NAT_INVITED_SESSIONS + 1);
}

/* Ten addresses of one card's: together they have what one station may have. */
static void test_many_addresses(void **state)
{
	const struct nat_table *t = &w.g.plane.nat.table;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < 10 * NAT_HOST_SESSIONS; i++)
		send_out(0x0a, 0x0a000010 + i / NAT_HOST_SESSIONS, (u16)(2000 + i % NAT_HOST_SESSIONS));
	assert_int_equal(t->session_count, NAT_HOST_SESSIONS);
	assert_int_equal(w.g.plane.drops[ROUTER_DROP_NAT_LIMIT], 9 * NAT_HOST_SESSIONS);
	send_out(0x0b, 0x0a00000b, 2000);
	assert_int_equal(t->session_count, NAT_HOST_SESSIONS + 1);
}

/* Hosts are places too: a station takes one, whatever it sends from. */
static void test_places_of_hosts(void **state)
{
	struct router_config c = world_config();

	(void)state;
	world_init(&w);
	c.port[1].address = 0x0a000101;
	c.port[1].prefix_bits = 16;
	c.port[2].is_up = 0;
	c.forward_count = c.name_count = 0;
	c.port[1].serves_dhcp = 0;
	c.port[1].pool_first = c.port[1].pool_last = 0;
	assert_int_equal(gateway_configure(&w.g, &c, w.now_ns), ROUTER_OK);
	for (u32 i = 0; i < 2 * NAT_HOSTS; i++)
		send_out(0x0a, 0x0a000200 + i, 2000);
	send_out(0x0b, 0x0a00010b, 2000);
	assert_int_equal(w.g.plane.nat.table.session_count, 2 * NAT_HOSTS + 1);
}

/* Who floods all forwards from outside leaves the stations half of the table, and their own limits. */
static void test_forwards(void **state)
{
	struct router_config c = world_config();
	const struct nat_table *t = &w.g.plane.nat.table;

	(void)state;
	world_init(&w);
	c.forward_count = 10;
	for (u32 i = 0; i < 10; i++)
		c.forward[i] = (struct router_forward){ PROTOCOL_TCP, 0, (u16)(8080 + i), 0x0a000007 + i, 80, 0 };
	assert_int_equal(gateway_configure(&w.g, &c, w.now_ns), ROUTER_OK);
	for (u32 i = 0; i < 10 * NAT_HOST_SESSIONS; i++)
		syn_in(OUTSIDE, (u16)(1024 + i), (u16)(8080 + i % 10));
	assert_int_equal(t->session_count, NAT_FORWARDED_SESSIONS);
	for (u32 i = 0; i < NAT_HOST_SESSIONS; i++)
		send_out(7, 0x0a000007, (u16)(2000 + i));
	assert_int_equal(t->session_count, NAT_FORWARDED_SESSIONS + NAT_HOST_SESSIONS);
	world_tick(&w, NAT_UDP_S + 1);
	assert_int_equal(t->session_count, 0);
	assert_int_equal(t->forwarded_count, 0);
}

/* An ARP message of a station, as the sender of any address. */
static void arp_in(u8 station, u32 sender, u16 operation)
{
	u8 arp[60] = { 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, station, 8, 6, 0, 1, 8, 0, 6, 4, 0, 0, 2, 0, 0, 0, 1, station,
		       0, 0, 0, 0, 2, 0, 0, 0, 1, 1, 10, 0, 0, 1 };

	be16_store(arp + ETH_BYTES + ARP_OPERATION, operation);
	be32_store(arp + ETH_BYTES + ARP_SENDER_IP, sender);
	world_in(&w, 1, arp, sizeof(arp), NULL);
}

static u32 entries_of_station(u8 station)
{
	u32 count = 0;

	for (u32 i = 0; i < NEIGHBOUR_SETS * NEIGHBOUR_WAYS; i++)
		count += w.g.plane.arp.table.entry[i / NEIGHBOUR_WAYS][i % NEIGHBOUR_WAYS].mac ==
			 (0x020000000100u | station);
	return count;
}

/* A station that asks from all addresses of its network, or answers for all that the router looks for. */
static void test_neighbours(void **state)
{
	struct neighbours *n = &w.g.plane.arp.table;
	u8 frame[60] = { 0 };
	u64 mac;

	(void)state;
	world_init(&w);
	for (u8 i = 1; i <= 20; i++)
		arp_in((u8)(0xa0 + i), 0x0a0000a0 + i, ARP_REQUEST);
	for (u32 i = 0x10; i < 0x90; i++)
		arp_in(0x0a, 0x0a000000 + i, ARP_REQUEST);
	assert_int_equal(entries_of_station(0x0a), NEIGHBOUR_OF_MAC);
	for (u32 i = 0x10; i < 0x90; i++) {
		w.now_ns += NS_PER_S;
		(void)neighbour_hold(n, 1, ip6_mapped(0x0a000000 + i), frame, sizeof(frame), 0, false, w.now_ns);
		arp_in(0x0a, 0x0a000000 + i, ARP_REPLY);
		assert_true(neighbour_find(n, 1, ip6_mapped(0x0a000000 + i), w.now_ns, &mac));
	}
	assert_int_equal(entries_of_station(0x0a), NEIGHBOUR_OF_MAC);
	for (u8 i = 1; i <= 20; i++)
		assert_int_equal(entries_of_station((u8)(0xa0 + i)), 1);
}

/* To the router, of `count` bytes behind the IPv4 header. */
static void ask_router(u8 station, u8 protocol, const u8 *bytes, u32 count)
{
	u8 frame[128] = { 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, station, 8, 0 };

	ipv4_header_write(frame + ETH_BYTES, protocol, 0x0a000000u | station, 0x0a000001, count);
	memcpy(frame + ETH_BYTES + IPV4_BYTES, bytes, count);
	world_in(&w, 1, frame, ETH_BYTES + IPV4_BYTES + count, NULL);
}

/* A station that the router has more to answer than its share takes nothing of what another one is answered. */
static void test_replies(void **state)
{
	static const struct { u8 protocol, count, bytes[36]; } asked[] = {
		{ PROTOCOL_ICMP, 8, { 8, 0, 0xf7, 0xff } },			/* an echo */
		{ PROTOCOL_UDP, 8, { 0x20, 0, 0x23, 0x28, 0, 8 } },		/* a port that nobody has */
		{ PROTOCOL_UDP, 33, { 0x20, 0, 0, 53, 0, 33, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'e', 'b',
				      3, 'v', 'o', 's', 0, 0, 1, 0, 1 } },	/* a name */
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(asked); i++) {
		world_init(&w);
		arp_in(0x0a, 0x0a00000a, ARP_REQUEST);
		arp_in(0x0b, 0x0a00000b, ARP_REQUEST);
		for (u32 n = 0; n < 20000; n++)
			ask_router(0x0a, asked[i].protocol, asked[i].bytes, asked[i].count);
		w.kept = 0;
		ask_router(0x0a, asked[i].protocol, asked[i].bytes, asked[i].count);
		assert_int_equal(w.kept, 0);
		ask_router(0x0b, asked[i].protocol, asked[i].bytes, asked[i].count);
		assert_int_equal(w.kept, 1);
		assert_int_equal(w.frame[0].bytes[5], 0x0b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_addresses), cmocka_unit_test(test_peer_of_many_ports),
		cmocka_unit_test(test_places_of_hosts),
		cmocka_unit_test(test_forwards), cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
