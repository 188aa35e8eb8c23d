/* SPDX-License-Identifier: MIT */
/*
 * The link-state protocol among simulated routers: random networks, links that are cut and mended, routers that are
 * started again; after that, each reaches exactly what there is a way to, by no circle. And foreign frames.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ls.h"

#define NODES 12u
#define WIRES 18u
#define QUEUE 4096u
#define FAR 0xffffu

struct node {
	struct net_if port[ROUTER_PORTS];
	u32 wire[ROUTER_PORTS];		/* of port 1 and up; port 0 is a network of its own */
	u32 ports;
	struct routes routes;
	struct routes6 routes6;
	struct ls ls;
};

static struct { u32 node, port, count; u8 bytes[LS_MOST]; } queue[QUEUE];
static struct node node[NODES];
static bool is_cut[WIRES];
static u32 queued, wires, losses;
static u64 now_ns;

static void send(void *context, u32 port, const u8 *bytes, u32 count)
{
	struct node *n = context;

	assert_in_range(count, ETH_BYTES, LS_MOST);
	assert_in_range(queued, 0, QUEUE - 1);
	queue[queued].node = (u32)(n - node);
	queue[queued].port = port;
	queue[queued].count = count;
	memcpy(queue[queued++].bytes, bytes, count);
}

/* To all others at the same wire; some frames are lost. */
static void deliver(u32 q)
{
	u32 wire = node[queue[q].node].wire[queue[q].port];

	if (queue[q].port == 0 || is_cut[wire])
		return;
	for (u32 i = 0; i < NODES; i++)
		for (u32 p = 1; p < node[i].ports; p++)
			if (i != queue[q].node && node[i].wire[p] == wire && (losses == 0 || (u32)rand() % losses != 0))
				(void)ls_heard(&node[i].ls, p, queue[q].bytes, queue[q].count, now_ns);
}

static void pass(u32 seconds)
{
	for (u32 s = 0; s < seconds; s++) {
		now_ns += NS_PER_S;
		for (u32 i = 0; i < NODES; i++)
			ls_tick(&node[i].ls, (u32)(now_ns / NS_PER_S));
		for (u32 q = 0; q < queued; q++)
			deliver(q);
		queued = 0;
	}
}

/* Node i is at 10.0.i.0/24 and fd00:0:0:i::/64, and on wire w at 172.16.w.(i + 1) and fd01:0:0:w::. */
static void set_port(u32 i, u32 p, u32 wire)
{
	struct net_if *port = &node[i].port[p];

	*port = (struct net_if){ .is_up = true, .speaks_ls = p != 0, .bits = 24, .mtu = 1500,
				 .mac = 0x020000000000u + (i << 8) + p,
				 .address = p == 0 ? 0x0a000001 + (i << 8) : 0xac100001 + (wire << 8) + i,
				 .prefix6 = p == 0 ? 0xfd00000000000000 + i : 0xfd01000000000000 + wire };
	node[i].wire[p] = wire;
}

static void restart(u32 i)
{
	struct node *n = &node[i];

	n->routes.count = n->routes6.count = 0;
	ls_init(&n->ls, n->port, &n->routes, &n->routes6, (struct outlet){ send, n });
	for (u32 p = 0; p < n->ports; p++)
		ls_set_port(&n->ls, p, (u32)(now_ns / NS_PER_S));
}

static void plug(u32 i, u32 wire)
{
	if (node[i].ports < ROUTER_PORTS)
		set_port(i, node[i].ports++, wire);
}

/* A tree of wires and some more, some with three routers. */
static void build(u32 seed)
{
	srand(seed);
	memset(node, 0, sizeof(node));
	memset(is_cut, 0, sizeof(is_cut));
	queued = wires = losses = 0;
	now_ns = 1000 * NS_PER_S;
	for (u32 i = 0; i < NODES; i++)
		plug(i, FAR);
	for (; wires < WIRES; wires++) {
		u32 a = wires + 1 < NODES ? wires + 1 : (u32)rand() % NODES, b = (u32)rand() % NODES;

		plug(a, wires);
		plug(wires + 1 < NODES ? (u32)rand() % a : b == a ? (a + 1) % NODES : b, wires);
	}
	for (u32 i = 0; i < NODES; i++)
		restart(i);
}

/* ---- What there is to reach ---- */

static u32 distance[NODES][NODES];

static bool are_joined(u32 a, u32 b)
{
	for (u32 p = 1; p < node[a].ports; p++)
		for (u32 q = 1; q < node[b].ports; q++)
			if (node[a].wire[p] == node[b].wire[q] && !is_cut[node[a].wire[p]])
				return true;
	return false;
}

