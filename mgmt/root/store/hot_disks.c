/* SPDX-License-Identifier: MIT */
/*
 * hot_disks.c - see hot_disks.h.
 */
#include "hot_disks.h"

#include <string.h>

#include "definition_changes.h"
#include "blk.h"
#include "root.h"
#include "rt_log.h"
#include "spec.h"
#include "spec_fields.h"
#include "vm_disks.h"
#include "volume_extents.h"
#include "volumes.h"
#include "wiring.h"

static volatile struct vmm_disk_slot *words_of(const struct vm *vm, u32 slot)
{
	return &vm_control(vm)->disks[slot];
}

struct error_info hot_disks_judge(const struct vm *vm, bool is_detach)
{
	if (vm->phase == VM_PHASE_PAUSING)
		return error_info_of(ERR_BUSY, 0, 0);
	if (vm->phase != VM_PHASE_LIVE || (is_detach && vm_state_of(vm) == VM_SUSPENDED))
		return error_info_of(ERR_VM_STATE, 0, vm_state_of(vm));
	return ERROR_INFO_NONE;
}

/* ---- attach ---- */

/* The slot that vm_disks_set gives to the next disk that is new. */
static u32 next_slot(u32 *taken)
{
	u32 slot = (u32)__builtin_ctz(~*taken);

	*taken |= BIT32(slot);
	return slot;
}

/* A disk that has just left is the VM's own still, and has a slot. */
static bool is_leaving(const struct vm *vm, const struct vm_spec *next)
{
	u32 taken = vm_disks_taken(vm);
	char name[VOLUME_NAME_BYTES];

	for (u32 i = vm->spec.disk_count; i < next->disk_count; i++) {
		volume_name_of(name, vm->name, next, i);
		if (next_slot(&taken) >= VM_DEVICES || hot_disks_state(vm, name) == HOT_DISK_LEAVING)
			return true;
	}
	return false;
}

static struct error_info judge_attach(const struct vm *vm, const struct vm_spec *next, bool is_dry_run)
{
	struct error_info no = hot_disks_judge(vm, false);
	u64 need, free_bytes = vm_free_bytes();
	char name[VOLUME_NAME_BYTES];

	if (no.error != ERR_NONE)
		return no;
	if (next->disk_count <= vm->spec.disk_count || is_leaving(vm, next))
		return error_info_of(ERR_BUSY, 0, 0);
	need = (next->disk_count - vm->spec.disk_count) * (u64)(BLK_LINK_BYTES + VMM_DISK_BYTES);
	if (need > free_bytes)
		return error_info_of(ERR_NO_MEMORY, need, free_bytes);
	no = vm_judge_disks(vm, next, is_dry_run);
	for (u32 i = vm->spec.disk_count; i < next->disk_count && no.error == ERR_NONE; i++) {
		volume_name_of(name, vm->name, next, i);
		no = vm_disk_judge_key(volume_find(name));
	}
	return no;
}

/* Those from `first` on; all of them, or none. */
static enum status link_new(struct vm *vm, const struct vm_spec *next)
{
	u32 taken = vm_disks_taken(vm), slots[VM_DEVICES], count = 0;
	enum status st = wiring_connect_store(vm);
	char name[VOLUME_NAME_BYTES];

	for (u32 i = vm->spec.disk_count; i < next->disk_count && st == ST_OK; i++) {
		volume_name_of(name, vm->name, next, i);
		slots[count] = next_slot(&taken);
		st = vm_disks_link(vm, slots[count], volume_find(name), &next->disks[i]);
		count += st == ST_OK;
	}
	while (st != ST_OK && count-- != 0) {
		vm->slots[slots[count]].has_disk = false;
		vm->slots[slots[count]].is_leaving = !vm_disks_unlink(vm, slots[count]);
	}
	return st;
}

/* The VMM's words of the disk: the generation last. */
static void announce(struct vm *vm, u32 disk)
{
	volatile struct vmm_disk_slot *words = words_of(vm, vm->slot_of[disk]);
	struct vm_slot *s = &vm->slots[vm->slot_of[disk]];
	struct vmm_disk what = vm_disk_of(vm, disk);

	s->ejects += s->ejects & 1;
	words->ejects = s->ejects;
	memcpy((void *)(uintptr_t)&words->disk, &what, sizeof(what));
	__atomic_store_n(&words->generation, ++s->generation, __ATOMIC_RELEASE);
}

/* The disks of *wanted only: what was set since it was made stays. */
struct error_info hot_disks_attach(struct vm *vm, const struct vm_spec *wanted, bool is_dry_run)
{
	static struct vm_spec next;	/* too large for the stack */
	u32 first = vm->spec.disk_count;
	struct error_info no;
	enum status st;

