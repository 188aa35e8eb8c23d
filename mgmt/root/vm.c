/*
 * vm.c - the table of VMs, and what is looked at when somebody signals or time passes.
 */
#include "accounts.h"
#include "vm.h"

#include <string.h>

#include "range.h"
#include "root.h"
#include "service.h"
#include "spec.h"
#include "spec_fields.h"
#include "sys.h"

#define OVERHEAD_BYTES (1 * MIB)	/* VMM: data, stacks; kernel: objects, tables' first levels */
#define OVERHEAD_SHIFT 8		/* page tables: 1/256 of the RAM, if all of it is mapped in small pages twice */

static struct vm vms[VM_COUNT];

struct vm *vm_at(u32 index)
{
	return index < VM_COUNT && vms[index].is_used ? &vms[index] : NULL;
}

struct vm *vm_find(const char *name)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (vms[i].is_used && strcmp(vms[i].name, name) == 0)
			return &vms[i];
	return NULL;
}

enum vm_state vm_state_of(const struct vm *vm)
{
	enum vm_state state = lifecycle_state(vm->life, vm->rest, vm->plan == PLAN_RESTART);

	return state == VM_RUNNING && vm_control(vm)->is_suspended ? VM_SUSPENDED : state;
}

static u64 image_bytes(const char *name)
{
	const struct image *image = image_find(&root.images, name, false);

	return image != NULL ? image->bytes : 0;
}

static u64 module_bytes(const char module[MODULE_BYTES])
{
	char name[IMAGE_NAME_BYTES];

	return image_of_module(module, name) ? image_bytes(name) : 0;
}

/* What its VMM will copy into its RAM. */
static u64 images_bytes(const struct vm_spec *spec)
{
	u64 sum = image_bytes(spec->kernel) + image_bytes(spec->initrd);

	for (u32 i = 0; i < spec->module_count; i++)
		sum += module_bytes(spec->modules[i]);
	return sum;
}

u64 vm_need_bytes(const struct vm_spec *spec)
{
	if (spec->memory_policy == MEMORY_LAZY)
		return min_u64(images_bytes(spec), spec->memory_bytes) + OVERHEAD_BYTES;
	return spec->memory_bytes + (spec->memory_bytes >> OVERHEAD_SHIFT) + OVERHEAD_BYTES;
}

u64 vm_granted_bytes(const struct vm *vm)
{
	return stat_of(vm->h_ram, STAT_BYTES_GRANTED);
}

u64 vm_bytes(const struct vm *vm)
{
	return VM_SHARED_BYTES + holdings_bytes(&vm->objects);
}

u64 vm_held_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < VM_COUNT; i++)
		if (vms[i].is_used && lifecycle_has_objects(vms[i].life))
			sum += max_u64(vm_need_bytes(&vms[i].spec), vm_granted_bytes(&vms[i]) + OVERHEAD_BYTES);
	return sum;
}

u64 vm_free_bytes(void)
{
	return stats_of_memory()[FRAMES_FREE];
}

u32 vm_count(u32 *running)
{
	u32 count = 0;

	*running = 0;
	for (u32 i = 0; i < VM_COUNT; i++) {
		if (!vms[i].is_used)
			continue;
		count++;
		if (lifecycle_has_objects(vms[i].life))
			++*running;
	}
	return count;
}

static struct vm *free_place(void)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (!vms[i].is_used)
			return &vms[i];
	return NULL;
}

struct refusal vm_memory_judge(const struct vm_spec *spec)
{
	u64 need = vm_need_bytes(spec), free_bytes = vm_free_bytes();

	return need > free_bytes + vm_held_bytes() ? refusal_of(ERR_NO_MEMORY, need, free_bytes) : REFUSAL_NONE;
}

struct refusal vm_define(const char *name, const struct vm_spec *spec, bool is_dry_run, struct vm **out)
{
	struct vm *vm = free_place();
	struct refusal no = vm_memory_judge(spec);

