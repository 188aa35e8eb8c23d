/* SPDX-License-Identifier: MIT */
/*
 * Whose IPv4 addresses are whose at a switch: those that root gives, those that a DHCP server leases as its messages
 * pass, and frames of others that claim them. The DHCP messages are written out byte by byte.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dhcp_watch.h"
#include "frames.h"
#include "net_switch.h"
#include "rt_time.h"

#define MAC(port) (0x020000000001ull + (port))
#define GATEWAY 5u		/* a port that may serve DHCP, with an address of root's */
#define GATEWAY_IP 0x0a000001u
#define LEASED 0x0a000010u
#define FREE_IP 0x0a000099u
#define ACK 5
#define OFFER 2
#define LEASE_S 600u

static struct net_switch sw;
static struct switch_port_figures figures[SWITCH_PORTS];
static u64 now_ns;

static void give(u32 port, u32 address, enum status wanted)
{
	u8 v4[4];

	be32_store(v4, address);
	assert_int_equal(switch_set_address(&sw, port, v4), wanted);
}

static void add(u32 port, u32 guard, u16 vlan)
{
	struct port_setup setup = { .mac = MAC(port), .flags = PORT_UP, .vlan = vlan, .max_bytes = 1514,
				    .guard = guard };

	assert_int_equal(switch_add_port(&sw, port, &setup), ST_OK);
	give(port, 0, ST_OK);
}

static void start(void)
{
	switch_init(&sw, 0x1234567, figures);
	for (u32 i = 0; i < 3; i++)
		add(i, GUARD_ALL, VLAN_DEFAULT);
	add(3, GUARD_ALL, 10);
	add(4, GUARD_ALL, 10);
	add(GATEWAY, GUARD_MAC, VLAN_DEFAULT);
	give(GATEWAY, GATEWAY_IP, ST_OK);
}

static int setup(void **state)
{
	(void)state;
	memset(figures, 0, sizeof(figures));
	now_ns = 1000 * NS_PER_S;
	start();
	return 0;
}

static u64 drops(u32 port)
{
	u64 sum = 0;

	for (u32 i = 0; i < DROP_COUNT; i++)
		sum += figures[port].counts.drops[i];
	return sum;
}

/* As switch_io.c does. */
static void send(u32 port, const struct test_frame *f)
{
	struct net_frame frame = { .bytes = f->count };
	struct switch_verdict v;

	switch_in(&sw, port, &frame, f->bytes, now_ns, &v);
	if (v.ports != 0 && switch_may_grant(&sw, port, &frame, f->bytes, &v))
		switch_grant(&sw, &frame, f->bytes, now_ns, &v);
}

static void expect(u32 port, struct test_frame f, enum net_drop why)
{
	u64 before = drops(port), counted = figures[port].counts.drops[why];

	send(port, &f);
	assert_int_equal(drops(port), before + (why != DROP_NONE));
	if (why != DROP_NONE)
		assert_int_equal(figures[port].counts.drops[why], counted + 1);
}

static void expect_arp(u32 port, u32 address, enum net_drop why)
{
	expect(port, frame_arp(MAC(port), MAC(port), address), why);
}

static void expect_ip(u32 port, u32 address, enum net_drop why)
{
	struct test_frame f = frame_ethernet(MAC(GATEWAY), MAC(port), -1, 0x0800);

	frame_add_ipv4(&f, PROTOCOL_UDP, address, 0x08080808, 8 + 4);
	frame_add_udp(&f, 1000, 53, 4);
	expect(port, f, why);
}

/* From the gateway to all. */
static struct test_frame dhcp(u8 type, u64 client, u32 yours, u32 lease_s)
{
	struct test_frame f = frame_ethernet(MAC_BROADCAST, MAC(GATEWAY), -1, 0x0800);
	u32 at;

	frame_add_ipv4(&f, PROTOCOL_UDP, GATEWAY_IP, 0xffffffff, 8 + 300);
	frame_add_udp(&f, 67, 68, 300);
	at = f.count - 300;
	memset(f.bytes + at, 0, 300);
	memcpy(f.bytes + at, (const u8[]){ 2, 1, 6 }, 3);
	be32_store(f.bytes + at + 16, yours);
	for (u32 i = 0; i < 6; i++)
		f.bytes[at + 28 + i] = (u8)(client >> (40 - 8 * i));
	memcpy(f.bytes + at + 236, (const u8[]){ 0x63, 0x82, 0x53, 0x63, 53, 1, type, 51, 4 }, 9);
	be32_store(f.bytes + at + 245, lease_s);
	f.bytes[at + 249] = 255;
	return f;
}

static void lease(u32 port, u32 address)
{
	expect(GATEWAY, dhcp(ACK, MAC(port), address, LEASE_S), DROP_NONE);
}

/* The gateway's address is nobody else's; one that nobody has is anybody's. */
static void of_root(void **state)
{
	(void)state;
	expect_arp(0, GATEWAY_IP, DROP_ADDRESS);
	expect_ip(0, GATEWAY_IP, DROP_ADDRESS);
	expect_arp(0, FREE_IP, DROP_NONE);
	expect_ip(0, FREE_IP, DROP_NONE);
	expect_ip(0, 0, DROP_NONE);			/* it has none yet */
	expect_arp(GATEWAY, GATEWAY_IP, DROP_NONE);
	give(1, FREE_IP, ST_OK);			/* what port 0 has used is port 1's alone now */
	expect_arp(0, FREE_IP, DROP_ADDRESS);
	expect_ip(0, FREE_IP, DROP_ADDRESS);
	expect_ip(1, FREE_IP, DROP_NONE);
	expect_ip(1, FREE_IP + 1, DROP_ADDRESS);	/* and it has no other */
	expect_arp(1, FREE_IP + 1, DROP_ADDRESS);
	expect_ip(1, 0, DROP_NONE);
	give(2, FREE_IP, ST_EXISTS);
	expect_arp(3, GATEWAY_IP, DROP_NONE);		/* another VLAN is another network */
	give(3, FREE_IP, ST_OK);
	switch_remove_port(&sw, 1);
	expect_ip(0, FREE_IP, DROP_NONE);
}

