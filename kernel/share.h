/*
 * share.h - what the threads of one PD have in common in the scheduler: class, weight, cap and affinity, and the
 * record of their wake-ups. A VM with many vCPUs is one party, not many.
 *
 * A cap is a budget for each period that all threads draw from, wherever they run. What they overdraw is a debt that
 * the next period starts with; what they leave can be used in the next one only.
 *
 * Signals to the system's threads are limited in rate, because what those do about them goes before everybody's work.
 */
#ifndef VOS_SHARE_H
#define VOS_SHARE_H

#include "lock.h"
#include "range.h"
#include "stats.h"
#include "syscalls.h"
#include "types.h"

struct share {
	u32 class;		/* enum sched_class; objects lock to write these four, read at any time */
	u32 weight;
	u32 cap;		/* percent of one pCPU; 0 = none */
	u64 affinity;		/* mask of pCPUs */
	u32 runnable;		/* atomic: threads ready or running */
	u64 wakes[STAT_WAKE_BUCKETS];	/* atomic */
	struct lock lock;	/* for what follows; innermost but for nothing */
	s64 budget;		/* TSC ticks left in this period */
	u64 period_end;		/* TSC */
	u64 signals_paid;	/* TSC: each signal moves it on by what one takes of the rate */
};

void share_clock_init(u64 tsc_hz);
/* Fair, default weight, no cap, any pCPU. */
void share_init(struct share *share);
void share_set_cap(struct share *share, u32 cap, u64 now);

/* The weight of one of its threads. */
static inline u32 share_thread_weight(const struct share *share)
{
	u32 runnable = __atomic_load_n(&share->runnable, __ATOMIC_RELAXED);

	return runnable > 1 ? (u32)max_u64(share->weight / runnable, 1) : share->weight;
}

/* One of its threads, of which there is a cap, has run for so long. */
void share_charge(struct share *share, u64 ticks, u64 now);
/* 0: its threads may run. Else the TSC at which to ask again. */
u64 share_parked_until(struct share *share, u64 now);
/* How long one of its threads may run before somebody looks at the budget again; never 0. */
u64 share_allowance(struct share *share);

/* One of its threads has signalled one of the system's. 0: that is within what is allowed to it. Else that thread has
 * to pause until this TSC. */
u64 share_signal(struct share *share, u64 now);

/* A thread runs, so many TSC ticks after it was woken. */
void share_note_wake(struct share *share, u64 ticks);

#endif
