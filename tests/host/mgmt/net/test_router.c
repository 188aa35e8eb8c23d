/* SPDX-License-Identifier: MIT */
/*
 * A router as a whole: configurations that are refused, DHCP on the outer port with what a lease brings and takes away,
 * limits of NAT for one host, frames whose checksum is left to be computed, and the way through the rings.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "checksum.h"
#include "config_judge.h"
#include "router_io.h"
#include "router_world.h"
#include "share.h"

static struct world w;

#define BAD(error, change) do { \
		struct router_config c = world_config(); \
		change; \
		assert_int_equal(config_judge(&c), error); \
	} while (0)

static void test_refused(void **state)
{
	(void)state;
	BAD(ROUTER_OK, (void)0);
	BAD(ROUTER_BAD_COUNT, c.name_count = ROUTER_NAMES + 1);
	BAD(ROUTER_BAD_COUNT, c.route_count = 0xffffffff);
	BAD(ROUTER_BAD_PORT, c.port[1].mac[0] = 1);
	BAD(ROUTER_BAD_PORT, c.port[1].mtu = 9001);
	BAD(ROUTER_BAD_PORT, c.port[1].prefix_bits = 31);
	BAD(ROUTER_BAD_PORT, c.port[1].address = 0x0a0000ff);
	BAD(ROUTER_BAD_PORT, c.port[1].address = 0x0a000000);
	BAD(ROUTER_BAD_OUTER, c.port[1].address = 0);
	BAD(ROUTER_BAD_OUTER, c.port[2].is_outer = 1);
	BAD(ROUTER_BAD_OUTER, c.port[0].speaks_rip = 1);
	BAD(ROUTER_BAD_OUTER, c.port[0].speaks_ls = 1);
	BAD(ROUTER_OK, (c.port[1].prefix6 = 0xfd00000000000001, c.port[2].prefix6 = 0x20010db800000000));
	BAD(ROUTER_BAD_PREFIX6, c.port[0].prefix6 = 0xfd00000000000001);
	BAD(ROUTER_BAD_PREFIX6, c.port[1].prefix6 = 0xfe80000000000000);
	BAD(ROUTER_BAD_PREFIX6, c.port[1].prefix6 = 0xff02000000000000);
	BAD(ROUTER_BAD_PREFIX6, c.port[1].prefix6 = 1);
	BAD(ROUTER_BAD_OVERLAP, c.port[1].prefix6 = c.port[2].prefix6 = 0xfd00000000000001);
	BAD(ROUTER_BAD_OVERLAP, c.port[2].address = 0x0a000009);
	BAD(ROUTER_BAD_OVERLAP, c.port[2].mac[4] = 1);
	BAD(ROUTER_BAD_POOL, c.port[1].pool_last = 0x0a0000ff);
	BAD(ROUTER_BAD_POOL, c.port[1].pool_first = 0x0a000070);
	BAD(ROUTER_BAD_POOL, c.port[1].lease_s = 59);
	BAD(ROUTER_BAD_ROUTE, c.route[0].bits = 33);
	BAD(ROUTER_BAD_ROUTE, c.route[0].port = ROUTER_PORTS);
	BAD(ROUTER_BAD_ROUTE, c.route[0].gateway = 0x0a000009);
	BAD(ROUTER_BAD_ROUTE, c.route[0].prefix = 1);
	BAD(ROUTER_BAD_FORWARD, c.forward[0].protocol = PROTOCOL_ICMP);
	BAD(ROUTER_BAD_FORWARD, c.forward[0].address = 0xc0000209);
	BAD(ROUTER_BAD_FORWARD, (c.forward[1] = c.forward[0], c.forward_count = 2));
	BAD(ROUTER_BAD_NAME, c.name[0].name[0] = '.');
	BAD(ROUTER_BAD_NAME, memset(c.name[0].name, 'a', ROUTER_NAME_BYTES));
	BAD(ROUTER_BAD_NAME, (c.name[1] = c.name[0], c.name_count = 2));
}

/* The last frame that left the outer port, a message of the DHCP client. */
static struct dhcp_message asked(void)
{
	const struct world_frame *f = &w.frame[w.kept - 1];
	struct dhcp_message m;

	assert_true(w.kept > 0 && f->port == 0);
	assert_true(dhcp_read(&m, f->bytes + OWN_UDP_HEADERS, f->count - OWN_UDP_HEADERS));
	w.kept = 0;
	return m;
}

