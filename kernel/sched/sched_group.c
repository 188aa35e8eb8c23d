/* SPDX-License-Identifier: MIT */
/*
 * sched_group.c - see sched_group.h.
 */
#include "range.h"
#include "sched_group.h"

#define PERIODS_PER_SECOND 100u
#define QUANTA_PER_PERIOD 100u	/* a budget is not looked at more often */
#define SIGNALS_PER_SECOND 2000u
#define SIGNALS_AT_ONCE 64u
#define WAKE_SECONDS_MAX 8u	/* longer waits are all the same: the last bucket begins at 2.1 s */

static struct {
	u64 period;
	u64 longest;		/* TSC ticks that still can be converted */
	u64 ticks_per_us;
	u64 signal;		/* TSC ticks between two signals at the full rate */
} rate;

void sched_group_clock_init(u64 tsc_hz)
{
	rate.period = tsc_hz / PERIODS_PER_SECOND;
	rate.longest = tsc_hz * WAKE_SECONDS_MAX;
	rate.signal = tsc_hz / SIGNALS_PER_SECOND;
	rate.ticks_per_us = max_u64(tsc_hz / 1000000, 1);
}

void sched_group_init(struct sched_group *group)
{
	*group = (struct sched_group){ .class = SCHED_CLASS_FAIR, .weight = SCHED_WEIGHT_DEFAULT, .affinity = ~0ull };
}

static s64 quota(const struct sched_group *group)
{
	return (s64)(rate.period * group->cap / 100);
}

void sched_group_set_cap(struct sched_group *group, u32 cap, u64 now)
{
	lock_acquire(&group->lock);
	group->cap = cap;
	group->budget = quota(group);
	group->period_end = now + rate.period;
	lock_release(&group->lock);
}

/* Lock held. */
static void refill(struct sched_group *group, u64 now)
{
	u64 periods;

	if (now < group->period_end)
		return;
	periods = (now - group->period_end) / rate.period + 1;
	group->period_end += periods * rate.period;
	/* More than this many periods' worth is lost anyway, whatever the debt: keeps the product small. */
	periods = min_u64(periods, 1000);
	group->budget += (s64)periods * quota(group);
	/* Twice, because other threads may not have been charged yet for what they did in the period that ends. */
	if (group->budget > 2 * quota(group))
		group->budget = 2 * quota(group);
}

void sched_group_charge(struct sched_group *group, u64 ticks, u64 now)
{
	lock_acquire(&group->lock);
	group->budget -= (s64)ticks;
	refill(group, now);
	lock_release(&group->lock);
}

u64 sched_group_parked_until(struct sched_group *group, u64 now)
{
	u64 until = 0;

	lock_acquire(&group->lock);
	refill(group, now);
	if (group->cap != 0 && group->budget <= 0)
		until = group->period_end;
	lock_release(&group->lock);
	return until;
}

u64 sched_group_allowance(struct sched_group *group)
{
	u32 runnable = (u32)max_u64(__atomic_load_n(&group->runnable, __ATOMIC_RELAXED), 1);
	u64 quantum = rate.period / QUANTA_PER_PERIOD;
	s64 budget;

	lock_acquire(&group->lock);
	budget = group->budget;
	lock_release(&group->lock);
	return budget > 0 ? max_u64((u64)budget / runnable, quantum) : quantum;
}

u64 sched_group_signal(struct sched_group *group, u64 now)
{
	u64 burst = SIGNALS_AT_ONCE * rate.signal;
	u64 paid;

	lock_acquire(&group->lock);
	/* What was not used longer ago than this is lost. */
	paid = max_u64(group->signals_paid, now - min_u64(now, burst)) + rate.signal;
	group->signals_paid = paid;
	lock_release(&group->lock);
	return paid > now ? paid : 0;
}

void sched_group_note_wake(struct sched_group *group, u64 ticks)
{
	u64 ns = min_u64(ticks, rate.longest) * 1000 / rate.ticks_per_us;
	u32 bucket = ns != 0 ? 63 - (u32)__builtin_clzll(ns) : 0;

	__atomic_fetch_add(&group->wakes[min_u64(bucket, STAT_WAKE_BUCKETS - 1)], 1, __ATOMIC_RELAXED);
}
