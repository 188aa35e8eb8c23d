/* SPDX-License-Identifier: MIT */
/*
 * The switch with its rings: where frames go, VLANs that never meet, tags, limits, what is counted; and clients that
 * break the rules of their rings.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "frames.h"
#include "rt_time.h"
#include "switch_io.h"

#define MAC(port) (0x020000000001ull + (port))
#define UPLINK 8u
#define STRANGER 0x060000000001ull
#define BROADCAST 0xffffffffffffull
#define FIRST_S 1000u

static struct net_switch sw;
static struct switch_port_figures figures[SWITCH_PORTS];
static struct switch_io io;
static u8 *links[SWITCH_PORTS];
static struct ring to_switch[SWITCH_PORTS], to_client[SWITCH_PORTS];
static u64 now_ns;

static struct port_setup access_port(u32 port)
{
	return (struct port_setup){ .mac = MAC(port), .flags = PORT_UP, .vlan = VLAN_DEFAULT, .max_bytes = 1514,
				    .guard = GUARD_ALL, .most_addresses = MAC_PORT_MAX };
}

static void add(u32 port, const struct port_setup *setup)
{
	assert_int_equal(switch_add_port(&sw, port, setup), ST_OK);
	switch_io_attach(&io, port, links[port]);
	ring_attach_producer(&to_switch[port], (struct ring_shared *)(links[port] + NET_TO_SWITCH), NET_RING_BYTES);
	ring_attach_consumer(&to_client[port], (struct ring_shared *)(links[port] + NET_TO_CLIENT), NET_RING_BYTES);
}

static void add_usual(u32 port)
{
	struct port_setup setup = access_port(port);

	add(port, &setup);
}

static void add_uplink(const u16 *vlans, u32 count)
{
	struct port_setup setup = { .vlan = VLAN_DEFAULT, .max_bytes = 1514, .flags = PORT_UP,
				    .most_addresses = MAC_UPLINK_MAX };

	if (count != 0)
		setup.flags |= PORT_TRUNK;
	for (u32 i = 0; i < count; i++)
		setup.vlans[vlans[i] / 8] |= (u8)(1u << vlans[i] % 8);
	add(UPLINK, &setup);
}

static int setup(void **state)
{
	(void)state;
	memset(&io, 0, sizeof(io));
	io.s = &sw;
	memset(figures, 0, sizeof(figures));
	switch_init(&sw, 0x1234567, figures);
	now_ns = FIRST_S * NS_PER_S;
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		links[i] = calloc(1, NET_LINK_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		free(links[i]);
	return 0;
}

static struct test_frame plain(u64 to, u64 from, int vlan)
{
	struct test_frame f = frame_ethernet(to, from, vlan, 0x88b5);	/* for experiments (IEEE 802) */

	memset(f.bytes + f.count, 0xa5, 50);
	f.count += 50;
	return f;
}

static void put(u32 port, const struct test_frame *f, struct net_frame frame)
{
	frame.bytes = f->count;
	assert_true(net_begin(&to_switch[port], &frame));
	net_write(&to_switch[port], 0, f->bytes, f->count);
	net_end(&to_switch[port], &frame);
}

static void run(void)
{
	switch_io_woken(&io, sw.up);
	while (switch_io_step(&io, now_ns, 16))
		;
}

static void send(u32 port, struct test_frame f)
{
	put(port, &f, (struct net_frame){ 0 });
	run();
}

/* The next frame of a client; count 0: none. */
static struct test_frame got(u32 port, struct net_frame *frame)
{
	struct test_frame f = { .count = 0 };
	struct net_frame own;

	frame = frame != NULL ? frame : &own;
	if (net_next(&to_client[port], frame) != NET_FRAME)
		return f;
	f.count = frame->bytes;
	net_read(&to_client[port], 0, f.bytes, f.count);
	net_done(&to_client[port], frame);
	return f;
}

static void expect_frame(u32 port, struct test_frame wanted)
{
	struct test_frame f = got(port, NULL);

	assert_int_equal(f.count, wanted.count);
	assert_memory_equal(f.bytes, wanted.bytes, f.count);
}

