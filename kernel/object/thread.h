/* SPDX-License-Identifier: MIT */
/*
 * thread.h - threads: a kernel stack, a state, notification bits, a supervisor to tell about faults.
 *
 * State changes happen under the lock of the thread's pCPU's scheduler. A thread can be stopped anywhere it can be
 * switched away from: on the way to ring 3, in notify_wait, in sched_preempt within vcpu_run; once started again it
 * goes on from there.
 */
#ifndef VOS_THREAD_H
#define VOS_THREAD_H

#include "arch.h"
#include "list.h"
#include "object.h"
#include "syscalls.h"

struct pd;
struct sched_group;
struct vcpu;

/*
 * For the scheduler, about the vCPU of a thread. It stops or moves to another pCPU: on the old one, which keeps nothing
 * of it. It runs again, after `away` ticks; `stolen` of all ticks so far it was ready, but did not run.
 */
struct thread_ops {
	void (*leave)(struct vcpu *vcpu);
	void (*was_away)(struct vcpu *vcpu, u64 away, u64 stolen);
};

enum thread_state {
	THREAD_STOPPED,		/* new, told to stop, faulted or exited */
	THREAD_READY,		/* in its pCPU's run queue */
	THREAD_RUNNING,
	THREAD_WAITING,		/* in sched_wait */
	THREAD_PARKED,		/* could run, but its PD has used up its cap of this period, or signalled too much */
	THREAD_MIGRATING,		/* about to be stopped or to go to another pCPU: see sched_migrate.h */
};

struct thread {
	struct arch_thread arch;	/* first: entry code reaches it through pcpu->current */
	struct object object;
	struct pd *pd;			/* NULL: a kernel thread (idle) */
	struct list pd_link;
	void *kernel_stack;

	u64 pending;			/* atomic: notification bits not collected yet */
	struct vcpu *vcpu;		/* SYS_VCPU_BIND; referenced. NULL: none */
	const struct thread_ops *ops;	/* set with it */

	struct thread *supervisor;	/* whom to tell about faults, if supervisor_generation still fits */
	u32 supervisor_generation;
	u64 fault_badge;
	u64 fault[FAULT_WORD_COUNT];

	struct sched_group *group;		/* the PD's; NULL: idle */
	struct pcpu *pcpu;		/* where it runs; written with the locks of the old and the new one */
	enum thread_state state;	/* the rest: sched lock */
	bool want_stop;			/* at the next safe point */
	bool is_woken;			/* and has not run since */
	bool is_movable;		/* in a run queue: counted in movable_count */
	u32 class;			/* enum sched_class, as in the group */
	u64 load;			/* what it has added to its scheduler's */
	u64 vruntime;		/* TSC ticks, weighted */
	u64 slice_used;			/* TSC ticks that it has run in this turn */
	u64 deadline;			/* of sched_wait; or until when it is parked */
	struct list run_link;		/* in ready or migrating */
	struct list sleep_link;
	u64 ready_tsc;			/* since when it could run */
	u64 off_tsc;			/* since when it does not run */
	u64 time_tsc;			/* time on a pCPU, guest included */
	u64 time_ready;			/* time in which it could have run */
	u64 time_guest_tsc;		/* owner's pCPU: see thread_guest_time */
	u64 guest_counted;		/* how much of it is in the pCPU's times */
};

static inline struct thread *thread_current(void)
{
	return pcpu_self()->current;
}

static inline struct thread *thread_of(struct object *object)
{
	return CONTAINER_OF(object, struct thread, object);
}

/* Time in guest mode. vcpu_run subtracts the time at each entry and adds it at each exit, so that one word tells both
 * the sum and whether the guest runs now. */
static inline u64 thread_guest_time(const struct thread *t, u64 now)
{
	u64 time = __atomic_load_n(&t->time_guest_tsc, __ATOMIC_RELAXED);

	return (s64)time < 0 ? time + now : time;
}

extern const struct object_type thread_type;

/* A stopped thread of that PD that will begin at entry with RSP = stack, RDI = arg. Entry and stack are below
 * USER_LIMIT. */
enum status thread_create(struct pd *pd, u64 entry, u64 stack, u64 arg, struct thread *supervisor, u64 badge,
			  struct thread **out) MUST_CHECK;

/* The current thread faulted or exited: record why, tell the supervisor, stop. Returns only if somebody starts it
 * again. */
void thread_fault(u64 kind, u64 rip, u64 address, u64 error);

#endif
