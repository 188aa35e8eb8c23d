/* SPDX-License-Identifier: MIT */
/*
 * notify.c - see notify.h. No wake-up is lost: the signaller sets the bits before it looks at the state, the waiter
 * announces its state (under the scheduler's lock) before it looks at the bits for the last time.
 */
#include "notify.h"
#include "sched.h"
#include "sched_group.h"

void notify_signal(struct thread *thread, u64 bits)
{
	__atomic_fetch_or(&thread->pending, bits, __ATOMIC_SEQ_CST);
	sched_wake(thread);
}

/* The system's threads run before all others, so nobody else may keep them busy: who signals them too often pauses.
 * The signal is delivered all the same. */
void notify_send(struct thread *thread, u64 bits)
{
	struct sched_group *group = thread_current()->group;
	bool is_limited = thread->group->class >= SCHED_CLASS_SYSTEM && group->class < SCHED_CLASS_SYSTEM;
	u64 until;

	notify_signal(thread, bits);
	until = is_limited ? sched_group_signal(group, arch_tsc()) : 0;
	if (until != 0)
		sched_park(until);
}

enum status notify_wait(u64 deadline, u64 *bits)
{
	struct thread *self = thread_current();

	for (;;) {
		*bits = notify_take(self);
		if (*bits != 0)
			return ST_OK;
		if (deadline != DEADLINE_NONE && arch_tsc() >= deadline)
			return ST_TIMEOUT;
		sched_wait(deadline);
	}
}
