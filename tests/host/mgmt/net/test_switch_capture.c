/* SPDX-License-Identifier: MIT */
/*
 * Ports that capture: what they get of another port's frames, whole and cut off, sent, dropped and delivered; that they
 * are no stations; that a full one costs nobody anything.
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
#define GROUP 0xffffffffffffull
#define CAPTURE 9u
#define TIME_NS 123456789ull
#define CAPTURE_SNAP 65535u

static struct net_switch sw;
static struct switch_io io;
static struct switch_port_figures figures[SWITCH_PORTS];
static u8 *links[SWITCH_PORTS];

static struct port_setup usual(u32 port)
{
	return (struct port_setup){
		.mac = MAC(port), .flags = PORT_UP, .guard = GUARD_ALL, .max_bytes = 1514, .vlan = VLAN_DEFAULT,
	};
}

static struct port_setup listener(u32 captured, u32 snap_bytes)
{
	return (struct port_setup){
		.flags = PORT_UP | PORT_CAPTURE, .max_bytes = NET_FRAME_MAX, .vlan = VLAN_DEFAULT,
		.captured = (u16)captured, .snap_bytes = (u16)snap_bytes,
	};
}

static void add(u32 port, struct port_setup setup)
{
	assert_int_equal(switch_add_port(&sw, port, &setup), ST_OK);
	if (links[port] == NULL)
		links[port] = calloc(1, NET_LINK_BYTES);
	switch_io_attach(&io, port, links[port]);
}

static int setup(void **state)
{
	(void)state;
	memset(figures, 0, sizeof(figures));
	switch_init(&sw, 1, figures);
	io = (struct switch_io){ .s = &sw };
	for (u32 i = 0; i < 3; i++)
		add(i, usual(i));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (u32 i = 0; i < SWITCH_PORTS; i++) {
		free(links[i]);
		links[i] = NULL;
	}
	return 0;
}

static void send(u32 port, const struct test_frame *f)
{
	struct net_frame frame = { .bytes = f->count };
	struct ring r;

	ring_attach_producer(&r, (struct ring_shared *)(links[port] + NET_TO_SWITCH), NET_RING_BYTES);
	assert_true(net_begin(&r, &frame));
	net_write(&r, 0, f->bytes, f->count);
	net_end(&r, &frame);
	switch_io_woken(&io, BIT64(port));
	while (switch_io_step(&io, TIME_NS, 16))
		;
}

static struct test_frame a_frame(u64 to, u64 from, u32 bytes)
{
	struct test_frame f = frame_ethernet(to, from, -1, 0x88b5);

	for (u8 i = 0; f.count < bytes; i++)
		frame_add(&f, &i, 1);
	return f;
}

/* The next one that the port got is the begin of that frame. */
static void expect(u32 port, const struct test_frame *f, u32 snap_bytes)
{
	struct capture_record record;
	struct net_frame frame;
	u8 bytes[2048];
	struct ring r;
	u32 kept = f->count < snap_bytes ? f->count : snap_bytes;

	ring_attach_consumer(&r, (struct ring_shared *)(links[port] + NET_TO_CLIENT), NET_RING_BYTES);
	assert_int_equal(net_next(&r, &frame), NET_FRAME);
	assert_int_equal(frame.bytes, sizeof(record) + kept);
	assert_int_equal(frame.flags, 0);
	net_read(&r, 0, &record, sizeof(record));
	net_read(&r, sizeof(record), bytes, kept);
	assert_int_equal(record.bytes, f->count);
	assert_int_equal(record.time_ns, TIME_NS);
	assert_memory_equal(bytes, f->bytes, kept);
	net_done(&r, &frame);
}

static void expect_none(u32 port)
{
	struct net_frame frame;
	struct ring r;

	ring_attach_consumer(&r, (struct ring_shared *)(links[port] + NET_TO_CLIENT), NET_RING_BYTES);
	assert_int_equal(net_next(&r, &frame), NET_NONE);
}

static void sent_and_got(void **state)
{
	struct test_frame there = a_frame(MAC(1), MAC(0), 1500), back = a_frame(MAC(0), MAC(1), 60);
	struct test_frame other = a_frame(MAC(2), MAC(1), 60), many = a_frame(GROUP, MAC(2), 300);

	(void)state;
	add(CAPTURE, listener(1 + 0, CAPTURE_SNAP));
	send(0, &there);
	send(1, &back);
	send(1, &other);		/* nothing to do with port 0 */
	send(2, &many);
	expect(CAPTURE, &there, CAPTURE_SNAP);
	expect(CAPTURE, &back, CAPTURE_SNAP);
	expect(CAPTURE, &many, CAPTURE_SNAP);
	expect_none(CAPTURE);
	assert_int_equal(figures[CAPTURE].counts.to_frames, 3);
	assert_int_equal(figures[1].counts.to_frames, 2);
}

static void cut_off(void **state)
{
	static const u32 snaps[] = { 14, 15, 255, 256, 257, 1499, 1500, 1501, 65535 };
	struct test_frame there = a_frame(MAC(1), MAC(0), 1500);

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(snaps); i++) {
		add(CAPTURE, listener(1 + 0, snaps[i]));
		add(CAPTURE + 1, listener(1 + 1, snaps[i]));	/* the other end's */
		send(0, &there);
		expect(CAPTURE, &there, snaps[i]);
		expect(CAPTURE + 1, &there, snaps[i]);
		switch_remove_port(&sw, CAPTURE);
		switch_remove_port(&sw, CAPTURE + 1);
	}
}

