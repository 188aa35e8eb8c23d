/* SPDX-License-Identifier: MIT */
/*
 * Sizes, times, counts and names as people write them; text sinks and their treatment of foreign text.
 */
/* links: console */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "out.h"
#include "units.h"

static void ipv4_addresses(void **state)
{
	static const char *const bad[] = {
		"", "10", "10.0.0", "10.0.0.0.1", "10.0.0.256", "10.0.0.", ".1.2.3", "10..0.1", "010.0.0.1",
		"10.0.0.1 ", "10.0.0.-1", "1.2.3.4294967297", "a.b.c.d",
	};
	char text[UNIT_TEXT_BYTES];
	u32 address = 7;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(ipv4_parse(bad[i], &address));
	assert_int_equal(address, 7);
	assert_true(ipv4_parse("10.0.255.1", &address));
	assert_int_equal(address, 0x0a00ff01);
	assert_string_equal(ipv4_text(text, address), "10.0.255.1");
	assert_true(ipv4_parse("0.0.0.0", &address));
	assert_int_equal(address, 0);
}

static void sizes(void **state)
{
	static const struct { const char *text; u64 bytes;
	} good[] = {
		{ "8G", 8 * GIB },
		{ "8GB", 8000000000 },
		{ "512M", 512 * MIB },
		{ "1.5G", GIB + GIB / 2 },
		{ "64K", 65536 },
		{ "2GiB", 2 * GIB },
		{ "0M", 0 },
		{ "1T", KIB * GIB },
		{ "0.5m", MIB / 2 },
		{ "16777215T", 16777215 * KIB * GIB },
	};
	static const char *const bad[] = {
		"",
		"8",
		"G",
		"-1G",
		"8 G",
		"8Gb",
		"1.G",
		".5G",
		"1.5.5G",
		"0x10M",
		"8GG",
		"16777216T",
		"1.1234567G",
		"18446744073709551616K",
		"99999999999999999999999G",
		"+8G",
		"8G ",
	};
	u64 bytes;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		assert_true(size_parse(good[i].text, &bytes));
		assert_int_equal(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		bytes = 77;
		assert_false(size_parse(bad[i], &bytes));
		assert_int_equal(bytes, 77);
	}
}

static void times(void **state)
{
	static const struct { const char *text; u64 ns;
	} good[] = {
		{ "5ms", 5 * NS_PER_MS },
		{ "10s", 10 * NS_PER_SECOND },
		{ "30", 30 * NS_PER_SECOND },
		{ "2m", 120 * NS_PER_SECOND },
		{ "1h", 3600 * NS_PER_SECOND },
		{ "1.5s", 1500 * NS_PER_MS },
		{ "7us", 7000 },
	};
	static const char *const bad[] = { "", "s", "-1s", "10 s", "10sec", "5124096h", "1..5s" };
	u64 ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		assert_true(time_parse(good[i].text, &ns));
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(time_parse(bad[i], &ns));
}

static void counts_and_names(void **state)
{
	static const char *const names[] = { "a", "0", "my-vm", "a-", "abcdefghijklmnopqrstuvwxyz01234" };
	static const char *const bad[] = { "", "-a", "A", "my_vm", "my vm", "abcdefghijklmnopqrstuvwxyz012345",
		"\xc3\xa4", "a/b" };
	u32 n = 5;

	(void)state;
	assert_true(count_parse("4", 16, &n) && n == 4);
	assert_true(count_parse("0", 16, &n) && n == 0);
	assert_true(count_parse("16", 16, &n) && n == 16);
	assert_true(count_parse("3", 3, &n) && n == 3);
	assert_true(count_parse("4294967295", ~0u, &n) && n == ~0u);
	assert_false(count_parse("17", 16, &n));
	assert_false(count_parse("4", 3, &n));
	assert_false(count_parse("10", 9, &n));
	assert_false(count_parse("4294967296", ~0u, &n));
	assert_false(count_parse("", 16, &n));
	assert_false(count_parse("4x", 16, &n));
	assert_false(count_parse("-1", 16, &n));
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		assert_true(name_ok(names[i]));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(name_ok(bad[i]));
}

