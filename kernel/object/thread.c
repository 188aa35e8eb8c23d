/* SPDX-License-Identifier: MIT */
/*
 * thread.c - see thread.h.
 */
#include "frames.h"
#include "notify.h"
#include "pd.h"
#include "sched.h"
#include "thread.h"
#include "vcpu.h"

#define STACK_FRAMES ((u32)(KERNEL_STACK_BYTES / PAGE_SIZE))

static enum status thread_memory(struct thread *t)
{
	t->kernel_stack = kernel_frames_alloc(STACK_FRAMES);
	if (t->kernel_stack == NULL)
		return ST_NOMEM;
	t->arch.fpu = kernel_frames_alloc(1);
	if (t->arch.fpu == NULL) {
		kernel_frames_free(t->kernel_stack, STACK_FRAMES);
		return ST_NOMEM;
	}
	return ST_OK;
}

static u64 count_frames(const struct object *)
{
	return STACK_FRAMES + 1;
}

enum status thread_create(struct pd *pd, u64 entry, u64 stack, u64 arg, struct thread *supervisor, u64 badge,
			  struct thread **out)
{
	struct object *object;
	struct thread *t;
	enum status status;

	if (entry >= USER_LIMIT || stack > USER_LIMIT)
		return ST_INVAL;
	object = object_alloc(&thread_type);
	if (object == NULL)
		return ST_NOMEM;
	t = thread_of(object);
	status = thread_memory(t);
	if (status != ST_OK) {
		object_free(object);
		return status;
	}
	arch_thread_init(&t->arch, t->kernel_stack, entry, stack, arg);
	arch_fpu_init(t->arch.fpu);
	t->pd = pd;
	t->supervisor = supervisor;
	t->supervisor_generation = supervisor != NULL ? supervisor->object.generation : 0;
	t->fault_badge = badge;
	t->pcpu = pcpu_self();
	t->state = THREAD_STOPPED;
	t->group = &pd->group;
	t->class = pd->group.class;
	list_init(&t->run_link);
	list_init(&t->sleep_link);
	list_insert_before(&pd->threads, &t->pd_link);
	*out = t;
	return ST_OK;
}

static enum status destroy_step(struct object *object)
{
	struct thread *t = thread_of(object);
	enum status status;

	if (t == thread_current())
		return ST_STATE;
	sched_stop(t);
	if (!sched_is_stopped(t))
		return ST_AGAIN;
	if (t->vcpu != NULL) {
		status = object_unref(&t->vcpu->object);
		if (status != ST_OK)
			return status;
		t->vcpu = NULL;
	}
	list_remove(&t->pd_link);
	sched_add_times(t, t->pd->gone_times);
	kernel_frames_free(t->arch.fpu, 1);
	kernel_frames_free(t->kernel_stack, STACK_FRAMES);
	return ST_OK;
}

static void fill_stats(struct object *object, u64 *words)
{
	struct thread *t = thread_of(object);

	sched_add_times(t, words);
	words[STAT_IS_WAITING] = __atomic_load_n(&t->state, __ATOMIC_RELAXED) == THREAD_WAITING;
}

const struct object_type thread_type = {
	OBJECT_TYPE(struct thread), .step = destroy_step, .frames = count_frames, .stats = fill_stats,
};

void thread_fault(u64 kind, u64 rip, u64 address, u64 error)
{
	struct thread *t = thread_current();

	t->fault[FAULT_KIND] = kind;
	t->fault[FAULT_RIP] = rip;
	t->fault[FAULT_ADDRESS] = address;
	t->fault[FAULT_ERROR] = error;
	if (kind != FAULT_EXIT)
		printk(LOG_WARNING, "pd %u: fault %llx at rip %llx, address %llx, error %llx", t->pd->id,
		       (unsigned long long)kind, (unsigned long long)rip, (unsigned long long)address,
		       (unsigned long long)error);
	if (t->supervisor != NULL && !object_is_dead(&t->supervisor->object, t->supervisor_generation))
		notify_signal(t->supervisor, t->fault_badge);
	sched_stop_current();
}
