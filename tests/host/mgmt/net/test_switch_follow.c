/* SPDX-License-Identifier: MIT */
/*
 * What root writes for a switch, and what the switch makes of it: ports that come, change and go, words that are out of
 * range or half written, a switch that is started again, the list of stations.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "follow.h"
#include "frames.h"
#include "rt_time.h"

#define MAC(port) (0x020000000001ull + (port))
#define STRANGER 0x060000000001ull
#define UPLINK 8u
#define NOW_S 1000u

static struct net_switch sw;
static struct switch_io io;
static struct switch_config config;
static struct switch_figures figures;
static struct switch_follow follow;
static u8 *links[SWITCH_PORTS];

static void *link_at(u32 port)
{
	return links[port];
}

static void start_switch(void)
{
	memset(&sw, 0xa5, sizeof(sw));
	io = (struct switch_io){ .s = &sw };
	follow = (struct switch_follow){ .io = &io, .config = &config, .figures = &figures, .link_at = link_at };
	follow_init(&follow);
}

static int setup(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	memset(&figures, 0, sizeof(figures));
	config.secret = 0x1234567;
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		links[i] = calloc(1, NET_LINK_BYTES);
	start_switch();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (u32 i = 0; i < SWITCH_PORTS; i++)
		free(links[i]);
	return 0;
}

static struct switch_port_config usual(u32 port)
{
	return (struct switch_port_config){
		.setup = { .mac = MAC(port), .flags = PORT_UP, .guard = GUARD_ALL, .max_bytes = 1514,
			   .most_addresses = MAC_PORT_MAX, .vlan = VLAN_DEFAULT },
	};
}

static void tell(u32 port, struct switch_port_config c)
{
	c.version = config.port[port].version + 2;
	config.port[port] = c;
}

static enum status told(u32 port, struct switch_port_config c)
{
	tell(port, c);
	assert_true(follow_turn(&follow, NOW_S));
	assert_int_equal(figures.port[port].version, config.port[port].version);
	assert_int_equal(sw.port[port].is_up, figures.port[port].status == ST_OK && (c.setup.flags & PORT_UP) != 0);
	return figures.port[port].status;
}

static void send(u32 port, u64 to, u64 from)
{
	struct test_frame f = frame_ethernet(to, from, -1, 0x88b5);
	struct net_frame frame = { .bytes = f.count };
	struct ring r;

	ring_attach_producer(&r, (struct ring_shared *)(links[port] + NET_TO_SWITCH), NET_RING_BYTES);
	assert_true(net_begin(&r, &frame));
	net_write(&r, 0, f.bytes, f.count);
	net_end(&r, &frame);
	switch_io_woken(&io, BIT64(port));
	while (switch_io_step(&io, NOW_S * NS_PER_S, 16))
		;
}

static u64 got(u32 port)
{
	return figures.port[port].counts.to_frames;
}

/* A card comes with the MAC address of one that has gone, or gets the IPv4 address that another has given up: whichever
 * of the two ports is looked at first. */
static void test_handed_over(void **state)
{
	struct switch_port_config with = usual(5), without = usual(5);

	(void)state;
	with.address[3] = 9;
	assert_int_equal(told(5, with), ST_OK);
	tell(5, (struct switch_port_config){ .version = 0 });
	assert_int_equal(told(2, with), ST_OK);
	assert_int_equal(figures.port[5].version, config.port[5].version);
	tell(2, without);
	with.setup.mac = MAC(1);
	assert_int_equal(told(1, with), ST_OK);
	assert_int_equal(figures.port[2].version, config.port[2].version);
	with.setup.mac = MAC(0);
	assert_int_equal(told(0, with), ST_EXISTS);
}

static void test_come_and_go(void **state)
{
	struct switch_port_config down = { .version = 0 };

	(void)state;
	assert_false(follow_turn(&follow, NOW_S));
	assert_int_equal(told(0, usual(0)), ST_OK);
	assert_int_equal(told(1, usual(1)), ST_OK);
	assert_false(follow_turn(&follow, NOW_S));		/* each version once */
	send(0, MAC(1), MAC(0));
	assert_int_equal(got(1), 1);
	assert_int_equal(told(1, down), ST_OK);
	send(0, MAC(1), MAC(0));
	assert_int_equal(got(1), 1);
	assert_int_equal(told(1, down), ST_OK);			/* twice is no fault */
	assert_int_equal(told(1, usual(1)), ST_OK);
	send(0, MAC(1), MAC(0));
	assert_int_equal(got(1), 2);
}

/* A change keeps the link: what the client has sent before goes by the new rules. */
static void test_change(void **state)
{
	struct switch_port_config c = usual(0);

	(void)state;
	assert_int_equal(told(0, usual(0)), ST_OK);
	assert_int_equal(told(1, usual(1)), ST_OK);
	send(0, MAC(1), MAC(0));
	c.rule_count = 1;
	c.rules[0] = (struct filter_rule){ .action = FILTER_DROP, .ethertype = 0x88b5 };
	assert_int_equal(told(0, c), ST_OK);
	send(0, MAC(1), MAC(0));
	assert_int_equal(got(1), 1);
	assert_int_equal(figures.port[0].hits[0], 1);
	assert_int_equal(figures.port[0].counts.drops[DROP_FILTER], 1);
	c.rule_count = 0;
	c.setup.vlan = 7;
	assert_int_equal(told(0, c), ST_OK);
	send(0, MAC(1), MAC(0));
	assert_int_equal(got(1), 1);
	assert_int_equal(told(0, usual(0)), ST_OK);
	send(0, MAC(1), MAC(0));
	assert_int_equal(got(1), 2);
	assert_int_equal(figures.port[0].counts.from_frames, 4);
}

