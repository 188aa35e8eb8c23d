/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum against the examples of RFC 1071, and against a sum word by word; changes by RFC 1624.
 */
/* links: net */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checksum.h"
#include "inet.h"

static u16 word_by_word(const u8 *bytes, u32 count)
{
	u32 sum = 0;

	for (u32 i = 0; i < count; i++) {
		sum += i % 2 == 0 ? (u32)bytes[i] << 8 : bytes[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (u16)~sum;
}

static void test_known(void **state)
{
	static const u8 rfc1071[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };	/* section 3 */
	/* An IPv4 header that Linux sent: 192.168.0.1 to 192.168.0.199, UDP. */
	static const u8 ipv4[] = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61,
				   0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7 };

	(void)state;
	assert_int_equal(checksum_finish(checksum_add(0, rfc1071, sizeof(rfc1071))), 0x220d);
	assert_int_equal(checksum_finish(checksum_add(0, ipv4, sizeof(ipv4))), 0);
}

static void test_any_length(void **state)
{
	unsigned seed = 11;
	u8 bytes[300];

	(void)state;
	for (u32 round = 0; round < 20000; round++) {
		u32 count = (u32)rand_r(&seed) % sizeof(bytes), half = (u32)rand_r(&seed) % (count + 1) & ~1u;
		u8 fill = (u8)rand_r(&seed);
		u64 sum;

		for (u32 i = 0; i < count; i++)
			bytes[i] = round % 3 == 0 ? fill : (u8)rand_r(&seed);
		assert_int_equal(checksum_finish(checksum_add(0, bytes, count)), word_by_word(bytes, count));
		sum = checksum_add(0, bytes, half);
		assert_int_equal(checksum_finish(checksum_add(sum, bytes + half, count - half)),
				 word_by_word(bytes, count));
	}
}

static void test_longest(void **state)
{
	u8 *bytes = malloc(65535);

	(void)state;
	memset(bytes, 0xff, 65535);
	assert_int_equal(checksum_finish(checksum_add(0, bytes, 65535)), word_by_word(bytes, 65535));
	free(bytes);
}

static void test_update(void **state)
{
	unsigned seed = 5;
	u8 bytes[40];

	(void)state;
	for (u32 round = 0; round < 20000; round++) {
		u32 at = (u32)rand_r(&seed) % 20 * 2;
		u16 before, checksum, now;

		for (u32 i = 0; i < sizeof(bytes); i++)
			bytes[i] = (u8)(round % 2 == 0 ? rand_r(&seed) % 2 * 0xff : rand_r(&seed));
		bytes[(at + 2) % 40] |= 1;		/* the sum is not 0, which only a header of zeros has */
		checksum = word_by_word(bytes, sizeof(bytes));
		before = be16_load(bytes + at);
		now = (u16)rand_r(&seed);
		be16_store(bytes + at, now);
		assert_int_equal(checksum_update(checksum, before, now), word_by_word(bytes, sizeof(bytes)));
	}
}

/* UDP over IPv6: the pseudo header of RFC 8200 written out. */
static void test_pseudo(void **state)
{
	static const u8 ipv6[40] = { 0x60, 0, 0, 0, 0, 12, 17, 64, [23] = 1, [39] = 1 };	/* ::1 to ::1 */
	u8 udp[12] = { 0x13, 0x88, 0x13, 0x89, 0, 12, 0, 0, 'a', 'b', 'c', 'd' };
	u64 sum = checksum_add(checksum_pseudo(ipv6, PROTOCOL_UDP, sizeof(udp)), udp, sizeof(udp));
	u8 all[40 + sizeof(udp)] = { [15] = 1, [31] = 1, [35] = sizeof(udp), [39] = PROTOCOL_UDP };

	(void)state;
	memcpy(all + 40, udp, sizeof(udp));
	assert_int_equal(checksum_finish(sum), word_by_word(all, sizeof(all)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known), cmocka_unit_test(test_any_length), cmocka_unit_test(test_longest),
		cmocka_unit_test(test_update), cmocka_unit_test(test_pseudo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
