/* SPDX-License-Identifier: MIT */
/*
 * vcpu.h - vCPU objects and vcpu_run. (vcpu.c)
 */
#ifndef VOS_VCPU_H
#define VOS_VCPU_H

#include "arch.h"
#include "kernel_upcalls.h"
#include "object.h"
#include "vcpu_page.h"
#include "virt.h"

struct vm;
struct thread;

#define DEADLINE_UNSET (DEADLINE_NONE - 1)	/* who asks for this very one gets nothing less than that: never */

/* A page of guest-physical addresses and a kind of access to it, which is the VMM's business. */
struct mmio_cache { u64 what, map_count; };

struct vcpu {
	struct object object;
	struct vm *vm;			/* referenced (vm.c) */
	u32 index;
	bool is_bound;			/* atomic: a thread has it, and keeps it for life */
	bool was_refused;		/* a state the filter refused has been logged */
	struct vcpu_page *page;		/* a kernel frame, shared with the VMM */
	struct vcpu_hw *hw;
	struct fpu_area *fpu;
	struct vcpu_entry entry;
	u64 shrink_count;		/* of the VM's space, at the last flush */
	struct mmio_cache mmio_cache;	/* the last one; 0 = none */
	u64 deadline;			/* that the timer is set for; DEADLINE_UNSET: perhaps not any more */
	u64 last_exit_tsc;		/* end of the last exit; later by what other threads ran since */
	u32 last_exit_reason;		/* enum exit_reason of it */
	u64 exit_count[EXIT_REASON_COUNT];
	u64 exit_ticks[EXIT_REASON_COUNT];	/* from the exit to the next entry, without other threads' time */
};

static inline struct vcpu *vcpu_of(struct object *object)
{
	return (struct vcpu *)(void *)object;	/* object is the first member */
}

/* Its thread holds a reference. At its end it takes itself out of its VM, to which it has one. */
extern const struct object_type vcpu_type;

/* Object, page, hardware state; the caller (vm_add_vcpu) puts it into the VM. ST_NOMEM. */
enum status vcpu_create(struct vm *vm, u32 index, struct vcpu **out) MUST_CHECK;

/*
 * The system calls. vcpu_bind makes the vCPU the current thread's, which holds a reference to it until it is destroyed;
 * the others act on that vCPU.
 */
enum status vcpu_bind(struct vcpu *vcpu) MUST_CHECK;
struct syscall_result vcpu_run(void);
struct syscall_result vcpu_get(u64 groups);

#endif