static void texts(void **state)
{
	char t[UNIT_TEXT_BYTES];

	(void)state;
	assert_string_equal(size_text(t, 8 * GIB, false), "8.0 GiB");
	assert_string_equal(size_text(t, 3 * GIB + 150 * MIB, false), "3.1 GiB");
	assert_string_equal(size_text(t, 3 * GIB + 150 * MIB, true), "3.2 GiB");
	assert_string_equal(size_text(t, 17, false), "17 B");
	assert_string_equal(size_text(t, ~0ull, true), "16777216.0 TiB");
	assert_string_equal(size_short(t, 8 * GIB), "8.0G");
	assert_string_equal(size_short(t, 512 * MIB), "512M");
	assert_string_equal(size_short(t, 64 * MIB), "64M");
	assert_string_equal(size_short(t, 128 * GIB), "128G");
	assert_string_equal(size_flag(t, 3 * GIB + 100 * MIB), "3G");
	assert_string_equal(size_flag(t, 1900 * MIB), "1856M");
	assert_string_equal(size_flag(t, 99 * MIB + 5), "98M");
	assert_string_equal(size_flag(t, BIT64(44)), "16T");
	assert_string_equal(size_flag(t, 0), "0M");
	assert_string_equal(duration_text(t, 842 * NS_PER_SECOND), "00:14:02");
	assert_string_equal(duration_text(t, 3 * 86400 * NS_PER_SECOND), "3d 00:00:00");
	assert_true(strlen(duration_text(t, ~0ull)) < UNIT_TEXT_BYTES);
}

static const char *foreign(const char *text, size_t count, bool is_line)
{
	static char bytes[256];
	static struct out_buffer buffer;
	struct out out;

	out_buffer_init(&buffer, bytes, sizeof(bytes));
	out = out_to_buffer(&buffer);
	if (is_line)
		out_escaped_line(&out, text, count);
	else
		out_escaped(&out, text, count);
	return bytes;
}

static void sets(void **state)
{
	static const struct { const char *text; u64 mask; const char *again; } good[] = {
		{ "0", 1, "0" }, { "0,2-3", 13, "0,2,3" }, { "0-63", ~0ull, "0-63" }, { "63", BIT64(63), "63" },
		{ "3,1,1-2", 14, "1-3" }, { "62-63", 3ull << 62, "62,63" },
	};
	static const char *const bad[] = { "", ",", "1,", ",1", "-", "1-", "-1", "2-1", "64", "0-64", "1 2", "1--2",
		"x", "18446744073709551616", "99999999999999999999999" };
	char text[SET_TEXT_BYTES];
	u64 mask, number = 0;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(good); i++) {
		if (!set_parse(good[i].text, &mask) || mask != good[i].mask)
			fail_msg("%s", good[i].text);
		assert_string_equal(set_text(text, mask), good[i].again);
	}
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		if (set_parse(bad[i], &mask))
			fail_msg("\"%s\" was accepted", bad[i]);
	for (u32 i = 0; i < 64; i++)
		for (u32 j = i; j < 64; j++) {
			u64 back, set = ~0ull >> (63 - (j - i)) << i;

			set ^= 0x5555555555555555;
			if (set)
				assert_true(set_parse(set_text(text, set), &back) && back == set);
		}
	assert_string_equal(set_text(text, 0), "-");
	assert_string_equal(count_text(text, 0), "0");
	assert_string_equal(count_text(text, 999), "999");
	assert_string_equal(count_text(text, 1234567), "1,234,567");
	assert_true(strlen(count_text(text, ~0ull)) < UNIT_TEXT_BYTES);
	assert_string_equal(seconds_text(text, 12345678901), "12.345 s");
	assert_true(strlen(seconds_text(text, ~0ull)) < UNIT_TEXT_BYTES);
	assert_true(number_parse("18446744073709551615", &number) && number == ~0ull);
	assert_false(number_parse("18446744073709551616", &number) || number_parse("", &number) ||
		number_parse("1x", &number) || number_parse("-1", &number));
	assert_string_equal(date_text(text, 0), "1970-01-01 00:00:00");
	assert_string_equal(date_text(text, 951782399 * NS_PER_SECOND), "2000-02-28 23:59:59");
	assert_string_equal(date_text(text, 951782400 * NS_PER_SECOND), "2000-02-29 00:00:00");
	assert_string_equal(date_text(text, 951868800 * NS_PER_SECOND), "2000-03-01 00:00:00");
	assert_string_equal(date_text(text, 4107542400 * NS_PER_SECOND), "2100-03-01 00:00:00");
	assert_string_equal(date_text(text, ~0ull), "2554-07-21 23:34:33");
}

