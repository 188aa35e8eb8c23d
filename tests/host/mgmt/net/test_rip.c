/* SPDX-License-Identifier: MIT */
/*
 * RIP between several routers on networks that come and go, and against messages that no router sends.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bucket.h"
#include "rip.h"
#include "rip_message.h"

#define NODES 5u
#define QUEUE 4096u

struct message { u32 node, port, count; struct own_peer to; u8 payload[RIP_MOST]; };

static struct node {
	struct rip rip;
	struct routes routes;
	struct net_if port[ROUTER_PORTS];
	u32 network[ROUTER_PORTS];	/* that the port lies on; 0: none */
} nodes[NODES];
static struct message queue[QUEUE];
static u32 queued, sent_total, now_s;
static u64 dice_state;

static u64 roll(void *context)
{
	(void)context;
	dice_state = dice_state * 6364136223846793005ull + 1442695040888963407ull;
	return dice_state >> 33;
}

static void send(void *context, u32 port, const struct own_peer *to, u8 *bytes, u32 payload)
{
	struct message *m = &queue[queued++];

	assert_true(queued <= QUEUE && payload <= RIP_MOST && port < ROUTER_PORTS);
	*m = (struct message){ .node = (u32)((struct node *)context - nodes), .port = port, .count = payload,
			       .to = *to };
	memcpy(m->payload, bytes + OWN_UDP_HEADERS, payload);
	sent_total++;
}

static void hear(struct node *n, u32 port, u32 from, u16 from_port, const u8 *payload, u32 count)
{
	u8 *copy = test_malloc(count);		/* so that a read beyond it is seen */
	struct own_udp u = { .port = port, .from = from, .to = RIP_GROUP, .from_port = from_port, .to_port = PORT_RIP,
			     .mac = 0x020000000099ull, .payload = copy, .count = count,
			     .now_ns = (u64)now_s * NS_PER_S };

	memcpy(copy, payload, count);
	rip_heard(&n->rip, &u);
	test_free(copy);
}

static bool is_for(const struct message *m, const struct net_if *i)
{
	return m->to.address == RIP_GROUP || m->to.address == i->address;
}

/* Everybody on the network hears it; the sender too, as some switches would have it. */
static void deliver(void)
{
	for (u32 i = 0; i < queued; i++) {
		const struct message m = queue[i];
		u32 network = nodes[m.node].network[m.port], from = nodes[m.node].port[m.port].address;

		for (u32 n = 0; n < NODES && network != 0; n++)
			for (u32 p = 0; p < ROUTER_PORTS; p++)
				if (nodes[n].network[p] == network && is_for(&m, &nodes[n].port[p]))
					hear(&nodes[n], p, from, PORT_RIP, m.payload, m.count);
	}
	queued = 0;
}

static void run(u32 seconds)
{
	for (u32 end = now_s + seconds; now_s != end; now_s++) {
		for (u32 n = 0; n < NODES; n++)
			rip_tick(&nodes[n].rip, now_s);
		deliver();
	}
}

static void start(void)
{
	memset(nodes, 0, sizeof(nodes));
	queued = 0;
	now_s = 0xffffff00u;		/* seconds wrap in the middle */
	for (u32 n = 0; n < NODES; n++)
		rip_init(&nodes[n].rip, nodes[n].port, &nodes[n].routes, (struct rip_outlet){ send, &nodes[n] },
			 (struct dice){ roll, NULL });
}

/* Network w is 10.w.0.0/16, node n's address on it 10.w.0.n+1. */
static void join(u32 n, u32 port, u32 network)
{
	u32 prefix = 0x0a000000u | network << 16;

	nodes[n].port[port] = (struct net_if){ .is_up = true, .bits = 16, .address = prefix | (n + 1), .mtu = 1500 };
	nodes[n].network[port] = network;
	assert_int_equal(routes_add(&nodes[n].routes, (struct route){ .prefix = prefix, .bits = 16, .port = (u8)port,
								      .origin = ROUTE_OWN }), ST_OK);
	rip_set_port(&nodes[n].rip, port, true, now_s);
}

/* Through which neighbour n gets to a network; 0: not at all. */
static u32 way(u32 n, u32 network)
{
	const struct route *r = routes_find(&nodes[n].routes, 0x0a000000u | network << 16 | 0x1234);

	return r == NULL ? 0 : r->origin == ROUTE_RIP ? r->gateway & 0xffff : 0xffff;
}

