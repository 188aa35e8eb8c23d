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
static inline void sched_program_timer(struct sched *s)
{
	u64 at = min_u64(s->slice_end, s->limit);

	if (!list_is_empty(&s->sleepers))
		at = min_u64(at, CONTAINER_OF(s->sleepers.next, struct thread, sleep_link)->deadline);
	if (at == s->timer)
		return;
	s->timer = at;
	arch_timer_set(at);
}

static inline u64 sched_load_of(const struct thread *t)
{
	static const u64 fixed[SCHED_CLASS_COUNT] = {
		[SCHED_CLASS_RT] = SCHED_WEIGHT_MAX, [SCHED_CLASS_SERVICE] = SCHED_WEIGHT_MAX,
	};

	return t->class == SCHED_CLASS_FAIR ? sched_group_thread_weight(t->group) : fixed[t->class];
}

/* `t` begins, and ceases, to be ready or running there. */
static inline void sched_count_in(struct sched *s, struct thread *t)
{
	__atomic_fetch_add(&t->group->runnable, 1, __ATOMIC_RELAXED);
	t->load = sched_load_of(t);
	s->load += t->load;
}

static inline void sched_count_out(struct sched *s, struct thread *t)
{
	__atomic_fetch_sub(&t->group->runnable, 1, __ATOMIC_RELAXED);
	s->load -= t->load;
}

/* Ready -> in no queue, but still counted as runnable. */
static inline void sched_dequeue(struct sched *s, struct thread *t)
{
	list_remove(&t->run_link);
	s->movable_count -= t->is_movable;
	s->ready_count--;
}

/* Take the thread that is to run next out of its queue; the idle thread if there is none. */
static inline struct thread *sched_pick(struct sched *s)
{
	for (u32 class = SCHED_CLASS_COUNT; class-- > 0;) {
		if (!list_is_empty(&s->ready[class])) {
			struct thread *t = CONTAINER_OF(s->ready[class].next, struct thread, run_link);

			sched_dequeue(s, t);
			return t;
		}
	}
	return s->pcpu->idle;
}

/* min_vruntime follows the fair thread with the least virtual time, and never falls. */
static inline void sched_raise_min_vruntime(struct sched *s, const struct thread *running)
{
	u64 least = running->vruntime;

	if (running == s->pcpu->idle || running->class != SCHED_CLASS_FAIR)
		return;
	if (!list_is_empty(&s->ready[SCHED_CLASS_FAIR]))
		least = min_u64(least,
				CONTAINER_OF(s->ready[SCHED_CLASS_FAIR].next, struct thread, run_link)->vruntime);
	s->min_vruntime = max_u64(s->min_vruntime, least);
}

/* Sleeping earns a slice of credit at most. */
static inline void sched_lift_vruntime(struct sched *s, struct thread *t)
{
	if (t->vruntime + sched_slice < s->min_vruntime)
		t->vruntime = s->min_vruntime - sched_slice;
}

void sched_sleepers_insert(struct sched *s, struct thread *t, u64 deadline);
/* Parked: in no run queue until then, whatever signals come. */
void sched_insert_parked(struct sched *s, struct thread *t, u64 until);
/* The reverse of sched_dequeue: into a run queue, to be parked, or to leave. */
void sched_requeue(struct sched *s, struct thread *t, u64 now);
/* `t`, in no queue, can run there from now on. */
void sched_arrive(struct sched *s, struct thread *t, u64 now);
/* `t`, which does not run, can't any more: out of the queue that it is in. */
void sched_depart(struct sched *s, struct thread *t);
/* That pCPU looks at its queues soon. */
void sched_resched(struct sched *s);

#endif
