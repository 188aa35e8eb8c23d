/* SPDX-License-Identifier: MIT */
/* links: vmm */
/*
 * The RTC: dates against the host's calendar, formats, setting the clock, the three interrupts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "fake_board.h"
#include "rtc.h"

#define START_S 1700000000ull		/* 2023-11-14 22:13:20 UTC */

static struct fake_board machine;
static struct rtc rtc;

static u8 get(u8 reg)
{
	rtc_region.write(&rtc, 0, 1, reg);
	return (u8)rtc_region.read(&rtc, 1, 1);
}

static void set(u8 reg, u8 value)
{
	rtc_region.write(&rtc, 0, 1, reg);
	rtc_region.write(&rtc, 1, 1, value);
}

static int setup(void **state)
{
	struct clock clock;
	struct irq_line line;
	struct rtc_machine sizes = { .memory_low = 3 * GIB, .memory_high = 5 * GIB, .cpus = 16 };

	(void)state;
	machine = (struct fake_board){ .wall_start_ns = START_S * NS_PER_SECOND, .tsc_hz = 1000000000 };
	clock = fake_clock(&machine);
	line = fake_line(&machine, 8);
	rtc_init(&rtc, &clock, &line, &sizes);
	return 0;
}

/* Lets time pass with every deadline obeyed; returns the interrupts. Flags stay up unless `is_handled`. */
static u32 run_for(u64 ns, bool is_handled)
{
	u32 before = machine.edges;
	u64 end = machine.ns + ns, next;

	while ((next = rtc_timer.deadline_ns(&rtc)) <= end) {
		machine.ns = next > machine.ns ? next : machine.ns;
		rtc_timer.run(&rtc);
		assert_true(rtc_timer.deadline_ns(&rtc) > machine.ns);
		if (is_handled)
			get(0x0c);
	}
	machine.ns = end;
	return machine.edges - before;
}

static void test_time(void **state)
{
	(void)state;
	assert_int_equal(get(0), 0x20);
	assert_int_equal(get(2), 0x13);
	assert_int_equal(get(4), 0x22);
	assert_int_equal(get(6), 0x03);
	assert_int_equal(get(7), 0x14);
	assert_int_equal(get(8), 0x11);
	assert_int_equal(get(9), 0x23);
	assert_int_equal(get(0x32), 0x20);
	set(0x0b, 0x04);			/* binary, 12 hours */
	assert_int_equal(get(4), 0x80 | 10);
	assert_int_equal(get(9), 23);
	set(0x0b, 0x00);			/* BCD, 12 hours */
	assert_int_equal(get(4), 0x90);
	machine.ns = (2 * 3600 - 13 * 60) * NS_PER_SECOND;
	assert_int_equal(get(4), 0x12);		/* midnight */
	assert_int_equal(get(0x0d), 0x80);
}

static void test_calendar(void **state)
{
	(void)state;
	set(0x0b, 0x06);
	for (u64 day = 0; day < 40000; day += 13) {
		time_t t = (time_t)(day * 86400 + 4711);
		struct tm tm;

		machine.wall_start_ns = (u64)t * NS_PER_SECOND;
		machine.ns = 0;
		gmtime_r(&t, &tm);
		assert_int_equal(get(7), tm.tm_mday);
		assert_int_equal(get(8), tm.tm_mon + 1);
		assert_int_equal(get(9) + get(0x32) * 100, tm.tm_year + 1900);
		assert_int_equal(get(6), tm.tm_wday + 1);
	}
}

static void test_setting(void **state)
{
	(void)state;
	set(0x0b, 0x82);
	set(0, 0x59);
	set(2, 0x59);
	set(4, 0x23);
	set(7, 0x31);
	set(8, 0x12);
	set(9, 0x99);
	set(0x32, 0x19);
	machine.ns += 10 * NS_PER_SECOND;
	assert_int_equal(get(0), 0x59);		/* stands still while it is being set */
	assert_int_equal(get(0x0a) & 0x80, 0);
	set(0x0b, 0x02);
	assert_int_equal(get(0), 0x59);
	machine.ns += NS_PER_SECOND;
	assert_int_equal(get(0), 0);
	assert_int_equal(get(4), 0);
	assert_int_equal(get(7), 0x01);
	assert_int_equal(get(8), 0x01);
	assert_int_equal(get(9), 0x00);
	assert_int_equal(get(0x32), 0x20);
	set(2, 0x30);				/* also without SET */
	assert_int_equal(get(2), 0x30);
	assert_int_equal(get(9), 0x00);
	for (u32 reg = 0; reg < 10; reg++)	/* nonsense is survived, and sense comes back */
		set((u8)reg, 0xff);
	set(0x32, 0xff);
	get(0);
	set(0x32, 0x00);
	get(9);
}

