/* SPDX-License-Identifier: MIT */
/*
 * sched_group.h - what the threads of one PD have in common in the scheduler: class, weight, cap and affinity, and the
 * record of their wake-ups. A VM with many vCPUs is one party, not many.
 *
 * A cap is a budget for each period that all threads draw from, wherever they run. What they overdraw is a debt that
 * the next period starts with; what they leave can be used in the next one only.
 *
 * Signals to the system's threads are limited in rate, because what those do about them goes before everybody's work.
 */
#ifndef VOS_SCHED_GROUP_H
#define VOS_SCHED_GROUP_H

#include "lock.h"
#include "range.h"
#include "stats.h"
#include "syscalls.h"
#include "types.h"

struct sched_group {
	u32 class;		/* enum sched_class; objects lock to write these four, read at any time */
	u32 weight;
	u32 cap;		/* percent of one pCPU; 0 = none */
	u64 affinity;		/* mask of pCPUs */
	u32 runnable;		/* atomic: threads ready or running */
	u64 wakes[STAT_WAKE_BUCKETS];	/* atomic */
	u64 owed;		/* atomic: ticks of PD_CHARGE that no thread was charged for yet */
	struct lock lock;	/* for what follows; innermost but for nothing */
	s64 budget;		/* TSC ticks left in this period */
	u64 period_end;		/* TSC */
	u64 signals_paid;	/* TSC: each signal moves it on by what one takes of the rate */
};

void sched_group_clock_init(u64 tsc_hz);
/* Fair, default weight, no cap, any pCPU. */
void sched_group_init(struct sched_group *group);
void sched_group_set_cap(struct sched_group *group, u32 cap, u64 now);

/* The weight of one of its threads. */
static inline u32 sched_group_thread_weight(const struct sched_group *group)
{
	u32 runnable = __atomic_load_n(&group->runnable, __ATOMIC_RELAXED);

	return runnable > 1 ? (u32)max_u64(group->weight / runnable, 1) : group->weight;
}

/* What one of its threads that has run for so long is charged for: also what others did for the PD. */
static inline u64 sched_group_take_owed(struct sched_group *group, u64 ticks)
{
	if (__atomic_load_n(&group->owed, __ATOMIC_RELAXED) != 0)
		ticks += __atomic_exchange_n(&group->owed, 0, __ATOMIC_RELAXED);
	return ticks;
}

/* One of its threads, of which there is a cap, is charged for so long. */
void sched_group_charge(struct sched_group *group, u64 ticks, u64 now);
/* 0: its threads may run. Else the TSC at which to ask again. Needed only if there is a cap. */
u64 sched_group_parked_until(struct sched_group *group, u64 now);
/* How long one of its threads may run before somebody looks at the budget again; never 0. */
u64 sched_group_allowance(struct sched_group *group);

/* One of its threads has signalled one of the system's. 0: that is within what is allowed to it. Else that thread has
 * to pause until this TSC. */
u64 sched_group_signal(struct sched_group *group, u64 now);

/* A thread runs, so many TSC ticks after it was woken. */
void sched_group_note_wake(struct sched_group *group, u64 ticks);

#endif
