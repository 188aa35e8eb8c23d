/* SPDX-License-Identifier: MIT */
/*
 * What headers say: each kind whole, and cut short at each byte; extension headers, fragments; prefixes.
 */
/* links: net */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "frames.h"
#include "packet.h"
#include "range.h"

#define A 0x020000000001ull
#define B 0x020000000002ull

static struct packet packet;

/* As a frame of so many bytes, in memory of its own, so that the sanitizer sees what lies beyond. */
static enum packet_kind read_cut(const struct test_frame *f, u32 bytes)
{
	u8 *copy = malloc(bytes);
	enum packet_kind kind = PACKET_BAD;

	memset(&packet, 0xee, sizeof(packet));
	memcpy(copy, f->bytes, min_u64(bytes, PACKET_HEAD_BYTES));
	if (packet_link(&packet, copy, bytes)) {
		packet_network(&packet, copy, bytes);
		kind = packet.kind;
	}
	free(copy);
	return kind;
}

/* Whole it is of that kind; cut anywhere behind the Ethernet header it is bad. */
static void expect(const struct test_frame *f, enum packet_kind kind)
{
	for (u32 bytes = ETH_BYTES; bytes < f->count; bytes++)
		assert_int_equal(read_cut(f, bytes), PACKET_BAD);
	assert_int_equal(read_cut(f, f->count), kind);
}

static void test_link(void **state)
{
	struct test_frame f = frame_ethernet(B, A, 0x6005, 0x88cc);

	(void)state;
	assert_int_equal(read_cut(&f, f.count), PACKET_OTHER);
	assert_true(packet.to == B && packet.from == A && packet.is_tagged);
	assert_int_equal(packet.tag, 0x6005);
	assert_int_equal(packet.ethertype, 0x88cc);
	assert_int_equal(packet.network, 18);
	assert_int_equal(read_cut(&f, 17), PACKET_BAD);
}

static void test_arp(void **state)
{
	struct test_frame f = frame_arp(A, A, 0x0a000002);

	(void)state;
	expect(&f, PACKET_ARP);
	for (u32 i = 0; i < 6; i++) {		/* other hardware, protocol, lengths */
		f.bytes[14 + i] ^= 0x10;
		assert_int_equal(read_cut(&f, f.count), PACKET_BAD);
		f.bytes[14 + i] ^= 0x10;
	}
}

static void test_ipv4(void **state)
{
	static const u8 mapped[16] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };
	struct test_frame f = frame_ethernet(B, A, 7, 0x0800);

	(void)state;
	frame_add_ipv4(&f, PROTOCOL_UDP, 0x0a000002, 0x0a000003, 8 + 5);
	frame_add_udp(&f, 1000, 53, 5);
	expect(&f, PACKET_IPV4);
	assert_int_equal(packet.protocol, PROTOCOL_UDP);
	assert_int_equal(packet.transport, 18 + 20);
	assert_int_equal(packet.from_port, 1000);
	assert_int_equal(packet.to_port, 53);
	assert_memory_equal(packet.from_address, mapped, 16);
	f.bytes[18] = 0x44;			/* a header of 16 bytes */
	assert_int_equal(read_cut(&f, f.count), PACKET_BAD);
	f.bytes[18] = 0x4f;			/* of 60: beyond the packet */
	assert_int_equal(read_cut(&f, f.count), PACKET_BAD);
	f.bytes[18] = 0x65;
	assert_int_equal(read_cut(&f, f.count), PACKET_BAD);
	f.bytes[18] = 0x45;
	be16_store(f.bytes + 18 + IPV4_FRAGMENT, 3);
	assert_int_equal(read_cut(&f, f.count), PACKET_IPV4);
	assert_true(packet.is_later_fragment && packet.transport == 0 && packet.to_port == 0);
}