static void expect_none(u32 port)
{
	assert_int_equal(got(port, NULL).count, 0);
}

static u64 drops(u32 port, enum net_drop why)
{
	return sw.port[port].figures->counts.drops[why];
}

static void test_addresses(void **state)
{
	(void)state;
	add_usual(0);
	add_usual(1);
	add_usual(2);
	add_uplink(NULL, 0);
	send(0, plain(MAC(1), MAC(0), -1));			/* known before it has sent anything */
	expect_frame(1, plain(MAC(1), MAC(0), -1));
	expect_none(2);
	expect_none(UPLINK);
	send(0, plain(STRANGER, MAC(0), -1));			/* not behind a port with an address of its own */
	expect_none(2);
	expect_frame(UPLINK, plain(STRANGER, MAC(0), -1));
	send(UPLINK, plain(MAC(0), STRANGER, -1));
	expect_frame(0, plain(MAC(0), STRANGER, -1));
	send(1, plain(BROADCAST, MAC(1), -1));
	expect_frame(0, plain(BROADCAST, MAC(1), -1));
	expect_frame(2, plain(BROADCAST, MAC(1), -1));
	expect_frame(UPLINK, plain(BROADCAST, MAC(1), -1));
	expect_none(1);
	send(UPLINK, plain(MAC(0), MAC(1), -1));		/* a VM's address, from outside */
	expect_none(0);
	assert_int_equal(drops(UPLINK, DROP_MAC), 1);
	send(0, plain(0x0180c2000000ull, MAC(0), -1));
	assert_int_equal(drops(0, DROP_RESERVED), 1);
	send(0, plain(MAC(1), 0x0100000000ull << 8 | 1, -1));
	assert_int_equal(drops(0, DROP_MAC), 1);
	send(0, plain(MAC(0), MAC(0), -1));			/* to itself */
	expect_none(0);
	assert_int_equal(drops(0, DROP_UNKNOWN), 1);
	assert_int_equal(sw.port[0].figures->counts.from_frames, 5);
	assert_int_equal(sw.port[1].figures->counts.to_frames, 1);
}

static void test_vlans(void **state)
{
	static const u16 carried[] = { 10, 20 };
	struct port_setup ten = access_port(0), twenty = access_port(1), other = access_port(2);

	(void)state;
	ten.vlan = 10;
	twenty.vlan = 20;
	other.vlan = 30;
	add(0, &ten);
	add(1, &twenty);
	add(2, &other);
	add_usual(3);
	add_uplink(carried, ARRAY_COUNT(carried));
	for (u32 from = 0; from < 4; from++)			/* nobody meets anybody */
		for (u32 to = 0; to < 4; to++) {
			send(from, plain(MAC(to), MAC(from), -1));
			send(from, plain(BROADCAST, MAC(from), -1));
			if (to != from)
				expect_none(to);
		}
	while (got(UPLINK, NULL).count != 0)
		;
	send(0, plain(STRANGER, MAC(0), -1));
	expect_frame(UPLINK, plain(STRANGER, MAC(0), 10));
	send(3, plain(STRANGER, MAC(3), -1));			/* the uplink's own VLAN goes without tag */
	expect_frame(UPLINK, plain(STRANGER, MAC(3), -1));
	send(2, plain(STRANGER, MAC(2), -1));
	expect_none(UPLINK);
	send(UPLINK, plain(MAC(1), STRANGER, 0xe000 | 20));
	expect_frame(1, plain(MAC(1), STRANGER, -1));
	send(UPLINK, plain(MAC(2), STRANGER, 30));
	send(UPLINK, plain(MAC(2), STRANGER, 4095));
	assert_int_equal(drops(UPLINK, DROP_VLAN), 2);
	send(0, plain(STRANGER, MAC(0), 0x6000));		/* a priority alone */
	expect_frame(UPLINK, plain(STRANGER, MAC(0), 0x6000 | 10));
}

