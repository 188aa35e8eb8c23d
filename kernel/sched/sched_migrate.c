/* SPDX-License-Identifier: MIT */
/*
 * sched_migrate.c - see sched_migrate.h: which pCPU a thread runs on.
 *
 * A thread stays where it ran last as long as that pCPU is free for it. A pCPU pushes: a ready thread that it can't run
 * at once goes to an idle pCPU, a real-time one also to a pCPU that runs something lesser; and at the end of a slice a
 * fair one goes where it will get more. A pCPU that becomes idle asks one that has threads to give. Nobody waits for
 * another pCPU.
 */
#include "pd.h"
#include "range.h"
#include "sched_migrate.h"

#define BALANCE_CANDIDATES 8u	/* at the end of a slice no more threads than this are looked at */

static struct sched *schedulers[MAX_PCPUS];
struct sched_masks sched_masks;
_Static_assert(MAX_PCPUS <= 64, "one word a mask");

void sched_mask_change(u64 *mask, u64 bits, bool is_set)
{
	if (is_set)
		__atomic_fetch_or(mask, bits, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(mask, ~bits, __ATOMIC_SEQ_CST);
}

static struct sched *first_of(u64 mask)
{
	return schedulers[__builtin_ctzll(mask)];
}

void sched_online(struct sched *s)
{
	schedulers[s->pcpu->id] = s;
	sched_mask_change(&sched_masks.online, mask_of(s), true);
}

struct sched *sched_at(u64 pcpu_id)
{
	if (pcpu_id >= MAX_PCPUS || (mask_load(&sched_masks.online) & BIT64(pcpu_id)) == 0)
		return NULL;
	return schedulers[pcpu_id];
}

bool sched_mask_ok(u64 affinity)
{
	return (affinity & mask_load(&sched_masks.online)) != 0;
}

/* The bit in `idle` is set before `overloaded` is read, the bit in that before `idle` is read (check_preempt,
 * sched_switched): one of the two sees the other. */
bool sched_ask(const struct sched *s)
{
	u64 others = mask_load(&sched_masks.overloaded) & ~mask_of(s);
	u64 above = others & ~(mask_of(s) - 1);

	if (others != 0)
		arch_ipi(first_of(above != 0 ? above : others)->pcpu);
	return others != 0;
}

/* ---- choosing ----------------------------------------------------------------------------------- */

static u64 load_of(const struct sched *s)
{
	return __atomic_load_n(&s->load, __ATOMIC_RELAXED);
}

static u32 level_of(const struct sched *s)
{
	return __atomic_load_n(&s->running_prio, __ATOMIC_RELAXED);
}

bool sched_has_room(const struct sched *s, const struct thread *t)
{
	u64 others = mask_allowed(t) & ~mask_of(s);

	if ((others & mask_load(&sched_masks.idle)) != 0)
		return true;
	if (t->class != SCHED_CLASS_RT)
		return false;
	for (; others != 0; others &= others - 1)
		if (level_of(first_of(others)) <= t->class)
			return true;
	return false;
}

/* The least loaded pCPU of the mask, which is not empty; for a real-time thread first of all the least important. */
static struct sched *least_of(u64 mask, const struct thread *t)
{
	struct sched *best = first_of(mask);
	bool by_level = t->class == SCHED_CLASS_RT;

	for (; mask != 0; mask &= mask - 1) {
		struct sched *s = first_of(mask);

		if (by_level && level_of(s) != level_of(best)) {
			if (level_of(s) < level_of(best))
				best = s;
		} else if (load_of(s) < load_of(best)) {
			best = s;
		}
	}
	return best;
}

static struct sched *choose(const struct thread *t)
{
	struct sched *home = t->pcpu->sched;
	u64 allowed = mask_allowed(t);
	u64 free = allowed & mask_load(&sched_masks.idle);

	if (allowed == 0 || (free & mask_of(home)) != 0)
		return home;
	return free != 0 ? first_of(free) : least_of(allowed, t);
}

/* ---- going -------------------------------------------------------------------------------------- */

struct sched *sched_lock_of(struct thread *t)
{
	for (;;) {
		struct sched *s = __atomic_load_n(&t->pcpu, __ATOMIC_ACQUIRE)->sched;

		lock_acquire(&s->lock);
		if (t->pcpu == s->pcpu)
			return s;
		lock_release(&s->lock);
	}
}

/* Lock `other` too. `held` may be given up in between. */
static void lock_second(struct sched *held, struct sched *other)
{
	if (held->pcpu->id < other->pcpu->id) {
		lock_acquire(&other->lock);
		return;
	}
	lock_release(&held->lock);
	lock_acquire(&other->lock);
	lock_acquire(&held->lock);
}

/* From one pCPU to another, both locked: detached, in no queue. Virtual time counts from min_vruntime. */
static void hand_over(struct sched *from, struct sched *to, struct thread *t)
{
	u64 at = to->min_vruntime + t->vruntime - from->min_vruntime;

	t->vruntime = (s64)at < 0 ? 0 : at;
	t->slice_used = 0;
	__atomic_store_n(&t->pcpu, to->pcpu, __ATOMIC_RELEASE);
}

void sched_leave(struct sched *s, struct thread *t)
{
	t->state = THREAD_MIGRATING;
	list_insert_before(&s->migrating, &t->run_link);
}

/* Off the list and detached: stop, or go on elsewhere. While the lock is given up, LEAVING keeps others from touching
 * more than want_stop. */
static void finish_migration(struct sched *s, struct thread *t)
{
	struct sched *to = t->want_stop ? s : choose(t);

	if (to != s)
		lock_second(s, to);
	if (t->want_stop) {
		t->want_stop = false;
		__atomic_store_n(&t->state, THREAD_STOPPED, __ATOMIC_RELEASE);	/* may be freed from here on */
	} else {
		if (to != s)
			hand_over(s, to, t);
		sched_arrive(to, t, sched_account(to));
	}
	if (to != s)
		lock_release(&to->lock);
}

static struct thread *first_migrating(const struct sched *s)
{
	for (struct list *i = s->migrating.next; i != &s->migrating; i = i->next) {
		struct thread *t = CONTAINER_OF(i, struct thread, run_link);

		if (t != s->resting)
			return t;
	}
	return NULL;
}

/* A thread that does not run leaves this pCPU, on which it ran last; nothing of it stays there. */
static void detach(struct thread *t)
{
	if (t->ops != NULL)
		t->ops->leave(t->vcpu);
	if (pcpu_self()->fpu_live == t->arch.fpu)
		arch_fpu_switch(NULL);
	arch_fpu_forget(t->arch.fpu);
}

void sched_drain(struct sched *s)
{
	struct thread *t;

	while ((t = first_migrating(s)) != NULL) {
		list_remove(&t->run_link);
		detach(t);
		finish_migration(s, t);
	}
}

static void send_away(struct sched *s, struct thread *t)
{
	sched_depart(s, t);
	sched_leave(s, t);
	sched_drain(s);
}

static struct thread *find_to_push(struct sched *s, u32 class_max)
{
	for (u32 class = SCHED_CLASS_COUNT; class-- > 0;) {
		struct list *head = &s->ready[class];

		for (struct list *i = head->next; class <= class_max && i != head; i = i->next) {
			struct thread *t = CONTAINER_OF(i, struct thread, run_link);

			if (t->is_movable && sched_has_room(s, t))
				return t;
		}
	}
	return NULL;
}

void sched_push(struct sched *s, u32 class_max)
{
	for (u32 left = s->movable_count; left != 0; left--) {
		struct thread *t;

		if (mask_load(&sched_masks.idle) == 0 && list_is_empty(&s->ready[SCHED_CLASS_RT]))
			return;
		t = find_to_push(s, class_max);
		if (t == NULL)
			return;
		send_away(s, t);
	}
}

/* Half the thread's weight is the least gain, so that none goes to and fro. */
void sched_balance(struct sched *s)
{
	struct list *head = &s->ready[SCHED_CLASS_FAIR];
	u32 left = BALANCE_CANDIDATES;

	for (struct list *i = head->next; i != head && left != 0; i = i->next, left--) {
		struct thread *t = CONTAINER_OF(i, struct thread, run_link);

		if (!t->is_movable)
			continue;
		if (s->load >= load_of(least_of(mask_allowed(t) & ~mask_of(s), t)) + t->load + t->load / 2) {
			send_away(s, t);
			return;
		}
	}
}

/* ---- starting and stopping ---------------------------------------------------------------------- */

/* Lock held; returns with the same one, or the lock of the pCPU that is better for it. */
static struct sched *move_stopped(struct sched *s, struct thread *t)
{
	struct sched *to = choose(t);

	if (to == s)
		return s;
	lock_second(s, to);
	if (t->state != THREAD_STOPPED || t->pcpu != s->pcpu) {		/* somebody else was faster */
		lock_release(&to->lock);
		return s;
	}
	hand_over(s, to, t);
	lock_release(&s->lock);
	return to;
}

enum status sched_start(struct thread *t)
{
	struct sched *s = sched_lock_of(t);
	enum status status = t->want_stop ? ST_OK : ST_STATE;

	t->want_stop = false;
	if (t->state == THREAD_STOPPED)
		s = move_stopped(s, t);
	if (t->state == THREAD_STOPPED && t->pcpu == s->pcpu) {
		u64 now = sched_account(s);

		t->ready_tsc = t->off_tsc = now;
		t->slice_used = 0;
		sched_arrive(s, t, now);
		status = ST_OK;
	}
	lock_release(&s->lock);
	return status;
}

void sched_stop(struct thread *t)
{
	struct sched *s = sched_lock_of(t);

	if (t->state == THREAD_RUNNING || t->state == THREAD_MIGRATING) {
		t->want_stop = true;
	} else if (t->state != THREAD_STOPPED) {
		sched_depart(s, t);
		t->want_stop = true;
		sched_leave(s, t);
	}
	if (s == pcpu_self()->sched)
		sched_drain(s);
	if (t->state != THREAD_STOPPED)
		sched_resched(s);
	lock_release(&s->lock);
}

bool sched_is_stopped(const struct thread *t)
{
	return __atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == THREAD_STOPPED;
}
