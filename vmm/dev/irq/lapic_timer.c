/* SPDX-License-Identifier: MIT */
/*
 * lapic_timer.c - the local APIC's timer: one-shot, periodic, TSC-deadline (SDM Vol. 3 11.5.4).
 *
 * All three are one number: target_tsc, the guest TSC at which the timer fires next, 0 while it is not armed. The
 * count registers are computed from it.
 */
#include "lapic_parts.h"
#include "mul_div.h"

#define TIMER_BUS_HZ 1000000000ull
/* With a shorter period the guest would do nothing but take timer interrupts. */
#define TIMER_PERIOD_MIN_NS 50000u

u64 lapic_tsc(const struct lapic *l)
{
	return l->bus->clock.tsc(l->bus->clock.ctx) + l->tsc_adjust;
}

u64 lapic_tsc_adjust(const struct lapic *l)
{
	return LAPIC_PEEK(l->tsc_adjust);
}

/* Divide configuration: bits 3, 1 and 0 hold log2(divisor) - 1, 7 = divide by one. */
static u32 divide_shift(const struct lapic *l)
{
	return (((l->divide & 3) | (l->divide >> 1 & 4)) + 1) & 7;
}

static u64 count_to_tsc(const struct lapic *l, u32 count)
{
	return mul_div_up((u64)count << divide_shift(l), l->bus->clock.tsc_hz, TIMER_BUS_HZ);
}

static bool is_mode(const struct lapic *l, u32 mode)
{
	return LVT_TIMER_MODE(l->lvt[LVT_TIMER]) == mode;
}

static u64 add_tsc(u64 a, u64 b)
{
	return a > ~0ull - b ? ~0ull : a + b;
}

static void arm(struct lapic *l, u32 count)
{
	u64 target = add_tsc(lapic_tsc(l), count_to_tsc(l, count));

	l->target_tsc = target ? target : 1;
}

void lapic_timer_set_count(struct lapic *l, u32 count)
{
	if (is_mode(l, TIMER_TSC_DEADLINE))
		return;
	l->initial_count = count;
	l->target_tsc = 0;
	if (count)
		arm(l, count);
}

u32 lapic_timer_count(const struct lapic *l)
{
	u64 now, ticks;

	if (is_mode(l, TIMER_TSC_DEADLINE) || !l->target_tsc)
		return 0;
	now = lapic_tsc(l);
	if (now >= l->target_tsc)
		return 0;
	ticks = mul_div(l->target_tsc - now, TIMER_BUS_HZ, l->bus->clock.tsc_hz) >> divide_shift(l);
	return ticks > l->initial_count ? l->initial_count : (u32)ticks;
}

/* The count goes on from where it is, at the new rate. */
void lapic_timer_set_divide(struct lapic *l, u32 divide)
{
	u32 count = lapic_timer_count(l);

	l->divide = divide & 0xb;
	if (count)
		arm(l, count);
}

/* Entering or leaving TSC-deadline mode disarms; between the other two modes the timer keeps running. */
void lapic_timer_set_mode(struct lapic *l, u32 old_lvt)
{
	bool was_deadline = LVT_TIMER_MODE(old_lvt) == TIMER_TSC_DEADLINE;

	if (was_deadline != is_mode(l, TIMER_TSC_DEADLINE)) {
		l->target_tsc = 0;
		l->initial_count = 0;
	}
}

/* Only a TSC deadline moves with the vCPU's TSC. */
void lapic_set_tsc_adjust(struct lapic *l, u64 value)
{
	if (l->target_tsc && !is_mode(l, TIMER_TSC_DEADLINE)) {
		l->target_tsc += value - l->tsc_adjust;
		if (l->target_tsc == 0)
			l->target_tsc = 1;
	}
	LAPIC_PUBLISH(l->tsc_adjust, value);
}

u64 lapic_tsc_deadline(const struct lapic *l)
{
	return is_mode(l, TIMER_TSC_DEADLINE) ? l->target_tsc : 0;
}

void lapic_set_tsc_deadline(struct lapic *l, u64 value)
{
	if (is_mode(l, TIMER_TSC_DEADLINE))
		l->target_tsc = value;
}

u64 lapic_deadline_tsc(const struct lapic *l)
{
	return l->target_tsc ? l->target_tsc : DEADLINE_NONE;
}

/* The next multiple of the period after now: all periods that were missed make one interrupt. */
static __attribute__((noinline)) u64 next_round(const struct lapic *l, u64 now)
{
	u64 period = count_to_tsc(l, l->initial_count);
	u64 shortest = mul_div_up(TIMER_PERIOD_MIN_NS, l->bus->clock.tsc_hz, NS_PER_SECOND);

	if (period < shortest)
		period = shortest;
	return add_tsc(l->target_tsc, ((now - l->target_tsc) / period + 1) * period);
}

void lapic_run(struct lapic *l, u64 now)
{
	if (!l->target_tsc || now < l->target_tsc)
		return;
	l->target_tsc = is_mode(l, TIMER_PERIODIC) && l->initial_count ? next_round(l, now) : 0;
	if (!(l->lvt[LVT_TIMER] & LVT_MASKED))
		lapic_raise(l, (u8)(l->lvt[LVT_TIMER] & LVT_VECTOR), false);
}
