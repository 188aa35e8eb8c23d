/*
 * lock.h - ticket spin locks. Ring 0 runs with interrupts off, so there is no interrupt variant. Lock order, outermost
 * first:
 *   object tree (object.h) -> space -> mem -> scheduler of a pCPU -> frames -> log
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
