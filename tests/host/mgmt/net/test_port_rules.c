/* SPDX-License-Identifier: MIT */
/*
 * Guards: frames that lie about their sender, in each way that is known; and the operator's filter, rule by rule.
 */
/* links: net */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "frames.h"
#include "port_rules.h"

#define OWN 0x020000000001ull
#define OTHER 0x020000000002ull
#define OWN_IP 0x0a000002u
#define OTHER_IP 0x0a000003u

static struct port_guard guard;
static struct port_filter filter;
static u64 hits[FILTER_RULES];

static int setup(void **state)
{
	(void)state;
	guard = (struct port_guard){ .set = GUARD_ALL, .mac = OWN };
	memset(&filter, 0, sizeof(filter));
	memset(hits, 0, sizeof(hits));
	filter.hits = hits;
	return 0;
}

static enum net_drop judge(const struct test_frame *f)
{
	struct packet p;

	assert_true(packet_link(&p, f->bytes, f->count));
	packet_network(&p, f->bytes, f->count);
	return port_guard_judge(&guard, &p, f->bytes);
}

static struct test_frame udp4(u64 mac, u32 ip, u32 from_port, u32 to_port)
{
	struct test_frame f = frame_ethernet(OTHER, mac, -1, 0x0800);

	frame_add_ipv4(&f, PROTOCOL_UDP, ip, OTHER_IP, 12);
	frame_add_udp(&f, from_port, to_port, 4);
	return f;
}

/* Behind a fragment header, too: the first fragment tells. */
static struct test_frame icmp6(u8 type, bool is_fragment)
{
	struct test_frame f = frame_ethernet(OTHER, OWN, -1, 0x86dd);

	frame_add_ipv6(&f, is_fragment ? PROTOCOL_FRAGMENT : PROTOCOL_ICMPV6, 1, is_fragment ? 16 : 8);
	if (is_fragment)
		frame_add(&f, (const u8[8]){ PROTOCOL_ICMPV6, 0, 0, 1 }, 8);
	frame_add(&f, (const u8[8]){ type }, 8);
	return f;
}

static void expect(struct test_frame f, enum net_drop drop)
{
	assert_int_equal(judge(&f), drop);
}

static void test_mac(void **state)
{
	(void)state;
	expect(udp4(OWN, OWN_IP, 1, 2), DROP_NONE);
	expect(udp4(OTHER, OWN_IP, 1, 2), DROP_MAC);
	expect(frame_arp(OWN, OWN, OWN_IP), DROP_NONE);
	expect(frame_arp(OWN, OTHER, OWN_IP), DROP_MAC);
	guard.set = GUARD_DHCP;
	expect(frame_arp(OTHER, OTHER, OWN_IP), DROP_NONE);
}

static void test_address(void **state)
{
	(void)state;
	expect(udp4(OWN, OTHER_IP, 1, 2), DROP_NONE);		/* it has none yet */
	memcpy(guard.address, (const u8[]){ 10, 0, 0, 2 }, 4);
	expect(udp4(OWN, OWN_IP, 1, 2), DROP_NONE);
	expect(udp4(OWN, 0, PORT_DHCP_CLIENT, PORT_DHCP_SERVER), DROP_NONE);
	expect(udp4(OWN, OTHER_IP, 1, 2), DROP_ADDRESS);
	expect(frame_arp(OWN, OWN, OTHER_IP), DROP_ADDRESS);
	expect(frame_arp(OWN, OWN, 0), DROP_NONE);		/* a probe (RFC 5227) */
}

static void test_servers(void **state)
{
	struct test_frame f = frame_ethernet(OTHER, OWN, -1, 0x86dd);

	(void)state;
	expect(udp4(OWN, OWN_IP, PORT_DHCP_SERVER, PORT_DHCP_CLIENT), DROP_DHCP);
	expect(udp4(OWN, OWN_IP, 1067, PORT_DHCP_CLIENT), DROP_DHCP);	/* clients look at this port alone */
	expect(icmp6(ICMPV6_ROUTER_ADVERTISEMENT, false), DROP_ADVERTISEMENT);
	expect(icmp6(ICMPV6_ROUTER_ADVERTISEMENT, true), DROP_ADVERTISEMENT);
	expect(icmp6(ICMPV6_REDIRECT, false), DROP_ADVERTISEMENT);
	expect(icmp6(ICMPV6_NEIGHBOUR_ADVERTISEMENT, false), DROP_NONE);
	frame_add_ipv6(&f, PROTOCOL_UDP, 1, 12);
	frame_add_udp(&f, PORT_DHCPV6_SERVER, PORT_DHCPV6_CLIENT, 4);
	expect(f, DROP_DHCP);
	f.count -= 5;						/* cut short */
	expect(f, DROP_MALFORMED);
	guard.set = 0;
	expect(icmp6(ICMPV6_ROUTER_ADVERTISEMENT, false), DROP_NONE);
}

