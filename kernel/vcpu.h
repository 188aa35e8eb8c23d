/*
 * vcpu.h - vCPU objects and vcpu_run. (vcpu.c)
 */
#ifndef VOS_VCPU_H
#define VOS_VCPU_H

#include "arch.h"
#include "object.h"
#include "vcpu_page.h"
#include "virt.h"

struct vm;
struct thread;

struct vcpu {
	struct object object;
	struct vm *vm;			/* referenced (vm.c) */
	u32 index;
	struct thread *runner;		/* atomic: the thread inside vcpu_run, NULL = none */
	struct vcpu_page *page;		/* a kernel frame, shared with the VMM */
	struct vcpu_hw *hw;
	struct fpu_area *fpu;
	u64 shrink_count;		/* of the VM's space, at the last flush */
	struct pcpu *last_pcpu;
	u64 exits, exits_vmm;
	bool was_refused;		/* a state the filter refused has been logged */
};

static inline struct vcpu *vcpu_of(struct object *object)
{
	return (struct vcpu *)(void *)object;	/* object is the first member */
}

/*
 * Object from object_alloc(OBJECT_VCPU), page, hardware state; the caller (vm_add_vcpu) does the book-keeping in the
 * VM. ST_NOMEM.
 */
enum status vcpu_create(struct vm *vm, u32 index, struct vcpu **out) MUST_CHECK;
/* Free everything but the object itself. Called when there is no reference any more (vcpu_run holds one). */
enum status vcpu_destroy_step(struct vcpu *vcpu) MUST_CHECK;

/*
 * The system calls. vcpu_run takes a reference on the vCPU and sets thread->vcpu while it is inside; ST_STATE if
 * another thread is.
 */
struct syscall_result vcpu_run(struct vcpu *vcpu);
struct syscall_result vcpu_get(struct vcpu *vcpu, u64 groups);

/*
 * A thread that was stopped inside vcpu_run is being destroyed: what vcpu_run would have done on its way out, short
 * of dropping the reference.
 */
void vcpu_abandon(struct vcpu *vcpu);

hpa_t vcpu_page_frame(const struct vcpu *vcpu);

#endif
