/* SPDX-License-Identifier: MIT */
/*
 * vm.c - the table of VMs.
 */
#include "vm.h"

#include <string.h>

#include "accounts.h"
#include "blk.h"
#include "definition_changes.h"
#include "image_need.h"
#include "map_window.h"
#include "platform.h"
#include "range.h"
#include "root.h"
#include "spec.h"
#include "spec_fields.h"
#include "sys.h"
#include "vm_cd.h"
#include "vm_disks.h"
#include "vm_nics.h"
#include "volume_judge.h"

#define OVERHEAD_BYTES (1 * MIB)	/* VMM: data, stacks; kernel: objects, tables' first levels */
#define OVERHEAD_SHIFT 8		/* page tables: 1/256 of the RAM, if all of it is mapped in small pages twice */

static struct vm vms[VM_COUNT];
static u32 end;		/* the highest place that was ever used, plus one */

u32 vms_end(void)
{
	return end;
}

struct vm *vm_at(u32 index)
{
	return index < VM_COUNT && vms[index].is_used ? &vms[index] : NULL;
}

struct vm *vm_find(const char *name)
{
	for (u32 i = 0; i < end; i++)
		if (vms[i].is_used && strcmp(vms[i].name, name) == 0)
			return &vms[i];
	return NULL;
}

volatile struct vmm_control *vm_control(const struct vm *vm)
{
	return (volatile struct vmm_control *)((u8 *)shared_at(SHARED_CONTROLS) + (u64)vm->index * PAGE_SIZE);
}

enum vm_state vm_state_for_events(const struct vm *vm)
{
	return lifecycle_state(vm->phase, vm->idle_state, vm->after_teardown == AFTER_RESTART);
}

enum vm_state vm_state_of(const struct vm *vm)
{
	enum vm_state state = vm_state_for_events(vm);

	return state == VM_RUNNING && vm_control(vm)->is_suspended ? VM_SUSPENDED : state;
}

bool vm_waits_for_key(const struct vm *vm)
{
	if (vm->phase == VM_PHASE_WAITING)
		return vm->stop_info.reason == STOP_POOL_LOCKED;
	return vm->phase == VM_PHASE_IDLE && vm->is_start_due && vm->spec.autostart != 0;
}

bool vm_has_given_up(const struct vm *vm)
{
	return vm->phase == VM_PHASE_IDLE && vm->idle_state == VM_CRASHED && vm->spec.restart == RESTART_ON_FAILURE &&
	       vm->crash_restarts >= vm->spec.restart_limit;
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
	u64 beside = OVERHEAD_BYTES + (u64)spec->disk_count * BLK_LINK_BYTES +
		     (u64)spec->nic_count * NET_LINK_BYTES;

	if (spec->memory_policy == MEMORY_LAZY)
		return min_u64(images_bytes(spec), spec->memory_bytes) + beside;
	return spec->memory_bytes + (spec->memory_bytes >> OVERHEAD_SHIFT) + beside;
}

u64 vm_granted_bytes(const struct vm *vm)
{
	return stat_of(vm->h_ram, STAT_BYTES_GRANTED);
}

u64 vm_bytes(const struct vm *vm)
{
	return VM_SHARED_BYTES + object_set_bytes(&vm->objects) + object_set_bytes(&vm->links);
}

u64 vm_held_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < end; i++)
		if (vms[i].is_used && lifecycle_has_objects(vms[i].phase))
			sum += max_u64(vm_need_bytes(&vms[i].spec), vm_granted_bytes(&vms[i]) + OVERHEAD_BYTES);
	return sum;
}

u64 vm_free_bytes(void)
{
	return stats_of_memory()[MEM_STAT_FREE];
}

u64 vm_untouched_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < end; i++) {
		const struct vm *vm = &vms[i];
		u64 bytes = vm->spec.memory_bytes;

		if (vm->is_used && lifecycle_has_objects(vm->phase) && vm->spec.memory_policy == MEMORY_LAZY)
			sum += bytes - min_u64(bytes, vm_granted_bytes(vm));
	}
	return sum;
}

static bool has_image(const struct vm_spec *spec, const char *name)
{
	char module[IMAGE_NAME_BYTES];

	for (u32 i = 0; i < spec->module_count; i++)
		if (image_of_module(spec->modules[i], module) && strcmp(module, name) == 0)
			return true;
	if (spec_has_firmware(spec) && strcmp(spec_firmware(spec), name) == 0)
		return true;
	return strcmp(spec->kernel, name) == 0 || strcmp(spec->initrd, name) == 0 || strcmp(spec->vmm, name) == 0;
}

