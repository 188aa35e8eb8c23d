/* SPDX-License-Identifier: MIT */
/*
 * sched.c - see sched.h: switching threads, waiting and waking, and what the timer brings.
 *
 * Only a pCPU itself takes threads from its queues to run them, with interrupts off, so the lock is never held across a
 * switch.
 */
#include "kernel_upcalls.h"
#include "panic.h"
#include "pd.h"
#include "range.h"
#include "sched_migrate.h"

/* ---- switching ---------------------------------------------------------------------------------- */

static void load_space(const struct thread *next)
{
	if (next->pd == NULL) {		/* not the last PD's: it may be destroyed meanwhile */
		arch_space_switch(arch_space_kernel());
		return;
	}
	arch_space_switch(next->pd->space.pt.root);
	arch_ports_switch(&next->pd->ports);
}

/* `t` is switched to. */
static void note_run(struct thread *t, u64 now)
{
	u64 waited = now - t->ready_tsc;

	if ((s64)waited < 0)
		waited = 0;
	t->time_ready += waited;
	if (t->is_woken)
		sched_group_note_wake(t->group, waited);
	t->is_woken = false;
	if (t->ops != NULL)
		t->ops->was_away(t->vcpu, now - t->off_tsc, t->time_ready);
}

/* When to look again, with `to` running. */
static u64 next_slice_end(const struct sched *s, const struct thread *to, u64 now)
{
	u64 at = s->ready_count != 0 ? now + sched_slice - to->slice_used : DEADLINE_NONE;

	return to->group->cap != 0 ? min_u64(at, now + sched_group_allowance(to->group)) : at;
}

/* After a switch, on the stack of the thread that is switched to: now nobody who is leaving is on the stack. */
void sched_switched(void)
{
	struct sched *s = sched_here();

	if (list_is_empty(&s->migrating) && s->movable_count == 0)
		return;
	lock_acquire(&s->lock);
	sched_drain(s);
	sched_push(s, SCHED_CLASS_COUNT);
	lock_release(&s->lock);
}

/* Lock held, time accounted. `to` is the current thread from now on. */
static void make_current(struct sched *s, struct thread *to, u64 now)
{
	struct pcpu *pcpu = s->pcpu;
	struct thread *from = pcpu->current;
	bool is_idle = to == pcpu->idle;

	pcpu->need_resched = false;
	/* Before it looks at its bits: see sched_wake. */
	__atomic_store_n(&to->state, THREAD_RUNNING, __ATOMIC_SEQ_CST);
	from->off_tsc = now;
	if (to != from) {
		s->limit = DEADLINE_NONE;
		if (!is_idle)
			note_run(to, now);
	}
	sched_raise_min_vruntime(s, to);
	s->running_prio = is_idle ? 0 : to->class + 1;
	s->slice_end = is_idle ? DEADLINE_NONE : next_slice_end(s, to, now);
	sched_program_timer(s);
	pcpu->current = to;
	sched_publish_idle(s, is_idle);
	sched_publish_overloaded(s);
	if (is_idle && mask_load(&sched_masks.overloaded) != 0 && now >= s->ask_after && sched_ask(s))
		s->ask_after = now + sched_granularity;
}

/*
 * The ordinary wake-up on a pCPU that idles on the stack of the very thread, with nobody else about: no queue and no
 * switch is needed. False: it is not that ordinary.
 */
static bool resume_in_place(struct sched *s, struct thread *t, u64 now)
{
	if (t != s->resting || s->ready_count != 0 || s != sched_here() ||
	    t->group->cap != 0 || (mask_allowed(t) & mask_of(s)) == 0)
		return false;
	sched_lift_vruntime(s, t);
	sched_count_in(s, t);
	make_current(s, t, now);
	return true;
}

/* A sleeper's time has come, or it is signalled. */
static void wake(struct sched *s, struct thread *t, u64 now)
{
	list_remove(&t->sleep_link);
	if (t->state == THREAD_WAITING) {
		t->ready_tsc = now;
		t->is_woken = true;
		t->slice_used = 0;
	}
	if (!resume_in_place(s, t, now))
		sched_arrive(s, t, now);
}

/*
 * There is nothing to run: idle on the stack of `self`, which waits, until there is. That it is the same thread again
 * is the ordinary case. Lock held, but given up in between.
 */