/* A VM that tags its frames itself, once or twice, gets nowhere. */
static void test_hopping(void **state)
{
	static const u16 carried[] = { 20 };
	struct port_setup twenty = access_port(1);
	static const u32 inner[] = { 0x8100, 0x88a8 };

	(void)state;
	twenty.vlan = 20;
	add_usual(0);
	add(1, &twenty);
	add_uplink(carried, 1);
	send(0, plain(MAC(1), MAC(0), 20));
	send(0, plain(MAC(1), MAC(0), 1));
	for (u32 i = 0; i < ARRAY_COUNT(inner); i++) {
		struct test_frame f = frame_ethernet(BROADCAST, MAC(0), 0, inner[i]);

		frame_add16(&f, 20);
		frame_add16(&f, 0x0800);
		frame_add_ipv4(&f, PROTOCOL_UDP, 1, 2, 0);
		send(0, f);
	}
	assert_int_equal(drops(0, DROP_VLAN), 4);
	expect_none(1);
	expect_none(UPLINK);
}

static void test_checksum_moves(void **state)
{
	static const u16 carried[] = { 20 };
	struct port_setup twenty = access_port(0);
	struct test_frame f = frame_ethernet(STRANGER, MAC(0), -1, 0x0800);
	struct net_frame frame = { .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 6 };

	(void)state;
	twenty.vlan = 20;
	add(0, &twenty);
	add_uplink(carried, 1);
	frame_add_ipv4(&f, PROTOCOL_UDP, 1, 2, 20);
	frame_add_udp(&f, 5, 6, 12);
	put(0, &f, frame);
	run();
	assert_int_equal(got(UPLINK, &frame).count, f.count + 4);
	assert_int_equal(frame.checksum_start, 38);
	assert_int_equal(frame.checksum_offset, 6);
}

static struct test_frame tcp_segment(u32 options, u32 payload)
{
	struct test_frame f = frame_ethernet(MAC(1), MAC(0), -1, 0x0800);
	u8 tcp[60] = { 0x10, 0, 0, 0x50, [12] = (u8)((20 + options) / 4 << 4), 0x10 };

	frame_add_ipv4(&f, PROTOCOL_TCP, 0x0a000001, 0x0a000002, 20 + options + payload);
	frame_add(&f, tcp, 20 + options);
	memset(f.bytes + f.count, 0x5a, payload);
	f.count += payload;
	return f;
}

static void test_too_long(void **state)
{
	struct test_frame f = plain(MAC(1), MAC(0), -1), with_options = tcp_segment(12, 1460);
	struct net_frame whole = { 0 };
	struct net_frame cut = { .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 16,
				 .segmenting = NET_TCP4, .segment_bytes = 1448 };

	(void)state;
	add_usual(0);
	add_usual(1);
	f.count = 1514;
	put(0, &f, whole);
	f.count = 1515;
	put(0, &f, whole);
	put(0, &with_options, cut);				/* 54 + 12 + 1448 is just right */
	cut.segment_bytes++;
	put(0, &with_options, cut);
	put(0, &f, cut);					/* it is no TCP segment */
	run();
	assert_int_equal(got(1, NULL).count, 1514);
	assert_int_equal(got(1, NULL).count, with_options.count);
	expect_none(1);
	assert_int_equal(drops(1, DROP_TOO_LONG), 2);
	assert_int_equal(drops(0, DROP_MALFORMED), 1);
}

