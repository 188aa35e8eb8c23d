/* SPDX-License-Identifier: MIT */
/*
 * clock_rtc.c - the date of the CMOS clock (MC146818), taken as UTC. Read until two readings agree, since it moves on
 * meanwhile.
 */
#include <string.h>

#include "platform_parts.h"

enum { RTC_SECOND, RTC_MINUTE = 2, RTC_HOUR = 4, RTC_DAY = 7, RTC_MONTH = 8, RTC_YEAR = 9, RTC_A = 10, RTC_B = 11 };

#define A_UPDATING 0x80u
#define B_BINARY 0x04u
#define B_24_HOURS 0x02u
#define HOUR_PM 0x80u

#define UPDATE_POLLS 10000u	/* an update takes 2 ms */
#define READINGS 10u

struct date {
	u32 second, minute, hour, day, month, year, century;
};

static u32 cmos(u32 index)
{
	port_out(0x70, 1, index);
	return port_in(0x71, 1);
}

static void read_raw(struct date *d)
{
	u32 i;

	for (i = 0; i < UPDATE_POLLS && (cmos(RTC_A) & A_UPDATING); i++)
		;
	*d = (struct date){
		.second = cmos(RTC_SECOND), .minute = cmos(RTC_MINUTE), .hour = cmos(RTC_HOUR), .day = cmos(RTC_DAY),
		.month = cmos(RTC_MONTH), .year = cmos(RTC_YEAR), .century = acpi.century ? cmos(acpi.century) : 0,
	};
}

static u32 from_bcd(u32 v)
{
	return (v >> 4) * 10 + (v & 15);
}

static void decode(struct date *d, u32 b)
{
	bool is_pm = !(b & B_24_HOURS) && (d->hour & HOUR_PM);

	if (!(b & B_24_HOURS))
		d->hour &= ~HOUR_PM;
	if (!(b & B_BINARY)) {
		d->second = from_bcd(d->second);
		d->minute = from_bcd(d->minute);
		d->hour = from_bcd(d->hour);
		d->day = from_bcd(d->day);
		d->month = from_bcd(d->month);
		d->year = from_bcd(d->year);
		d->century = from_bcd(d->century);
	}
	if (!(b & B_24_HOURS))
		d->hour = d->hour % 12 + (is_pm ? 12 : 0);
	d->year += (d->century >= 19 && d->century <= 29 ? d->century : 20) * 100;
}

static bool date_ok(const struct date *d)
{
	if (d->second >= 60 || d->minute >= 60 || d->hour >= 24)
		return false;
	return d->day >= 1 && d->day <= 31 && d->month >= 1 && d->month <= 12 && d->year >= 1970;
}

/* Days since 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day is the last one. */
static u64 days(u32 year, u32 month, u32 day)
{
	u64 y = year - (month <= 2);
	u64 m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

u64 clock_rtc_seconds(void)
{
	struct date a, b;
	u32 i;

	read_raw(&a);
	for (i = 0; i < READINGS; i++) {
		read_raw(&b);
		if (memcmp(&a, &b, sizeof(a)) == 0)
			break;
		a = b;
	}
	decode(&a, cmos(RTC_B));
	if (i == READINGS || !date_ok(&a))
		return 0;
	return ((days(a.year, a.month, a.day) * 24 + a.hour) * 60 + a.minute) * 60 + a.second;
}
