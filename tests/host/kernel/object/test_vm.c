/* SPDX-License-Identifier: MIT */
/*
 * VM objects on the host: their limits, their vCPUs, and in which order both go. The back end has no processor; another
 * pCPU makes grace periods last until the test lets it take its interrupt.
 */
/* links: kernel arch */
/* helpers: fake_arch.c fake_back_end.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch.h"
#include "frames.h"
#include "sched.h"
#include "stats.h"
#include "vcpu.h"
#include "vm.h"

static void hw_init(struct vcpu_hw *hw, hpa_t root_table, u32 index, u64 *gpr)
{
	(void)root_table, (void)index, (void)gpr;
	memset(hw, 0x5a, VCPU_HW_FRAMES * PAGE_SIZE);	/* it is all the back end's */
}

static void hw_leave(struct vcpu_hw *hw)
{
	(void)hw;
}

static void hw_store(struct vcpu_hw *hw, struct vcpu_page *p, u32 groups)
{
	(void)hw, (void)p, (void)groups;
}

static const struct virt_ops ops = {
	.s2_format = &pt_host, .vcpu_init = hw_init, .leave = hw_leave, .store = hw_store,
};
const struct virt_ops *virt;
struct virt_limits virt_limits;
const u8 virt_exit_groups[EXIT_REASON_COUNT];

void arch_interrupts_poll(void) { }
void arch_fpu_forget(struct fpu_area *area) { (void)area; }
bool sched_sibling_waits(void) { return false; }
void sched_timer_limit_set(struct sched *s, u64 deadline_tsc) { (void)s, (void)deadline_tsc; }

static u64 frames_before;

static u64 frames_used(void)
{
	return frames.free_kernel + object_slab_frames;
}

/* vCPUs whose memory is not free yet: four frames each; the VM has a table. */
static u64 vcpu_count(void)
{
	return (frames_before - frames_used()) / 4;
}

static int set_up(void **state)
{
	struct object *objects[2];

	(void)state;
	if (fake_memory == NULL)
		fake_machine_init();
	virt = &ops;
	virt_limits.physical_bits = 40;
	pcpu_count = 2;
	pcpu_table[1]->is_idle = false;
	/* So that the slabs' own frames are counted before. */
	objects[0] = object_alloc(&vm_type);
	objects[1] = object_alloc(&vcpu_type);
	object_free(objects[0]);
	object_free(objects[1]);
	frames_before = frames_used();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(frames_used(), frames_before);
	return 0;
}

static struct vm *make_vm(void)
{
	struct vm *vm;

	assert_int_equal(vm_create(&vm), ST_OK);
	return vm;
}

static struct vcpu *add_vcpu(struct vm *vm, u64 index)
{
	struct vcpu *vcpu;

	assert_int_equal(vm_add_vcpu(vm, index, &vcpu), ST_OK);
	assert_int_equal(vcpu->index, index);
	assert_ptr_equal(vcpu->vm, vm);
	return vcpu;
}

static void destroy(struct object *object)
{
	enum status status = ST_AGAIN;

	for (u32 i = 0; i < 100 && status == ST_AGAIN; i++) {
		status = object_destroy(object);
		fake_take_ipi(1);
	}
	assert_int_equal(status, ST_OK);
}

/* Large leaves are used where second-level tables may have them, whatever the host's may. */
static void leaves_of_1g(void **state)
{
	struct vm *vm;

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		virt_limits.s2_has_1g = i != 0;
		vm = make_vm();
		assert_int_equal(vm->space.pt.has_1g, i != 0);
		destroy(&vm->object);
	}
}

/* A guest has no more physical address bits than the processor, and no more than 46. */
static void limits(void **state)
{
	struct vm *vm;

	(void)state;
	vm = make_vm();
	assert_int_equal(vm->space.limit, 1ull << 40);
	assert_true(vm->space.is_guest);
	destroy(&vm->object);
	virt_limits.physical_bits = 52;
	vm = make_vm();
	assert_int_equal(vm->space.limit, 1ull << 46);
	destroy(&vm->object);
	virt = NULL;
	assert_int_equal(vm_create(&vm), ST_UNSUPPORTED);
}

