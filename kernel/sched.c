/*
 * sched.c - see sched.h.
 *
 * A thread is pinned to the pCPU where it was made; only that pCPU takes threads from its queues, with interrupts off,
 * so the lock is never held across a switch. Fair threads are sorted by virtual time (time on the pCPU divided by
 * weight); one that wakes up is lifted to just below the floor, so that sleeping earns a bounded credit and no more.
 */
#include "frames.h"
#include "notify.h"
#include "panic.h"
#include "pd.h"
#include "range.h"
#include "sched.h"
#include "vcpu.h"

#define SLICES_PER_SECOND 200u	/* 5 ms */
#define BASE_WEIGHT 100u

static struct sched *schedulers[MAX_PCPUS];
static struct thread *idle_threads[MAX_PCPUS];
static u64 slice;		/* TSC ticks; also the wake-up credit */
static u64 granularity;		/* how far behind the current thread one must be to take its place at once */

static struct sched *sched_here(void)
{
	return pcpu_self()->sched;
}

static struct sched *sched_of(const struct thread *t)
{
	return t->pcpu->sched;
}

/* ---- time --------------------------------------------------------------------------------------- */

/* Charge what has passed since the last time to the current thread, if s is this pCPU's. Returns the time. */
static u64 account(struct sched *s)
{
	struct thread *current = thread_current();
	u64 now = arch_tsc();
	u64 ticks = now - s->accounted;

	if (s != sched_here())
		return now;
	s->accounted = now;
	current->time_tsc += ticks;
	current->virtual_time += current->weight == BASE_WEIGHT ? ticks : ticks * BASE_WEIGHT / current->weight;
	return now;
}

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

void sched_timer_limit(u64 deadline_tsc)
{
	struct sched *s = sched_here();

	if (s->limit == deadline_tsc)
		return;
	lock_acquire(&s->lock);
	s->limit = deadline_tsc;
	program_timer(s);
	lock_release(&s->lock);
}

/* ---- queues ------------------------------------------------------------------------------------- */

static void enqueue(struct sched *s, struct thread *t)
{
	struct list *head = &s->ready[t->class];
	struct list *at = head;

	t->state = THREAD_READY;
	if (t->class == SCHED_CLASS_FAIR)
		while (at->prev != head &&
		       CONTAINER_OF(at->prev, struct thread, run_link)->virtual_time > t->virtual_time)
			at = at->prev;
	list_insert_before(at, &t->run_link);
}

static struct thread *pick(struct sched *s)
{
	static const enum sched_class order[] = { SCHED_CLASS_SYSTEM, SCHED_CLASS_RT, SCHED_CLASS_FAIR };

	for (u32 i = 0; i < ARRAY_COUNT(order); i++)
		if (!list_is_empty(&s->ready[order[i]]))
			return CONTAINER_OF(s->ready[order[i]].next, struct thread, run_link);
	return pcpu_self()->idle;
}

static bool somebody_waits(const struct sched *s)
{
	return !list_is_empty(&s->ready[SCHED_CLASS_SYSTEM]) || !list_is_empty(&s->ready[SCHED_CLASS_RT]) ||
	       !list_is_empty(&s->ready[SCHED_CLASS_FAIR]);
}

/* The floor follows the fair thread with the least virtual time, and never falls. */
static void raise_floor(struct sched *s, const struct thread *running)
{
	u64 least = running->virtual_time;

	if (running == running->pcpu->idle || running->class != SCHED_CLASS_FAIR)
		return;
	if (!list_is_empty(&s->ready[SCHED_CLASS_FAIR]))
		least = min_u64(least,
				CONTAINER_OF(s->ready[SCHED_CLASS_FAIR].next, struct thread, run_link)->virtual_time);
	s->floor = max_u64(s->floor, least);
}

/* Must `t`, just ready, run instead of the thread that runs on its pCPU? */
static bool preempts(const struct thread *t, const struct thread *running)
{
	if (running == t->pcpu->idle)
		return true;
	if (t->class != running->class)
		return t->class > running->class;
	return t->class == SCHED_CLASS_FAIR && t->virtual_time + granularity < running->virtual_time;
}

