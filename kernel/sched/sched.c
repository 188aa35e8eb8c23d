/* SPDX-License-Identifier: MIT */
/*
 * sched.c - see sched.h: the timer, queues, and what runs next on this pCPU.
 *
 * Fair threads are sorted by virtual time (time on a pCPU divided by weight); one that wakes up is lifted to just
 * below min_vruntime, so that sleeping earns a bounded credit and no more. Only a pCPU itself takes threads from its
 * queues to run them, with interrupts off, so the lock is never held across a switch.
 */
#include "frames.h"
#include "kernel_upcalls.h"
#include "notify.h"
#include "panic.h"
#include "pd.h"
#include "range.h"
#include "sched_migrate.h"

#define SLICES_PER_SECOND 200u	/* 5 ms */

static u64 slice;		/* TSC ticks; also the wake-up credit */
static u64 granularity;		/* how far behind the current thread one must be to take its place at once */

static struct sched *sched_here(void)
{
	return pcpu_self()->sched;
}

/* ---- the timer ------------------------------------------------------------------------------------ */

static void program_timer(struct sched *s)
{
	u64 at = min_u64(s->slice_end, s->limit);

	if (!list_is_empty(&s->sleepers))
		at = min_u64(at, CONTAINER_OF(s->sleepers.next, struct thread, sleep_link)->deadline);
	if (at == s->timer)
		return;
	s->timer = at;
	arch_timer_set(at);
}

/* What the timer depends on has changed; it can be set by its own pCPU only. */
static void timer_changed(struct sched *s)
{
	if (s == sched_here())
		program_timer(s);
	else
		arch_ipi(s->pcpu);
}

void sched_timer_limit_set(struct sched *s, u64 deadline_tsc)
{
	lock_acquire(&s->lock);
	s->limit = deadline_tsc;
	program_timer(s);
	lock_release(&s->lock);
}

void sched_ipi(void)
{
	struct sched *s = sched_here();

	lock_acquire(&s->lock);
	program_timer(s);
	if (s->movable_count != 0)	/* an idle pCPU may have asked */
		s->pcpu->need_resched = true;
	lock_release(&s->lock);
}

/* ---- queues ------------------------------------------------------------------------------------- */

static u64 load_of(const struct thread *t)
{
	static const u64 fixed[SCHED_CLASS_COUNT] = { [SCHED_CLASS_RT] = SCHED_WEIGHT_MAX };

	return t->class == SCHED_CLASS_FAIR ? sched_group_thread_weight(t->group) : fixed[t->class];
}

static void count_in(struct sched *s, struct thread *t)
{
	__atomic_fetch_add(&t->group->runnable, 1, __ATOMIC_RELAXED);
	t->load = load_of(t);
	s->load += t->load;
}

static void count_out(struct sched *s, struct thread *t)
{
	__atomic_fetch_sub(&t->group->runnable, 1, __ATOMIC_RELAXED);
	s->load -= t->load;
}

static void sleepers_insert(struct sched *s, struct thread *t, u64 deadline)
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
	struct list *at = t->slice_used != 0 && t->slice_used < slice ? head->next : head;

	if (t->slice_used >= slice)
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

void sched_dequeue(struct sched *s, struct thread *t)
{
	list_remove(&t->run_link);
	s->movable_count -= t->is_movable;
	s->ready_count--;
}

static struct thread *pick(struct sched *s)
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
static void raise_min_vruntime(struct sched *s, const struct thread *running)
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
static void lift_vruntime(struct sched *s, struct thread *t)
{
	if (t->vruntime + slice < s->min_vruntime)
		t->vruntime = s->min_vruntime - slice;
}

/* Must `t`, just ready, run instead of the thread that runs there? */
static bool preempts(const struct thread *t, const struct thread *running)
{
	if (running == t->pcpu->idle)
		return true;
	if (t->class != running->class)
		return t->class > running->class;
	return t->class == SCHED_CLASS_FAIR && t->vruntime + granularity < running->vruntime;
}

void sched_resched(struct sched *s)
{
	if (s->pcpu->need_resched)	/* it knows, or has been told */
		return;
	s->pcpu->need_resched = true;
	if (s != sched_here())
		arch_ipi(s->pcpu);
	else
		pcpu_self()->entered = NULL;
}