/* A checksum that somebody else computes is not to change what was judged: tag, addresses, kind of packet. */
static void test_checksum_elsewhere(void **state)
{
	struct net_frame frame = { .flags = NET_NEEDS_CHECKSUM, .checksum_start = 14 };
	struct test_frame tagged = plain(STRANGER, MAC(0), 0), icmp = frame_ethernet(STRANGER, MAC(0), -1, 0x86dd);
	struct test_frame arp = frame_arp(MAC(0), MAC(0), 0x0a000002);
	struct test_frame tunnel = frame_ethernet(STRANGER, MAC(0), -1, 0x0800);

	(void)state;
	add_usual(0);
	add_uplink(NULL, 0);
	put(0, &tagged, frame);
	frame.checksum_offset = 16;
	put(0, &arp, frame);
	frame_add_ipv6(&icmp, PROTOCOL_ICMPV6, 1, 8);
	frame_add(&icmp, (const u8[8]){ 200 }, 8);
	frame.checksum_start = 54;
	frame.checksum_offset = 0;
	put(0, &icmp, frame);
	run();
	assert_int_equal(drops(0, DROP_MALFORMED), 3);
	expect_none(UPLINK);
	/* Behind all headers it is the guest's own business: a packet within UDP. */
	frame_add_ipv4(&tunnel, PROTOCOL_UDP, 1, 2, 8 + 60);
	frame_add_udp(&tunnel, 5, 4789, 60);
	frame.checksum_start = 14 + 20 + 8 + 20;
	frame.checksum_offset = 16;
	put(0, &tunnel, frame);
	run();
	expect_frame(UPLINK, tunnel);
}

/* The address of a port that carries several VLANs is its own in all of them, also while it is silent. */
static void test_trunk_with_address(void **state)
{
	static const u16 carried[] = { 20 };
	struct port_setup trunk = access_port(0), twenty = access_port(1);

	(void)state;
	trunk.flags |= PORT_TRUNK;
	trunk.vlans[20 / 8] |= 1u << 20 % 8;
	twenty.vlan = 20;
	add(0, &trunk);
	add(1, &twenty);
	add_uplink(carried, 1);
	send(1, plain(MAC(0), MAC(1), -1));
	expect_frame(0, plain(MAC(0), MAC(1), 20));
	expect_none(UPLINK);
	send(UPLINK, plain(MAC(1), MAC(0), 20));
	assert_int_equal(drops(UPLINK, DROP_MAC), 1);
}

/* A switch that is started again: whoever waited for the one before is told. */
static void test_starts_again(void **state)
{
	(void)state;
	add_usual(0);
	add_usual(1);
	ring_producer_wait(&to_switch[0], true);
	ring_consumer_wait(&to_client[1], true);
	memset(&io, 0, sizeof(io));
	io.s = &sw;
	switch_io_attach(&io, 0, links[0]);
	switch_io_attach(&io, 1, links[1]);
	assert_true(switch_io_to_signal(&io) == 3);
}

static void test_rate(void **state)
{
	struct port_setup setup = access_port(0);
	u32 count = 0;

	(void)state;
	setup.from_rate = 64 * 1000;				/* 1,000 of these frames a second */
	add(0, &setup);
	add_usual(1);
	for (u32 i = 0; i < 20000; i++, now_ns += NS_PER_S / 4000) {	/* 4,000 a second, for 5 s */
		send(0, plain(MAC(1), MAC(0), -1));
		count += got(1, NULL).count != 0;
	}
	assert_in_range(count, 5000, 5150);			/* and the burst of 100 ms */
	assert_int_equal(drops(0, DROP_RATE), 20000 - count);
}

static void test_flood(void **state)
{
	struct port_setup setup = access_port(0);

	(void)state;
	setup.flood_rate = 100;
	add(0, &setup);
	add_usual(1);
	for (u32 i = 0; i < 100; i++) {
		send(0, plain(BROADCAST, MAC(0), -1));
		send(0, plain(MAC(1), MAC(0), -1));
	}
	assert_in_range(sw.port[1].figures->counts.to_frames, 110, 112);
	assert_int_equal(drops(0, DROP_FLOOD), 200 - sw.port[1].figures->counts.to_frames);
}

