/*
 * share.c - see share.h.
 */
#include "range.h"
#include "share.h"

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

void share_clock_init(u64 tsc_hz)
{
	rate.period = tsc_hz / PERIODS_PER_SECOND;
	rate.longest = tsc_hz * WAKE_SECONDS_MAX;
	rate.signal = tsc_hz / SIGNALS_PER_SECOND;
	rate.ticks_per_us = max_u64(tsc_hz / 1000000, 1);
}

void share_init(struct share *share)
{
	*share = (struct share){ .class = SCHED_CLASS_FAIR, .weight = SCHED_WEIGHT_DEFAULT, .affinity = ~0ull };
}

static s64 quota(const struct share *share)
{
	return (s64)(rate.period * share->cap / 100);
}

void share_set_cap(struct share *share, u32 cap, u64 now)
{
	lock_acquire(&share->lock);
	share->cap = cap;
	share->budget = quota(share);
	share->period_end = now + rate.period;
	lock_release(&share->lock);
}

/* Lock held. */
static void refill(struct share *share, u64 now)
{
	u64 periods;

	if (now < share->period_end)
		return;
	periods = (now - share->period_end) / rate.period + 1;
	share->period_end += periods * rate.period;
	/* More than this many periods' worth is lost anyway, whatever the debt: keeps the product small. */
	periods = min_u64(periods, 1000);
	share->budget += (s64)periods * quota(share);
	/* Twice, because other threads may not have been charged yet for what they did in the period that ends. */
	if (share->budget > 2 * quota(share))
		share->budget = 2 * quota(share);
}

void share_charge(struct share *share, u64 ticks, u64 now)
{
	lock_acquire(&share->lock);
	share->budget -= (s64)ticks;
	refill(share, now);
	lock_release(&share->lock);
}

u64 share_parked_until(struct share *share, u64 now)
{
	u64 until = 0;

	if (share->cap == 0)
		return 0;
	lock_acquire(&share->lock);
	refill(share, now);
	if (share->cap != 0 && share->budget <= 0)
		until = share->period_end;
	lock_release(&share->lock);
	return until;
}

u64 share_allowance(struct share *share)
{
	u32 runnable = (u32)max_u64(__atomic_load_n(&share->runnable, __ATOMIC_RELAXED), 1);
	u64 quantum = rate.period / QUANTA_PER_PERIOD;
	s64 budget;

	lock_acquire(&share->lock);
	budget = share->budget;
	lock_release(&share->lock);
	return budget > 0 ? max_u64((u64)budget / runnable, quantum) : quantum;
}

u64 share_signal(struct share *share, u64 now)
{
	u64 burst = SIGNALS_AT_ONCE * rate.signal;
	u64 paid;

	lock_acquire(&share->lock);
	/* What was not used longer ago than this is lost. */
	paid = max_u64(share->signals_paid, now - min_u64(now, burst)) + rate.signal;
	share->signals_paid = paid;
	lock_release(&share->lock);
	return paid > now ? paid : 0;
}

void share_note_wake(struct share *share, u64 ticks)
{
	u64 ns = min_u64(ticks, rate.longest) * 1000 / rate.ticks_per_us;
	u32 bucket = ns != 0 ? 63 - (u32)__builtin_clzll(ns) : 0;

	__atomic_fetch_add(&share->wakes[min_u64(bucket, STAT_WAKE_BUCKETS - 1)], 1, __ATOMIC_RELAXED);
}
