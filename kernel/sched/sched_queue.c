/* SPDX-License-Identifier: MIT */
/*
 * sched_queue.c - see sched_queue.h.
 */
#include "range.h"
#include "sched_migrate.h"
#include "virt.h"

#define SLICES_PER_SECOND 200u	/* 5 ms */

u64 sched_slice, sched_granularity;

void sched_set_clock(u64 tsc_hz)
{
	sched_slice = tsc_hz / SLICES_PER_SECOND;
	sched_granularity = sched_slice / 4;
	sched_group_clock_init(tsc_hz);
}

/* ---- the timer ------------------------------------------------------------------------------------ */

/* What the timer depends on has changed; it can be set by its own pCPU only. */
static void timer_changed(struct sched *s)
{
	if (s == sched_here())
		sched_program_timer(s);
	else
		arch_ipi(s->pcpu);
}

void sched_timer_limit_set(struct sched *s, u64 deadline_tsc)
{
	lock_acquire(&s->lock);
	s->limit = deadline_tsc;
	sched_program_timer(s);
	lock_release(&s->lock);
}

void sched_ipi(void)
{
	struct sched *s = sched_here();

	lock_acquire(&s->lock);
	sched_program_timer(s);
	if (s->movable_count != 0)	/* an idle pCPU may have asked */
		s->pcpu->need_resched = true;
	lock_release(&s->lock);
}

/* ---- queues ------------------------------------------------------------------------------------- */

void sched_sleepers_insert(struct sched *s, struct thread *t, u64 deadline)
{
	struct list *at = &s->sleepers;

	t->deadline = deadline;
	while (at->prev != &s->sleepers && CONTAINER_OF(at->prev, struct thread, sleep_link)->deadline > deadline)
		at = at->prev;
	list_insert_before(at, &t->sleep_link);
}

/* Into the run queue: a fair thread by its virtual time, another one behind its class, or before it if it was
 * interrupted in its turn. */
static void enqueue(struct sched *s, struct thread *t)
{
	struct list *head = &s->ready[t->class];
	struct list *at = t->slice_used != 0 && t->slice_used < sched_slice ? head->next : head;

	if (t->slice_used >= sched_slice)
		t->slice_used = 0;
	if (t->class == SCHED_CLASS_FAIR) {
		at = head;
		while (at->prev != head &&
		       CONTAINER_OF(at->prev, struct thread, run_link)->vruntime > t->vruntime)
			at = at->prev;
	}
	t->state = THREAD_READY;
	list_insert_before(at, &t->run_link);
	t->is_movable = (mask_allowed(t) & ~mask_of(s)) != 0;
	s->movable_count += t->is_movable;
	s->ready_count++;
}

/* Must `t`, just ready, run instead of the thread that runs there? */
static bool preempts(const struct thread *t, const struct thread *running)
{
	if (running == t->pcpu->idle)
		return true;
	if (t->class != running->class)
		return t->class > running->class;
	return t->class == SCHED_CLASS_FAIR && t->vruntime + sched_granularity < running->vruntime;
}

void sched_resched(struct sched *s)
{
	if (s->pcpu->need_resched)	/* it knows, or has been told */
		return;
	s->pcpu->need_resched = true;
	if (s != sched_here())
		arch_ipi(s->pcpu);
	else
		pcpu_self()->fast_vcpu = NULL;
}

/* `t` has been queued there by somebody else than the thread that runs there. */
static void check_preempt(struct sched *s, const struct thread *t, u64 now)
{
	sched_publish_overloaded(s);
	if (virt_limits.asks_for_siblings && s == sched_here())
		s->pcpu->fast_vcpu = NULL;	/* sched_sibling_waits may have changed */
	if (preempts(t, s->pcpu->current)) {
		sched_publish_idle(s, false);
		sched_resched(s);
		return;
	}
	if (s->slice_end == DEADLINE_NONE) {
		s->slice_end = now + sched_slice;
		timer_changed(s);
	}
	if (sched_has_room(s, t))
		sched_resched(s);	/* it pushes `t` there */
}

void sched_insert_parked(struct sched *s, struct thread *t, u64 until)
{
	t->state = THREAD_PARKED;
	sched_sleepers_insert(s, t, until);
	if (t != s->pcpu->current)
		timer_changed(s);
}

void sched_requeue(struct sched *s, struct thread *t, u64 now)
{
	u64 parked_until;

	if ((mask_allowed(t) & mask_of(s)) == 0) {
		sched_count_out(s, t);
		sched_leave(s, t);
		sched_resched(s);
		return;
	}
	parked_until = t->group->cap != 0 ? sched_group_parked_until(t->group, now) : 0;
	if (parked_until != 0) {
		sched_count_out(s, t);
		sched_insert_parked(s, t, parked_until);
		return;
	}
	enqueue(s, t);
	if (t != s->pcpu->current)
		check_preempt(s, t, now);
}

void sched_arrive(struct sched *s, struct thread *t, u64 now)
{
	sched_raise_min_vruntime(s, s->pcpu->current);	/* it may have run alone, without a switch, for long */
	sched_lift_vruntime(s, t);
	sched_count_in(s, t);
	sched_requeue(s, t, now);
}

void sched_depart(struct sched *s, struct thread *t)
{
	if (t->state == THREAD_READY) {
		sched_dequeue(s, t);
		sched_count_out(s, t);
		sched_publish_overloaded(s);
	}
	list_remove(&t->sleep_link);
}

void sched_changed(struct thread *t)
{
	struct sched *s = sched_lock_of(t);
	u64 now = sched_account(s);
	enum thread_state state = t->state;

	if (state == THREAD_READY)
		sched_dequeue(s, t);
	t->class = t->group->class;
	if (state == THREAD_READY || state == THREAD_RUNNING) {
		s->load -= t->load;
		t->load = sched_load_of(t);
		s->load += t->load;
		sched_lift_vruntime(s, t);
		/* What it ran ahead counts for no more than a slice at its new weight. */
		t->vruntime = min_u64(t->vruntime, s->min_vruntime + sched_slice * SCHED_WEIGHT_DEFAULT /
							   sched_group_thread_weight(t->group));
	}
	if (state == THREAD_READY)
		sched_requeue(s, t, now);
	sched_publish_overloaded(s);
	if (state == THREAD_RUNNING)
		sched_resched(s);
	lock_release(&s->lock);
}
