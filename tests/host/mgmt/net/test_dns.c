/* SPDX-License-Identifier: MIT */
/*
 * The router's forwarder of DNS: what goes outside and comes back, what does not, and who takes up all the room.
 * golden_router.txt has what it answers itself.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "range.h"
#include "router_world.h"

#define STATION 0x0a000005u
#define SERVER 0xc0000235u
#define OUTER 0xc0000202u

static struct world w;
static u8 out[DNS_MOST];
static struct dns_out to;

static u8 example[] = "\0\0\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1";
#define EXAMPLE_BYTES (sizeof(example) - 1)

static struct own_udp question(u32 station, u16 id)
{
	be16_store(example, id);
	be16_store(example + 2, 0x0100);
	return (struct own_udp){
		.port = 1, .from = station, .from6 = ip6_mapped(station), .to = 0x0a000001, .from_port = 5353,
		.to_port = PORT_DNS, .mac = 0x020000000105, .payload = example,
		.count = EXAMPLE_BYTES, .now_ns = w.now_ns,
	};
}

static enum dns_action ask(u32 station, u16 id)
{
	struct own_udp u = question(station, id);

	return dns_asked(&w.g.dns, &u, true, out, &to);
}

/* As the server does to what was forwarded last. */
static struct own_udp reply(void)
{
	static u8 bytes[EXAMPLE_BYTES];

	memcpy(bytes, out, EXAMPLE_BYTES);
	bytes[2] |= 0x80;
	return (struct own_udp){
		.port = 0, .from = to.to.address, .to = OUTER, .from_port = PORT_DNS, .to_port = to.from_port,
		.payload = bytes, .count = EXAMPLE_BYTES, .now_ns = w.now_ns,
	};
}

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	return 0;
}

/* Who sends in a station's name takes none of its questions, nor the answer to one. */
static void in_anothers_name(void **state)
{
	struct own_udp u = question(STATION, 77);

	(void)state;
	u.mac = 0x020000000106;
	for (u32 i = 0; i < DNS_OPEN_STATION; i++) {
		be16_store(example, (u16)i);
		assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_FORWARD);
	}
	assert_int_equal(ask(STATION, 77), DNS_FORWARD);
	u = question(STATION, 77);
	u.mac = 0x020000000106;
	assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_REPLY);
	assert_int_equal(ask(STATION, 77), DNS_FORWARD);
	u = reply();
	assert_int_equal(dns_heard(&w.g.dns, &u, out, &to), DNS_REPLY);
	assert_int_equal(to.to.mac, 0x020000000105);
}

static void there_and_back(void **state)
{
	struct own_udp r;

	(void)state;
	assert_int_equal(ask(STATION, 77), DNS_FORWARD);
	assert_int_equal(to.to.address, SERVER);
	assert_int_equal(to.bytes, EXAMPLE_BYTES);
	assert_true(to.from_port >= NAT_PORT_FIRST);
	assert_int_equal(w.g.plane.nat.table.by_port[NAT_UDP][to.from_port], NAT_OWN);
	r = reply();
	assert_int_equal(dns_heard(&w.g.dns, &r, out, &to), DNS_REPLY);
	assert_int_equal(be16_load(out), 77);
	assert_int_equal(to.port, 1);
	assert_int_equal(to.to.address, STATION);
	assert_int_equal(to.to.port, 5353);
	assert_int_equal(w.g.plane.nat.table.by_port[NAT_UDP][r.to_port], NAT_NONE);
	assert_int_equal(dns_heard(&w.g.dns, &r, out, &to), DNS_DROP);		/* once */
}

/* Each in one thing another one than what is waited for. */
static void forged_answers(void **state)
{
	struct own_udp r, forged;
	static u8 bytes[EXAMPLE_BYTES];

	(void)state;
	assert_int_equal(ask(STATION, 1), DNS_FORWARD);
	r = reply();
	forged = r;
	forged.from++;
	assert_int_equal(dns_heard(&w.g.dns, &forged, out, &to), DNS_DROP);
	forged = r;
	forged.to_port ^= 2;
	assert_int_equal(dns_heard(&w.g.dns, &forged, out, &to), DNS_DROP);
	forged = r;
	forged.from_port = 54;
	assert_int_equal(dns_heard(&w.g.dns, &forged, out, &to), DNS_DROP);
	for (u32 at = 0; at < EXAMPLE_BYTES; at++) {
		if (at == 3 || (at >= 6 && at < DNS_HEADER))
			continue;		/* what an answer may have otherwise */
		memcpy(bytes, r.payload, EXAMPLE_BYTES);
		bytes[at] ^= at == 2 ? 0x80 : 1;
		forged = r;
		forged.payload = bytes;
		assert_int_equal(dns_heard(&w.g.dns, &forged, out, &to), DNS_DROP);
	}
	for (u32 count = 0; count < EXAMPLE_BYTES; count++) {
		forged = r;
		forged.count = count;
		assert_int_equal(dns_heard(&w.g.dns, &forged, out, &to), DNS_DROP);
	}
	assert_int_equal(dns_heard(&w.g.dns, &r, out, &to), DNS_REPLY);
}

