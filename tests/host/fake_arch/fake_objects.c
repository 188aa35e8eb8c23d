#include "fake_objects.h"
#include "irq.h"
#include "mem.h"
#include "pd.h"
#include "thread.h"
#include "vcpu.h"
#include "vm.h"

u32 fake_steps_left, fake_steps_taken;

enum status irq_destroy_step(struct object *object)
{
	(void)object;
	fake_steps_taken++;
	if (fake_steps_left == 0)
		return ST_OK;
	fake_steps_left--;
	return ST_AGAIN;
}

#define ONE_STEP(name) enum status name(struct object *object) { (void)object; return ST_OK; }

ONE_STEP(irq_destroy_begin)
ONE_STEP(pd_destroy_begin)
ONE_STEP(pd_destroy_step)
ONE_STEP(thread_destroy_step)
ONE_STEP(vm_destroy_begin)
ONE_STEP(vm_destroy_step)
ONE_STEP(vm_destroy_vcpu_step)
__attribute__((weak)) ONE_STEP(mem_destroy_step)

#define NO_FRAMES(name) __attribute__((weak)) u64 name(const struct object *object) { (void)object; return 0; }

NO_FRAMES(pd_frames)
NO_FRAMES(thread_frames)
NO_FRAMES(mem_frames)
NO_FRAMES(vm_frames)
NO_FRAMES(vcpu_frames)

__attribute__((weak)) void vcpu_was_away(struct vcpu *vcpu, u64 away, u64 ready)
{
	(void)vcpu, (void)away, (void)ready;
}
