/* SPDX-License-Identifier: MIT */
/*
 * Cutting of TCP segments: the pieces put together again are what was cut, each one's checksums are right by a sum of
 * their own, flags are where a sender would have them; headers that are not what the frame says are refused.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "frames.h"
#include "net_link.h"
#include "segment.h"

#define A 0x020000000001ull
#define B 0x020000000002ull
#define SEQUENCE 0xfffffe00u		/* wraps within the segment */

static u8 whole[NET_FRAME_MAX], put_together[NET_FRAME_MAX];

static u16 sum16(u32 sum, const u8 *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		sum += i % 2 == 0 ? (u32)bytes[i] << 8 : bytes[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (u16)sum;
}

static struct test_frame headers(bool is_v4, int vlan, u32 payload)
{
	struct test_frame f = frame_ethernet(B, A, vlan, is_v4 ? 0x0800 : 0x86dd);
	u8 tcp[32] = { 0x10, 0x00, 0x00, 0x50, SEQUENCE >> 24, SEQUENCE >> 16 & 0xff, SEQUENCE >> 8 & 0xff, 0,
		       0, 0, 0, 1, 0x80, TCP_FIN | TCP_PSH | TCP_CWR | 0x10, 0xff, 0xff };

	if (is_v4)
		frame_add_ipv4(&f, PROTOCOL_TCP, 0x0a000002, 0x0a000003, sizeof(tcp) + payload);
	else
		frame_add_ipv6(&f, PROTOCOL_TCP, 2, sizeof(tcp) + payload);
	frame_add(&f, tcp, sizeof(tcp));
	return f;
}

static struct net_frame describe(const struct test_frame *f, bool is_v4, u32 payload, u16 segment)
{
	return (struct net_frame){
		.bytes = f->count + payload, .flags = NET_NEEDS_CHECKSUM,
		.segmenting = is_v4 ? NET_TCP4 : NET_TCP6, .segment_bytes = segment,
		.checksum_start = (u16)(f->count - 32), .checksum_offset = TCP_CHECKSUM,
	};
}

static void check_piece(const struct segment_plan *plan, const u8 *piece, u32 bytes, u32 i, u32 done)
{
	const u8 *ip = piece + plan->network, *tcp = piece + plan->transport;
	u32 length = bytes - plan->transport, at = plan->kind == NET_TCP4 ? IPV4_FROM : IPV6_FROM;
	u8 pseudo[4] = { 0, PROTOCOL_TCP, (u8)(length >> 8), (u8)length };
	u32 sum = sum16(0, ip + at, plan->kind == NET_TCP4 ? 8 : 32);

	/* The field holds the pseudo header's sum: with the rest it is what a receiver expects. */
	assert_int_equal(be16_load(tcp + TCP_CHECKSUM), sum16(sum, pseudo, 4));
	if (plan->kind == NET_TCP4) {
		assert_int_equal(sum16(0, ip, 20), 0xffff);
		assert_int_equal(be16_load(ip + IPV4_LENGTH), bytes - plan->network);
		assert_int_equal(be16_load(ip + IPV4_ID), 0x1234 + i);
	} else {
		assert_int_equal(be16_load(ip + IPV6_LENGTH), length);
	}
	assert_int_equal(be32_load(tcp + TCP_SEQUENCE), SEQUENCE + done);
	assert_int_equal(tcp[TCP_FLAGS] & TCP_CWR, i == 0 ? TCP_CWR : 0);
	assert_int_equal(tcp[TCP_FLAGS] & (TCP_FIN | TCP_PSH), i == plan->count - 1 ? TCP_FIN | TCP_PSH : 0);
	assert_int_equal(tcp[TCP_FLAGS] & 0x10, 0x10);
}

static void cut(bool is_v4, int vlan, u32 payload, u16 segment)
{
	struct test_frame f = headers(is_v4, vlan, payload);
	struct net_frame frame = describe(&f, is_v4, payload, segment);
	struct segment_plan plan;
	u32 done = 0;

	assert_true(net_frame_ok(&frame));
	memcpy(whole, f.bytes, f.count);
	for (u32 i = 0; i < payload; i++)
		whole[f.count + i] = (u8)(i * 7 + i / 256);
	assert_true(segment_plan(&plan, &frame, whole));
	assert_int_equal(plan.header_bytes, f.count);
	for (u32 i = 0; i < plan.count; i++) {
		u8 piece[65600];
		u32 bytes;

		memcpy(piece, whole, plan.header_bytes);
		bytes = segment_headers(&plan, i, piece);
		assert_int_equal(bytes, i + 1 < plan.count ? segment : payload - done);
		check_piece(&plan, piece, plan.header_bytes + bytes, i, done);
		memcpy(put_together + done, whole + plan.header_bytes + i * plan.segment_bytes, bytes);
		done += bytes;
	}
	assert_int_equal(done, payload);
	assert_memory_equal(put_together, whole + f.count, payload);
}

static void test_cut(void **state)
{
	static const u32 payloads[] = { 1, 48, 49, 1448, 1449, 2896, 30000, 65000 };
	static const u16 segments[] = { NET_SEGMENT_MIN, 536, 1448, 9000, 65535 };

	(void)state;
	for (u32 p = 0; p < ARRAY_COUNT(payloads); p++)
		for (u32 s = 0; s < ARRAY_COUNT(segments); s++)
			for (u32 kind = 0; kind < 4; kind++)
				cut(kind % 2 == 0, kind < 2 ? -1 : 5, payloads[p], segments[s]);
}

static void test_refused(void **state)
{
	struct test_frame f = headers(true, -1, 3000), g;
	struct net_frame frame = describe(&f, true, 3000, 1448), other;
	struct segment_plan plan;

	(void)state;
	memcpy(whole, f.bytes, f.count);
	assert_true(segment_plan(&plan, &frame, whole));
	other = frame;
	other.segmenting = NET_TCP6;
	assert_false(segment_plan(&plan, &other, whole));
	other = frame;
	other.checksum_start += 2;
	assert_false(segment_plan(&plan, &other, whole));
	other = frame;
	other.checksum_offset = UDP_CHECKSUM;
	assert_false(segment_plan(&plan, &other, whole));
	other = frame;
	other.bytes = f.count;					/* no payload */
	assert_false(segment_plan(&plan, &other, whole));
	whole[14 + IPV4_PROTOCOL] = PROTOCOL_UDP;
	assert_false(segment_plan(&plan, &frame, whole));
	whole[14 + IPV4_PROTOCOL] = PROTOCOL_TCP;
	whole[14 + IPV4_FRAGMENT] = IPV4_MORE_FRAGMENTS >> 8;
	assert_false(segment_plan(&plan, &frame, whole));
	whole[14 + IPV4_FRAGMENT] = 0;
	whole[34 + TCP_OFFSET] = 0x40;				/* 16 bytes of TCP header */
	assert_false(segment_plan(&plan, &frame, whole));
	/* An IPv6 extension header. */
	g = frame_ethernet(B, A, -1, 0x86dd);
	frame_add_ipv6(&g, PROTOCOL_OPTIONS, 2, 8 + 32 + 3000);
	frame_add(&g, (const u8[8]){ PROTOCOL_TCP }, 8);
	frame_add(&g, (const u8[32]){ [12] = 0x80 }, 32);
	frame = describe(&g, false, 3000, 1448);
	memcpy(whole, g.bytes, g.count);
	assert_false(segment_plan(&plan, &frame, whole));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cut), cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
