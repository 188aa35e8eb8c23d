/* SPDX-License-Identifier: MIT */
/*
 * granule_lock.h - who reads or overwrites a granule in place holds it shared, who changes the map holds it
 * exclusively: so no block is given to somebody else while it is worked with.
 */
#ifndef VOS_POOL_GRANULE_LOCK_H
#define VOS_POOL_GRANULE_LOCK_H

#include "list.h"

struct pool;
struct volume;

enum lock_kind { LOCK_NONE, LOCK_SHARED, LOCK_EXCLUSIVE };

struct granule_lock {
	struct list link;		/* in one of pool.locks */
	struct volume *volume;
	u64 granule;
	enum lock_kind kind;
};

#define GRANULE_LOCKS 64u

void granule_locks_init(struct pool *p);

/* False: others hold it. A job that waits in pool.lock_waiters tries again when one was given back. */
bool granule_lock(struct pool *p, struct granule_lock *lock, enum lock_kind kind);
/* Of one that is held. */
void granule_unlock(struct pool *p, struct granule_lock *lock);

#endif