const struct vm *vm_with_image(const char *name)
{
	for (u32 i = 0; i < end; i++)
		if (vms[i].is_used && (has_image(&vms[i].spec, name) || vm_cd_has(&vms[i], name)))
			return &vms[i];
	return NULL;
}

u32 vm_count(u32 *running)
{
	u32 count = 0;

	*running = 0;
	for (u32 i = 0; i < end; i++) {
		if (!vms[i].is_used)
			continue;
		count++;
		if (lifecycle_has_objects(vms[i].phase))
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

/* The sizes of what is loaded with the kernel. */
static u32 others_bytes(const struct vm_spec *spec, u64 others[1 + IMAGE_MODULES])
{
	u32 count = 0;

	if (spec->initrd[0] != '\0')
		others[count++] = image_bytes(spec->initrd);
	for (u32 i = 0; i < spec->module_count; i++)
		others[count++] = module_bytes(spec->modules[i]);
	return count;
}

/* An image does not change: one look at it is enough. What can't be looked at is its VMM's to judge. */
static u64 end_of_kernel(struct image *kernel)
{
	if (!kernel->is_looked_at && map_window_open(WINDOW_SOURCE, kernel->h_mem, kernel->bytes, false) == ST_OK) {
		kernel->end = image_end(map_window_at(WINDOW_SOURCE), kernel->bytes);
		kernel->is_looked_at = true;
		map_window_close(WINDOW_SOURCE);
	}
	return kernel->end;
}

static u64 images_need(const struct vm_spec *spec)
{
	const struct image *kernel = image_find(&root.images, spec->kernel, false);
	u64 others[1 + IMAGE_MODULES];
	struct image *ours;

	if (kernel == NULL)
		return 0;
	ours = &root.images.images[kernel - root.images.images];
	return image_need(end_of_kernel(ours), others, others_bytes(spec, others));
}

struct error_info vm_memory_judge(const struct vm_spec *spec)
{
	u64 need = images_need(spec), free_bytes = vm_free_bytes();
	u64 most = platform_guest_limit() - (4 * GIB - RAM_LOW_LIMIT);

	if (need > spec->memory_bytes)
		return error_info_of(ERR_IMAGE_MEMORY, need, spec->memory_bytes);
	need = vm_need_bytes(spec);
	if (need > free_bytes + vm_held_bytes())
		return error_info_of(ERR_NO_MEMORY, need, free_bytes);
	return spec->memory_bytes > most ? error_info_of(ERR_GUEST_MEMORY, spec->memory_bytes, most) : ERROR_INFO_NONE;
}

struct error_info vm_define(const char *name, const struct vm_spec *spec, bool is_dry_run, struct vm **out)
{
	static u64 ids;
	struct vm *vm = free_place();
	struct error_info no = vm_memory_judge(spec);

	if (vm_find(name) != NULL)
		return error_info_of(ERR_VM_EXISTS, 0, vm_state_of(vm_find(name)));
	if (vm == NULL)
		return error_info_of(ERR_TOO_MANY_VMS, VM_COUNT + 1, VM_COUNT);
	if (no.error == ERR_NONE)
		no = vm_nics_judge(name, spec);
	if (no.error == ERR_NONE)
		no = volumes_judge(name, VOLUME_NOBODY, spec);
	if (no.error == ERR_NONE && !is_dry_run)
		no = volumes_judge_there(name, spec);
	/* What could not even run alone is refused now, the rest when it is started. */
	if (no.error != ERR_NONE || is_dry_run)
		return no;
	memset(vm, 0, sizeof(*vm));
	vm->index = (u32)(vm - vms);
	vm->id = ++ids;
	vm->spec = *spec;
	vm->idle_state = VM_DEFINED;
	vm->deadline_tsc = DEADLINE_NONE;
	strcpy(vm->name, name);
	vm_disks_set(vm, spec);
	vm_nics_set(vm, spec, 0);
	vm->is_used = true;
	if (end <= vm->index)
		end = vm->index + 1;
	definitions_changed();
	memset((u8 *)shared_at(SHARED_VM_RINGS) + (u64)vm->index * VM_RINGS_BYTES, 0, VM_RINGS_BYTES);
	*out = vm;
	return ERROR_INFO_NONE;
}

/* Is all that is asked, and may not always be changed, another limit of a disk or a network card that the VM has? */
static bool is_limit_only(const struct vm *vm, const struct vm_spec *wanted, u32 asked)
{
	u32 at_rest = asked & ~FIELDS_ANY_TIME;

	return (at_rest & ~(BIT32(FIELD_DISK) | BIT32(FIELD_NIC))) == 0 &&
	       ((at_rest & BIT32(FIELD_DISK)) == 0 || vm_disks_are_same(vm, wanted)) &&
	       ((at_rest & BIT32(FIELD_NIC)) == 0 || vm_nics_are_same(vm, wanted));
}

/* The disks as they are written now, with other limits. */
static void take_limits(struct vm_spec *next, const struct vm_spec *now)
{
	for (u32 i = 0; i < now->disk_count; i++) {
		struct disk_spec disk = now->disks[i];

		disk.iops = next->disks[i].iops;
		disk.rate = next->disks[i].rate;
		next->disks[i] = disk;
	}
}

struct error_info vm_judge_disks(const struct vm *vm, const struct vm_spec *next, bool is_dry_run)
{
	struct error_info no = volumes_judge(vm->name, vm->index, next);

	return no.error == ERR_NONE && !is_dry_run ? volumes_judge_there(vm->name, next) : no;
}

struct error_info vm_set(struct vm *vm, const struct vm_spec *wanted, u32 asked, bool is_dry_run)
{
	static struct vm_spec next;	/* too large for the stack */
	bool concerns_disks = (asked & (BIT32(FIELD_DISK) | BIT32(FIELD_ON_IO_ERROR))) != 0;
	struct error_info no;

	if (asked == 0 || (asked & ~FIELDS_ALL) != 0)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);
	if ((asked & ~FIELDS_ANY_TIME) != 0 && vm->phase != VM_PHASE_IDLE && !is_limit_only(vm, wanted, asked))
		return error_info_of(ERR_VM_STATE, 0, vm_state_of(vm));
	if (vm->phase == VM_PHASE_ENDING && vm->after_teardown == AFTER_DELETE)	/* its volumes may be going */
		return error_info_of(ERR_VM_STATE, 0, vm_state_of(vm));
	next = vm->spec;
	spec_merge(&next, wanted, asked);
	if ((asked & BIT32(FIELD_DISK)) != 0 && vm->phase != VM_PHASE_IDLE)
		take_limits(&next, &vm->spec);
	if ((asked & BIT32(FIELD_NIC)) != 0 && vm->phase != VM_PHASE_IDLE)
		vm_nics_keep(vm, &next);
	no = spec_judge(&next, asked, &root.images, INFO->pcpu_count);
	if (no.error == ERR_NONE && vm->phase != VM_PHASE_IDLE)
		no = vm_cd_judge(vm, vm_control(vm), &next);
	if (no.error == ERR_NONE && (asked & ~FIELDS_ANY_TIME) != 0 && vm->phase == VM_PHASE_IDLE)
		no = vm_memory_judge(&next);
	if (no.error == ERR_NONE)
		no = vm_nics_judge(vm->name, &next);
	if (no.error == ERR_NONE && concerns_disks)
		no = vm_judge_disks(vm, &next, is_dry_run);
	if (no.error != ERR_NONE || is_dry_run)
		return no;
	no = vm_share_change(vm, &next.share);
	if (no.error != ERR_NONE)
		return no;
	if (concerns_disks)
		vm_disks_set(vm, &next);
	if ((asked & BIT32(FIELD_NIC)) != 0 && vm->phase == VM_PHASE_IDLE)
		vm_nics_set(vm, &next, 0);
	vm->spec = next;
	definitions_changed();
	if ((asked & BIT32(FIELD_ISO)) != 0 && vm_is_alive(vm))
		no = vm_cd_change(vm, vm_control(vm));
	if ((asked & BIT32(FIELD_NIC)) != 0 && vm_is_alive(vm)) {
		vm_nics_change(vm);
		__atomic_store_n(&vm_control(vm)->nics_unplugged, vm_nics_unplugged(vm), __ATOMIC_RELEASE);
	}
	return no;
}