static u32 metric(u32 n, u32 network)
{
	for (u32 i = 0; i < nodes[n].rip.count; i++)
		if (nodes[n].rip.learned[i].prefix == (0x0a000000u | network << 16))
			return nodes[n].rip.learned[i].metric;
	return 0;
}

/* 1 -(1)- 2 -(2)- 3 -(3)- 4 -(4)- 5, and with (5) between 5 and 1 a ring; (10) at 1, (50) at 5. */
static void line(void)
{
	start();
	for (u32 n = 0; n + 1 < NODES; n++) {
		join(n, 0, n + 1);
		join(n + 1, 1, n + 1);
	}
	join(0, 2, 10);
	join(4, 2, 50);
}

static void test_line(void **state)
{
	(void)state;
	line();
	run(60);
	for (u32 n = 0; n < NODES; n++) {
		assert_int_equal(way(n, 10), n == 0 ? 0xffff : n);
		assert_int_equal(way(n, 50), n == 4 ? 0xffff : n + 2);
	}
	assert_int_equal(metric(4, 10), 5);
	assert_int_equal(metric(1, 10), 2);
	sent_total = 0;
	run(3600);		/* once told, told every half minute: 4 x 2 ports, and two with nobody on them */
	assert_in_range(sent_total, 10 * 3600 / 35, 10 * 3600 / 25 + 10);
	assert_int_equal(way(4, 10), 4);
}

/* A network's end is told soon to all, not by counting to infinity. */
static void test_end_of_network(void **state)
{
	(void)state;
	line();
	run(60);
	nodes[0].port[2].is_up = false;
	routes_remove(&nodes[0].routes, ROUTE_OWN);
	assert_int_equal(routes_add(&nodes[0].routes, (struct route){ .prefix = 0x0a010000, .bits = 16,
								      .origin = ROUTE_OWN }), ST_OK);
	rip_set_port(&nodes[0].rip, 2, false, now_s);
	run(RIP_TIMEOUT_S + 4 * RIP_TRIGGER_MOST_S + 4);
	for (u32 n = 1; n < NODES; n++)
		assert_int_equal(way(n, 10), 0);
	assert_int_equal(metric(1, 10), RIP_INFINITY);
	run(RIP_GARBAGE_S + 60);
	for (u32 n = 1; n < NODES; n++)
		assert_int_equal(metric(n, 10), 0);
	assert_int_equal(way(4, 1), 4);
}

/* In a ring the shorter way is taken, and the other one when it breaks. */
static void test_ring(void **state)
{
	(void)state;
	line();
	join(0, 3, 5);
	join(4, 3, 5);
	run(60);
	assert_int_equal(way(0, 50), 5);		/* by node 5 itself */
	assert_int_equal(way(3, 10), 5);
	nodes[4].network[3] = 0;			/* the cable is out, and nobody says so */
	run(RIP_TIMEOUT_S + 120);
	assert_int_equal(way(0, 50), 2);
	assert_int_equal(way(3, 10), 3);
	nodes[4].network[3] = 5;
	run(60);
	assert_int_equal(way(0, 50), 5);
	/* node 4 falls silent and is forgotten; 3 and 5 reach each other the long way round */
	nodes[3].network[0] = nodes[3].network[1] = 0;
	run(RIP_TIMEOUT_S + 120);
	assert_int_equal(way(2, 50), 2);
	assert_int_equal(metric(2, 50), 4);
}

/* A port's own network, a given route, then what is learned. */
static void test_preference(void **state)
{
	(void)state;
	line();
	assert_int_equal(routes_add(&nodes[4].routes, (struct route){ .prefix = 0x0a0a0000, .bits = 16, .port = 2,
								      .gateway = 0x0a320009, .preference = 1,
								      .origin = ROUTE_GIVEN }), ST_OK);
	run(60);
	assert_int_equal(routes_find(&nodes[4].routes, 0x0a0a0001)->origin, ROUTE_GIVEN);
	assert_int_equal(metric(3, 10), 2);		/* node 5 says that it has it, at one step */
	routes_remove(&nodes[4].routes, ROUTE_GIVEN);
	run(300);
	assert_int_equal(way(4, 10), 4);
	assert_int_equal(metric(3, 10), 4);
}

static void put(struct rip_writer *w, u32 address, u32 mask, u32 next_hop, u32 m)
{
	struct rip_entry e = { RIP_FAMILY_IPV4, 7, address, mask, next_hop, m };

	rip_put(w, &e);
}