/* Who asks again has one place; one station does not take all; silence has the next server asked. */
static void limits(void **state)
{
	u16 port;

	(void)state;
	w.g.server.servers[1] = SERVER + 1;
	assert_int_equal(ask(STATION, 1), DNS_FORWARD);
	port = to.from_port;
	assert_int_equal(ask(STATION, 1), DNS_FORWARD);
	assert_int_equal(to.from_port, port);
	for (u16 id = 2; id <= DNS_OPEN_STATION; id++)
		assert_int_equal(ask(STATION, id), DNS_FORWARD);
	assert_int_equal(ask(STATION, 999), DNS_REPLY);
	assert_int_equal(out[3] & 15, DNS_SERVER_FAILURE);
	assert_int_equal(ask(STATION + 1, 1), DNS_FORWARD);
	world_tick(&w, DNS_WAIT_S + 1);
	assert_int_equal(w.g.plane.nat.table.by_port[NAT_UDP][port], NAT_NONE);
	assert_int_equal(ask(STATION, 999), DNS_FORWARD);
	assert_int_equal(to.to.address, SERVER + 1);
}

/* A sender takes no more places by other addresses of its network. */
static void one_sender_with_many_addresses(void **state)
{
	u32 forwarded = 0;
	struct own_udp u;

	(void)state;
	for (u32 i = 0; i < DNS_OPEN; i++)
		forwarded += ask(STATION + i % 200, (u16)i) == DNS_FORWARD;
	assert_int_equal(forwarded, DNS_OPEN_MAC);
	u = question(STATION + 201, 1);
	u.mac++;
	assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_FORWARD);
}

/* Whoever is forgotten leaves no port taken, also where the outer address stays and its network changes. */
static void forgotten_ports(void **state)
{
	(void)state;
	assert_int_equal(ask(STATION, 1), DNS_FORWARD);
	dns_forget(&w.g.dns);
	assert_int_equal(w.g.plane.nat.table.by_port[NAT_UDP][to.from_port], NAT_NONE);
}

/* A server behind an inner port is asked, and its answer taken: it sees the outer address. */
static void a_server_inside(void **state)
{
	struct own_udp u = question(STATION, 3), r;
	const u8 *answer;

	(void)state;
	w.g.server.servers[0] = 0x0a000105;
	assert_true(w.g.own.udp(w.g.own.context, &u));
	assert_int_equal(ask(STATION, 3), DNS_FORWARD);		/* again: what was sent */
	r = reply();
	r.port = 2;
	w.kept = 0;
	assert_true(w.g.own.udp(w.g.own.context, &r));
	assert_int_equal(w.kept, 1);
	assert_int_equal(w.frame[0].port, 1);
	answer = w.frame[0].bytes + OWN_UDP_HEADERS;
	assert_int_equal(be16_load(answer), 3);
	assert_int_equal(be32_load(w.frame[0].bytes + ETH_BYTES + IPV4_TO), STATION);
}

/* No server, no way out, or a server that is the router itself. */
static void nobody_to_ask(void **state)
{
	struct own_udp u;

	(void)state;
	u = question(STATION, 5);
	assert_int_equal(dns_asked(&w.g.dns, &u, false, out, &to), DNS_REPLY);
	assert_int_equal(out[3] & 15, DNS_SERVER_FAILURE);
	w.g.server.servers[0] = OUTER;
	assert_int_equal(ask(STATION, 6), DNS_REPLY);
	w.g.server.servers[0] = 0;
	assert_int_equal(ask(STATION, 7), DNS_REPLY);
	assert_int_equal(out[3] & 15, DNS_SERVER_FAILURE);
}

