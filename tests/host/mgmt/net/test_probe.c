/* SPDX-License-Identifier: MIT */
/*
 * Echo requests that root has a router send: what leaves, which answers are taken, and which are somebody else's.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "checksum.h"
#include "icmp_error.h"
#include "router_world.h"

#define GATEWAY 0xc0000201u
#define FAR 0x08080808u
#define OWN 0xc0000202u
#define STATION 0x0a000005u
#define ICMP_AT (ETH_BYTES + IPV4_BYTES)
#define CODE_HOST 1u

static struct world w;

/* The answers of ARP are there, so that the request leaves at once. */
static void know(u32 port, u32 address, u64 mac)
{
	u8 arp[42] = { 0 };

	mac_store(arp, w.g.plane.port[port].mac);
	mac_store(arp + 6, mac);
	be16_store(arp + 12, ETHERTYPE_ARP);
	memcpy(arp + 14, (const u8[]){ 0, 1, 8, 0, 6, 4, 0, 1 }, 8);
	mac_store(arp + 22, mac);
	be32_store(arp + 28, address);
	be32_store(arp + 38, w.g.plane.port[port].address);
	world_in(&w, port, arp, sizeof(arp), NULL);
}

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	know(0, GATEWAY, 0x020000000099);
	know(1, STATION, 0x020000000105);
	w.kept = 0;
	return 0;
}

static enum router_error ask(struct router_probe probe)
{
	static struct router_config c;

	c = world_config();
	c.probe = probe;
	return gateway_configure(&w.g, &c, w.now_ns);
}

static struct router_probe usual(u32 number, u32 address)
{
	return (struct router_probe){
		.number = number, .address = address, .id = 77, .sequence = 3, .bytes = 56, .ttl = 9,
	};
}

static const struct router_probe_report *report(void)
{
	static struct router_report r;

	gateway_report(&w.g, &r, w.now_ns);
	return &r.probe;
}

static void finish(u8 *bytes, u32 icmp_bytes)
{
	u8 *icmp = bytes + ICMP_AT;

	be16_store(icmp + ICMP_CHECKSUM, 0);
	be16_store(icmp + ICMP_CHECKSUM, checksum_finish(checksum_add(0, icmp, icmp_bytes)));
}

/* What the one who was asked answers to what has left; returns its bytes. */
static u32 reply_to(const struct world_frame *f, u8 *out)
{
	u32 icmp_bytes = f->count - ICMP_AT;

	memcpy(out, f->bytes, f->count);
	mac_store(out, mac_load(f->bytes + ETH_FROM));
	mac_store(out + ETH_FROM, mac_load(f->bytes));
	ipv4_header_write(out + ETH_BYTES, PROTOCOL_ICMP, be32_load(f->bytes + ETH_BYTES + IPV4_TO),
			  be32_load(f->bytes + ETH_BYTES + IPV4_FROM), icmp_bytes);
	out[ICMP_AT] = ICMP_ECHO_REPLY;
	finish(out, icmp_bytes);
	return f->count;
}

/* An error about it, by the router at the gateway's address. */
static u32 error_about(const struct world_frame *f, u8 type, u8 code, u8 *out)
{
	u32 quote = IPV4_BYTES + ICMP_BYTES;

	memset(out, 0, ICMP_AT + ICMP_BYTES);
	mac_store(out, mac_load(f->bytes + ETH_FROM));
	mac_store(out + ETH_FROM, mac_load(f->bytes));
	be16_store(out + ETH_TYPE, ETHERTYPE_IPV4);
	ipv4_header_write(out + ETH_BYTES, PROTOCOL_ICMP, GATEWAY, OWN, ICMP_BYTES + quote);
	out[ICMP_AT] = type;
	out[ICMP_AT + 1] = code;
	memcpy(out + ICMP_AT + ICMP_BYTES, f->bytes + ETH_BYTES, quote);
	finish(out, ICMP_BYTES + quote);
	return ICMP_AT + ICMP_BYTES + quote;
}

static void sent_and_answered(void **state)
{
	u8 out[256];
	u32 count;

	(void)state;
	assert_int_equal(ask(usual(1, FAR)), ROUTER_OK);
	assert_int_equal(w.kept, 1);
	assert_int_equal(w.frame[0].port, 0);
	assert_int_equal(w.frame[0].count, ICMP_AT + ICMP_BYTES + 56);
	assert_int_equal(w.frame[0].bytes[ETH_BYTES + IPV4_TTL], 9);
	assert_int_equal(be32_load(w.frame[0].bytes + ETH_BYTES + IPV4_FROM), OWN);
	assert_int_equal(checksum_finish(checksum_add(0, w.frame[0].bytes + ETH_BYTES, IPV4_BYTES)), 0);
	assert_int_equal(checksum_finish(checksum_add(0, w.frame[0].bytes + ICMP_AT, ICMP_BYTES + 56)), 0);
	assert_int_equal(report()->state, ROUTER_PROBE_WAITING);
	count = reply_to(&w.frame[0], out);
	w.now_ns += 1234567;
	world_in(&w, 0, out, count, NULL);
	assert_int_equal(report()->number, 1);
	assert_int_equal(report()->state, ROUTER_PROBE_REPLIED);
	assert_int_equal(report()->from, FAR);
	assert_int_equal(report()->time_ns, 1234567);
	assert_int_equal(ask(usual(1, FAR)), ROUTER_OK);		/* the same again is none */
	assert_int_equal(w.kept, 1);
	assert_int_equal(ask(usual(2, STATION)), ROUTER_OK);		/* inside */
	assert_int_equal(w.kept, 2);
	assert_int_equal(w.frame[1].port, 1);
	count = reply_to(&w.frame[1], out);
	world_in(&w, 1, out, count, NULL);
	assert_int_equal(report()->state, ROUTER_PROBE_REPLIED);
}

