/* SPDX-License-Identifier: MIT */
/* IPv6 addresses as text: what is refused, and the one way in which each is written (RFC 5952). */
/* links: console */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ipv6_text.h"
#include "range.h"

static const char *again(const char *text)
{
	static char out[IPV6_TEXT_BYTES];
	u64 address[2];

	assert_true(ipv6_parse(text, address));
	return ipv6_text(out, address);
}

static void test_taken(void **state)
{
	(void)state;
	assert_string_equal(again("::"), "::");
	assert_string_equal(again("::1"), "::1");
	assert_string_equal(again("1::"), "1::");
	assert_string_equal(again("FD00:0:0:0001::"), "fd00:0:0:1::");
	assert_string_equal(again("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
	assert_string_equal(again("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
	assert_string_equal(again("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0");
	assert_string_equal(again("::2:3:4:5:6:7:8"), "0:2:3:4:5:6:7:8");
	assert_string_equal(again("fff0:fff1:fff2:fff3:fff4:fff5:fff6:fff7"),
		"fff0:fff1:fff2:fff3:fff4:fff5:fff6:fff7");
}

static void test_refused(void **state)
{
	static const char *const wrong[] = {
		"", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:", "1::2::3",
		"12345::", "g::", "::1 ", " ::1", "1:2:3:4::5:6:7:8", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::",
		"::10.0.0.1", "fe80::1%eth0", ":1::2",
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(wrong); i++) {
		u64 address[2] = { 5, 6 };

		if (ipv6_parse(wrong[i], address))
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_int_equal(address[0], 5);
		assert_int_equal(address[1], 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_taken), cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
