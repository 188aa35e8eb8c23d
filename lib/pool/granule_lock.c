/* SPDX-License-Identifier: MIT */
/*
 * granule_lock.c - see granule_lock.h. The locks that are held are in rows by volume and granule.
 */
#include "granule_lock.h"

#include "pool_state.h"

void granule_locks_init(struct pool *p)
{
	list_init(&p->lock_waiters);
	for (u32 i = 0; i < GRANULE_LOCKS; i++)
		list_init(&p->locks[i]);
}

bool granule_lock(struct pool *p, struct granule_lock *lock, enum lock_kind kind)
{
	struct list *all = &p->locks[(lock->granule * 31 + lock->volume->at) % GRANULE_LOCKS];

	for (struct list *l = all->next; l != all; l = l->next) {
		const struct granule_lock *other = CONTAINER_OF(l, struct granule_lock, link);

		if (other->volume == lock->volume && other->granule == lock->granule &&
			(kind == LOCK_EXCLUSIVE || other->kind == LOCK_EXCLUSIVE))
			return false;
	}
	lock->kind = kind;
	list_insert_before(all, &lock->link);
	return true;
}

void granule_unlock(struct pool *p, struct granule_lock *lock)
{
	list_remove(&lock->link);
	lock->kind = LOCK_NONE;
	jobs_ready(p, &p->lock_waiters);
}