/* Answers to others, and forged ones: none is taken. */
static void not_ours(void **state)
{
	static const u32 changed[] = { ICMP_AT + ICMP_ID, ICMP_AT + ICMP_SEQUENCE + 1, ICMP_AT + ICMP_BYTES };
	u8 out[256];
	u32 count;

	(void)state;
	assert_int_equal(ask(usual(1, FAR)), ROUTER_OK);
	for (u32 i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		count = reply_to(&w.frame[0], out);
		out[changed[i]] ^= 1;
		finish(out, count - ICMP_AT);
		world_in(&w, 0, out, count, NULL);
		assert_int_equal(report()->state, ROUTER_PROBE_WAITING);
	}
	count = reply_to(&w.frame[0], out);
	ipv4_header_write(out + ETH_BYTES, PROTOCOL_ICMP, FAR + 1, OWN, count - ICMP_AT);
	world_in(&w, 0, out, count, NULL);
	assert_int_equal(report()->state, ROUTER_PROBE_WAITING);
	for (u32 at = ICMP_AT + ICMP_BYTES + IPV4_FROM; at < ICMP_AT + ICMP_BYTES + IPV4_BYTES + ICMP_BYTES; at++) {
		count = error_about(&w.frame[0], ICMP_UNREACHABLE, CODE_HOST, out);
		if (at == ICMP_AT + ICMP_BYTES + IPV4_BYTES + 1)
			at += 3;		/* its code and checksum */
		out[at] ^= 1;
		finish(out, count - ICMP_AT);
		world_in(&w, 0, out, count, NULL);
		assert_int_equal(report()->state, ROUTER_PROBE_WAITING);
	}
	for (u32 cut = ICMP_AT; cut < ICMP_AT + ICMP_BYTES + IPV4_BYTES + ICMP_BYTES; cut++) {
		count = error_about(&w.frame[0], ICMP_UNREACHABLE, CODE_HOST, out);
		ipv4_header_write(out + ETH_BYTES, PROTOCOL_ICMP, GATEWAY, OWN, cut - ICMP_AT);
		finish(out, cut - ICMP_AT);
		world_in(&w, 0, out, cut, NULL);
		assert_int_equal(report()->state, ROUTER_PROBE_WAITING);
	}
	assert_int_equal(ask((struct router_probe){ 0 }), ROUTER_OK);	/* nobody waits any more */
	count = reply_to(&w.frame[0], out);
	world_in(&w, 0, out, count, NULL);
	assert_int_equal(report()->state, ROUTER_PROBE_NONE);
}

static void errors(void **state)
{
	u8 out[256];
	u32 count;

	(void)state;
	assert_int_equal(ask(usual(1, FAR)), ROUTER_OK);
	count = error_about(&w.frame[0], ICMP_TIME_EXCEEDED, 0, out);
	world_in(&w, 0, out, count, NULL);
	assert_int_equal(report()->state, ROUTER_PROBE_REFUSED);
	assert_int_equal(report()->icmp_type, ICMP_TIME_EXCEEDED);
	assert_int_equal(report()->from, GATEWAY);
	assert_int_equal(ask(usual(2, FAR)), ROUTER_OK);
	count = error_about(&w.frame[1], ICMP_UNREACHABLE, CODE_HOST, out);
	world_in(&w, 0, out, count, NULL);
	assert_int_equal(report()->icmp_code, CODE_HOST);
	assert_int_equal(report()->icmp_type, ICMP_UNREACHABLE);
	assert_int_equal(report()->number, 2);
}

static void not_sent(void **state)
{
	static struct router_config c;
	struct router_probe bad[4];

	(void)state;
	assert_int_equal(ask(usual(1, OWN)), ROUTER_OK);
	assert_int_equal(report()->state, ROUTER_PROBE_REPLIED);
	for (u32 i = 0; i < 4; i++)
		bad[i] = usual(2, FAR);
	bad[0].ttl = 0;
	bad[1].bytes = ROUTER_PROBE_LEAST - 1;
	bad[2].bytes = ROUTER_PROBE_BYTES + 1;
	bad[3].address = 0xe0000001;
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(ask(bad[i]), ROUTER_BAD_PROBE);
	c = world_config();
	c.route_count = 0;
	c.probe = usual(3, FAR);
	assert_int_equal(gateway_configure(&w.g, &c, w.now_ns), ROUTER_OK);
	assert_int_equal(report()->state, ROUTER_PROBE_NO_ROUTE);
	assert_int_equal(w.kept, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sent_and_answered, setup), cmocka_unit_test_setup(not_ours, setup),
		cmocka_unit_test_setup(errors, setup), cmocka_unit_test_setup(not_sent, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
