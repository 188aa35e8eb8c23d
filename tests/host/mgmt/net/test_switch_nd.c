/* SPDX-License-Identifier: MIT */
/*
 * Neighbour discovery through a switch: a guest may say what it likes of addresses of its own, and nothing of those
 * that are made of another port's MAC address, be it a VM's or the router's.
 */
/* links: net */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ndp_message.h"
#include "net_switch.h"

#define MAC(port) (0x020000000010ull + (port))
#define GATEWAY 5u
#define NOBODY 0x0200000000ffull
#define PREFIX 0xfd00000000000001ull
#define MESSAGE (ETH_BYTES + IPV6_BYTES)

static struct net_switch sw;
static struct switch_port_figures figures[SWITCH_PORTS];
static u8 frame[512];

static struct ip6 of(u64 mac)
{
	return (struct ip6){ PREFIX, ip6_interface(mac) };
}

static const struct ip6 chosen = { PREFIX, 0x123456789abcdef0 };

static int setup(void **state)
{
	(void)state;
	memset(figures, 0, sizeof(figures));
	switch_init(&sw, 0x1234567, figures);
	for (u32 i = 0; i <= GATEWAY; i++) {
		struct port_setup s = { .mac = MAC(i), .flags = PORT_UP, .vlan = 1, .max_bytes = 1514,
					.guard = i == GATEWAY ? GUARD_MAC : GUARD_ALL };

		assert_int_equal(switch_add_port(&sw, i, &s), ST_OK);
	}
	return 0;
}

static void send(u32 port, u32 count, enum net_drop why)
{
	struct net_frame f = { .bytes = count };
	struct switch_verdict v;
	u64 before = figures[port].counts.drops[why];

	switch_in(&sw, port, &f, frame, NS_PER_S, &v);
	assert_int_equal(figures[port].counts.drops[why], before + (why != DROP_NONE));
	assert_int_equal(v.ports != 0, why == DROP_NONE);
}

/* A message of port 0, with an option that names `mac` if it is not 0. */
static u32 message(u8 type, struct ip6 from, struct ip6 to, struct ip6 target, u64 mac)
{
	u8 option = type == ICMPV6_NEIGHBOUR_ADVERTISEMENT ? ND_OPTION_TARGET : ND_OPTION_SOURCE;
	u32 count = ND_NEIGHBOUR_BYTES;

	memset(frame, 0, sizeof(frame));
	frame[MESSAGE] = type;
	ip6_store(frame + MESSAGE + ND_TARGET, target);
	if (mac != 0)
		count += nd_put_mac(frame + MESSAGE + ND_NEIGHBOUR_BYTES, option, mac);
	nd_finish(frame, MAC(0), ip6_is_group(to) ? ip6_group_mac(to) : MAC(GATEWAY), from, to, count);
	return MESSAGE + count;
}

static void advertise(struct ip6 from, struct ip6 target, u64 mac, enum net_drop why)
{
	send(0, message(ICMPV6_NEIGHBOUR_ADVERTISEMENT, from, IP6_ALL_NODES, target, mac), why);
}

static void solicit(struct ip6 from, struct ip6 target, u64 mac, enum net_drop why)
{
	send(0, message(ICMPV6_NEIGHBOUR_SOLICITATION, from, ip6_solicited(target), target, mac), why);
}

static void test_claims(void **state)
{
	(void)state;
	advertise(of(MAC(0)), of(MAC(0)), MAC(0), DROP_NONE);
	advertise(chosen, chosen, MAC(0), DROP_NONE);
	advertise(of(MAC(0)), of(NOBODY), MAC(0), DROP_NONE);
	advertise(of(MAC(0)), of(MAC(1)), MAC(0), DROP_ADDRESS);
	advertise(of(MAC(0)), of(MAC(GATEWAY)), MAC(0), DROP_ADDRESS);
	advertise(of(MAC(0)), ip6_link_local(MAC(GATEWAY)), MAC(0), DROP_ADDRESS);
	advertise(of(MAC(1)), of(MAC(0)), MAC(0), DROP_ADDRESS);
	advertise(of(MAC(0)), of(MAC(0)), MAC(1), DROP_MALFORMED);
	sw.port[0].guard.set = 0;
	advertise(of(MAC(1)), of(MAC(1)), MAC(0), DROP_NONE);
}

/* To look for another is everybody's right; to ask whether another's address is free keeps it from having it. */
static void test_questions(void **state)
{
	const struct ip6 none = { 0, 0 };

	(void)state;
	solicit(of(MAC(0)), of(MAC(1)), MAC(0), DROP_NONE);
	solicit(none, of(MAC(0)), 0, DROP_NONE);
	solicit(none, chosen, 0, DROP_NONE);
	solicit(none, of(MAC(1)), 0, DROP_ADDRESS);
	solicit(of(MAC(1)), of(MAC(0)), MAC(0), DROP_ADDRESS);
	solicit(of(MAC(0)), of(MAC(1)), MAC(1), DROP_MALFORMED);
	solicit(none, chosen, MAC(0), DROP_MALFORMED);
}

/* Not seen whole, forwarded, behind headers. */
static void test_hidden(void **state)
{
	u32 count = message(ICMPV6_NEIGHBOUR_ADVERTISEMENT, of(MAC(0)), IP6_ALL_NODES, of(MAC(0)), MAC(0));

	(void)state;
	frame[ETH_BYTES + IPV6_HOPS] = 254;
	send(0, count, DROP_MALFORMED);
	frame[ETH_BYTES + IPV6_HOPS] = 255;
	frame[MESSAGE + ND_NEIGHBOUR_BYTES + 1] = 0;
	send(0, count, DROP_MALFORMED);
	frame[MESSAGE + ND_NEIGHBOUR_BYTES + 1] = 1;
	send(0, count, DROP_NONE);
	be16_store(frame + ETH_BYTES + IPV6_LENGTH, 300);
	send(0, MESSAGE + 300, DROP_MALFORMED);
	memmove(frame + MESSAGE + 8, frame + MESSAGE, ND_NEIGHBOUR_BYTES);
	memset(frame + MESSAGE, 0, 8);
	frame[MESSAGE] = PROTOCOL_ICMPV6;
	frame[ETH_BYTES + IPV6_NEXT] = PROTOCOL_OPTIONS;
	be16_store(frame + ETH_BYTES + IPV6_LENGTH, ND_NEIGHBOUR_BYTES + 8);
	send(0, MESSAGE + ND_NEIGHBOUR_BYTES + 8, DROP_MALFORMED);
}

/* Any packet, not only messages of neighbour discovery. */
static void test_sources(void **state)
{
	u32 count = message(1, of(MAC(0)), of(MAC(GATEWAY)), chosen, 0);

	(void)state;
	frame[ETH_BYTES + IPV6_NEXT] = PROTOCOL_UDP;
	send(0, count, DROP_NONE);
	ip6_store(frame + ETH_BYTES + IPV6_FROM, of(MAC(2)));
	send(0, count, DROP_ADDRESS);
	ip6_store(frame + ETH_BYTES + IPV6_FROM, chosen);
	send(0, count, DROP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_claims, setup), cmocka_unit_test_setup(test_questions, setup),
		cmocka_unit_test_setup(test_hidden, setup), cmocka_unit_test_setup(test_sources, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