/* A segment costs what it is cut into: its pieces with their headers. */
static void test_rate_of_segments(void **state)
{
	struct net_frame cut = { .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 16,
				 .segmenting = NET_TCP4, .segment_bytes = NET_SEGMENT_MIN };
	struct test_frame f = tcp_segment(0, 800);		/* 100 pieces of 62 bytes */
	struct port_setup from = access_port(0), to = access_port(1);

	(void)state;
	from.from_rate = 62000;					/* so 10 such segments a second */
	to.to_rate = 31000;
	add(0, &from);
	add(1, &to);
	for (u32 i = 0; i < 1000; i++, now_ns += 10 * NS_PER_MS) {	/* for 10 s */
		put(0, &f, cut);
		run();
		while (got(1, NULL).count != 0)
			;
	}
	assert_in_range(drops(0, DROP_RATE), 1000 - 104, 1000 - 99);
	assert_in_range(sw.port[1].figures->counts.to_frames, 49, 53);
}

/* To many, a segment is only there to be copied; to an unknown station each piece is a frame to many. */
static void test_flood_of_segments(void **state)
{
	struct net_frame cut = { .flags = NET_NEEDS_CHECKSUM, .checksum_start = 34, .checksum_offset = 16,
				 .segmenting = NET_TCP4, .segment_bytes = NET_SEGMENT_MIN };
	struct test_frame f = tcp_segment(0, 800);
	struct port_setup setup = access_port(0), open = access_port(1);

	(void)state;
	setup.flood_rate = 100;
	add(0, &setup);
	open.guard = 0;
	open.mac = 0;
	add(1, &open);
	open.most_addresses = MAC_PORT_MAX;
	add(2, &open);
	memset(f.bytes, 0xff, MAC_BYTES);
	put(0, &f, cut);
	f.bytes[0] = 0x01;
	put(0, &f, cut);
	run();
	assert_int_equal(drops(0, DROP_MALFORMED), 2);
	expect_none(1);
	f.bytes[0] = 0x02;
	for (u32 i = 0; i < 100; i++) {				/* 10,000 pieces in 1 s */
		put(0, &f, cut);
		run();
		now_ns += 10 * NS_PER_MS;
	}
	assert_in_range(sw.port[1].figures->counts.to_frames, 1, 3);
	assert_int_equal(drops(0, DROP_FLOOD), 100 - sw.port[1].figures->counts.to_frames);
}

/* One that does not take its frames loses them; others go on. */
static void test_full(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++)
		add_usual(i);
	for (u32 i = 0; i < 10000; i++)
		send(0, plain(MAC(1), MAC(0), -1));
	assert_int_equal(sw.port[1].figures->counts.to_frames + drops(1, DROP_FULL), 10000);
	assert_true(drops(1, DROP_FULL) > 0);
	send(0, plain(MAC(2), MAC(0), -1));
	expect_frame(2, plain(MAC(2), MAC(0), -1));
}

static void test_mirror(void **state)
{
	struct port_setup mirror = { .vlan = VLAN_DEFAULT, .max_bytes = 1514, .flags = PORT_UP | PORT_MIRROR };

	(void)state;
	add_usual(0);
	add_usual(1);
	add(5, &mirror);
	send(0, plain(MAC(1), MAC(0), -1));
	expect_frame(1, plain(MAC(1), MAC(0), -1));
	expect_frame(5, plain(MAC(1), MAC(0), -1));
	send(5, plain(MAC(1), STRANGER, -1));
	expect_none(1);
	send(0, plain(BROADCAST, MAC(0), -1));
	expect_frame(5, plain(BROADCAST, MAC(0), -1));
	expect_none(5);
}

static void test_filter(void **state)
{
	static const struct filter_rule drop = { .direction = FILTER_TO_PORT, .action = FILTER_DROP,
						 .ethertype = 0x88b5 };
	struct filter_rule bad = drop;

	(void)state;
	add_usual(0);
	add_usual(1);
	bad.action = 7;
	assert_int_equal(switch_set_filter(&sw, 1, &bad, 1, false), ST_INVAL);
	assert_int_equal(switch_set_filter(&sw, 1, &drop, 1, false), ST_OK);
	send(0, plain(MAC(1), MAC(0), -1));
	expect_none(1);
	assert_int_equal(drops(1, DROP_FILTER), 1);
	assert_int_equal(sw.port[1].figures->hits[0], 1);
	send(1, plain(MAC(0), MAC(1), -1));
	expect_frame(0, plain(MAC(0), MAC(1), -1));
}

