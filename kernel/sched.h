/*
 * sched.h - one scheduler a pCPU: real-time threads first, in turn; then the fair class by weighted virtual time.
 *
 * Every tick of the TSC is accounted to exactly one thread (idle included), so that per pCPU the sum is the elapsed
 * time.
 */
#ifndef VOS_SCHED_H
#define VOS_SCHED_H

#include "lock.h"
#include "thread.h"

struct sched {
	struct lock lock;
	struct list ready[SCHED_CLASS_COUNT];	/* fair: sorted by virtual time */
	struct list sleepers;			/* sorted by deadline */
	u64 floor;		/* virtual time that a thread that wakes up is lifted to, less some credit */
	u64 accounted;		/* TSC up to which time has been accounted */
	u64 slice_end;		/* DEADLINE_NONE: nobody else wants the pCPU */
	u64 limit;		/* sched_timer_limit of the current thread */
	u64 timer;		/* what the hardware timer is set to */
};

/* This pCPU's scheduler; the caller's context becomes the idle thread. */
void sched_init(u64 tsc_hz);
/* Become the idle thread. */
_Noreturn void sched_idle(void);

/* Stopped -> ready. ST_STATE if it is not stopped. */
enum status sched_start(struct thread *thread) MUST_CHECK;
/* At once if it is not running, else at its next safe point. */
void sched_stop(struct thread *thread);
/* Is it off its pCPU and out of every queue? (Then it can be destroyed.) */
bool sched_is_stopped(const struct thread *thread);
void sched_set_weight(struct thread *thread, u32 weight);
void sched_set_class(struct thread *thread, enum sched_class class);

/* Safe point: let others run if pcpu->need_resched, stop if told to. Returns when this thread runs again. */
void sched_preempt(void);
/* Give others a turn. */
void sched_yield(void);
/* Sleep until woken, stopped and started, or the deadline; returns at once if bits are pending. May wake early:
 * check again. */
void sched_wait(u64 deadline);
/* This pCPU took an IPI. */
void sched_ipi(void);
/* WAITING -> ready; else nothing. */
void sched_wake(struct thread *thread);
/* Stop the current thread; returns if it is started again. */
void sched_stop_current(void);

/*
 * The current thread wants a timer interrupt at this TSC value too (vcpu_run: the VMM's deadline). In force until
 * changed; the scheduler forgets it when it switches to another thread, so set it again after sched_preempt. Cheap if
 * unchanged.
 */
void sched_timer_limit(u64 deadline_tsc);

/* Time of a thread up to now, if it runs here. */
u64 sched_thread_time(struct thread *thread);
/* ST_INVAL: no such pCPU. */
enum status sched_idle_time(u64 pcpu_id, u64 *ticks) MUST_CHECK;

#endif
