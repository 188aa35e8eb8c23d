/* SPDX-License-Identifier: MIT */
/*
 * sched_queue.h - the queues of one pCPU, its load and its timer; for the scheduler's own files. Lock held throughout.
 *
 * Fair threads are sorted by virtual time (time on a pCPU divided by weight); one that wakes up is lifted to just below
 * min_vruntime, so that sleeping earns a bounded credit and no more.
 */
#ifndef VOS_SCHED_QUEUE_H
#define VOS_SCHED_QUEUE_H

#include "sched.h"
#include "sched_group.h"

/* TSC ticks: a slice, which is the wake-up credit too; how far behind the current thread one must be to take its place
 * at once. */
extern u64 sched_slice, sched_granularity;

static inline struct sched *sched_here(void)
{
	return pcpu_self()->sched;
}

/* This pCPU's: set the hardware timer to what comes next, if that is another time than it is set to. */
void sched_program_timer(struct sched *s);

/* `t` begins, and ceases, to be ready or running there. */
void sched_count_in(struct sched *s, struct thread *t);
void sched_count_out(struct sched *s, struct thread *t);

void sched_sleepers_insert(struct sched *s, struct thread *t, u64 deadline);
/* Parked: in no run queue until then, whatever signals come. */
void sched_insert_parked(struct sched *s, struct thread *t, u64 until);
/* Ready -> in no queue, but still counted as runnable. */
void sched_dequeue(struct sched *s, struct thread *t);
/* The reverse: into a run queue, to be parked, or to leave. */
void sched_requeue(struct sched *s, struct thread *t, u64 now);
/* `t`, in no queue, can run there from now on. */
void sched_arrive(struct sched *s, struct thread *t, u64 now);
/* `t`, which does not run, can't any more: out of the queue that it is in. */
void sched_depart(struct sched *s, struct thread *t);
/* Take the thread that is to run next out of its queue; the idle thread if there is none. */
struct thread *sched_pick(struct sched *s);

/* min_vruntime follows the fair thread with the least virtual time, and never falls. */
void sched_raise_min_vruntime(struct sched *s, const struct thread *running);
/* Sleeping earns a slice of credit at most. */
void sched_lift_vruntime(struct sched *s, struct thread *t);

/* That pCPU looks at its queues soon. */
void sched_resched(struct sched *s);

#endif