static void test_ports(void **state)
{
	struct port_setup setup = access_port(0), same = access_port(1), bad;

	(void)state;
	add(0, &setup);
	same.mac = MAC(0);
	assert_int_equal(switch_add_port(&sw, 1, &same), ST_EXISTS);
	assert_int_equal(switch_add_port(&sw, 0, &setup), ST_EXISTS);
	assert_int_equal(switch_add_port(&sw, SWITCH_PORTS, &setup), ST_INVAL);
	bad = access_port(1);
	bad.vlan = 0;
	assert_int_equal(switch_add_port(&sw, 1, &bad), ST_INVAL);
	bad.vlan = 4095;
	assert_int_equal(switch_add_port(&sw, 1, &bad), ST_INVAL);
	bad = access_port(1);
	bad.mac = 0;						/* guarded by what? */
	assert_int_equal(switch_add_port(&sw, 1, &bad), ST_INVAL);
	switch_remove_port(&sw, 0);
	add_usual(1);
	send(1, plain(MAC(0), MAC(1), -1));
	assert_int_equal(drops(1, DROP_UNKNOWN), 1);
	assert_int_equal(switch_add_port(&sw, 2, &setup), ST_OK);	/* the address is free again */
}

static void test_broken_ring(void **state)
{
	struct net_frame nonsense = { .bytes = NET_FRAME_MAX + 1 };

	(void)state;
	add_usual(0);
	add_usual(1);
	ring_write_ahead(&to_switch[0], 0, &nonsense, sizeof(nonsense));
	ring_publish(&to_switch[0], 1024);
	run();
	assert_int_equal(figures[0].counts.broken, 1);
	send(0, plain(MAC(1), MAC(0), -1));			/* it may go on */
	expect_frame(1, plain(MAC(1), MAC(0), -1));
}

/* Clients are signalled that asked for it, once. */
static void test_signals(void **state)
{
	(void)state;
	add_usual(0);
	add_usual(1);
	send(0, plain(MAC(1), MAC(0), -1));
	assert_true(switch_io_to_signal(&io) == 0);
	ring_consumer_wait(&to_client[1], true);
	ring_producer_wait(&to_switch[0], true);
	assert_true(switch_io_to_signal(&io) == 0);		/* nothing has happened since */
	send(0, plain(MAC(1), MAC(0), -1));
	assert_true(switch_io_to_signal(&io) == 3);
	send(0, plain(MAC(1), MAC(0), -1));
	assert_true(switch_io_to_signal(&io) == 0);
	assert_true(ring_consumer_take_waiting(&to_switch[0]) && ring_consumer_take_waiting(&to_switch[1]));
}

/* A client that was asked to signal is looked at when it does, and not before; then it is asked again. */
static void test_sleeps(void **state)
{
	struct test_frame f = plain(MAC(1), MAC(0), -1);

	(void)state;
	add_usual(0);
	add_usual(1);
	run();
	put(0, &f, (struct net_frame){ 0 });
	assert_false(switch_io_step(&io, now_ns, 16));
	expect_none(1);
	assert_true(ring_consumer_take_waiting(&to_switch[0]));
	switch_io_woken(&io, BIT64(0) | BIT64(32));		/* port 32 is down */
	assert_true(switch_io_step(&io, now_ns, 1));		/* the budget is used up */
	assert_false(switch_io_step(&io, now_ns, 1));
	expect_frame(1, f);
	assert_true(ring_consumer_take_waiting(&to_switch[0]));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_addresses), TEST(test_vlans), TEST(test_hopping), TEST(test_checksum_moves),
		TEST(test_too_long), TEST(test_checksum_elsewhere), TEST(test_trunk_with_address),
		TEST(test_starts_again), TEST(test_rate), TEST(test_flood), TEST(test_full), TEST(test_mirror),
		TEST(test_filter), TEST(test_ports), TEST(test_broken_ring), TEST(test_signals),
		TEST(test_sleeps), TEST(test_rate_of_segments), TEST(test_flood_of_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
