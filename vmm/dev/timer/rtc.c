/* SPDX-License-Identifier: MIT */
/*
 * rtc.c - MC146818A (Motorola data sheet) plus the CMOS bytes of a PC.
 *
 * The time registers are computed from the wall clock when they are read; while the guest sets the clock (SET) they
 * are plain memory, and become the offset to the wall clock when it is done. Flags are brought up to date by sync()
 * before anything looks at them.
 */
#include "rtc.h"

#include "mul_div.h"

enum {
	REG_SECOND, REG_SECOND_ALARM, REG_MINUTE, REG_MINUTE_ALARM, REG_HOUR, REG_HOUR_ALARM, REG_WEEKDAY, REG_DAY,
	REG_MONTH, REG_YEAR, REG_A, REG_B, REG_C, REG_D, REG_CENTURY = 0x32,
};

/* Where a PC has the memory sizes; CPUs less one and the boot order as virtual machines tell their firmware. */
enum {
	CMOS_BASE_KIB = 0x15, CMOS_EXTENDED_KIB = 0x17, CMOS_EXTENDED_KIB2 = 0x30, CMOS_ABOVE_16M = 0x34,
	CMOS_BOOT_ORDER = 0x3d, CMOS_ABOVE_4G = 0x5b, CMOS_CPUS = 0x5f,
};

#define BOOT_FROM_DISK 2u	/* first; nothing second */

#define A_UPDATING BIT32(7)
#define A_DEFAULT 0x26u		/* 32768 Hz divider, 1024 Hz */
#define B_SET BIT32(7)
#define B_BINARY BIT32(2)
#define B_24H BIT32(1)
#define FLAG_IRQ BIT32(7)
#define FLAG_PERIODIC BIT32(6)	/* the same bits enable in B and flag in C */
#define FLAG_ALARM BIT32(5)
#define FLAG_UPDATE BIT32(4)
#define FLAGS (FLAG_PERIODIC | FLAG_ALARM | FLAG_UPDATE)
#define D_VALID BIT32(7)

#define HOUR_PM BIT32(7)
#define ALARM_ANY 0xc0u		/* alarm bytes from here on match everything */
#define UPDATE_NS 244000u	/* how long UIP announces an update */
#define CRYSTAL_HZ 32768u
#define DAY_S 86400u
#define YEAR_FIRST 1970u

struct date { u32 year, month, day; };

/* ---- Calendar ---- */

static bool is_leap(u32 year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static u32 month_days(u32 year, u32 month)
{
	static const u8 days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0);
}

static struct date date_of(u64 days)
{
	struct date d = { YEAR_FIRST, 1, 1 };

	while (days >= (is_leap(d.year) ? 366u : 365u))
		days -= is_leap(d.year++) ? 366u : 365u;
	while (days >= month_days(d.year, d.month))
		days -= month_days(d.year, d.month++);
	d.day += (u32)days;
	return d;
}

/* Months and days beyond their range, which a guest may write, count on into the next ones. */
static u64 days_of(struct date d)
{
	u64 days = d.day ? d.day - 1 : 0;

	for (u32 year = YEAR_FIRST; year < d.year; year++)
		days += is_leap(year) ? 366u : 365u;
	for (u32 month = 1; month < d.month && month <= 12; month++)
		days += month_days(d.year, month);
	return days;
}

/* ---- Register formats ---- */

static u8 encode(const struct rtc *r, u32 value)
{
	return (u8)(r->cmos[REG_B] & B_BINARY ? value : (value / 10 << 4 | value % 10));
}

static u32 decode(const struct rtc *r, u8 byte)
{
	return r->cmos[REG_B] & B_BINARY ? byte : (u32)(byte >> 4) * 10 + (byte & 0xf);
}

static u8 encode_hour(const struct rtc *r, u32 hour)
{
	if (r->cmos[REG_B] & B_24H)
		return encode(r, hour);
	return (u8)(encode(r, (hour + 11) % 12 + 1) | (hour >= 12 ? HOUR_PM : 0));
}

static u32 decode_hour(const struct rtc *r, u8 byte)
{
	if (r->cmos[REG_B] & B_24H)
		return decode(r, byte);
	return decode(r, byte & 0x7f) % 12 + (byte & HOUR_PM ? 12 : 0);
}

/* ---- Time ---- */

static u64 wall_ns(const struct rtc *r)
{
	return r->clock.wall_ns(r->clock.ctx);
}

/* The guest's time in seconds; before 1970 it stands still. */
static u64 now_s(const struct rtc *r)
{
	s64 now = (s64)(wall_ns(r) / NS_PER_SECOND) + r->offset_s;

	return now > 0 ? (u64)now : 0;
}