static struct thread *idle_in_place(struct sched *s, struct thread *self)
{
	struct pcpu *pcpu = s->pcpu;

	s->resting = self;
	do {
		lock_release(&s->lock);
		arch_space_switch(arch_space_kernel());
		while (pcpu->current == pcpu->idle && !pcpu->need_resched)
			arch_idle();
		lock_acquire(&s->lock);
		if (pcpu->current == pcpu->idle) {
			u64 now = sched_account(s);

			sched_drain(s);
			make_current(s, sched_pick(s), now);
		}
	} while (pcpu->current == pcpu->idle && self->state != THREAD_MIGRATING);
	s->resting = NULL;
	return pcpu->current;
}

/* Lock held, time accounted, the current thread's new state and queue settled. Releases the lock; returns when the
 * thread runs again, perhaps on another pCPU. */
static void switch_away(struct sched *s, u64 now)
{
	struct pcpu *pcpu = s->pcpu;
	struct thread *self = pcpu->current;
	struct thread *to = sched_pick(s);
	bool can_rest = self->state == THREAD_WAITING || self->state == THREAD_PARKED;

	make_current(s, to, now);
	can_rest &= to == pcpu->idle;
	if (can_rest)
		to = idle_in_place(s, self);
	lock_release(&s->lock);
	if (to != self) {
		load_space(to);
		arch_thread_switch(&self->arch, &to->arch);
	} else if (can_rest) {
		arch_space_switch(self->pd->space.pt.root);
	}
	sched_switched();
}

/* Its turn ends here: into the place where it belongs now. */
static void put_back(struct sched *s, struct thread *self, u64 now)
{
	self->ready_tsc = now;
	if (self->want_stop) {
		sched_count_out(s, self);
		sched_leave(s, self);
	} else {
		sched_requeue(s, self, now);
	}
}

void sched_preempt(void)
{
	struct sched *s = sched_here();
	struct thread *self = thread_current();
	u64 now;

	lock_acquire(&s->lock);
	now = sched_account(s);
	sched_drain(s);
	if (self != s->pcpu->idle) {
		if (s->movable_count != 0) {
			sched_push(s, self->class);
			if (self->slice_used >= sched_slice)
				sched_balance(s);
			now = sched_account(s);
		}
		put_back(s, self, now);
	}
	switch_away(s, now);
}

/* The last in its queue of the same PD's, or NULL. Lock held. */
static const struct thread *last_sibling(const struct sched *s, const struct thread *self)
{
	const struct list *head = &s->ready[self->class];

	for (const struct list *at = head->prev; at != head; at = at->prev) {
		const struct thread *t = CONTAINER_OF(at, struct thread, run_link);

		if (t->group == self->group)
			return t;
	}
	return NULL;
}

bool sched_sibling_waits(void)
{
	struct sched *s = sched_here();
	const struct thread *self = thread_current();
	bool is_there;

	if (s->ready_count == 0 || __atomic_load_n(&self->group->runnable, __ATOMIC_RELAXED) < 2)
		return false;
	lock_acquire(&s->lock);
	is_there = last_sibling(s, self) != NULL;
	lock_release(&s->lock);
	return is_there;
}

/* Behind the next in line, and behind all siblings: one of them may be what this one waits for. */
static void step_back(struct sched *s, struct thread *self)
{
	const struct list *head = &s->ready[SCHED_CLASS_FAIR];
	const struct thread *sibling = last_sibling(s, self);
	u64 least = 0;

	if (!list_is_empty(head))
		least = CONTAINER_OF(head->next, struct thread, run_link)->vruntime;
	if (sibling != NULL)
		least = sibling->vruntime;
	self->vruntime = max_u64(self->vruntime, least);
}

void sched_yield(void)
{
	struct sched *s = sched_here();
	struct thread *self = thread_current();

	s->pcpu->fast_vcpu = NULL;	/* nobody may be left for whom to yield */
	if (s->ready_count == 0)
		return;
	lock_acquire(&s->lock);
	(void)sched_account(s);
	if (self->class != SCHED_CLASS_FAIR)
		self->slice_used = sched_slice;
	else
		step_back(s, self);
	lock_release(&s->lock);
	sched_preempt();
}