static u32 leased_s = 1000;

static void tell(u32 id, enum dhcp_type type, u32 yours)
{
	struct dhcp_message m = { .is_reply = true, .type = (u8)type, .id = id, .yours = yours, .mac = 0x020000000002 };
	u8 bytes[OWN_UDP_HEADERS + DHCP_MOST] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };
	u8 *udp = bytes + ETH_BYTES + IPV4_BYTES;
	struct dhcp_writer out;
	u32 count;

	dhcp_begin(&out, bytes + OWN_UDP_HEADERS, &m);
	dhcp_add32(&out, DHCP_SERVER, 0xc0000201);
	dhcp_add32(&out, DHCP_MASK, 0xffffff00);
	dhcp_add32(&out, DHCP_ROUTER, (yours & 0xffffff00) | 1);
	dhcp_add32(&out, DHCP_DNS, 0xc0000235);
	dhcp_add32(&out, DHCP_LEASE, leased_s);
	count = dhcp_end(&out);
	ipv4_header_write(bytes + ETH_BYTES, PROTOCOL_UDP, 0xc0000201, yours, UDP_BYTES + count);
	be16_store(udp, PORT_DHCP_SERVER);
	be16_store(udp + 2, PORT_DHCP_CLIENT);
	be16_store(udp + UDP_LENGTH, (u16)(UDP_BYTES + count));
	world_in(&w, 0, bytes, OWN_UDP_HEADERS + count, NULL);
}

static void begin_dhcp(void)
{
	struct router_config c = world_config();

	world_init(&w);
	c.route_count = 0;
	c.port[0].address = c.port[0].prefix_bits = 0;
	c.servers[0] = 0;
	assert_int_equal(gateway_configure(&w.g, &c, w.now_ns), ROUTER_OK);
	world_tick(&w, 1);
}

static void test_lease(void **state)
{
	struct dhcp_message m;

	(void)state;
	begin_dhcp();
	m = asked();
	assert_int_equal(m.type, DHCP_DISCOVER);
	tell(m.id + 1, DHCP_OFFER, 0xc0000263);			/* another transaction */
	assert_int_equal(w.kept, 0);
	tell(m.id, DHCP_OFFER, 0xc0000263);
	m = asked();
	assert_int_equal(m.type, DHCP_REQUEST);
	assert_int_equal(m.requested, 0xc0000263);
	assert_int_equal(m.server, 0xc0000201);
	tell(m.id, DHCP_ACK, 0xc0000263);
	assert_int_equal(w.g.plane.nat.outer, 0xc0000263);
	assert_int_equal(routes_find(&w.g.plane.routes, 0x08080808)->gateway, 0xc0000201);
	assert_int_equal(w.g.server.servers[0], 0xc0000235);
	assert_non_null(nat_map_of_port(&w.g.plane.nat.table, NAT_TCP, 8080));
	/* Renewing goes to the server, rebinding to all; then the lease has ended. */
	world_tick(&w, 501);
	assert_int_equal(w.g.client.state, ROUTER_DHCP_RENEWING);
	world_tick(&w, 380);
	m = asked();
	assert_int_equal(w.g.client.state, ROUTER_DHCP_REBINDING);
	assert_int_equal(m.client, 0xc0000263);
	tell(m.id, DHCP_ACK, 0xc0000263);
	assert_int_equal(w.g.client.state, ROUTER_DHCP_BOUND);
	world_tick(&w, 1200);
	assert_int_equal(w.g.plane.nat.outer, 0);
	assert_null(routes_find(&w.g.plane.routes, 0x08080808));
}

/* A lease of a few seconds is not used for longer. */
static void test_short_lease(void **state)
{
	(void)state;
	begin_dhcp();
	leased_s = 20;
	tell(asked().id, DHCP_OFFER, 0xc0000263);
	tell(asked().id, DHCP_ACK, 0xc0000263);
	leased_s = 1000;
	assert_int_equal(w.g.plane.nat.outer, 0xc0000263);
	world_tick(&w, 19);
	assert_int_equal(w.g.plane.nat.outer, 0xc0000263);
	world_tick(&w, 2);
	assert_int_equal(w.g.plane.nat.outer, 0);
}

