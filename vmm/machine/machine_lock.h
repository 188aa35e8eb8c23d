/* SPDX-License-Identifier: MIT */
/*
 * machine_lock.h - the one lock of a machine, between its vCPUs' threads: buses, devices other than local APICs, timers
 * of devices, the console port. Taken last and never while waiting; local APICs need none (lapic.h).
 */
#ifndef VOS_MACHINE_LOCK_H
#define VOS_MACHINE_LOCK_H

#include "types.h"

struct machine;

struct machine_lock { u32 is_held; };	/* atomic */

/* The slow way: spin a little, then let others run. (machine_lock.c) */
void machine_lock_wait(struct machine *m, struct machine_lock *lock);

static inline void machine_lock_take(struct machine *m, struct machine_lock *lock)
{
	if (__atomic_exchange_n(&lock->is_held, 1, __ATOMIC_ACQUIRE) != 0)
		machine_lock_wait(m, lock);
}

static inline void machine_lock_give(struct machine_lock *lock)
{
	__atomic_store_n(&lock->is_held, 0, __ATOMIC_RELEASE);
}

#endif