	if (vm_find(name) != NULL)
		return refusal_of(ERR_VM_EXISTS, 0, vm_state_of(vm_find(name)));
	if (vm == NULL)
		return refusal_of(ERR_TOO_MANY_VMS, VM_COUNT + 1, VM_COUNT);
	/* What could not even run alone is refused now, the rest when it is started. */
	if (no.error != ERR_NONE || is_dry_run)
		return no;
	memset(vm, 0, sizeof(*vm));
	vm->is_used = true;
	vm->index = (u32)(vm - vms);
	vm->spec = *spec;
	vm->rest = VM_DEFINED;
	vm->deadline_tsc = DEADLINE_NONE;
	strcpy(vm->name, name);
	memset((u8 *)shared_at(SHARED_VM_RINGS) + (u64)vm->index * VM_RINGS_BYTES, 0, VM_RINGS_BYTES);
	*out = vm;
	return REFUSAL_NONE;
}

struct refusal vm_set(struct vm *vm, const struct vm_spec *wanted, u32 asked, bool is_dry_run)
{
	static struct vm_spec next;	/* too large for the stack */
	struct refusal no;

	if (asked == 0 || (asked & ~FIELDS_ALL) != 0)
		return refusal_of(ERR_BAD_FIELD, 0, FIELD_SET);
	if ((asked & ~FIELDS_ANY_TIME) != 0 && vm->life != LIFE_IDLE)
		return refusal_of(ERR_VM_STATE, 0, vm_state_of(vm));
	next = vm->spec;
	spec_merge(&next, wanted, asked);
	no = spec_judge(&next, asked, &root.images, INFO->pcpu_count);
	if (no.error == ERR_NONE && (asked & ~FIELDS_ANY_TIME) != 0)
		no = vm_memory_judge(&next);
	if (no.error != ERR_NONE || is_dry_run)
		return no;
	no = vm_share_change(vm, &next.share);
	if (no.error == ERR_NONE)
		vm->spec = next;
	return no;
}

enum status vm_meet_console(void)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		const struct vm *vm = &vms[i];
		enum status st;

		if (!vm->is_used || !lifecycle_has_objects(vm->life) || vm->life == LIFE_ENDING)
			continue;
		st = service_console_meet(i, vm->pd.h_pd, vm->h_threads[0]);
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

static void own_input(struct vm *vm, enum input input)
{
	static const struct order none;

	(void)vm_input(vm, input, &none);
}

static bool is_watched(const struct vm *vm)
{
	return vm->is_used && lifecycle_has_objects(vm->life) && vm->life != LIFE_ENDING;
}

void vm_poll_controls(void)
{
	for (u32 i = 0; i < VM_COUNT; i++) {
		struct vm *vm = &vms[i];
		u32 phase, is_paused;

		if (!is_watched(vm))
			continue;
		phase = vm_control(vm)->phase;
		is_paused = vm_control(vm)->is_paused;
		if (phase == PHASE_ENDED)
			own_input(vm, IN_ENDED);
		else if (phase == PHASE_RUNNING && vm->life == LIFE_LOADING)
			own_input(vm, IN_RUNNING);
		else if (is_paused == vm->pause_wish && vm->life == LIFE_PAUSING)
			own_input(vm, IN_PAUSED);
	}
}

static bool has_fault(const struct vm *vm)
{
	for (u32 i = 0; i < vm->spec.cpus; i++) {
		u64 kind = 0;

		if (sys_thread_ctl(vm->h_threads[i], THREAD_GET_FAULT, FAULT_KIND, 0, &kind) == ST_OK && kind != 0)
			return true;
	}
	return false;
}

void vm_poll_faults(void)
{
	for (u32 i = 0; i < VM_COUNT; i++)
		if (is_watched(&vms[i]) && has_fault(&vms[i]))
			own_input(&vms[i], IN_FAULT);
}

static u64 step_one(struct vm *vm, u64 now)
{
	if (vm->life == LIFE_ENDING) {
		if (holdings_release_step(&vm->objects) == ST_OK)
			own_input(vm, IN_GONE);
		return 0;
	}
	if (vm->deadline_tsc <= now) {
		own_input(vm, IN_TIMEOUT);
		return 0;
	}
	if (vm->life == LIFE_LOADING && vm->is_filling) {
		enum status st = vm_fill_step(vm);

		if (st != ST_OK && st != ST_AGAIN)
			own_input(vm, IN_FAULT);
		return 0;
	}
	return vm->deadline_tsc;
}

u64 vm_step(void)
{
	u64 now = rt_time_tsc(), next = DEADLINE_NONE;

	for (u32 i = 0; i < VM_COUNT; i++) {
		u64 again;

		if (!vms[i].is_used)
			continue;
		again = step_one(&vms[i], now);
		if (again < next)
			next = again;
	}
	return next;
}