static void of_dhcp(void **state)
{
	(void)state;
	expect_ip(1, LEASED, DROP_NONE);
	lease(0, LEASED);
	expect_ip(0, LEASED, DROP_NONE);
	expect_ip(1, LEASED, DROP_ADDRESS);
	expect_arp(1, LEASED, DROP_ADDRESS);
	expect_ip(0, FREE_IP, DROP_NONE);		/* the client may have others */
	lease(0, LEASED + 1);				/* it has another one now */
	expect_ip(1, LEASED, DROP_NONE);
	expect_ip(1, LEASED + 1, DROP_ADDRESS);
	lease(1, LEASED + 1);				/* the server gives it to another client */
	expect_ip(1, LEASED + 1, DROP_NONE);
	expect_ip(0, LEASED + 1, DROP_ADDRESS);
	lease(0, GATEWAY_IP);				/* a server that errs takes nothing from root's */
	expect_ip(0, GATEWAY_IP, DROP_ADDRESS);
	now_ns += (u64)LEASE_S * NS_PER_S;
	expect_ip(0, LEASED + 1, DROP_NONE);
	expect(GATEWAY, dhcp(ACK, MAC(2), LEASED, ~0u), DROP_NONE);	/* for ever */
	now_ns += (u64)LEASE_S * NS_PER_S;
	expect_ip(0, LEASED, DROP_ADDRESS);
	give(1, LEASED, ST_OK);				/* root's word is more than a server's */
	expect_ip(2, LEASED, DROP_ADDRESS);
	lease(1, FREE_IP);
	expect_ip(2, FREE_IP, DROP_NONE);
}

/* A switch that is started again, and a port that is set anew. */
static void leases_stay(void **state)
{
	(void)state;
	lease(0, LEASED);
	start();
	expect_ip(1, LEASED, DROP_ADDRESS);
	expect_ip(0, LEASED, DROP_NONE);
	switch_remove_port(&sw, 0);
	add(0, GUARD_ALL, 10);				/* in another VLAN it is not its */
	expect_ip(1, LEASED, DROP_NONE);
	switch_remove_port(&sw, 0);
	add(0, GUARD_ALL, VLAN_DEFAULT);
	expect_ip(1, LEASED, DROP_ADDRESS);
}

/* What gives nobody an address. */
static void no_grants(void **state)
{
	struct test_frame f;

	(void)state;
	expect(GATEWAY, dhcp(OFFER, MAC(0), LEASED, LEASE_S), DROP_NONE);
	expect(GATEWAY, dhcp(ACK, MAC(0), 0, LEASE_S), DROP_NONE);
	expect(GATEWAY, dhcp(ACK, 0x020000001234, LEASED, LEASE_S), DROP_NONE);
	expect(GATEWAY, dhcp(ACK, MAC(3), LEASED, LEASE_S), DROP_NONE);	/* of another VLAN */
	f = dhcp(ACK, MAC(0), LEASED, LEASE_S);
	f.bytes[14 + 20 + 1] = 66;					/* not a server's port */
	expect(GATEWAY, f, DROP_NONE);
	f = dhcp(ACK, MAC(0), LEASED, LEASE_S);
	f.bytes[14 + 20 + 8] = 1;					/* a client's message */
	expect(GATEWAY, f, DROP_NONE);
	for (u32 count = 60; count < dhcp(ACK, 0, 0, 0).count; count += 7) {	/* cut short */
		f = dhcp(ACK, MAC(0), LEASED, LEASE_S);
		f.count = count;
		send(GATEWAY, &f);
	}
	expect_ip(1, LEASED, DROP_NONE);
	f = dhcp(ACK, MAC(1), LEASED, LEASE_S);				/* from a port that may not */
	be32_store(f.bytes + 8, (u32)MAC(1));
	expect(1, f, DROP_DHCP);
	expect_ip(0, LEASED, DROP_NONE);
}

/* Who asks in another's name would have that one's address changed. */
static void asked_for_another(void **state)
{
	struct test_frame f = dhcp(3, MAC(0), 0, LEASE_S);

	(void)state;
	be32_store(f.bytes + 8, (u32)MAC(0));
	be32_store(f.bytes + 14 + 12, 0);
	f.bytes[14 + 20 + 1] = 68;
	f.bytes[14 + 20 + 3] = 67;
	f.bytes[14 + 20 + 8] = 1;
	expect(0, f, DROP_NONE);
	f.bytes[14 + 20 + 8 + 33] ^= 3;
	expect(0, f, DROP_DHCP);
	f.bytes[14 + 20 + 8 + 33] ^= 3;
	be16_store(f.bytes + 14 + 2, 20 + 8);			/* the fragment ends before the name */
	f.bytes[14 + 6] = 0x20;
	f.count = 14 + 20 + 8;
	expect(0, f, DROP_DHCP);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(of_root), TEST(of_dhcp), TEST(leases_stay), TEST(no_grants), TEST(asked_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