static void test_update_in_progress(void **state)
{
	(void)state;
	machine.ns = NS_PER_SECOND - 244000;
	assert_int_equal(get(0x0a), 0xa6);
	machine.ns--;
	assert_int_equal(get(0x0a), 0x26);
}

static void test_interrupts(void **state)
{
	(void)state;
	assert_true(rtc_timer.deadline_ns(&rtc) == ~0ull);
	set(0x0b, 0x12);			/* update */
	get(0x0c);
	assert_int_equal(run_for(5 * NS_PER_SECOND, true), 5);
	assert_int_equal(run_for(5 * NS_PER_SECOND, false), 1);	/* not before C has been read */
	assert_int_equal(get(0x0c) & 0x90, 0x90);
	assert_false(machine.is_asserted);
	set(0x0b, 0x42);			/* periodic, 1024 Hz */
	get(0x0c);
	assert_in_range(run_for(NS_PER_SECOND, true), 1023, 1025);
	set(0x0a, 0x2f);			/* 2 Hz */
	assert_in_range(run_for(4 * NS_PER_SECOND, true), 7, 9);
	set(0x0a, 0x20);			/* off */
	assert_int_equal(run_for(4 * NS_PER_SECOND, true), 0);
	set(0x0b, 0x02);
	assert_true(rtc_timer.deadline_ns(&rtc) == ~0ull);
}

static void test_alarm(void **state)
{
	(void)state;
	set(1, 0x05);
	set(3, 0x15);
	set(5, 0x22);
	set(0x0b, 0x22);
	get(0x0c);
	assert_int_equal(run_for(104 * NS_PER_SECOND, true), 0);
	assert_int_equal(run_for(NS_PER_SECOND, true), 1);
	assert_int_equal(run_for(3600 * NS_PER_SECOND, true), 0);
	set(5, 0xff);				/* every hour */
	set(3, 0xc0);				/* every minute */
	assert_int_equal(run_for(600 * NS_PER_SECOND, true), 10);
	machine.ns += 30ull * 86400 * NS_PER_SECOND;	/* after a long absence: once */
	rtc_timer.run(&rtc);
	assert_true(get(0x0c) & 0x20);
	assert_int_equal(get(0x0c) & 0x20, 0);
}

static void test_cmos(void **state)
{
	(void)state;
	assert_int_equal(get(0x15) | get(0x16) << 8, 640);
	assert_int_equal(get(0x34) | get(0x35) << 8, (3 * GIB - 16 * MIB) / 65536);
	assert_int_equal(get(0x5f), 15);
	assert_int_equal(get(0x3d), 2);
	assert_int_equal(get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16, 5 * GIB / 65536);
	set(0x7f, 0x42);
	assert_int_equal(get(0xff), 0x42);	/* bit 7 is the NMI mask */
	set(0x0d, 0);
	assert_int_equal(get(0x0d), 0x80);
	assert_true(rtc_region.read(&rtc, 0, 1) == ~0ull);
	assert_true(rtc_region.read(&rtc, 0, 2) == ~0ull);
	assert_true(rtc_region.read(&rtc, 2, 1) == ~0ull);
	rtc_region.write(&rtc, 0, 2, 0x4210);
	rtc_region.write(&rtc, ~0ull, 1, 1);
	assert_int_equal(get(0x7f), 0x42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_time, setup),
		cmocka_unit_test_setup(test_calendar, setup),
		cmocka_unit_test_setup(test_setting, setup),
		cmocka_unit_test_setup(test_update_in_progress, setup),
		cmocka_unit_test_setup(test_interrupts, setup),
		cmocka_unit_test_setup(test_alarm, setup),
		cmocka_unit_test_setup(test_cmos, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