/* A network outside that is one inside too. */
static void test_conflict(void **state)
{
	struct dhcp_message m;

	(void)state;
	begin_dhcp();
	m = asked();
	tell(m.id, DHCP_OFFER, 0x0a000063);
	m = asked();
	tell(m.id, DHCP_ACK, 0x0a000063);
	assert_int_equal(w.g.plane.nat.outer, 0);
	assert_int_equal(w.g.client.state, ROUTER_DHCP_SELECTING);
}

static void test_host_limit(void **state)
{
	struct nat_table *t = &w.g.plane.nat.table;
	struct dice dice = { world_roll, &w };
	u32 made = 0;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < NAT_SESSIONS; i++) {
		struct nat_map *m = nat_map_find(t, NAT_UDP, 0x0a000005, (u16)(2000 + i % 4));

		if (m == NULL)
			m = nat_map_add(t, NAT_UDP, 0x0a000005, (u16)(2000 + i % 4), (u16)(2000 + i % 4), &dice);
		assert_non_null(m);
		made += nat_session_add(t, m, NAT_STATION(5), 0xc6336400 + i, 53, 2000) != NULL;
	}
	assert_int_equal(made, NAT_HOST_SESSIONS);
	assert_non_null(nat_session_add(t, nat_map_add(t, NAT_UDP, 0x0a000006, 2000, 2000, &dice), NAT_STATION(6), 1,
					53, 2000));
	nat_table_sweep(t, 2000);
	assert_int_equal(t->session_count, 0);
	assert_null(nat_map_find(t, NAT_UDP, 0x0a000005, 2000));
}

static u8 links[2][NET_LINK_BYTES] __attribute__((aligned(64)));
static struct router_io io;

/* What is left to be computed is left by the router too; what must wait for a neighbour is computed before. */
static void test_rings(void **state)
{
	u8 frame[100] = { 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 5, 8, 0 }, got[PACKET_MOST];
	struct net_frame how = { .bytes = 100, .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34,
				 .checksum_offset = UDP_CHECKSUM }, seen;
	u8 answer[42] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1,
			  192, 0, 2, 1, 2, 0, 0, 0, 0, 2, 192, 0, 2, 2 };
	struct ring from_switch[2], to_switch[2];

	(void)state;
	world_init(&w);
	io.g = &w.g;
	for (u32 i = 0; i < 2; i++) {
		router_io_attach(&io, i, links[i]);
		ring_attach_producer(&from_switch[i], (struct ring_shared *)(links[i] + NET_TO_CLIENT), NET_RING_BYTES);
		ring_attach_consumer(&to_switch[i], (struct ring_shared *)(links[i] + NET_TO_SWITCH), NET_RING_BYTES);
	}
	w.g.plane.out = w.g.plane.arp.table.out = (struct outlet){ router_io_send, &io };
	ipv4_header_write(frame + ETH_BYTES, PROTOCOL_UDP, 0x0a000005, 0xc6336407, 66);
	be16_store(frame + 34, 5000);
	be16_store(frame + 38, 66);
	be16_store(frame + 40, (u16)~checksum_finish(checksum_pseudo(frame + ETH_BYTES, PROTOCOL_UDP, 66)));
	for (u32 i = 0; i < 2; i++) {		/* the first one waits, the second one passes */
		assert_true(net_begin(&from_switch[1], &how));
		net_write(&from_switch[1], 0, frame, 100);
		net_end(&from_switch[1], &how);
		assert_false(router_io_step(&io, w.now_ns, 4));
		assert_int_equal(net_next(&to_switch[0], &seen), NET_FRAME);
		if (i == 0) {			/* the request, then what waited */
			net_done(&to_switch[0], &seen);
			seen = (struct net_frame){ .bytes = 42 };
			assert_true(net_begin(&from_switch[0], &seen));
			net_write(&from_switch[0], 0, answer, 42);
			net_end(&from_switch[0], &seen);
			assert_false(router_io_step(&io, w.now_ns, 4));
			assert_int_equal(net_next(&to_switch[0], &seen), NET_FRAME);
		}
		assert_int_equal(seen.bytes, 100);
		net_read(&to_switch[0], 0, got, 100);
		net_done(&to_switch[0], &seen);
		assert_int_equal(seen.flags, i == 0 ? 0 : NET_NEEDS_CHECKSUM);
		if (i == 1)
			be16_store(got + 40, checksum_finish(checksum_add(0, got + 34, 66)));
		assert_int_equal(be32_load(got + ETH_BYTES + IPV4_FROM), 0xc0000202);
		assert_int_equal(checksum_finish(checksum_add(checksum_pseudo(got + ETH_BYTES, PROTOCOL_UDP, 66),
							      got + 34, 66)), 0);
	}
}

