/* SPDX-License-Identifier: MIT */
/*
 * sched_migrate.h - which pCPU a thread runs on; for the scheduler's own files.
 *
 * A thread is in one pCPU's hands at a time (thread->pcpu, written with the locks of both the old and the new one).
 * It leaves only from that pCPU's list `migrating`, which the pCPU itself drains when none of them is on its stack:
 * there the last of it is taken out of the processor, and it is stopped or handed on. Locks of two schedulers are taken
 * in the order of pCPU numbers.
 */
#ifndef VOS_SCHED_MIGRATE_H
#define VOS_SCHED_MIGRATE_H

#include "sched_queue.h"

/* sched_time.c: charge what has passed to the thread that runs there. Returns the time. Lock held. */
u64 sched_account(struct sched *s);

/* ---- masks of pCPUs ---- */

/* Atomic. `online` only grows; a set bit in the others is a hint: this pCPU is idle, it has movable threads to give. */
extern struct sched_masks { u64 online, idle, overloaded; } sched_masks;

static inline u64 mask_of(const struct sched *s)
{
	return BIT64(s->pcpu->id);
}

static inline u64 mask_load(const u64 *mask)
{
	return __atomic_load_n(mask, __ATOMIC_SEQ_CST);
}

/* Those that a thread may run on. */
static inline u64 mask_allowed(const struct thread *t)
{
	return __atomic_load_n(&t->group->affinity, __ATOMIC_RELAXED) & mask_load(&sched_masks.online);
}

void sched_mask_change(u64 *mask, u64 bits, bool is_set);

/* Tell the others what has changed: whether this pCPU is idle, and whether it has threads to give. Lock held. */
static inline void sched_publish(const struct sched *s, bool *known, u64 *mask, bool is_set)
{
	if (*known == is_set)
		return;
	*known = is_set;
	sched_mask_change(mask, mask_of(s), is_set);
}

static inline void sched_publish_idle(struct sched *s, bool is_idle)
{
	sched_publish(s, &s->is_idle, &sched_masks.idle, is_idle);
}

static inline void sched_publish_overloaded(struct sched *s)
{
	sched_publish(s, &s->is_overloaded, &sched_masks.overloaded, s->movable_count != 0);
}

/* The scheduler of a thread, locked. */
struct sched *sched_lock_of(struct thread *t);
void sched_online(struct sched *s);
/* NULL: there is none. */
struct sched *sched_at(u64 pcpu_id);
/* Is there another pCPU where this ready thread would run at once? */
bool sched_has_room(const struct sched *s, const struct thread *t);
/* To the list `migrating`. Lock held; it is in no queue and not counted as runnable. */
void sched_leave(struct sched *s, struct thread *t);
/* This pCPU's: empty the list `migrating`, but for the thread that rests. Lock held, but given up in between. */
void sched_drain(struct sched *s);
/* This pCPU's: send away ready threads of up to this class that would run elsewhere at once. Lock held, but given up
 * in between. */
void sched_push(struct sched *s, u32 class_max);
/* This pCPU's: send away a fair thread if it will get more elsewhere. Likewise. */
void sched_balance(struct sched *s);
/* This pCPU is idle: ask another for work. False: none has any. */
bool sched_ask(const struct sched *s);

#endif
