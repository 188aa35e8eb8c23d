/* SPDX-License-Identifier: MIT */
/*
 * Limits of what a router answers of its own: each station has its rate, whatever the others of its port do.
 */
/* links: net rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reply_limits.h"

#define RATE 100u
#define BURST 11u		/* 100 ms' worth, and the one that is taken whole */
#define SECONDS 10u
#define FLOODER 0x02000000000aull
#define VICTIM 0x02000000000bull

static struct reply_limits l;
static u64 now_ns;

static int begin(void **state)
{
	(void)state;
	now_ns = 1000 * NS_PER_S;
	reply_limits_init(&l, 0x1234567890abcdefull, RATE);
	return 0;
}

static u32 ask(u32 port, u64 mac, u32 count)
{
	u32 answered = 0;

	for (u32 i = 0; i < count; i++)
		answered += reply_allowed(&l, port, mac, now_ns);
	return answered;
}

static void test_rate(void **state)
{
	u32 answered = 0;

	(void)state;
	for (u32 ms = 0; ms < 1000 * SECONDS; ms++) {
		now_ns += NS_PER_MS;
		answered += ask(1, FLOODER, 3);
	}
	assert_in_range(answered, RATE * SECONDS, RATE * SECONDS + BURST);
}

/* Who asks for more than its share takes nothing of another's, which asks for all of its own. */
static void test_flooder(void **state)
{
	(void)state;
	for (u32 i = 0; i < RATE * SECONDS; i++) {
		now_ns += NS_PER_S / RATE;
		(void)ask(1, FLOODER, 100);
		assert_int_equal(ask(1, VICTIM, 1), 1);
	}
}

static void test_ports(void **state)
{
	(void)state;
	assert_int_equal(ask(0, FLOODER, 1000), BURST);
	assert_int_equal(ask(ROUTER_PORTS - 1, FLOODER, 1000), BURST);
}

/* Who has any number of addresses has the port's rate, and no other port's. */
static void test_many_addresses(void **state)
{
	u32 answered = 0;

	(void)state;
	for (u32 ms = 0; ms < 1000 * SECONDS; ms++) {
		now_ns += NS_PER_MS;
		for (u64 i = 0; i < 20; i++)
			answered += reply_allowed(&l, 0, 0x020000010000 + ms * 20 + i, now_ns);
	}
	assert_in_range(answered, REPLY_PORT_SHARES * RATE * SECONDS,
			REPLY_PORT_SHARES * RATE * SECONDS + REPLY_PORT_SHARES * BURST);
	assert_int_equal(ask(1, VICTIM, 1000), BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rate, begin), cmocka_unit_test_setup(test_flooder, begin),
		cmocka_unit_test_setup(test_ports, begin), cmocka_unit_test_setup(test_many_addresses, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