/* A checksum behind the packet, in the padding that the router cuts off, would break its ring with the switch. */
static void test_checksum_in_padding(void **state)
{
	u8 frame[100] = { 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 5, 8, 0 };
	struct net_frame how = { .bytes = 100, .flags = NET_NEEDS_CHECKSUM, .checksum_start = 62 };

	(void)state;
	world_init(&w);
	ipv4_header_write(frame + ETH_BYTES, PROTOCOL_UDP, 0x0a000005, 0x0a000105, 30);
	for (u16 offset = 0; offset < 8; offset++) {
		u64 malformed = w.g.plane.drops[ROUTER_DROP_MALFORMED];
		bool is_inside = 62u + offset + 2 <= ETH_BYTES + IPV4_BYTES + 30;

		how.checksum_offset = offset;
		world_in(&w, 1, frame, sizeof(frame), &how);
		assert_int_equal(w.g.plane.drops[ROUTER_DROP_MALFORMED] - malformed, !is_inside);
	}
}

static struct dhcp_message ask(u64 mac, enum dhcp_type type, u32 wish, u32 now_s)
{
	struct dhcp_message m = { .type = (u8)type, .id = 7, .mac = mac };
	u8 question[DHCP_MOST], out[DHCP_MOST];
	struct dhcp_answer to;
	struct dhcp_writer writer;
	u32 count;

	dhcp_begin(&writer, question, &m);
	dhcp_add32(&writer, DHCP_SERVER, 0x0a000001);
	if (wish != 0)
		dhcp_add32(&writer, DHCP_REQUESTED, wish);
	count = dhcp_end(&writer);
	m = (struct dhcp_message){ 0 };
	if (dhcp_serve(&w.g.server, 1, mac, question, count, now_s, out, &to))
		assert_true(dhcp_read(&m, out, to.bytes));
	return m;
}

/* Who declines whatever he gets, offered or taken, leaves the others most of a pool of ten. */
static void test_declined(void **state)
{
	const u64 evil = 0x020000000109, other = 0x020000000120;
	u32 got = 0, address;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < 40; i++) {
		address = ask(evil, DHCP_DISCOVER, 0, 1000).yours;
		assert_int_not_equal(address, 0);
		if (i % 2 != 0)
			assert_int_equal(ask(evil, DHCP_REQUEST, address, 1000).type, DHCP_ACK);
		(void)ask(evil, DHCP_DECLINE, address, 1000);
	}
	for (u32 i = 0; i < 10; i++)
		got += ask(other + i, DHCP_DISCOVER, 0, 1000).yours != 0;
	assert_int_equal(got, 10 - DHCP_DECLINES);
}

/* A lease that has ended may be another one's: it is not declined any more. */
static void test_declined_late(void **state)
{
	const u64 evil = 0x020000000109, other = 0x020000000120;

	(void)state;
	world_init(&w);
	assert_int_equal(ask(evil, DHCP_REQUEST, 0x0a000064, 1000).type, DHCP_ACK);
	w.g.server.lease[1] = w.g.server.lease[0];	/* the other one gets an entry before it */
	w.g.server.lease[0] = (struct dhcp_lease){ 0 };
	assert_int_equal(ask(other, DHCP_REQUEST, 0x0a000064, 5000).type, DHCP_ACK);
	(void)ask(evil, DHCP_DECLINE, 0x0a000064, 5000);
	assert_int_equal(ask(other, DHCP_REQUEST, 0x0a000064, 5001).type, DHCP_ACK);
}

/* One endpoint for each session: the hosts' limits hold, and not that of the mappings. */
static void test_mappings(void **state)
{
	struct nat_table *t = &w.g.plane.nat.table;
	struct dice dice = { world_roll, &w };

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < 7 * NAT_HOST_SESSIONS; i++) {
		struct nat_map *m = nat_map_add(t, NAT_UDP, 0x0a000005 + i / NAT_HOST_SESSIONS, (u16)(2000 + i),
						(u16)(2000 + i), &dice);

		assert_non_null(m);
		assert_non_null(nat_session_add(t, m, NAT_STATION(i / NAT_HOST_SESSIONS), 0xc6336401, 53, 2000));
	}
}