static void foreign_text(void **state)
{
	(void)state;
	assert_string_equal(foreign("a\tb\r\nc", 6, false), "a\tb\nc");
	assert_string_equal(foreign("\x1b[2Jx\x07\x7f", 7, false), "\\x1b[2Jx\\x07\\x7f");
	assert_string_equal(foreign("a\nb\tc", 5, true), "a\\x0ab\\x09c");
	assert_string_equal(foreign("gr\xc3\xbc\xc3\x9f", 6, false), "gr\xc3\xbc\xc3\x9f");
	assert_string_equal(foreign("x\xc2\x9b" "2J", 5, false), "x\\xc2\\x9b2J");
	assert_string_equal(foreign("\x9b" "2J", 3, false), "\\x9b2J");
	assert_string_equal(foreign("\xe2\x86\x92", 3, false), "\xe2\x86\x92");
	assert_string_equal(foreign("abc\0def", 7, true), "abc");
	assert_string_equal(foreign("\xc2", 1, false), "\\xc2");
}

static void buffers(void **state)
{
	char bytes[8], exact[4];
	struct out_buffer buffer;
	struct out out;

	(void)state;
	out_buffer_init(&buffer, bytes, sizeof(bytes));
	out = out_to_buffer(&buffer);
	out_text(&out, "0123456");
	assert_false(buffer.is_full);
	out_text(&out, "7");
	assert_true(buffer.is_full);
	assert_string_equal(bytes, "0123456");
	assert_true(text_copy(exact, sizeof(exact), "abc"));
	assert_false(text_copy(exact, sizeof(exact), "abcd"));
	assert_string_equal(exact, "");
}

/* A word without spaces that needs several lines is broken at commas. */
static void wrapped_text(void **state)
{
	char bytes[256];
	struct out_buffer buffer;
	struct out out;

	(void)state;
	out_buffer_init(&buffer, bytes, sizeof(bytes));
	out = out_to_buffer(&buffer);
	out_wrapped(&out, "one aaaa,bbbb,cccc,dddd,eeee,ffff,gggg,hhhh two", 0, 2, 14);
	assert_string_equal(bytes, "one aaaa,bbbb,\n  cccc,dddd,\n  eeee,ffff,\n  gggg,hhhh\n  two\n");
	out_buffer_init(&buffer, bytes, sizeof(bytes));
	out_wrapped(&out, "a,b no-comma-in-all-of-it c", 0, 2, 10);
	assert_string_equal(bytes, "a,b\n  no-comma-in-all-of-it\n  c\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_addresses), cmocka_unit_test(sizes),
		cmocka_unit_test(times),
		cmocka_unit_test(counts_and_names),
		cmocka_unit_test(texts),
		cmocka_unit_test(sets),
		cmocka_unit_test(foreign_text),
		cmocka_unit_test(buffers),
		cmocka_unit_test(wrapped_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