/* What the switch drops was sent; what a port is not given it has not got. */
static void dropped(void **state)
{
	struct test_frame forged = a_frame(MAC(1), MAC(7), 60), good = a_frame(MAC(1), MAC(0), 60);
	struct filter_rule rule = { .direction = FILTER_TO_PORT, .action = FILTER_DROP, .ethertype = 0x88b5 };

	(void)state;
	add(CAPTURE, listener(1 + 0, CAPTURE_SNAP));
	add(CAPTURE + 1, listener(1 + 1, CAPTURE_SNAP));
	assert_int_equal(switch_set_filter(&sw, 1, &rule, 1, false), ST_OK);
	send(0, &forged);
	send(0, &good);
	expect(CAPTURE, &forged, CAPTURE_SNAP);
	expect(CAPTURE, &good, CAPTURE_SNAP);
	expect_none(CAPTURE + 1);
	assert_int_equal(figures[1].counts.drops[DROP_FILTER], 1);
}

/* With the tags that they have at that port. */
static void tags(void **state)
{
	struct port_setup trunk = usual(4);
	struct test_frame tagged = frame_ethernet(MAC(5), MAC(4), 7, 0x88b5), plain = a_frame(MAC(5), MAC(4), 14);
	struct port_setup access = usual(5);

	(void)state;
	trunk.flags |= PORT_TRUNK;
	trunk.vlans[0] = 1u << 7;
	access.vlan = 7;
	add(4, trunk);
	add(5, access);
	add(CAPTURE, listener(1 + 4, CAPTURE_SNAP));
	add(CAPTURE + 1, listener(1 + 5, CAPTURE_SNAP));
	send(4, &tagged);
	expect(CAPTURE, &tagged, CAPTURE_SNAP);
	expect(CAPTURE + 1, &plain, CAPTURE_SNAP);
	plain = a_frame(MAC(4), MAC(5), 100);
	send(5, &plain);
	expect(CAPTURE + 1, &plain, CAPTURE_SNAP);
	tagged = frame_ethernet(MAC(4), MAC(5), 7, 0x88b5);
	frame_add(&tagged, plain.bytes + 14, 86);
	expect(CAPTURE, &tagged, CAPTURE_SNAP);
}

/* It is nobody's neighbour: nothing is flooded to it, and what it sends is dropped. */
static void no_station(void **state)
{
	struct test_frame many = a_frame(GROUP, MAC(0), 60), unknown = a_frame(MAC(40), MAC(0), 60);
	struct test_frame from_it = a_frame(MAC(0), MAC(30), 60);

	(void)state;
	add(CAPTURE, listener(0, CAPTURE_SNAP));
	send(0, &many);
	send(0, &unknown);
	send(CAPTURE, &from_it);
	expect_none(CAPTURE);
	assert_int_equal(figures[0].counts.to_frames, 0);
	assert_int_equal(figures[CAPTURE].counts.drops[DROP_FILTER], 1);
}

/* Nobody takes them: the ports it captures do not notice, and each is counted. */
static void full(void **state)
{
	struct test_frame there = a_frame(MAC(1), MAC(0), 1500);
	u64 kept;

	(void)state;
	add(CAPTURE, listener(1 + 0, CAPTURE_SNAP));
	for (u32 i = 0; i < 1000; i++) {
		struct net_frame frame;
		struct ring r;

		send(0, &there);
		ring_attach_consumer(&r, (struct ring_shared *)(links[1] + NET_TO_CLIENT), NET_RING_BYTES);
		assert_int_equal(net_next(&r, &frame), NET_FRAME);
		net_done(&r, &frame);
	}
	kept = figures[CAPTURE].counts.to_frames;
	assert_true(kept > 300 && kept < 350);
	assert_int_equal(figures[CAPTURE].counts.drops[DROP_FULL], 1000 - kept);
	assert_int_equal(figures[1].counts.to_frames, 1000);
	for (u32 i = 0; i < DROP_COUNT; i++)
		assert_int_equal(figures[0].counts.drops[i] + figures[1].counts.drops[i], 0);
}

static void bad_setups(void **state)
{
	struct port_setup bad[5];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		bad[i] = listener(1, CAPTURE_SNAP);
	bad[0].captured = SWITCH_PORTS + 1;
	bad[1].snap_bytes = 13;
	bad[2].flags |= PORT_MIRROR;
	bad[3].flags &= ~PORT_CAPTURE;
	bad[4] = usual(20);
	bad[4].snap_bytes = 14;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(switch_add_port(&sw, 20, &bad[i]), ST_INVAL);
	add(CAPTURE, listener(SWITCH_PORTS, CAPTURE_SNAP));
	assert_true(sw.captured == BIT64(SWITCH_PORTS - 1));
	switch_remove_port(&sw, CAPTURE);
	assert_true(sw.captured == 0 && sw.captures == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sent_and_got, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(tags, setup, teardown),
		cmocka_unit_test_setup_teardown(no_station, setup, teardown),
		cmocka_unit_test_setup_teardown(full, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_setups, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
