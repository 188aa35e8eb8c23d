/* SPDX-License-Identifier: MIT */
/*
 * sched.h - one scheduler a pCPU: the system's threads first, then real-time ones, in turn; then the fair class by
 * weighted virtual time. What the threads of a PD have in common is their sched_group.
 *
 * Every tick of the TSC is accounted to exactly one thread (idle included), so that per pCPU the sum is the elapsed
 * time. sched_queue.c has the queues, sched_migrate.c decides where a thread runs.
 */
#ifndef VOS_SCHED_H
#define VOS_SCHED_H

#include "lock.h"
#include "stats.h"
#include "thread.h"

/* Written under the lock, by any pCPU, but for what is said to be the owner's. */
struct sched {
	struct lock lock;
	struct pcpu *pcpu;			/* constant */
	struct thread idle;			/* no object of the tree */
	struct list ready[SCHED_CLASS_COUNT];	/* fair: sorted by virtual time */
	struct list sleepers;			/* sorted by deadline: waiting, and parked for a while */
	struct list migrating;			/* to stop or to move; drained by the owner */
	struct thread *resting;	/* owner's: not running, but the pCPU idles on its stack */
	u32 ready_count;
	u32 movable_count;	/* thereof allowed on other pCPUs too */
	u64 load;		/* weights of ready and running threads; read by others without the lock */
	u32 running_prio;		/* class of the running thread + 1, 0 = idle; likewise */
	bool is_idle;		/* as in the mask of idle pCPUs */
	bool is_overloaded;	/* as in the mask of those with movable threads to give */
	u64 min_vruntime;		/* virtual time that a thread that wakes up is lifted to, less some credit */
	u64 accounted;		/* TSC up to which time has been accounted */
	u64 slice_end;		/* look again then; DEADLINE_NONE: nobody else wants the pCPU */
	u64 ask_after;		/* owner's: when idle, don't ask for work before */
	u64 limit;		/* owner's: sched_timer_limit of the current thread */
	u64 timer;		/* owner's: what the hardware timer is set to */
	u64 started;
	u64 times[PCPU_TIME_COUNT];		/* up to `accounted` */
};

_Static_assert(sizeof(struct sched) <= PAGE_SIZE, "it is one frame");

/* This pCPU's scheduler; the caller's context becomes the idle thread. Threads may be sent here from now on, so
 * interrupts must work as soon as they are enabled. */
void sched_init(void);
/* How long a slice is. Before there is a timer, too. */
void sched_set_clock(u64 tsc_hz);
/* Become the idle thread. */
_Noreturn void sched_idle(void);

/* Stopped -> ready; a stop that has not happened yet is taken back. ST_STATE if there is nothing to start. */
enum status sched_start(struct thread *thread) MUST_CHECK;
/* At its next safe point; soon, even if other threads could run. */
void sched_stop(struct thread *thread);
/* Is it off its pCPU, out of every queue and detached? (Then it can be destroyed.) */
bool sched_is_stopped(const struct thread *thread);
/* Something in its group has changed. */
void sched_changed(struct thread *thread);
/* Is there a pCPU in this mask? */
bool sched_mask_ok(u64 affinity);

/* Safe point: let others run if pcpu->need_resched, stop or move if told to. Returns when this thread runs again,
 * perhaps on another pCPU. */
void sched_preempt(void);
/* Give others a turn: the next in line, and all threads of the same PD that are ready here. */
void sched_yield(void);
/* Is a thread of the current one's PD ready here? While this is not asked again, `fast_vcpu` says that it is still so,
 * but for one that another pCPU has queued or taken away. */
bool sched_sibling_waits(void);
/* Sleep until woken, stopped and started, or the deadline; returns at once if bits are pending. May wake early:
 * check again. */
void sched_wait(u64 deadline);
/* Don't run until this TSC, whatever signals come; less only if stopped and started. */
void sched_park(u64 until);
/* WAITING -> ready; out of the guest, if it is in there on another pCPU; else nothing. */
void sched_wake(struct thread *thread);
/* After a switch, on the stack of the thread that is switched to. */
void sched_switched(void);
/* Stop the current thread; returns if it is started again. */
void sched_stop_current(void);
/* This pCPU took an IPI: another one may have changed what the timer depends on, or asks for work. */
void sched_ipi(void);

void sched_timer_limit_set(struct sched *s, u64 deadline_tsc);
/*
 * The current thread wants a timer interrupt at this TSC value too (vcpu_run: the VMM's deadline). In force until
 * changed; the scheduler forgets it when it switches to another thread, so set it again after sched_preempt. Cheap if
 * unchanged.
 */
static inline void sched_timer_limit(u64 deadline_tsc)
{
	struct sched *s = pcpu_self()->sched;

	if (s->limit != deadline_tsc)
		sched_timer_limit_set(s, deadline_tsc);
}

/* Add the three times of a thread, up to now (STAT_TIME_TSC and so on). */
void sched_add_times(struct thread *thread, u64 *times);
/* By enum pcpu_time. ST_INVAL: no such pCPU. */
enum status sched_pcpu_times(u64 pcpu_id, u64 *times) MUST_CHECK;

#endif
