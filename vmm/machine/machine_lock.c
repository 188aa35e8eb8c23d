/* SPDX-License-Identifier: MIT */
/*
 * machine_lock.c - waiting for the machine's lock. It is held for the length of one device access, so the holder is
 * nearly always running on another pCPU; if not, yielding lets it.
 */
#include "machine.h"

#define SPINS 100u

static bool try_take(struct machine_lock *lock)
{
	return __atomic_load_n(&lock->is_held, __ATOMIC_RELAXED) == 0 &&
	       __atomic_exchange_n(&lock->is_held, 1, __ATOMIC_ACQUIRE) == 0;
}

void machine_lock_wait(struct machine *m, struct machine_lock *lock)
{
	for (;;) {
		for (u32 i = 0; i < SPINS; i++) {
			if (try_take(lock))
				return;
			__builtin_ia32_pause();
		}
		m->host->yield(m->host->ctx);
	}
}