	next = vm->spec;
	spec_merge(&next, wanted, BIT32(FIELD_DISK));
	no = judge_attach(vm, &next, is_dry_run);
	if (no.error != ERR_NONE || is_dry_run)
		return no;
	st = link_new(vm, &next);
	if (st == ST_NOMEM)
		return error_info_of(ERR_NO_MEMORY, BLK_LINK_BYTES + VMM_DISK_BYTES, vm_free_bytes());
	if (st != ST_OK)
		return error_info_status(st);
	vm_disks_set(vm, &next);
	vm->spec = next;
	definitions_changed();
	for (u32 i = first; i < vm->spec.disk_count; i++)
		announce(vm, i);
	vm_signal(vm);
	return no;
}

/* ---- detach ---- */

/* The slot that has that volume, also one that it is leaving; VM_DEVICES: none. */
static u32 slot_with(const struct vm *vm, const char *volume)
{
	for (u32 slot = 0; slot < VM_DEVICES; slot++) {
		const struct volume *v = vm_volume_in(vm, slot);

		if (v != NULL && strcmp(v->name, volume) == 0)
			return slot;
	}
	return VM_DEVICES;
}

enum hot_disk_state hot_disks_state(const struct vm *vm, const char *volume)
{
	u32 slot = slot_with(vm, volume);

	if (slot == VM_DEVICES)
		return HOT_DISK_NONE;
	return vm->slots[slot].is_leaving ? HOT_DISK_LEAVING : HOT_DISK_ATTACHED;
}

void hot_disks_ask(struct vm *vm, const char *volume, bool is_asked)
{
	u32 slot = slot_with(vm, volume);

	if (slot == VM_DEVICES || !vm->slots[slot].has_disk || (vm->slots[slot].ejects & 1) == is_asked)
		return;
	words_of(vm, slot)->ejects = ++vm->slots[slot].ejects;
	vm_signal(vm);
}

/* What its VMM says of the disk that the slot has now, or had last. */
static u32 news_of(const struct vm *vm, u32 slot)
{
	u64 word = __atomic_load_n(&vm_control(vm)->disk_news[slot], __ATOMIC_ACQUIRE);
	u32 state = (u32)(word >> 32);

	return (u32)word == vm->slots[slot].generation && state < VMM_DISK_STATE_COUNT ? state : VMM_DISK_STAYS;
}

static void log_leaving(const struct vm *vm, u32 slot, const struct volume *v, u32 news)
{
	bool is_asked = (vm->slots[slot].ejects & 1) != 0;

	if (news == VMM_DISK_REFUSED)
		rt_log("root: VM %s: its VMM can't make a device of disk %u, volume %s; the volume stays", vm->name,
		       (unsigned)v->disk, v->name);
	else
		rt_log("root: VM %s: its guest has let go of disk %u, volume %s%s%s", vm->name, (unsigned)v->disk,
		       v->name, is_asked ? "" : ", which nobody asked for",
		       news == VMM_DISK_EJECTED ? "; its requests are under way" : "");
}

static void leave(struct vm *vm, u32 slot, u32 news)
{
	static struct vm_spec next;	/* too large for the stack */
	struct volume *v = vm_volume_in(vm, slot);

	if (vm_disks_remove(vm, v->name, &next).error != ERR_NONE)
		return;
	log_leaving(vm, slot, v, news);
	vm->slots[slot].has_disk = false;
	vm->slots[slot].is_leaving = vm->slots[slot].is_in_use = true;
	v->disk = VM_DEVICES + slot;
	vm_disks_disown(v);
	vm_disks_set(vm, &next);
	vm->spec = next;
	definitions_changed();
}

void hot_disks_watch(struct vm *vm)
{
	for (u32 slot = 0; slot < VM_DEVICES; slot++) {
		u32 news = news_of(vm, slot);

		if (news != VMM_DISK_STAYS && vm->slots[slot].has_disk)
			leave(vm, slot, news);
		if (news == VMM_DISK_GONE || news == VMM_DISK_REFUSED)
			vm->slots[slot].is_in_use = false;
	}
}

static void slot_is_empty(struct vm *vm, u32 slot)
{
	struct volume *v = vm_volume_in(vm, slot);

	vm->slots[slot].is_leaving = false;
	if (v == NULL)		/* a disk that could not be attached */
		return;
	v->vm = VOLUME_NOBODY;
	volumes_are_let_go();
}

void hot_disks_step(struct vm *vm)
{
	for (u32 slot = 0; slot < VM_DEVICES; slot++)
		if (vm->slots[slot].is_leaving && !vm->slots[slot].is_in_use && vm_disks_unlink(vm, slot))
			slot_is_empty(vm, slot);
}

void hot_disks_end(struct vm *vm)
{
	for (u32 slot = 0; slot < VM_DEVICES; slot++)
		if (vm->slots[slot].is_leaving)
			slot_is_empty(vm, slot);
	memset(vm->slots, 0, sizeof(vm->slots));
}
