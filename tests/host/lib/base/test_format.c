/* SPDX-License-Identifier: MIT */
/*
 * The kernel's formatter: each conversion against libc's, truncation, and broken format strings.
 */
/* links: kernel */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format.h"

#define SAME(...) do { \
		char ours[128], libcs[128]; \
		size_t length = format_string(ours, sizeof(ours), __VA_ARGS__); \
		assert_int_equal(length, snprintf(libcs, sizeof(libcs), __VA_ARGS__)); \
		assert_string_equal(ours, libcs); \
	} while (0)

static void test_like_libc(void **state)
{
	(void)state;
	SAME("plain");
	SAME("%d %d %d %d", 0, INT_MAX, INT_MIN, -1);
	SAME("%u %x", UINT_MAX, 0xdeadbeefu);
	SAME("%ld %lu %lx", LONG_MIN, ULONG_MAX, 0x123456789abcdeful);
	SAME("%lld %llu %llx", LLONG_MIN, ULLONG_MAX, 0x8000000000000000ull);
	SAME("[%5d] [%-5d] [%05d] [%5s] [%-5s] [%s]", -42, -42, 42, "ab", "ab", "");
	SAME("[%016llx] [%2x] [%08x] [%06llu]", 0xabcull, 0x12345u, 1u, 7ull);
}

static void test_truncation(void **state)
{
	char text[8];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(format_string(text, 4, "%s", "abcdefgh"), 8);
	assert_string_equal(text, "abc");
	assert_int_equal(text[4], 'x');
	assert_int_equal(format_string(text, 1, "%d", 12345), 5);
	assert_string_equal(text, "");
	assert_int_equal(text[1], 'b');
}

static size_t format_any(char *out, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = format_text(out, size, format, args);
	va_end(args);
	return length;
}

static void test_broken_formats(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(format_any(text, sizeof(text), "a%"), 1);
	assert_int_equal(format_any(text, sizeof(text), "a%-0"), 1);
	assert_int_equal(format_any(text, sizeof(text), "a%kb%d", 1), 1);
	assert_string_equal(text, "a");
	/* a width that would take for ever */
	assert_true(format_any(text, sizeof(text), "%99999999999d", 1) < 10000);
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_libc),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_broken_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
