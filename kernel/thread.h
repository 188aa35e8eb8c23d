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
struct vcpu;

enum thread_state {
	THREAD_STOPPED,		/* new, told to stop, faulted or exited */
	THREAD_READY,		/* in its pCPU's run queue */
	THREAD_RUNNING,
	THREAD_WAITING,		/* in sched_wait */
};

struct thread {
	struct arch_thread arch;	/* first: entry code reaches it through pcpu->current */
	struct object object;
	struct pd *pd;			/* NULL: a kernel thread (idle) */
	struct list pd_link;
	void *kernel_stack;
	struct fpu_area *fpu;

	u64 pending;			/* atomic: notification bits not collected yet */
	struct vcpu *vcpu;		/* SYS_VCPU_BIND; referenced. NULL: none */

	struct thread *supervisor;	/* whom to tell about faults, if supervisor_generation still fits */
	u32 supervisor_generation;
	u64 fault_badge;
	u64 fault[FAULT_WORD_COUNT];

	struct pcpu *pcpu;		/* where it runs */
	enum thread_state state;	/* sched lock */
	bool want_stop;			/* sched lock to write: stop at the next safe point */
	u32 class;			/* sched lock: enum sched_class */
	u32 weight;			/* sched lock: 1..1000 */
	u64 virtual_time;		/* sched lock: TSC ticks, weighted */
	u64 deadline;			/* sched lock: of sched_wait */
	u64 ready_tsc;			/* sched lock: since when it has been ready */
	struct list run_link;		/* sched lock */
	struct list sleep_link;		/* sched lock */
	u64 time_tsc;			/* owner's pCPU: time on the pCPU, guest included */
	u64 time_guest_tsc;		/* vcpu_run adds what virt->enter took */
};

static inline struct thread *thread_current(void)
{
	return pcpu_self()->current;
}

static inline struct thread *thread_of(struct object *object)
{
	return CONTAINER_OF(object, struct thread, object);
}

/* A stopped thread of that PD that will begin at entry with RSP = stack, RDI = arg; pinned to this pCPU. Entry and
 * stack are below USER_LIMIT. */
enum status thread_create(struct pd *pd, u64 entry, u64 stack, u64 arg, struct thread *supervisor, u64 badge,
			  struct thread **out) MUST_CHECK;
enum status thread_destroy_step(struct object *object) MUST_CHECK;

/* The current thread faulted or exited: record why, tell the supervisor, stop. Returns only if somebody starts it
 * again. */
void thread_fault(u64 kind, u64 rip, u64 address, u64 error);

#endif