/* The outer role goes to a lower port: what the old one's lease brought goes, whatever is left in its description. */
static void test_other_outer(void **state)
{
	struct router_config c = world_config();

	(void)state;
	world_init(&w);
	c.route_count = 0;
	c.port[3] = c.port[0];
	c.port[3].address = c.port[3].prefix_bits = 0;
	c.port[0].is_up = 0;
	assert_int_equal(gateway_configure(&w.g, &c, w.now_ns), ROUTER_OK);
	assert_int_equal(w.g.outer, 3);
	assert_int_equal(routes_add(&w.g.plane.routes, (struct route){ .gateway = 0xc0000201, .port = 3,
								       .origin = ROUTE_DHCP }), ST_OK);
	c.port[3].is_up = 0;
	c.port[0].is_up = 1;
	assert_int_equal(gateway_configure(&w.g, &c, w.now_ns), ROUTER_OK);
	assert_int_equal(w.g.outer, 0);
	assert_int_equal(w.g.plane.nat.outer, 0xc0000202);
	assert_null(routes_find(&w.g.plane.routes, 0x08080808));
}

/* To all of another network (RFC 2644): not even ARP asks for it. */
static void test_directed_broadcast(void **state)
{
	u8 frame[60] = { 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 5, 8, 0 };

	(void)state;
	world_init(&w);
	ipv4_header_write(frame + ETH_BYTES, PROTOCOL_UDP, 0x0a000005, 0x0a0001ff, 12);
	world_in(&w, 1, frame, sizeof(frame), NULL);
	assert_int_equal(w.kept, 0);
	assert_int_equal(w.g.plane.drops[ROUTER_DROP_ROUTE], 1);
	ipv4_header_write(frame + ETH_BYTES, PROTOCOL_UDP, 0x0a000005, 0x0a0001fe, 12);
	world_in(&w, 1, frame, sizeof(frame), NULL);
	assert_int_equal(w.kept, 1);
}

/* What is for a VM that root has given an address goes to nobody else, whoever asks or answers with that address. */
static void test_anothers_address(void **state)
{
	u8 arp[60] = { 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 1, 9, 10, 0, 0, 7,
		       0, 0, 0, 0, 0, 0, 10, 0, 0, 1 };
	struct neighbours *n = &w.g.plane.arp.table;
	u64 mac = 0;

	(void)state;
	world_init(&w);
	world_in(&w, 1, arp, sizeof(arp), NULL);
	assert_false(neighbour_find(n, 1, ip6_mapped(0x0a000007), w.now_ns, &mac));
	assert_true(neighbour_hold(n, 1, ip6_mapped(0x0a000007), arp, sizeof(arp), 0, false, w.now_ns));
	arp[ETH_BYTES + ARP_OPERATION + 1] = ARP_REPLY;
	world_in(&w, 1, arp, sizeof(arp), NULL);
	assert_false(neighbour_find(n, 1, ip6_mapped(0x0a000007), w.now_ns, &mac));
	arp[ETH_FROM + 5] = arp[ETH_BYTES + ARP_SENDER_MAC + 5] = 7;
	world_in(&w, 1, arp, sizeof(arp), NULL);
	assert_true(neighbour_find(n, 1, ip6_mapped(0x0a000007), w.now_ns, &mac));
	assert_int_equal(mac, 0x020000000107);
}

/* What was taken is not copied again. */
static void test_share(void **state)
{
	static struct router_config shared, copy;

	(void)state;
	shared = (struct router_config){ .generation = 4, .name_count = 1 };
	assert_false(share_read_config(&shared, 4, &copy));
	assert_int_equal(copy.name_count, 0);
	assert_true(share_read_config(&shared, 2, &copy));
	assert_int_equal(copy.generation, 4);
	assert_int_equal(copy.name_count, 1);
	shared.generation = 5;
	assert_false(share_read_config(&shared, 4, &copy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_lease), cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_host_limit), cmocka_unit_test(test_rings),
		cmocka_unit_test(test_checksum_in_padding),
		cmocka_unit_test(test_declined), cmocka_unit_test(test_declined_late),
		cmocka_unit_test(test_mappings), cmocka_unit_test(test_other_outer), cmocka_unit_test(test_share),
		cmocka_unit_test(test_short_lease), cmocka_unit_test(test_directed_broadcast),
		cmocka_unit_test(test_anothers_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