void sched_wait(u64 deadline)
{
	struct sched *s = sched_here();
	struct thread *self = thread_current();
	u64 now;

	lock_acquire(&s->lock);
	if (self->want_stop) {
		lock_release(&s->lock);
		sched_preempt();
		return;
	}
	__atomic_store_n(&self->state, THREAD_WAITING, __ATOMIC_SEQ_CST);	/* before the last look: see notify.c */
	if (__atomic_load_n(&self->pending, __ATOMIC_SEQ_CST) != 0) {
		self->state = THREAD_RUNNING;
		lock_release(&s->lock);
		return;
	}
	now = sched_account(s);
	sched_count_out(s, self);
	if (deadline != DEADLINE_NONE)
		sched_sleepers_insert(s, self, deadline);
	switch_away(s, now);
}

void sched_park(u64 until)
{
	struct sched *s = sched_here();
	struct thread *self = thread_current();
	u64 now;

	s->pcpu->fast_vcpu = NULL;	/* nobody is told of signals meanwhile */
	lock_acquire(&s->lock);
	now = sched_account(s);
	self->ready_tsc = now;
	sched_count_out(s, self);
	if (self->want_stop)
		sched_leave(s, self);
	else
		sched_insert_parked(s, self, until);
	switch_away(s, now);
}

void sched_wake(struct thread *t)
{
	enum thread_state state = __atomic_load_n(&t->state, __ATOMIC_SEQ_CST);
	struct pcpu *pcpu = __atomic_load_n(&t->pcpu, __ATOMIC_RELAXED);
	struct sched *s;

	/* In its guest it would not look at its bits. If it moves at this moment, it looks before it enters again. */
	if (state == THREAD_RUNNING && t->vcpu) {
		if (pcpu == pcpu_self())
			pcpu_self()->fast_vcpu = NULL;
		else
			arch_ipi(pcpu);
	}
	if (state != THREAD_WAITING)
		return;
	s = sched_lock_of(t);
	if (t->state == THREAD_WAITING)
		wake(s, t, sched_account(s));
	lock_release(&s->lock);
}

void sched_stop_current(void)
{
	struct sched *s = sched_here();
	struct thread *self = thread_current();
	u64 now;

	lock_acquire(&s->lock);
	now = sched_account(s);
	self->want_stop = true;
	put_back(s, self, now);
	switch_away(s, now);
}

void kernel_timer(void)
{
	struct sched *s = sched_here();
	u64 now;

	lock_acquire(&s->lock);
	now = sched_account(s);
	s->timer = DEADLINE_NONE;	/* one-shot: it is off now */
	while (!list_is_empty(&s->sleepers)) {
		struct thread *t = CONTAINER_OF(s->sleepers.next, struct thread, sleep_link);

		if (t->deadline > now)
			break;
		wake(s, t, now);
	}
	if (s->limit <= now) {
		s->limit = DEADLINE_NONE;
		s->pcpu->fast_vcpu = NULL;
	}
	if (s->slice_end <= now) {
		s->slice_end = DEADLINE_NONE;
		sched_resched(s);
	}
	sched_program_timer(s);
	lock_release(&s->lock);
}

/* ---- beginning ---------------------------------------------------------------------------------- */

void sched_init(void)
{
	struct pcpu *pcpu = pcpu_self();
	struct sched *s = kernel_frames_alloc(1);
	struct thread *idle = &s->idle;

	if (s == NULL)
		panic("no memory for the scheduler of pCPU %u", pcpu->id);
	*s = (struct sched){
		.pcpu = pcpu, .slice_end = DEADLINE_NONE, .limit = DEADLINE_NONE, .timer = DEADLINE_NONE,
		.idle = { .pcpu = pcpu, .state = THREAD_RUNNING },
	};
	list_init(&idle->run_link);
	list_init(&idle->sleep_link);
	s->started = s->accounted = arch_tsc();
	for (u32 i = 0; i < SCHED_CLASS_COUNT; i++)
		list_init(&s->ready[i]);
	list_init(&s->sleepers);
	list_init(&s->migrating);
	pcpu->sched = s;
	pcpu->idle = pcpu->current = idle;
	sched_online(s);
	sched_publish_idle(s, true);
}

void sched_idle(void)
{
	for (;;) {
		if (pcpu_self()->need_resched)
			sched_preempt();
		else
			arch_idle();
	}
}
