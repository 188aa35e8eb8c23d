/* SPDX-License-Identifier: MIT */
/*
 * lock.h - ticket spin locks. Ring 0 runs with interrupts off, so there is no interrupt variant; and nobody waits for
 * another pCPU in any other way (quiesce.h), least of all with a lock held. Lock order, outermost first:
 *   object tree (syscall.c) -> handle table -> space -> mem -> log writer of a PD -> log
 *   -> interrupt lines -> scheduler of a pCPU -> share of a PD -> slabs -> frames -> kernel map, I/O APIC
 * The log is let go before its reader is woken. Of two schedulers, the one of the pCPU with the lower id comes first;
 * two locks of any other kind are never held together. The hot paths (vcpu_run, notify_signal to a thread that runs,
 * notify_wait) take none or this pCPU's scheduler's.
 */
#ifndef VOS_LOCK_H
#define VOS_LOCK_H

#include "types.h"

struct lock {
	u32 next;
	u32 serving;
};

static inline void lock_acquire(struct lock *l)
{
	u32 ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->serving, __ATOMIC_ACQUIRE) != ticket)
		__builtin_ia32_pause();
}

/* The release store pairs with the acquire load above. */
static inline void lock_release(struct lock *l)
{
	__atomic_store_n(&l->serving, l->serving + 1, __ATOMIC_RELEASE);
}

#endif