/* Nothing is learned from it. */
static void refused(u32 from, u16 from_port, const u8 *payload, u32 count)
{
	struct rip before = nodes[0].rip;

	hear(&nodes[0], 0, from, from_port, payload, count);
	for (u32 i = 0; i < ROUTER_PORTS; i++)
		before.questions[i] = nodes[0].rip.questions[i];
	assert_memory_equal(&before, &nodes[0].rip, sizeof(before));
	assert_int_equal(queued, 0);
}

#define NEIGHBOUR 0x0a010063u

static void test_refused_messages(void **state)
{
	struct rip_writer w;
	u8 *p = w.bytes + OWN_UDP_HEADERS;

	(void)state;
	start();
	join(0, 0, 1);
	queued = 0;
	rip_begin(&w, RIP_RESPONSE);
	put(&w, 0xc0a80000, 0xffff0000, 0, 3);
	refused(NEIGHBOUR, 521, p, w.count);			/* not from a router */
	refused(0x0a020063, PORT_RIP, p, w.count);		/* not of this network */
	refused(0x0a010001, PORT_RIP, p, w.count);		/* its own address, or its network's */
	refused(0x0a01ffff, PORT_RIP, p, w.count);
	for (u32 bytes = 0; bytes < w.count; bytes++)
		refused(NEIGHBOUR, PORT_RIP, p, bytes);
	p[1] = 1;
	refused(NEIGHBOUR, PORT_RIP, p, w.count);
	p[1] = 2;
	p[0] = 3;
	refused(NEIGHBOUR, PORT_RIP, p, w.count);
	p[0] = RIP_RESPONSE;
	put(&w, 0xc0a90000, 0xffff0000, 0, 3);
	p[RIP_HEADER + RIP_ENTRY] = p[RIP_HEADER + RIP_ENTRY + 1] = 0xff;	/* authentication, anywhere */
	refused(NEIGHBOUR, PORT_RIP, p, w.count);
	nodes[0].rip.is_on[0] = false;
	w.count -= RIP_ENTRY;
	refused(NEIGHBOUR, PORT_RIP, p, w.count);
}

static void test_refused_entries(void **state)
{
	static const struct { u32 address, mask, metric; } bad[] = {
		{ 0xc0a80000, 0xffff0000, 0 }, { 0xc0a80000, 0xffff0000, 17 }, { 0xc0a80000, 0xffff0000, ~0u },
		{ 0xc0a80001, 0xffff0000, 3 }, { 0xc0a80000, 0xff00ff00, 3 }, { 0x7f000000, 0xff000000, 3 },
		{ 0xe0000000, 0xf0000000, 3 }, { 0, 0xff000000, 3 }, { 0x80000000, 0x80000000, 3 },
		{ 0x0a010000, 0xffff0000, 3 }, { 0xc0a80000, 0xffff0000, 16 }, { 0xc0a80000, 0xffff0000, 15 },
		{ 0xffffffff, 0xffffffff, 3 },
	};
	struct rip_writer w;

	(void)state;
	start();
	join(0, 0, 1);
	queued = 0;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		rip_begin(&w, RIP_RESPONSE);
		put(&w, bad[i].address, bad[i].mask, 0, bad[i].metric);
		refused(NEIGHBOUR, PORT_RIP, w.bytes + OWN_UDP_HEADERS, w.count);
	}
	rip_begin(&w, RIP_RESPONSE);		/* a bad one does not take the good ones with it */
	put(&w, 0xc0a80001, 0xffff0000, 0, 3);
	put(&w, 0, 0, 0x0a010077, 3);
	put(&w, 0xc0a80000, 0xffff0000, 0x0b010077, 3);
	hear(&nodes[0], 0, NEIGHBOUR, PORT_RIP, w.bytes + OWN_UDP_HEADERS, w.count);
	assert_int_equal(nodes[0].rip.count, 2);
	assert_int_equal(routes_find(&nodes[0].routes, 0x08080808)->gateway, 0x0a010077);	/* as it says */
	assert_int_equal(routes_find(&nodes[0].routes, 0xc0a80808)->gateway, NEIGHBOUR);	/* not reachable */
}