/* Each field that can be out of range. The port is down then, and no other is harmed. */
static void test_bad(void **state)
{
	struct switch_port_config bad[12];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		bad[i] = usual(0);
	bad[0].setup.vlan = 0;
	bad[1].setup.vlan = 4095;
	bad[2].setup.mac = 0;
	bad[3].setup.mac = BIT64(48);
	bad[4].setup.mac = BIT64(40);
	bad[5].setup.flags |= ~PORT_FLAGS;
	bad[6].setup.guard = GUARD_ALL + 1;
	bad[7].setup.max_bytes = 13;
	bad[8].setup.max_bytes = NET_FRAME_MAX + 1;
	bad[9].rule_count = FILTER_RULES + 1;
	bad[10].rule_count = 1;
	bad[10].rules[0].action = 9;
	bad[11].drops_rest = 2;
	assert_int_equal(told(1, usual(1)), ST_OK);
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(told(0, usual(0)), ST_OK);
		assert_int_equal(told(0, bad[i]), ST_INVAL);
		assert_true(sw.port[1].is_up);
	}
	assert_int_equal(told(0, usual(0)), ST_OK);
	assert_int_equal(told(2, usual(1)), ST_EXISTS);
}

/* A version that root is writing, or has begun to write meanwhile, is left for the next signal. */
static void test_half_written(void **state)
{
	(void)state;
	config.port[0] = usual(0);
	config.port[0].version = 1;
	assert_false(follow_turn(&follow, NOW_S));
	assert_false(sw.port[0].is_up);
	config.port[0].version = 2;
	assert_true(follow_turn(&follow, NOW_S));
	assert_true(sw.port[0].is_up);
	config.port[0].version = 3;
	assert_false(follow_turn(&follow, NOW_S));
	assert_true(sw.port[0].is_up);
	assert_int_equal(figures.port[0].version, 2);
}

static void test_starts_again(void **state)
{
	(void)state;
	assert_int_equal(told(0, usual(0)), ST_OK);
	assert_int_equal(told(1, usual(1)), ST_OK);
	send(0, MAC(1), MAC(0));
	start_switch();
	assert_false(sw.port[0].is_up);
	assert_true(follow_turn(&follow, NOW_S));
	assert_true(sw.port[0].is_up && sw.port[1].is_up);
	send(0, MAC(1), MAC(0));
	assert_int_equal(got(1), 2);				/* it goes on counting */
}

/* What a client has sent before its port was up is dropped, but for what it sent while the switch was dead. */
static void test_old_frames(void **state)
{
	(void)state;
	assert_int_equal(told(1, usual(1)), ST_OK);
	send(0, MAC(1), MAC(0));
	assert_int_equal(told(0, usual(0)), ST_OK);
	while (switch_io_step(&io, NOW_S * NS_PER_S, 16))
		;
	assert_int_equal(got(1), 0);
	start_switch();
	send(0, MAC(1), MAC(0));
	assert_true(follow_turn(&follow, NOW_S));
	while (switch_io_step(&io, NOW_S * NS_PER_S, 16))
		;
	assert_int_equal(got(1), 1);
}

static void test_stations(void **state)
{
	struct switch_port_config uplink = usual(UPLINK);

	(void)state;
	uplink.setup.mac = 0;
	uplink.setup.guard = 0;
	assert_int_equal(told(0, usual(0)), ST_OK);
	assert_int_equal(told(UPLINK, uplink), ST_OK);
	send(UPLINK, MAC(0), STRANGER);
	assert_int_equal(got(0), 1);
	config.stations = 1;
	assert_true(follow_turn(&follow, NOW_S + 5));
	assert_int_equal(figures.stations, 1);
	assert_int_equal(figures.station_count, 2);
	assert_true(figures.station[0].mac == MAC(0) && figures.station[0].port == 0 &&
		    figures.station[0].vlan == 0);
	assert_true(figures.station[1].mac == STRANGER && figures.station[1].port == UPLINK &&
		    figures.station[1].vlan == VLAN_DEFAULT && figures.station[1].age_s == 5);
	assert_false(follow_turn(&follow, NOW_S));
	config.stations = 2;
	assert_true(follow_turn(&follow, NOW_S + MAC_AGE_S + 1));
	assert_int_equal(figures.station_count, 1);
}

/* Whatever is in root's memory: nothing breaks, and an answer says which version it is of. */
static void test_anything(void **state)
{
	(void)state;
	srand(5);
	for (u32 turn = 0; turn < 3000; turn++) {
		u32 port = (u32)rand() % 4;
		struct switch_port_config c = usual(port);
		u8 *bytes = (u8 *)&c;

		for (u32 i = (u32)rand() % 4; i != 0; i--)
			bytes[(u32)rand() % sizeof(c)] = (u8)rand();
		(void)told(port, c);
		if (sw.port[port].is_up)
			send(port, MAC((u32)rand() % 4), MAC(port));
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_handed_over), TEST(test_come_and_go), TEST(test_change), TEST(test_bad),
		TEST(test_half_written), TEST(test_starts_again), TEST(test_old_frames), TEST(test_stations),
		TEST(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
