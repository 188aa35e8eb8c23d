/* SPDX-License-Identifier: MIT */
/*
 * notify.h - notification bits: 64 per thread, raised by signals, collected by notify_wait and vcpu_run.
 */
#ifndef VOS_NOTIFY_H
#define VOS_NOTIFY_H

#include "status.h"
#include "thread.h"

/* Raise bits at a thread and wake it if it waits. From any context. */
void notify_signal(struct thread *thread, u64 bits);

/* The same by the current thread, for ring 3. It may pause afterwards: see notify.c. */
void notify_send(struct thread *thread, u64 bits);

/* Cheap look: has the current thread something to collect, or must it stop? vcpu_run asks before each entry. */
static inline bool notify_is_due(const struct thread *thread)
{
	return __atomic_load_n(&thread->pending, __ATOMIC_ACQUIRE) != 0;
}

/* Collect and clear the bits. */
static inline u64 notify_take(struct thread *thread)
{
	return __atomic_exchange_n(&thread->pending, 0, __ATOMIC_ACQ_REL);
}

/* Wait for bits until the deadline. ST_TIMEOUT if it passed without any. */
enum status notify_wait(u64 deadline, u64 *bits) MUST_CHECK;

#endif