/* A name whose address DHCP chooses has the one of its lease. */
static void a_name_with_a_lease(void **state)
{
	static const u8 web[] = "\0\1\1\0\0\1\0\0\0\0\0\0\3web\3vos\0\0\1\0\1";
	struct own_udp u = question(STATION, 1);

	(void)state;
	u.payload = web;
	u.count = sizeof(web) - 1;
	w.g.config.name[0].address = 0;
	assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_REPLY);
	assert_int_equal(be16_load(out + 6), 0);
	w.g.server.lease[3] = (struct dhcp_lease){
		.mac = 0x020000000107, .address = 0x0a000066, .end_s = 2000, .port = 1, .is_used = true,
	};
	assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_REPLY);
	assert_int_equal(be32_load(out + to.bytes - 4), 0x0a000066);
}

/* A label is bytes: one with a NUL in it is not the name in front of that. */
static void a_name_with_a_nul(void **state)
{
	static const u8 web[] = "\0\1\1\0\0\1\0\0\0\0\0\0\6web\0ab\3vos\0\0\1\0\1";
	struct own_udp u = question(STATION, 1);

	(void)state;
	u.payload = web;
	u.count = sizeof(web) - 1;
	assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_REPLY);
	assert_int_equal(out[3] & 15, DNS_NAME_ERROR);
}

/* Names that have no end, are too long, or point somewhere. */
static void bad_names(void **state)
{
	static u8 bytes[DNS_HEADER + 300];
	struct dns_message m;
	enum dns_rcode error;

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	bytes[5] = 1;
	for (u32 at = DNS_HEADER; at + 64 <= sizeof(bytes); at += 64)
		bytes[at] = 63;
	for (u32 count = DNS_HEADER; count <= sizeof(bytes); count++) {
		assert_true(dns_read(&m, bytes, count, &error));
		assert_int_equal(error, DNS_FORMAT_ERROR);
	}
	bytes[DNS_HEADER] = 0xc0;
	assert_true(dns_read(&m, bytes, sizeof(bytes), &error));
	assert_int_equal(error, DNS_FORMAT_ERROR);
	assert_false(dns_read(&m, bytes, DNS_HEADER - 1, &error));
	assert_false(dns_read(&m, bytes, DNS_MOST + 1, &error));
}

/* What a station takes of an answer is made what fits into any packet; other records are as they were. */
static void test_limit(void **state)
{
	u8 query[EXAMPLE_BYTES + 11];
	u8 *opt = query + EXAMPLE_BYTES;
	struct own_udp u = question(STATION, 1);

	(void)state;
	memcpy(query, example, EXAMPLE_BYTES);
	memcpy(opt, "\0\0\x29\x10\0\0\0\0\0\0\0", 11);
	query[11] = 1;
	u.payload = query;
	u.count = sizeof(query);
	assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_FORWARD);
	assert_int_equal(to.bytes, sizeof(query));
	assert_int_equal(be16_load(out + EXAMPLE_BYTES + 3), DNS_UDP_MOST);
	assert_memory_equal(out + EXAMPLE_BYTES + 5, opt + 5, 6);
	be16_store(opt + 3, 512);
	assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_FORWARD);
	assert_int_equal(be16_load(out + EXAMPLE_BYTES + 3), 512);
	be16_store(opt + 1, 250);
	be16_store(opt + 3, 4096);
	assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_FORWARD);
	assert_memory_equal(out + 2, query + 2, sizeof(query) - 2);
	for (u32 count = EXAMPLE_BYTES; count < sizeof(query); count++) {
		u.count = count;
		assert_int_equal(dns_asked(&w.g.dns, &u, true, out, &to), DNS_FORWARD);
		assert_memory_equal(out + 2, query + 2, count - 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_limit, setup),
		cmocka_unit_test_setup(there_and_back, setup), cmocka_unit_test_setup(forged_answers, setup),
		cmocka_unit_test_setup(one_sender_with_many_addresses, setup),
		cmocka_unit_test_setup(in_anothers_name, setup),
		cmocka_unit_test_setup(forgotten_ports, setup), cmocka_unit_test_setup(a_server_inside, setup),
		cmocka_unit_test_setup(limits, setup), cmocka_unit_test_setup(nobody_to_ask, setup),
		cmocka_unit_test_setup(a_name_with_a_lease, setup), cmocka_unit_test_setup(bad_names, setup),
		cmocka_unit_test_setup(a_name_with_a_nul, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