static void store_time(struct rtc *r, u64 seconds)
{
	u32 of_day = (u32)(seconds % DAY_S);
	struct date d = date_of(seconds / DAY_S);

	r->cmos[REG_SECOND] = encode(r, of_day % 60);
	r->cmos[REG_MINUTE] = encode(r, of_day / 60 % 60);
	r->cmos[REG_HOUR] = encode_hour(r, of_day / 3600);
	/* 1 January 1970 was a Thursday, the week starts with 1 = Sunday. */
	r->cmos[REG_WEEKDAY] = encode(r, (u32)((seconds / DAY_S + 4) % 7 + 1));
	r->cmos[REG_DAY] = encode(r, d.day);
	r->cmos[REG_MONTH] = encode(r, d.month);
	r->cmos[REG_YEAR] = encode(r, d.year % 100);
	r->cmos[REG_CENTURY] = encode(r, d.year / 100);
}

static u64 stored_time(const struct rtc *r)
{
	struct date d = { decode(r, r->cmos[REG_CENTURY]) * 100 + decode(r, r->cmos[REG_YEAR]),
			  decode(r, r->cmos[REG_MONTH]), decode(r, r->cmos[REG_DAY]) };

	return days_of(d) * DAY_S + decode_hour(r, r->cmos[REG_HOUR]) * 3600u + decode(r, r->cmos[REG_MINUTE]) * 60u +
	       decode(r, r->cmos[REG_SECOND]);
}

/* Go on from the time in the registers. */
static void restart_clock(struct rtc *r)
{
	u64 time = stored_time(r);

	r->offset_s = (s64)time - (s64)(wall_ns(r) / NS_PER_SECOND);
	r->update_s = now_s(r);
}

/* ---- Interrupts ---- */

/* Length of the periodic interrupt's period in crystal ticks, 0 = off. */
static u32 period_ticks(const struct rtc *r)
{
	u32 rate = r->cmos[REG_A] & 0xf;

	if (rate == 0)
		return 0;
	return rate < 3 ? BIT32(rate + 6) : BIT32(rate - 1);
}

static u64 periods_now(const struct rtc *r)
{
	u32 ticks = period_ticks(r);

	return ticks ? mul_div(r->clock.ns(r->clock.ctx), CRYSTAL_HZ, NS_PER_SECOND) / ticks : 0;
}

static bool alarm_matches(const struct rtc *r, u32 of_day)
{
	const u8 *cmos = r->cmos;

	return (cmos[REG_SECOND_ALARM] >= ALARM_ANY || decode(r, cmos[REG_SECOND_ALARM]) == of_day % 60) &&
	       (cmos[REG_MINUTE_ALARM] >= ALARM_ANY || decode(r, cmos[REG_MINUTE_ALARM]) == of_day / 60 % 60) &&
	       (cmos[REG_HOUR_ALARM] >= ALARM_ANY || decode_hour(r, cmos[REG_HOUR_ALARM]) == of_day / 3600);
}

/* True if the alarm went off in (from, to]. */
static bool alarm_between(const struct rtc *r, u64 from, u64 to)
{
	if (to - from > DAY_S)
		from = to - DAY_S;
	for (u64 second = from + 1; second <= to; second++)
		if (alarm_matches(r, (u32)(second % DAY_S)))
			return true;
	return false;
}

static void update_irq(struct rtc *r)
{
	bool is_asserted = r->cmos[REG_B] & r->cmos[REG_C] & FLAGS;

	if (is_asserted == (bool)(r->cmos[REG_C] & FLAG_IRQ))
		return;
	r->cmos[REG_C] ^= FLAG_IRQ;
	irq_line_set(&r->irq, is_asserted);
}

static void sync(struct rtc *r)
{
	u64 periods = periods_now(r), now;

	if (periods != r->period_count)
		r->cmos[REG_C] |= FLAG_PERIODIC;
	r->period_count = periods;
	if (!(r->cmos[REG_B] & B_SET)) {
		now = now_s(r);
		if (now > r->update_s) {
			r->cmos[REG_C] |= FLAG_UPDATE;
			if (!(r->cmos[REG_C] & FLAG_ALARM) && alarm_between(r, r->update_s, now))
				r->cmos[REG_C] |= FLAG_ALARM;
		}
		r->update_s = now;
	}
	update_irq(r);
}

/* Flags that are enabled and not up already. */
static u8 awaited(const struct rtc *r)
{
	return (u8)(r->cmos[REG_B] & ~r->cmos[REG_C] & FLAGS);
}

static u64 rtc_deadline_ns(void *device)
{
	const struct rtc *r = device;
	u64 deadline = DEADLINE_NONE, second;

	if ((awaited(r) & FLAG_PERIODIC) && period_ticks(r))
		deadline = mul_div_up((r->period_count + 1) * period_ticks(r), NS_PER_SECOND, CRYSTAL_HZ);
	if ((awaited(r) & (FLAG_UPDATE | FLAG_ALARM)) && !(r->cmos[REG_B] & B_SET)) {
		second = r->clock.ns(r->clock.ctx) + NS_PER_SECOND - wall_ns(r) % NS_PER_SECOND;
		if (now_s(r) > r->update_s)
			second = 0;	/* due */
		deadline = second < deadline ? second : deadline;
	}
	return deadline;
}