/* Lock held. On the way from waiting or stopped to ready. */
static void make_ready(struct sched *s, struct thread *t, u64 now)
{
	u64 least;

	raise_floor(s, t->pcpu->current);	/* it may have run alone, without a switch, for long */
	least = s->floor > slice ? s->floor - slice : 0;
	list_remove(&t->sleep_link);
	t->virtual_time = max_u64(t->virtual_time, least);
	t->ready_tsc = now;
	enqueue(s, t);
	if (preempts(t, t->pcpu->current))
		t->pcpu->need_resched = true;
	else if (s->slice_end == DEADLINE_NONE)
		s->slice_end = now + slice;
}

static void sleepers_insert(struct sched *s, struct thread *t)
{
	struct list *at = &s->sleepers;

	while (at->prev != &s->sleepers && CONTAINER_OF(at->prev, struct thread, sleep_link)->deadline > t->deadline)
		at = at->prev;
	list_insert_before(at, &t->sleep_link);
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

/* Lock held, time accounted, the current thread's new state and queue settled. Releases the lock; returns when the
 * thread runs again. */
static void switch_away(struct sched *s, u64 now)
{
	struct pcpu *pcpu = pcpu_self();
	struct thread *from = pcpu->current;
	struct thread *to = pick(s);

	pcpu->need_resched = false;
	list_remove(&to->run_link);
	to->state = THREAD_RUNNING;
	raise_floor(s, to);
	s->slice_end = to != pcpu->idle && somebody_waits(s) ? now + slice : DEADLINE_NONE;
	if (to != from)
		s->limit = DEADLINE_NONE;
	program_timer(s);
	pcpu->current = to;
	lock_release(&s->lock);
	if (to == from)
		return;
	load_space(to);
	arch_thread_switch(&from->arch, &to->arch);
	if (from->vcpu != NULL) {
		u64 back = arch_tsc();

		vcpu_was_away(from->vcpu, back - now, back - from->ready_tsc);
	}
}

void sched_preempt(void)
{
	struct sched *s = sched_here();
	struct thread *self = thread_current();
	u64 now;

	lock_acquire(&s->lock);
	now = account(s);
	if (self->want_stop) {
		self->want_stop = false;
		self->state = THREAD_STOPPED;
	} else if (self != pcpu_self()->idle) {
		self->ready_tsc = now;
		enqueue(s, self);
	}
	switch_away(s, now);
}

void sched_yield(void)
{
	struct sched *s = sched_here();

	lock_acquire(&s->lock);
	(void)account(s);
	/* Behind the next in line. */
	if (!list_is_empty(&s->ready[SCHED_CLASS_FAIR]))
		thread_current()->virtual_time = max_u64(thread_current()->virtual_time,
			CONTAINER_OF(s->ready[SCHED_CLASS_FAIR].next, struct thread, run_link)->virtual_time);
	lock_release(&s->lock);
	sched_preempt();
}

void sched_wait(u64 deadline)
{
	struct sched *s = sched_here();
	struct thread *self = thread_current();
	u64 now;

	if (self->want_stop) {
		sched_preempt();
		return;
	}
	lock_acquire(&s->lock);
	__atomic_store_n(&self->state, THREAD_WAITING, __ATOMIC_SEQ_CST);	/* before the last look: see notify.c */
	if (__atomic_load_n(&self->pending, __ATOMIC_SEQ_CST) != 0) {
		self->state = THREAD_RUNNING;
		lock_release(&s->lock);
		return;
	}
	self->deadline = deadline;
	if (deadline != DEADLINE_NONE)
		sleepers_insert(s, self);
	now = account(s);
	switch_away(s, now);
}

void sched_wake(struct thread *t)
{
	struct sched *s = sched_of(t);

	if (__atomic_load_n(&t->state, __ATOMIC_SEQ_CST) != THREAD_WAITING)
		return;
	lock_acquire(&s->lock);
	if (t->state == THREAD_WAITING) {
		make_ready(s, t, account(s));
		program_timer(s);
	}
	lock_release(&s->lock);
}

enum status sched_start(struct thread *t)
{
	struct sched *s = sched_of(t);
	enum status status = ST_STATE;

	lock_acquire(&s->lock);
	if (t->state == THREAD_STOPPED) {
		make_ready(s, t, account(s));
		program_timer(s);
		status = ST_OK;
	}
	t->want_stop = false;
	lock_release(&s->lock);
	return status;
}

void sched_stop(struct thread *t)
{
	struct sched *s = sched_of(t);

	lock_acquire(&s->lock);
	if (t->state == THREAD_RUNNING) {
		t->want_stop = true;
		t->pcpu->need_resched = true;
	} else {
		list_remove(&t->run_link);
		list_remove(&t->sleep_link);
		t->state = THREAD_STOPPED;
	}
	lock_release(&s->lock);
}

void sched_ipi(void)
{
	pcpu_self()->need_resched = true;
}

void sched_stop_current(void)
{
	struct sched *s = sched_here();
	u64 now;

	lock_acquire(&s->lock);
	thread_current()->want_stop = false;
	thread_current()->state = THREAD_STOPPED;
	now = account(s);
	switch_away(s, now);
}

bool sched_is_stopped(const struct thread *t)
{
	return t->state == THREAD_STOPPED && t->pcpu->current != t;
}

void sched_set_weight(struct thread *t, u32 weight)
{
	struct sched *s = sched_of(t);

	lock_acquire(&s->lock);
	(void)account(s);
	t->weight = weight;
	lock_release(&s->lock);
}

void sched_set_class(struct thread *t, enum sched_class class)
{
	struct sched *s = sched_of(t);

	lock_acquire(&s->lock);
	list_remove(&t->run_link);
	t->class = class;
	if (t->state == THREAD_READY)
		enqueue(s, t);
	t->pcpu->need_resched = true;
	lock_release(&s->lock);
}

void kernel_timer(void)
{
	struct sched *s = sched_here();
	struct thread *t;
	u64 now;

	lock_acquire(&s->lock);
	now = account(s);
	s->timer = DEADLINE_NONE;	/* one-shot: it is off now */
	while (!list_is_empty(&s->sleepers)) {
		t = CONTAINER_OF(s->sleepers.next, struct thread, sleep_link);
		if (t->deadline > now)
			break;
		make_ready(s, t, now);
	}
	if (s->limit <= now)
		s->limit = DEADLINE_NONE;
	if (s->slice_end <= now) {
		s->slice_end = DEADLINE_NONE;
		pcpu_self()->need_resched = true;
	}
	program_timer(s);
	lock_release(&s->lock);
}

/* ---- beginning ---------------------------------------------------------------------------------- */

void sched_init(u64 tsc_hz)
{
	struct pcpu *pcpu = pcpu_self();
	struct sched *s = kernel_frames_alloc(1);
	struct object *object = object_alloc(OBJECT_THREAD);
	struct thread *idle;

	if (s == NULL || object == NULL)
		panic("no memory for the scheduler of pCPU %u", pcpu->id);
	idle = thread_of(object);
	*s = (struct sched){
		.accounted = arch_tsc(), .slice_end = DEADLINE_NONE, .limit = DEADLINE_NONE, .timer = DEADLINE_NONE
	};
	list_init(&s->ready[SCHED_CLASS_SYSTEM]);
	list_init(&s->ready[SCHED_CLASS_RT]);
	list_init(&s->ready[SCHED_CLASS_FAIR]);
	list_init(&s->sleepers);
	list_init(&idle->run_link);
	list_init(&idle->sleep_link);
	idle->pcpu = pcpu;
	idle->state = THREAD_RUNNING;
	idle->weight = BASE_WEIGHT;
	slice = tsc_hz / SLICES_PER_SECOND;
	granularity = slice / 4;
	pcpu->sched = s;
	pcpu->idle = pcpu->current = idle;
	schedulers[pcpu->id] = s;
	idle_threads[pcpu->id] = idle;
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

u64 sched_thread_time(struct thread *t)
{
	struct sched *s = sched_of(t);
	u64 time;

	lock_acquire(&s->lock);
	(void)account(s);
	time = t->time_tsc;
	lock_release(&s->lock);
	return time;
}

enum status sched_idle_time(u64 pcpu_id, u64 *ticks)
{
	if (pcpu_id >= MAX_PCPUS || schedulers[pcpu_id] == NULL)
		return ST_INVAL;
	*ticks = sched_thread_time(idle_threads[pcpu_id]);
	return ST_OK;
}