/* `t` has been queued there by somebody else than the thread that runs there. */
static void check_preempt(struct sched *s, const struct thread *t, u64 now)
{
	sched_publish_overloaded(s);
	if (s == sched_here())
		s->pcpu->entered = NULL;	/* sched_sibling_waits may have changed */
	if (preempts(t, s->pcpu->current)) {
		sched_publish_idle(s, false);
		sched_resched(s);
		return;
	}
	if (s->slice_end == DEADLINE_NONE) {
		s->slice_end = now + slice;
		timer_changed(s);
	}
	if (sched_has_room(s, t))
		sched_resched(s);	/* it pushes `t` there */
}

static void park(struct sched *s, struct thread *t, u64 until)
{
	t->state = THREAD_PARKED;
	sleepers_insert(s, t, until);
	if (t != s->pcpu->current)
		timer_changed(s);
}

void sched_requeue(struct sched *s, struct thread *t, u64 now)
{
	u64 parked_until;

	if ((mask_allowed(t) & mask_of(s)) == 0) {
		count_out(s, t);
		sched_leave(s, t);
		sched_resched(s);
		return;
	}
	parked_until = t->group->cap != 0 ? sched_group_parked_until(t->group, now) : 0;
	if (parked_until != 0) {
		count_out(s, t);
		park(s, t, parked_until);
		return;
	}
	enqueue(s, t);
	if (t != s->pcpu->current)
		check_preempt(s, t, now);
}

void sched_arrive(struct sched *s, struct thread *t, u64 now)
{
	raise_min_vruntime(s, s->pcpu->current);	/* it may have run alone, without a switch, for long */
	lift_vruntime(s, t);
	count_in(s, t);
	sched_requeue(s, t, now);
}

void sched_depart(struct sched *s, struct thread *t)
{
	if (t->state == THREAD_READY) {
		sched_dequeue(s, t);
		count_out(s, t);
		sched_publish_overloaded(s);
	}
	list_remove(&t->sleep_link);
}

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
	u64 at = s->ready_count != 0 ? now + slice - to->slice_used : DEADLINE_NONE;

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
	raise_min_vruntime(s, to);
	s->running_prio = is_idle ? 0 : to->class + 1;
	s->slice_end = is_idle ? DEADLINE_NONE : next_slice_end(s, to, now);
	program_timer(s);
	pcpu->current = to;
	sched_publish_idle(s, is_idle);
	sched_publish_overloaded(s);
	if (is_idle && mask_load(&sched_masks.overloaded) != 0 && now >= s->ask_after && sched_ask(s))
		s->ask_after = now + granularity;
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
	lift_vruntime(s, t);
	count_in(s, t);
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
			make_current(s, pick(s), now);
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
	struct thread *to = pick(s);
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
		count_out(s, self);
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
			if (self->slice_used >= slice)
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

	s->pcpu->entered = NULL;	/* nobody may be left for whom to yield */
	if (s->ready_count == 0)
		return;
	lock_acquire(&s->lock);
	(void)sched_account(s);
	if (self->class != SCHED_CLASS_FAIR)
		self->slice_used = slice;
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
	count_out(s, self);
	if (deadline != DEADLINE_NONE)
		sleepers_insert(s, self, deadline);
	switch_away(s, now);
}

void sched_park(u64 until)
{
	struct sched *s = sched_here();
	struct thread *self = thread_current();
	u64 now;

	s->pcpu->entered = NULL;	/* nobody is told of signals meanwhile */
	lock_acquire(&s->lock);
	now = sched_account(s);
	self->ready_tsc = now;
	count_out(s, self);
	if (self->want_stop)
		sched_leave(s, self);
	else
		park(s, self, until);
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
			pcpu_self()->entered = NULL;
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
		t->load = load_of(t);
		s->load += t->load;
		lift_vruntime(s, t);
		/* What it ran ahead counts for no more than a slice at its new weight. */
		t->vruntime = min_u64(t->vruntime, s->min_vruntime + slice * SCHED_WEIGHT_DEFAULT /
							   sched_group_thread_weight(t->group));
	}
	if (state == THREAD_READY)
		sched_requeue(s, t, now);
	sched_publish_overloaded(s);
	if (state == THREAD_RUNNING)
		sched_resched(s);
	lock_release(&s->lock);
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
		s->pcpu->entered = NULL;
	}
	if (s->slice_end <= now) {
		s->slice_end = DEADLINE_NONE;
		sched_resched(s);
	}
	program_timer(s);
	lock_release(&s->lock);
}

/* ---- beginning ---------------------------------------------------------------------------------- */

void sched_set_clock(u64 tsc_hz)
{
	slice = tsc_hz / SLICES_PER_SECOND;
	granularity = slice / 4;
	sched_group_clock_init(tsc_hz);
}

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
