/* SPDX-License-Identifier: MIT */
/*
 * log_readers.c - see log.h: the threads that are told when the log grows.
 */
#include "log.h"
#include "notify.h"

static struct {
	struct lock lock;
	struct reader {
		struct thread *thread;	/* NULL: none */
		u32 generation;
		u64 badge;
	} readers[LOG_READERS];		/* lock */
} log;

static bool is_live(const struct reader *r)
{
	return r->thread != NULL && !object_is_dead(&r->thread->object, r->generation);
}

enum status log_bind(struct thread *thread, u64 badge)
{
	u32 i = 0;

	lock_acquire(&log.lock);
	while (i < LOG_READERS && is_live(&log.readers[i]))
		i++;
	if (i < LOG_READERS)
		log.readers[i] = (struct reader){ thread, thread->object.generation, badge };
	lock_release(&log.lock);
	__atomic_store_n(&log_has_readers, true, __ATOMIC_RELAXED);
	return i < LOG_READERS ? ST_OK : ST_FULL;
}

void log_wake_readers(void)
{
	struct reader readers[LOG_READERS];

	if (!__atomic_exchange_n(&log_has_news, false, __ATOMIC_SEQ_CST))
		return;
	lock_acquire(&log.lock);
	__builtin_memcpy(readers, log.readers, sizeof(readers));
	lock_release(&log.lock);
	for (u32 i = 0; i < LOG_READERS; i++)
		if (is_live(&readers[i]))
			notify_signal(readers[i].thread, readers[i].badge);
}