static void rtc_run(void *device)
{
	sync(device);
}

const struct timer_ops rtc_timer = { .deadline_ns = rtc_deadline_ns, .run = rtc_run };

/* ---- Registers ---- */

static bool is_time(u32 reg)
{
	return reg == REG_SECOND || reg == REG_MINUTE || reg == REG_HOUR || (reg >= REG_WEEKDAY && reg <= REG_YEAR) ||
	       reg == REG_CENTURY;
}

static u8 read_a(const struct rtc *r)
{
	bool is_updating = !(r->cmos[REG_B] & B_SET) && wall_ns(r) % NS_PER_SECOND >= NS_PER_SECOND - UPDATE_NS;

	return (u8)(r->cmos[REG_A] | (is_updating ? A_UPDATING : 0));
}

static u8 read_register(struct rtc *r, u32 reg)
{
	u8 value;

	if (is_time(reg) && !(r->cmos[REG_B] & B_SET))
		store_time(r, now_s(r));
	switch (reg) {
	case REG_A:
		return read_a(r);
	case REG_C:
		sync(r);
		value = r->cmos[REG_C];
		r->cmos[REG_C] &= (u8)~FLAGS;
		update_irq(r);
		return value;
	default:
		return r->cmos[reg];
	}
}

static void write_b(struct rtc *r, u8 value)
{
	bool was_set = r->cmos[REG_B] & B_SET, is_set = value & B_SET;

	if (!was_set && is_set)
		store_time(r, now_s(r));
	if (is_set)
		value &= (u8)~FLAG_UPDATE;	/* SET clears UIE */
	r->cmos[REG_B] = value;
	if (was_set && !is_set)
		restart_clock(r);
	update_irq(r);
}

static void write_register(struct rtc *r, u32 reg, u8 value)
{
	sync(r);
	switch (reg) {
	case REG_A:
		r->cmos[REG_A] = (u8)(value & ~A_UPDATING);
		r->period_count = periods_now(r);
		break;
	case REG_B:
		write_b(r, value);
		break;
	case REG_C:
	case REG_D:
		break;
	default:
		if (is_time(reg) && !(r->cmos[REG_B] & B_SET)) {
			store_time(r, now_s(r));
			r->cmos[reg] = value;
			restart_clock(r);
		} else {
			r->cmos[reg] = value;
		}
		break;
	}
}

static u64 rtc_read(void *device, u64 offset, u32 size)
{
	struct rtc *r = device;

	return offset == 1 && size == 1 ? read_register(r, r->index) : ~0ull;
}

/* Bit 7 of the index masks NMIs, of which there are none. */
static void rtc_write(void *device, u64 offset, u32 size, u64 value)
{
	struct rtc *r = device;

	if (size != 1)
		return;
	if (offset == 0)
		r->index = value & (CMOS_BYTES - 1);
	else if (offset == 1)
		write_register(r, r->index, (u8)value);
}

const struct region_ops rtc_region = {
	.read = rtc_read, .write = rtc_write, .sets_timer = SETS_TIMER_BY_READ | SETS_TIMER_BY_WRITE,
};

static void put_le(struct rtc *r, u32 reg, u32 bytes, u64 value)
{
	for (u32 i = 0; i < bytes; i++)
		r->cmos[reg + i] = (u8)(value >> (8 * i));
}

static u64 up_to(u64 value, u64 limit)
{
	return value < limit ? value : limit;
}

void rtc_init(struct rtc *r, const struct clock *clock, const struct irq_line *irq, const struct rtc_machine *machine)
{
	u64 low = machine->memory_low;
	u64 extended = low > MIB ? low - MIB : 0, above_16m = low > 16 * MIB ? low - 16 * MIB : 0;

	*r = (struct rtc){ .clock = *clock, .irq = *irq };
	r->cmos[REG_A] = A_DEFAULT;
	r->cmos[REG_B] = B_24H;
	r->cmos[REG_D] = D_VALID;
	put_le(r, CMOS_BASE_KIB, 2, up_to(low / KIB, 640));
	put_le(r, CMOS_EXTENDED_KIB, 2, up_to(extended / KIB, 0xffff));
	put_le(r, CMOS_EXTENDED_KIB2, 2, up_to(extended / KIB, 0xffff));
	put_le(r, CMOS_ABOVE_16M, 2, up_to(above_16m / (64 * KIB), 0xffff));
	put_le(r, CMOS_ABOVE_4G, 3, up_to(machine->memory_high / (64 * KIB), 0xffffff));
	r->cmos[CMOS_BOOT_ORDER] = BOOT_FROM_DISK;
	r->cmos[CMOS_CPUS] = (u8)(machine->cpus - 1);
	r->period_count = periods_now(r);
	r->update_s = now_s(r);
}