static void measure(void)
{
	for (u32 a = 0; a < NODES; a++)
		for (u32 b = 0; b < NODES; b++)
			distance[a][b] = a == b ? 0 : are_joined(a, b) ? 1 : FAR;
	for (u32 k = 0; k < NODES; k++)
		for (u32 a = 0; a < NODES; a++)
			for (u32 b = 0; b < NODES; b++)
				if (distance[a][k] + distance[k][b] < distance[a][b])
					distance[a][b] = distance[a][k] + distance[k][b];
}

static u32 owner_of(u32 gateway)
{
	for (u32 i = 0; i < NODES; i++)
		for (u32 p = 1; p < node[i].ports; p++)
			if (node[i].port[p].address == gateway)
				return i;
	fail_msg("%x is no router", gateway);
	return 0;
}

static u32 owner6_of(struct ip6 gateway)
{
	for (u32 i = 0; i < NODES; i++)
		for (u32 p = 1; p < node[i].ports; p++)
			if (ip6_equal(ip6_link_local(node[i].port[p].mac), gateway))
				return i;
	fail_msg("no router");
	return 0;
}

/* Each step is one nearer, so there is no circle. */
static void judge(void)
{
	measure();
	for (u32 a = 0; a < NODES; a++)
		for (u32 b = 0; b < NODES; b++) {
			const struct route *r = routes_find(&node[a].routes, 0x0a000007 + (b << 8));
			struct ip6 to6 = { 0xfd00000000000000 + b, 7 };
			const struct route6 *r6 = routes6_find(&node[a].routes6, to6);

			if (a == b || distance[a][b] >= FAR) {
				assert_null(r);
				assert_null(r6);
				continue;
			}
			assert_non_null(r);
			assert_non_null(r6);
			assert_int_equal(r->preference, PREFERENCE_LS);
			assert_int_equal(distance[owner_of(r->gateway)][b], distance[a][b] - 1);
			assert_int_equal(distance[owner6_of(r6->gateway)][b], distance[a][b] - 1);
		}
}

static void test_networks(void **state)
{
	(void)state;
	for (u32 seed = 1; seed <= 20; seed++) {
		build(seed);
		pass(3 * LS_HELLO_S + NODES);
		judge();
		for (u32 i = 0; i < 6; i++) {
			is_cut[(u32)rand() % WIRES] ^= true;
			if (i % 2 == 1)
				restart((u32)rand() % NODES);
			pass(LS_DEAD_S + LS_HELLO_S + NODES + LS_AGE_MOST_S);
			judge();
		}
	}
}

/* One of three frames is lost: it takes longer. */
static void test_losses(void **state)
{
	(void)state;
	for (u32 seed = 1; seed <= 5; seed++) {
		build(seed);
		losses = 3;
		pass(4 * LS_AGE_MOST_S);
		losses = 0;
		pass(2 * LS_REFRESH_S);
		judge();
	}
}

/* While ways change nothing is loud: hellos and states are counted in tens for each port. */
static void test_quiet(void **state)
{
	u32 sent = 0, ports = 0;

	(void)state;
	build(7);
	pass(60);
	for (u32 i = 0; i < NODES; i++)
		ports += node[i].ports;
	for (u32 s = 0; s < LS_REFRESH_S; s++) {
		now_ns += NS_PER_S;
		for (u32 i = 0; i < NODES; i++)
			ls_tick(&node[i].ls, (u32)(now_ns / NS_PER_S));
		for (u32 q = 0; q < queued; q++)
			deliver(q);
		sent += queued;
		queued = 0;
	}
	assert_in_range(sent, ports, ports * (NODES + LS_REFRESH_S));
}

/* Of two routers with ways out of their own neither takes the other's; who has none takes one. */
static void test_two_ways_out(void **state)
{
	struct route out = { .gateway = 0xc0000201, .preference = PREFERENCE_DHCP, .origin = ROUTE_DHCP };

	(void)state;
	build(3);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(routes_add(&node[i].routes, out), ST_OK);
	pass(LS_REFRESH_S);
	for (u32 s = 0; s < 3 * LS_REFRESH_S; s++) {
		pass(1);
		for (u32 i = 0; i < 3; i++) {
			const struct route *r = routes_find(&node[i].routes, 0xc6336407);

			assert_non_null(r);
			assert_int_equal(r->origin, i < 2 ? ROUTE_DHCP : ROUTE_LS);
		}
	}
	routes_remove(&node[0].routes, ROUTE_DHCP);
	pass(2 * LS_REFRESH_S);
	assert_int_equal(routes_find(&node[0].routes, 0xc6336407)->origin, ROUTE_LS);
}