static void no_memory(void **state)
{
	struct vm *vm = make_vm();
	struct vcpu *vcpu;
	void *held = NULL, *p;

	(void)state;
	while ((p = kernel_frames_alloc(1)) != NULL) {
		*(void **)p = held;
		held = p;
	}
	assert_int_equal(vm_add_vcpu(vm, 0, &vcpu), ST_NOMEM);
	assert_int_equal(vm_create(&(struct vm *){ NULL }), ST_NOMEM);
	for (; held != NULL; held = p) {
		p = *(void **)held;
		kernel_frames_free(held, 1);
	}
	frames_before = frames_used() + 1;	/* chunks may have become the kernel's; the VM has one table */
	(void)add_vcpu(vm, 0);
	destroy(&vm->object);
}

static void indices(void **state)
{
	static const u64 bad[] = { VM_VCPUS_MAX, VM_VCPUS_MAX + 1, 1ull << 32, ~0ull };
	struct vm *vm = make_vm();
	struct vcpu *vcpu, *last;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(vm_add_vcpu(vm, bad[i], &vcpu), ST_INVAL);
	last = add_vcpu(vm, VM_VCPUS_MAX - 1);
	assert_int_equal(vm_add_vcpu(vm, VM_VCPUS_MAX - 1, &vcpu), ST_EXISTS);
	destroy(&last->object);
	(void)add_vcpu(vm, VM_VCPUS_MAX - 1);		/* its place is free again */
	destroy(&vm->object);
}

/* All vCPUs are told at once, and their grace periods pass together; the VM goes last. */
static void destruction(void **state)
{
	struct vm *vm = make_vm();
	struct vcpu *vcpus[3];
	u32 generation = vm->object.generation;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(vcpus); i++)
		vcpus[i] = add_vcpu(vm, 7 * i);
	assert_int_equal(object_destroy(&vm->object), ST_AGAIN);
	for (u32 i = 0; i < ARRAY_COUNT(vcpus); i++)
		assert_true(vcpus[i]->object.is_dying);
	assert_int_equal(vcpu_count(), 3);			/* another pCPU may be at them */
	fake_take_ipi(1);
	assert_int_equal(object_destroy(&vm->object), ST_OK);
	assert_int_equal(vcpu_count(), 0);
	assert_int_not_equal(vm->object.generation, generation);
}

/* A vCPU that somebody still uses keeps its VM, in whose tables its guest runs. */
static void a_vcpu_keeps_its_vm(void **state)
{
	struct vm *vm = make_vm();
	struct vcpu *vcpu = add_vcpu(vm, 0);
	u32 generation;

	(void)state;
	object_ref(&vcpu->object);			/* its thread */
	destroy(&vm->object);
	generation = vm->object.generation;
	assert_int_equal(vcpu_count(), 1);
	assert_int_not_equal(vm->space.pt.root.raw, 0);
	assert_true(vm->object.is_dying && vm->object.refs == 1);
	assert_int_equal(object_unref(&vcpu->object), ST_OK);
	assert_int_not_equal(vm->object.generation, generation);	/* in the slab again */
}

static void statistics(void **state)
{
	struct vm *vm = make_vm();
	u64 words[STAT_COUNT];

	(void)state;
	object_stats(&vm->object, words);
	assert_int_equal(words[STAT_TABLE_BYTES], PAGE_SIZE);
	assert_int_equal(words[STAT_KERNEL_BYTES], PAGE_SIZE);
	destroy(&vm->object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(leaves_of_1g, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(indices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(destruction, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_vcpu_keeps_its_vm, set_up, tear_down),
		cmocka_unit_test_setup_teardown(statistics, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