/* Others' routes stay when somebody tells more than there is room for. */
static void test_full(void **state)
{
	struct rip_writer w;

	(void)state;
	start();
	join(0, 0, 1);
	queued = 0;
	for (u32 i = 0; i < 2 * ROUTES_LEARNED; i++) {
		rip_begin(&w, RIP_RESPONSE);
		put(&w, 0xc0000000 + (i << 8), 0xffffff00, 0, 1);
		hear(&nodes[0], 0, NEIGHBOUR, PORT_RIP, w.bytes + OWN_UDP_HEADERS, w.count);
	}
	assert_int_equal(nodes[0].rip.count, ROUTES_LEARNED);
	assert_int_equal(nodes[0].routes.count, ROUTES_LEARNED + 1);
	assert_int_equal(routes_find(&nodes[0].routes, 0xc0000001)->origin, ROUTE_RIP);
	queued = 0;
	rip_tick(&nodes[0].rip, now_s + RIP_TRIGGER_MOST_S + 1);
	for (u32 i = 0, left = ROUTES_LEARNED; i < queued; i++, left -= RIP_ENTRIES)
		assert_int_equal(queue[i].count, RIP_HEADER + RIP_ENTRY * (left < RIP_ENTRIES ? left : RIP_ENTRIES));
	assert_int_equal(queued, (ROUTES_LEARNED + RIP_ENTRIES - 1) / RIP_ENTRIES);
}

/* One route is forgotten in the same second in which the next one ends: that one is used no more. */
static void test_ends_together(void **state)
{
	struct rip_writer w;

	(void)state;
	start();
	join(0, 0, 1);
	queued = 0;
	rip_begin(&w, RIP_RESPONSE);
	put(&w, 0xc0a80000, 0xffff0000, 0, 1);
	hear(&nodes[0], 0, NEIGHBOUR, PORT_RIP, w.bytes + OWN_UDP_HEADERS, w.count);
	now_s += RIP_GARBAGE_S;	/* as long as an ended route is told, behind the first one */
	rip_begin(&w, RIP_RESPONSE);
	put(&w, 0xc0a90000, 0xffff0000, 0, 1);
	hear(&nodes[0], 0, NEIGHBOUR, PORT_RIP, w.bytes + OWN_UDP_HEADERS, w.count);
	run(RIP_TIMEOUT_S - 1);
	assert_non_null(routes_find(&nodes[0].routes, 0xc0a90001));
	run(2);
	assert_int_equal(nodes[0].rip.count, 1);
	assert_null(routes_find(&nodes[0].routes, 0xc0a90001));
}

static void test_questions(void **state)
{
	static const u8 all[] = { 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16 };
	static const u8 told[] = { 2, 2, 0, 0, 0, 2, 0, 0, 10, 10, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
	struct rip_writer w;
	const u8 *answer = queue[0].payload;

	(void)state;
	start();
	join(0, 0, 1);
	join(0, 1, 10);
	queued = 0;
	hear(&nodes[0], 0, NEIGHBOUR, 4000, all, sizeof(all));
	assert_int_equal(queued, 1);
	assert_int_equal(queue[0].to.address, NEIGHBOUR);
	assert_int_equal(queue[0].to.port, 4000);
	assert_int_equal(queue[0].count, sizeof(told));
	assert_memory_equal(answer, told, sizeof(told));
	queued = 0;
	rip_begin(&w, RIP_REQUEST);
	put(&w, 0x0a010000, 0xffff0000, 0, 0);
	put(&w, 0x0a070000, 0xffff0000, 0, 0);
	hear(&nodes[0], 0, NEIGHBOUR, 4000, w.bytes + OWN_UDP_HEADERS, w.count);
	assert_int_equal(queued, 1);
	assert_int_equal(rip_entry_at(answer, 0).metric, 1);
	assert_int_equal(rip_entry_at(answer, 1).metric, RIP_INFINITY);
	queued = 0;
	for (u32 i = 0; i < 1000; i++, now_s += i % 100 == 0)
		hear(&nodes[0], 0, NEIGHBOUR, 4000, all, sizeof(all));
	assert_in_range(queued, 10, 11 * RIP_QUESTIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line), cmocka_unit_test(test_end_of_network), cmocka_unit_test(test_ring),
		cmocka_unit_test(test_preference), cmocka_unit_test(test_refused_messages),
		cmocka_unit_test(test_refused_entries), cmocka_unit_test(test_full), cmocka_unit_test(test_questions),
		cmocka_unit_test(test_ends_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
