/*
 * notify.c - see notify.h. No wake-up is lost: the signaller sets the bits before it looks at the state, the waiter
 * announces its state (under the scheduler's lock) before it looks at the bits for the last time.
 */
#include "notify.h"
#include "sched.h"

void notify_signal(struct thread *thread, u64 bits)
{
	__atomic_fetch_or(&thread->pending, bits, __ATOMIC_SEQ_CST);
	sched_wake(thread);
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
