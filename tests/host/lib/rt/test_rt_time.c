/* SPDX-License-Identifier: MIT */
/*
 * rt_time: conversions against exact arithmetic, and no wrap at the edges.
 */
/* links: rt */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rt_time.h"

static const u64 rates[] = { 2000000, 100000000, 1000000000, 2999999999, 5000000000 };

static void converts(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rates); i++) {
		struct rt_time time;

		rt_time_init(&time, rates[i], 0);
		for (u64 s = 1; s < 100000000; s *= 10) {
			u64 ns = rt_time_ns(&time, rates[i] * s), ticks = rt_time_ticks(&time, s * NS_PER_S);

			assert_in_range(ns, s * NS_PER_S - s - 1, s * NS_PER_S + 1);
			assert_in_range(ticks, rates[i] * s - s - 1, rates[i] * s + 1);
		}
	}
}

static void saturates(void **state)
{
	struct rt_time time;

	(void)state;
	rt_time_init(&time, 1000, 0);
	assert_true(rt_time_ns(&time, ~0ull) == ~0ull);
	rt_time_init(&time, 0, 0);
	assert_int_equal(rt_time_ns(&time, 5), 5);
	assert_true(rt_time_after(&time, ~0ull) == ~0ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(converts), cmocka_unit_test(saturates) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