/* One extension header of each kind, then one too many. */
static void test_ipv6_extensions(void **state)
{
	static const u8 kinds[] = { 0, 43, 60, 51, 44, 60, 60, 60, 60 };

	(void)state;
	for (u32 count = 0; count <= ARRAY_COUNT(kinds); count++) {
		struct test_frame f = frame_ethernet(B, A, -1, 0x86dd);

		frame_add_ipv6(&f, count == 0 ? PROTOCOL_ICMPV6 : kinds[0], 1, count * 8 + 8 + (count > 3 ? 8 : 0));
		for (u32 i = 0; i < count; i++) {
			u8 header[16] = { i + 1 == count ? PROTOCOL_ICMPV6 : kinds[i + 1] };

			header[1] = kinds[i] == 51 ? 2 : 0;	/* AH counts 4 bytes, without two of them */
			frame_add(&f, header, kinds[i] == 51 ? 16 : 8);
		}
		frame_add(&f, (const u8[8]){ ICMPV6_ROUTER_ADVERTISEMENT }, 8);
		if (count == ARRAY_COUNT(kinds)) {
			assert_int_equal(read_cut(&f, f.count), PACKET_BAD);
			return;
		}
		expect(&f, PACKET_IPV6);
		assert_int_equal(packet.protocol, PROTOCOL_ICMPV6);
		assert_int_equal(packet.icmp_type, ICMPV6_ROUTER_ADVERTISEMENT);
	}
}

static void test_ipv6_hidden(void **state)
{
	struct test_frame f = frame_ethernet(B, A, -1, 0x86dd);

	(void)state;
	/* Options so long that the last header is not in what is looked at. */
	frame_add_ipv6(&f, PROTOCOL_OPTIONS, 1, 256 + 8);
	frame_add(&f, (const u8[256]){ PROTOCOL_ICMPV6, 31 }, 256);
	frame_add(&f, (const u8[8]){ ICMPV6_ROUTER_ADVERTISEMENT }, 8);
	assert_int_equal(read_cut(&f, f.count), PACKET_BAD);
	/* A later fragment has none. */
	f = frame_ethernet(B, A, -1, 0x86dd);
	frame_add_ipv6(&f, PROTOCOL_FRAGMENT, 1, 16);
	frame_add(&f, (const u8[16]){ PROTOCOL_ICMPV6, 0, 0, 9 }, 16);
	assert_int_equal(read_cut(&f, f.count), PACKET_IPV6);
	assert_true(packet.is_later_fragment && packet.transport == 0);
}

/* Headers that end behind their packet, in what a receiver takes for padding; and another way to send IP. */
static void test_padding_and_snap(void **state)
{
	struct test_frame f = frame_ethernet(B, A, -1, 0x86dd);

	(void)state;
	frame_add_ipv6(&f, PROTOCOL_FRAGMENT, 1, 16);
	frame_add(&f, (const u8[8]){ PROTOCOL_OPTIONS, 0, 0, 1 }, 8);
	frame_add(&f, (const u8[16]){ PROTOCOL_ICMPV6, 1 }, 16);	/* half of it is in the packet */
	frame_add(&f, (const u8[8]){ 128 }, 8);
	assert_int_equal(read_cut(&f, f.count), PACKET_BAD);
	f = frame_ethernet(B, A, -1, 0x0800);
	frame_add_ipv4(&f, PROTOCOL_UDP, 1, 2, 4);
	frame_add_udp(&f, 1, 2, 4);
	assert_int_equal(read_cut(&f, f.count), PACKET_BAD);
	f = frame_ethernet(B, A, -1, 36);
	frame_add(&f, (const u8[]){ 0xaa, 0xaa, 3, 0, 0, 0, 8, 6 }, 8);
	assert_int_equal(read_cut(&f, f.count), PACKET_BAD);
	f.bytes[14] = f.bytes[15] = 0x42;				/* spanning tree */
	assert_int_equal(read_cut(&f, f.count), PACKET_OTHER);
}

static void test_prefix(void **state)
{
	static const u8 a[16] = { 0x20, 0x01, 0x0d, 0xb8, 0xff }, b[16] = { 0x20, 0x01, 0x0d, 0xb8, 0xf0 };

	(void)state;
	assert_true(packet_in_prefix(a, b, 0) && packet_in_prefix(a, b, 32) && packet_in_prefix(a, b, 36));
	assert_false(packet_in_prefix(a, b, 37) || packet_in_prefix(a, b, 128));
	assert_true(packet_in_prefix(a, a, 128));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link), cmocka_unit_test(test_arp), cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6_extensions), cmocka_unit_test(test_ipv6_hidden),
		cmocka_unit_test(test_padding_and_snap), cmocka_unit_test(test_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