static bool allows(struct test_frame f)
{
	struct packet p;

	assert_true(packet_link(&p, f.bytes, f.count));
	packet_network(&p, f.bytes, f.count);
	return port_filter_allows(&filter, FILTER_FROM_PORT, &p);
}

static void rule(struct filter_rule r)
{
	assert_true(filter_rule_ok(&r));
	filter.rule[filter.count++] = r;
}

static void test_first_match(void **state)
{
	(void)state;
	rule((struct filter_rule){ .ethertype = 0x0800, .protocol = PROTOCOL_UDP, .to_port_first = 53,
				   .to_port_last = 53 });
	rule((struct filter_rule){ .ethertype = 0x0800, .protocol = PROTOCOL_UDP, .action = FILTER_DROP });
	rule((struct filter_rule){ .direction = FILTER_TO_PORT, .action = FILTER_DROP });
	assert_true(allows(udp4(OWN, OWN_IP, 1, 53)));
	assert_false(allows(udp4(OWN, OWN_IP, 1, 54)));
	assert_true(allows(frame_arp(OWN, OWN, OWN_IP)));	/* the third is for the other direction */
	assert_true(hits[0] == 1 && hits[1] == 1 && hits[2] == 0);
	filter.drops_rest = true;
	assert_false(allows(frame_arp(OWN, OWN, OWN_IP)));
}

static void test_addresses(void **state)
{
	struct filter_rule r = { .ethertype = 0x0800, .action = FILTER_DROP, .from_bits = 96 + 31 };

	(void)state;
	memcpy(r.from, (const u8[16]){ [10] = 0xff, 0xff, 10, 0, 0, 2 }, 16);
	rule(r);
	assert_false(allows(udp4(OWN, OWN_IP, 1, 2)));
	assert_false(allows(udp4(OWN, OWN_IP + 1, 1, 2)));
	assert_true(allows(udp4(OWN, OWN_IP + 2, 1, 2)));
	assert_true(allows(icmp6(1, false)));
}

/* No ports, no match: a rule that lets ports through lets no later fragment through. */
static void test_fragments(void **state)
{
	struct test_frame f = udp4(OWN, OWN_IP, 1, 53);

	(void)state;
	rule((struct filter_rule){ .ethertype = 0x0800, .protocol = PROTOCOL_UDP, .to_port_first = 53,
				   .to_port_last = 53 });
	filter.drops_rest = true;
	assert_true(allows(f));
	be16_store(f.bytes + 14 + IPV4_FRAGMENT, 2);
	assert_false(allows(f));
}

static void test_bad_rules(void **state)
{
	static const struct filter_rule bad[] = {
		{ .direction = 2 }, { .action = 2 }, { .from_bits = 129, .ethertype = 0x0800 }, { .zero = 1 },
		{ .zero2 = 1 }, { .from_bits = 8 }, { .protocol = PROTOCOL_UDP },
		{ .ethertype = 0x0800, .to_port_last = 5 },
		{ .ethertype = 0x0800, .protocol = PROTOCOL_UDP, .to_port_first = 6, .to_port_last = 5 },
		{ .ethertype = 0x0800, .protocol = PROTOCOL_UDP, .icmp_type = 9 },
		{ .ethertype = 0x0806, .to_bits = 8 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(filter_rule_ok(&bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_mac, setup), cmocka_unit_test_setup(test_address, setup),
		cmocka_unit_test_setup(test_servers, setup), cmocka_unit_test_setup(test_first_match, setup),
		cmocka_unit_test_setup(test_addresses, setup), cmocka_unit_test_setup(test_fragments, setup),
		cmocka_unit_test_setup(test_bad_rules, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