/* Two routers that see a third one's word of a link which the other end does not confirm do not use it. */
static void test_one_sided_link(void **state)
{
	static struct ls_state s[3];
	struct ls_path path[3];

	(void)state;
	memset(s, 0, sizeof(s));
	for (u32 i = 0; i < 3; i++)
		s[i].id = i + 1;
	s[0].link_count = s[1].link_count = s[2].link_count = 1;
	s[0].link[0] = (struct ls_link){ 2, 10 };
	s[1].link[0] = (struct ls_link){ 1, 10 };
	s[2].link[0] = (struct ls_link){ 2, 1 };
	ls_paths(s, 3, 1, path);
	assert_int_equal(path[1].cost, 10);
	assert_int_equal(path[2].cost, LS_FAR);
	s[1].link_count = 2;
	s[1].link[1] = (struct ls_link){ 3, 7 };
	ls_paths(s, 3, 1, path);
	assert_int_equal(path[2].cost, 17);
	assert_int_equal(path[2].first, 2);
}

/* ---- Foreign frames ---- */

static void test_malformed(void **state)
{
	static struct ls_state s, back;
	u8 frame[LS_MOST], bad[LS_MOST];
	u32 count;

	(void)state;
	s = (struct ls_state){ .id = 5, .sequence = 9, .age_s = 3, .link_count = 1, .prefix_count = 2,
			       .link = { { 6, 10 } },
			       .prefix = { { { 0xfd00000000000000, 0 }, 6, 64, 10 },
					   { { 0, 0xffff0a000000 }, 4, 8, 10 } } };
	count = ls_write_state(frame, 0x020000000001, &s);
	assert_int_equal(ls_kind_of(frame, count), LS_STATE);
	assert_int_equal(ls_kind_of(frame, count - 1), 0);
	assert_true(ls_read_state(&back, frame));
	assert_memory_equal(&back, &s, sizeof(s));
	/* Place, value: count of links, length, id, age, prefixes, link's id and cost, version, bits, cost, host. */
	static const struct { u32 at; u8 value; } wrong[] = {
		{ 5, 2 }, { 5, 17 }, { 7, 1 }, { 8, 1 }, { 10, 1 }, { 15, 0 }, { 20, 1 }, { 21, 61 }, { 23, 3 },
		{ 23, 25 }, { 26, 1 }, { 32, 4 }, { 33, 0 }, { 34, 5 }, { 35, 65 }, { 36, 4 }, { 53, 1 }, { 54, 5 },
		{ 55, 33 }, { 68, 0 }, { 71, 1 },
	};
	for (u32 i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(bad, frame, count);
		bad[ETH_BYTES + wrong[i].at] = wrong[i].value;
		if (ls_kind_of(bad, count) == LS_STATE && ls_read_state(&back, bad))
			fail_msg("%u at %u is taken", wrong[i].value, wrong[i].at);
	}
}

/* More routers, neighbours and networks than there is room for; and frames of any bytes. */
static void test_hostile(void **state)
{
	struct ls *l = &node[0].ls;
	u8 frame[LS_MOST];

	(void)state;
	build(3);
	pass(30);
	for (u32 i = 0; i < 300; i++) {
		struct ls_hello h = { .id = 0x040000000000 + i, .count = 1, .heard = { l->id } };
		static struct ls_state s;

		s = (struct ls_state){ .id = 0x040000000000 + i, .sequence = i, .prefix_count = LS_PREFIXES };
		for (u32 k = 0; k < LS_PREFIXES; k++)
			s.prefix[k] = (struct ls_prefix){ ip6_mapped(0x0b000000 + (i << 16) + (k << 8)), 4, 24, 1 };
		s.link_count = 1;
		s.link[0] = (struct ls_link){ l->id, 1 };
		now_ns += NS_PER_S / 100;
		(void)ls_heard(l, 1, frame, ls_write_hello(frame, 0x040000000000 + i, &h), now_ns);
		(void)ls_heard(l, 1, frame, ls_write_state(frame, 0x040000000000 + i, &s), now_ns);
		queued = 0;
	}
	assert_int_equal(l->count, LS_ROUTERS);
	pass(1);
	assert_in_range(node[0].routes.count, 0, ROUTES_LS);
	for (u32 i = 0; i < 200000; i++) {
		u32 count = ls_write_state(frame, 0x040000000001, &l->state[(u32)rand() % l->count]);

		for (u32 k = 0; k < 3; k++)
			frame[ETH_BYTES + (u32)rand() % (count - ETH_BYTES)] = (u8)rand();
		now_ns += NS_PER_S / 400;
		count = (u32)rand() % 8 == 0 ? (u32)rand() % count : count;
		(void)ls_heard(l, 1 + (u32)rand() % 2, frame, count, now_ns);
		queued = 0;
	}
	pass(2 * LS_AGE_MOST_S);
	judge();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks), cmocka_unit_test(test_losses), cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_two_ways_out), cmocka_unit_test(test_one_sided_link),
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
