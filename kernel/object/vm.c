/* SPDX-License-Identifier: MIT */
/*
 * vm.c - see vm.h. The vCPUs' life with their VM; what a vCPU is and does is in vcpu.c.
 */
#include "range.h"
#include "stats.h"
#include "vcpu.h"
#include "virt.h"
#include "vm.h"

#define GPA_LIMIT (1ull << 46)

static struct vm *vm_of(struct object *object)
{
	return (struct vm *)(void *)object;
}

enum status vm_create(struct vm **out)
{
	/* Guests never see more physical address bits than the machine has. */
	u64 limit = min_u64(1ull << virt_limits.physical_bits, GPA_LIMIT);
	struct object *object;
	enum status status;

	if (virt == NULL)
		return ST_UNSUPPORTED;
	object = object_alloc(&vm_type);
	if (object == NULL)
		return ST_NOMEM;
	status = space_init_guest(&vm_of(object)->space, virt->s2_format, limit, virt_limits.s2_has_1g);
	if (status != ST_OK) {
		object_free(object);
		return status;
	}
	*out = vm_of(object);
	return ST_OK;
}

enum status vm_add_vcpu(struct vm *vm, u64 index, struct vcpu **out)
{
	enum status status;

	if (index >= VM_VCPUS_MAX)
		return ST_INVAL;
	if (vm->vcpus[index] != NULL)
		return ST_EXISTS;
	status = vcpu_create(vm, (u32)index, out);
	if (status != ST_OK)
		return status;
	vm->vcpus[index] = *out;
	object_ref(&vm->object);
	return ST_OK;
}

static u64 count_frames(const struct object *object)
{
	return space_frames(&((const struct vm *)(const void *)object)->space);
}

static enum status destroy_begin(struct object *object)
{
	struct vm *vm = vm_of(object);
	enum status status = ST_OK;

	/* All at once, so that their grace periods pass together. */
	for (u32 i = 0; i < VM_VCPUS_MAX; i++)
		if (vm->vcpus[i] != NULL && object_destroy(&vm->vcpus[i]->object) != ST_OK)
			status = ST_AGAIN;
	return status;
}

static enum status destroy_step(struct object *object)
{
	return space_fini_step(&vm_of(object)->space);
}

static void fill_stats(struct object *object, u64 *words)
{
	words[STAT_TABLE_BYTES] = vm_of(object)->space.pt.table_count * PAGE_SIZE;
}

const struct object_type vm_type = {
	OBJECT_TYPE(struct vm), .begin = destroy_begin, .step = destroy_step, .frames = count_frames,
	.stats = fill_stats,
};
