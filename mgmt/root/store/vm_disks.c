/* SPDX-License-Identifier: MIT */
/*
 * vm_disks.c - see vm_disks.h.
 */
#include "vm_disks.h"

#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "definition_changes.h"
#include "drivers.h"
#include "pools.h"
#include "root.h"
#include "spec.h"
#include "store_client.h"
#include "sys.h"
#include "volume_marks.h"
#include "volume_extents.h"
#include "volumes.h"

#define RW (RIGHT_R | RIGHT_W)

static u32 link_in(const struct vm *vm, u32 slot)
{
	return vm->index * VM_DEVICES + slot;
}

static u32 link_of(const struct vm *vm, u32 disk)
{
	return link_in(vm, vm->slot_of[disk]);
}

struct volume *vm_disk_volume(const struct vm *vm, u32 disk)
{
	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = volume_at(i);

		if (v != NULL && v->vm == vm->index && v->disk == disk)
			return v;
	}
	return NULL;
}

void vm_disk_resized(struct vm *vm, u32 disk, u64 bytes)
{
	vm_disk_volume(vm, disk)->bytes = bytes;
	if (vm->spec.disks[disk].bytes == 0 || vm->spec.disks[disk].bytes == bytes)
		return;
	vm->spec.disks[disk].bytes = bytes;
	definitions_changed();
}

bool vm_disks_are_locked(const struct vm *vm)
{
	for (u32 i = 0; i < vm->spec.disk_count; i++)
		if (vm_disk_volume(vm, i) != NULL && vm_disk_volume(vm, i)->is_locked)
			return true;
	return false;
}

struct error_info vm_disk_judge_key(const struct volume *v)
{
	if (v == NULL || !v->needs_key)
		return ERROR_INFO_NONE;
	return pool_at(v->pool) != NULL && pool_at(v->pool)->key == POOL_KEY_HERE ?
		error_info_about(ERR_NO_CIPHER, v->name) : error_info_about(ERR_POOL_LOCKED, v->on);
}

struct error_info vm_disks_judge_keys(const struct vm *vm)
{
	struct error_info no = ERROR_INFO_NONE;

	for (u32 i = 0; i < vm->spec.disk_count && no.error == ERR_NONE; i++)
		no = vm_disk_judge_key(vm_disk_volume(vm, i));
	return no;
}

/* The disk in that slot, VM_DEVICES if there is none. */
static u32 disk_in(const struct vm *vm, u32 slot)
{
	for (u32 i = 0; i < vm->spec.disk_count; i++)
		if (vm->slot_of[i] == slot)
			return i;
	return VM_DEVICES;
}

struct volume *vm_volume_in(const struct vm *vm, u32 slot)
{
	u32 disk = disk_in(vm, slot);

	return vm_disk_volume(vm, disk < VM_DEVICES ? disk : VM_DEVICES + slot);
}

static u32 leaving_slots(const struct vm *vm)
{
	u32 bits = 0;

	for (u32 i = 0; i < VM_DEVICES; i++)
		bits |= vm->slots[i].is_leaving ? BIT32(i) : 0;
	return bits;
}

u32 vm_disks_taken(const struct vm *vm)
{
	u32 bits = leaving_slots(vm);

	for (u32 i = 0; i < vm->spec.disk_count; i++)
		bits |= BIT32(vm->slot_of[i]);
	return bits;
}

/* ---- figures ---- */

static struct io_counts deleted;
static u64 deleted_service_tsc;

static struct store_figures *figures_in(const struct vm *vm, u32 slot)
{
	return (struct store_figures *)shared_at(SHARED_STORE_FIGURES) + link_in(vm, slot);
}

static void add_io(struct io_counts *to, const struct io_counts *from)
{
	to->reads += from->reads;
	to->writes += from->writes;
	to->flushes += from->flushes;
	to->discards += from->discards;
	to->read_bytes += from->read_bytes;
	to->written_bytes += from->written_bytes;
	to->errors += from->errors;
}

/* The figures of that slot's disk begin again, while the store does not serve it. */
static void begin_figures(struct vm *vm, u32 slot)
{
	struct store_figures *f = figures_in(vm, slot);

	add_io(&vm->io_before, &f->counts);
	memset(f, 0, sizeof(*f));
}

/* Of all its runs. */
static struct io_counts io_of(const struct vm *vm)
{
	struct io_counts sum = vm->io_before;

	for (u32 i = 0; i < VM_DEVICES; i++)
		add_io(&sum, &figures_in(vm, i)->counts);
	return sum;
}

void vm_disks_deleted(struct io_counts *out, u64 *service_tsc)
{
	*out = deleted;
	*service_tsc = deleted_service_tsc;
}

/* ---- volumes ---- */

/* Slots of the disks that `list` has: one that the VM has already keeps its own, others get empty ones. */
static void choose_slots(const struct vm *vm, struct volume *const *list, u32 count, u8 *slots)
{
	u32 taken = leaving_slots(vm), is_new = 0;

	for (u32 i = 0; i < count; i++) {
		if (list[i]->vm == vm->index && list[i]->disk < VM_DEVICES) {
			slots[i] = vm->slot_of[list[i]->disk];
			taken |= BIT32(slots[i]);
		} else {
			is_new |= BIT32(i);
		}
	}
	for (; is_new != 0; is_new &= is_new - 1) {
		slots[__builtin_ctz(is_new)] = (u8)__builtin_ctz(~taken);
		taken |= ~taken & (taken + 1);		/* the lowest that was clear */
	}
}

/* Those that are leaving have no place in the list, and stay its own until the store has answered. */
static void let_go(const struct vm *vm)
{
	for (u32 i = 0; i < VM_DEVICES; i++)
		if (vm_disk_volume(vm, i) != NULL)
			vm_disk_volume(vm, i)->vm = VOLUME_NOBODY;
}

void vm_disks_disown(struct volume *v)
{
	v->made_for = VOLUME_NOBODY;
	v->was_there = false;
	store_unmark(v);
}

/* It goes with its VM: it was made for it, or before the machine was restarted for one of the same name. */
static void own(struct vm *vm, struct volume *v, bool had)
{
	bool is_its_own = v->is_marked && !had && volume_is_named_after(v, vm->name);

	if (v->is_fresh || is_its_own)
		v->made_for = vm->index;
	v->was_there = is_its_own ? !v->is_fresh : v->was_there;
	v->is_fresh = false;
}

void vm_disks_set(struct vm *vm, const struct vm_spec *next)
{
	struct volume *list[VM_DEVICES];
	bool had[VM_DEVICES] = { false };
	u8 slots[VM_DEVICES];
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < next->disk_count; i++) {
		volume_name_of(name, vm->name, next, i);
		list[i] = volume_find(name);
		had[i] = list[i]->vm == vm->index;
	}
	choose_slots(vm, list, next->disk_count, slots);
	let_go(vm);
	for (u32 i = 0; i < next->disk_count; i++) {
		list[i]->vm = vm->index;
		list[i]->disk = i;
		own(vm, list[i], had[i]);
		vm->slot_of[i] = slots[i];
		if (!had[i] && !vm->slots[slots[i]].has_disk)
			begin_figures(vm, slots[i]);
		store_rules(link_of(vm, i), &next->disks[i], next->on_io_error == IO_ERROR_PAUSE);
	}
	for (u32 i = 0; i < volumes_end(); i++)	/* what it has no more does not go with it either */
		if (volume_at(i) != NULL && volume_at(i)->made_for == vm->index && volume_at(i)->vm != vm->index)
			vm_disks_disown(volume_at(i));
	volumes_are_let_go();
}

/* A disk's place in the list names its volume, unless the spec does: before places change, it does. */
static void name_volumes(const struct vm *vm, struct vm_spec *spec)
{
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < spec->disk_count; i++) {
		volume_name_of(name, vm->name, spec, i);
		strcpy(spec->disks[i].volume, name);
	}
}

static bool is_name_taken(const struct vm_spec *spec, const char *name)
{
	for (u32 i = 0; i < spec->disk_count; i++)
		if (strcmp(spec->disks[i].volume, name) == 0)
			return true;
	return volume_find(name) != NULL;
}

/* There are more numbers than volumes. */
static void name_new(const struct vm *vm, struct vm_spec *spec, struct disk_spec *disk)
{
	for (u32 i = 0; disk->volume[0] == '\0'; i++) {
		char name[VOLUME_NAME_BYTES];

		snprintf(name, sizeof(name), "%s.%u", vm->name, (unsigned)i);
		if (!is_name_taken(spec, name))
			strcpy(disk->volume, name);
	}
	spec->disks[spec->disk_count++] = *disk;
}

struct error_info vm_disks_add(const struct vm *vm, const struct vm_spec *more, struct vm_spec *next)
{
	if (more->disk_count == 0 || more->disk_count > VM_DEVICES)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	for (u32 i = 0; i < more->disk_count; i++)
		if (!spec_disk_ok(&more->disks[i]))
			return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	if (vm->spec.disk_count + more->disk_count + vm->spec.nic_count > VM_DEVICES)
		return error_info_limit(VM_DEVICES, "disks and network cards of a VM");
	*next = vm->spec;
	name_volumes(vm, next);
	for (u32 i = 0; i < more->disk_count; i++) {
		struct disk_spec disk = more->disks[i];

		name_new(vm, next, &disk);
	}
	return ERROR_INFO_NONE;
}

struct error_info vm_disks_remove(const struct vm *vm, const char *volume, struct vm_spec *next)
{
	struct error_info no = error_info_of(ERR_NOT_ITS_VOLUME, 0, 0);
	u32 at = 0;

	*next = vm->spec;
	name_volumes(vm, next);
	while (at < next->disk_count && strcmp(next->disks[at].volume, volume) != 0)
		at++;
	strcpy(no.text, volume);
	if (at == next->disk_count)
		return no;
	next->disk_count--;
	memmove(&next->disks[at], &next->disks[at + 1], (next->disk_count - at) * sizeof(next->disks[0]));
	memset(&next->disks[next->disk_count], 0, sizeof(next->disks[0]));
	return ERROR_INFO_NONE;
}

static bool is_same(const struct vm *vm, const struct vm_spec *wanted, u32 disk)
{
	const struct disk_spec *want = &wanted->disks[disk], *has = &vm->spec.disks[disk];
	const struct volume *v = vm_disk_volume(vm, disk);
	char name[VOLUME_NAME_BYTES];

	if (v == NULL || !spec_disk_ok(want))
		return false;
	volume_name_of(name, vm->name, wanted, disk);
	return strcmp(name, v->name) == 0 && (want->bytes == 0 || want->bytes == v->bytes) &&
	       (want->on[0] == '\0' || strcmp(want->on, v->on) == 0) &&
	       ((want->flags ^ has->flags) & (DISK_READ_ONLY | DISK_NVRAM)) == 0 &&
	       disk_trait_other(want->flags, v->traits) == TRAIT_COUNT &&
	       strcmp(want->serial, has->serial) == 0;
}

bool vm_disks_are_same(const struct vm *vm, const struct vm_spec *wanted)
{
	u32 same = 0;

	if (wanted->disk_count != vm->spec.disk_count)
		return false;
	while (same < wanted->disk_count && is_same(vm, wanted, same))
		same++;
	return same == wanted->disk_count;
}

bool vm_disks_have_own(const struct vm *vm)
{
	for (u32 i = 0; i < volumes_end(); i++)
		if (volume_at(i) != NULL && volume_at(i)->made_for == vm->index)
			return true;
	return false;
}

struct error_info vm_disks_judge_drop(const struct vm *vm)
{
	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *s = volume_at(i), *of = NULL;

		if (s != NULL && s->kind == VOLUME_ROW_SNAPSHOT && !s->is_going)
			of = volume_origin(s);
		if (of != NULL && of->made_for == vm->index)
			return error_info_about(ERR_VM_SNAPSHOTS, s->name);
	}
	return ERROR_INFO_NONE;
}

void vm_disks_drop(const struct vm *vm)
{
	for (u32 i = 0; i < volumes_end(); i++)
		if (volume_at(i) != NULL && volume_at(i)->made_for == vm->index && !volume_at(i)->is_going)
			store_delete(volume_at(i));
}

bool vm_disks_are_gone(const struct vm *vm, struct error_info *no)
{
	bool is_done = true;

	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v == NULL || v->made_for != vm->index)
			continue;
		is_done = is_done && !v->is_going;
		*no = error_info_of(v->is_going ? ERR_DISK_SILENT : ERR_VOLUME_STAYS, 0, v->error);
		strcpy(no->text, v->is_going ? v->on : v->name);
	}
	return is_done;
}

void vm_disks_forget(struct vm *vm)
{
	struct io_counts io = io_of(vm);

	add_io(&deleted, &io);
	deleted_service_tsc += vm->service_tsc;
	vm->service_tsc = vm->service_before_tsc = 0;
	for (u32 i = 0; i < VM_DEVICES; i++)	/* another VM has that place next */
		memset(figures_in(vm, i), 0, sizeof(struct store_figures));
	volumes_let_go(vm->index);
	for (u32 i = 0; i < volumes_end(); i++)
		if (volume_at(i) != NULL && volume_at(i)->made_for == vm->index)
			vm_disks_disown(volume_at(i));
	volumes_are_let_go();
}

/* ---- links ---- */

static void unmap(const struct vm *vm, u64 address, u64 bytes)
{
	while (sys_mem_unmap(vm->pd.h_pd, address, bytes) == ST_AGAIN)
		;
}

/* All of it, so that the VMM never faults for want of memory; or nothing. */
static enum status map(const struct vm *vm, u64 h_mem, u64 address, u64 bytes)
{
	enum status st = pd_map(vm->pd.h_pd, h_mem, address, bytes, RW);

	if (st != ST_OK)
		return st;
	st = pd_fill(vm->pd.h_pd, h_mem, address, 0, bytes, RW);
	if (st != ST_OK)
		unmap(vm, address, bytes);
	return st;
}

/* A MEM of that set, mapped: its handle, 0 on a failure. */
static enum status make_mem(struct vm *vm, struct object_set *set, u64 address, u64 bytes, u32 flags, u64 *h_mem)
{
	enum status st = object_set_mem(set, bytes, flags, h_mem);

	if (st == ST_OK) {
		st = map(vm, *h_mem, address, bytes);
		if (st != ST_OK)
			object_set_drop_mem(set, *h_mem);
	}
	if (st != ST_OK)
		*h_mem = 0;
	return st;
}

static u64 link_address(u32 slot)
{
	return VMM_LINKS + slot * (u64)BLK_LINK_BYTES;
}

static void drop_link(struct vm *vm, u32 slot)
{
	unmap(vm, link_address(slot), BLK_LINK_BYTES);
	object_set_drop_mem(&vm->links, vm->slots[slot].h_link);
	vm->slots[slot].h_link = 0;
}

enum status vm_disks_link(struct vm *vm, u32 slot, const struct volume *v, const struct disk_spec *disk)
{
	struct vm_slot *s = &vm->slots[slot];
	enum status st = ST_OK;

	if (s->h_own == 0)
		st = make_mem(vm, &vm->objects, VMM_DISKS + slot * VMM_DISK_STRIDE, VMM_DISK_BYTES, 0, &s->h_own);
	if (st == ST_OK)
		st = make_mem(vm, &vm->links, link_address(slot), BLK_LINK_BYTES, driver_memory_flags(), &s->h_link);
	if (st != ST_OK)
		return st;
	begin_figures(vm, slot);
	st = store_attach(link_in(vm, slot), s->h_link, v, disk);
	if (st != ST_OK) {
		drop_link(vm, slot);
		return st;
	}
	store_rules(link_in(vm, slot), disk, vm->spec.on_io_error == IO_ERROR_PAUSE);
	s->has_disk = true;
	return ST_OK;
}

bool vm_disks_unlink(struct vm *vm, u32 slot)
{
	if (!store_detach(link_in(vm, slot)))
		return false;
	drop_link(vm, slot);
	return true;
}

void vm_disks_retry(const struct vm *vm)
{
	for (u32 slots = vm_disks_taken(vm); slots != 0; slots &= slots - 1)
		store_retry(link_in(vm, (u32)__builtin_ctz(slots)));
}

enum status vm_disks_build(struct vm *vm)
{
	enum status st = ST_OK;

	memset(vm->slots, 0, sizeof(vm->slots));
	for (u32 i = 0; i < VM_DEVICES; i++) {
		begin_figures(vm, i);
		vm->slot_of[i] = (u8)i;
	}
	for (u32 i = 0; i < vm->spec.disk_count && st == ST_OK; i++) {
		const struct volume *v = vm_disk_volume(vm, i);

		st = v != NULL ? vm_disks_link(vm, i, v, &vm->spec.disks[i]) : ST_STATE;
	}
	return st;
}

struct vmm_disk vm_disk_of(const struct vm *vm, u32 disk)
{
	const struct disk_spec *spec = &vm->spec.disks[disk];
	struct vmm_disk out = {
		.bytes = vm_disk_volume(vm, disk)->bytes, .block_bytes = vm_disk_volume(vm, disk)->block_bytes,
		.flags = ((spec->flags & DISK_READ_ONLY) != 0 ? VMM_DISK_READ_ONLY : 0) |
			 ((spec->flags & DISK_NVRAM) != 0 ? VMM_DISK_NVRAM : 0),
	};

	strcpy(out.serial, spec->serial);
	return out;
}

void vm_disks_args(const struct vm *vm, struct vmm_args *args)
{
	args->disk_count = vm->spec.disk_count;
	for (u32 i = 0; i < vm->spec.disk_count; i++)
		args->disks[i] = vm_disk_of(vm, i);
}

bool vm_disks_detach(const struct vm *vm)
{
	bool is_free = true;

	for (u32 i = 0; i < VM_DEVICES; i++)
		is_free = store_detach(link_in(vm, i)) && is_free;
	return is_free;
}

void vm_disks_report(const struct vm *vm, struct vm_report *out)
{
	out->io = io_of(vm);
	for (u32 i = 0; i < vm->spec.disk_count; i++) {
		const struct volume *v = vm_disk_volume(vm, i);
		struct disk_report *to = &out->disks[i];

		if (v == NULL)
			continue;
		strcpy(to->volume, v->name);
		strcpy(to->on, v->on);
		to->bytes = v->bytes;
		to->flags = (vm->spec.disks[i].flags & (DISK_READ_ONLY | DISK_NVRAM)) | v->traits |
			    (v->made_for == vm->index ? DISK_MADE : 0) |
			    (v->was_blank ? DISK_WAS_BLANK : 0) | (v->was_there ? DISK_WAS_THERE : 0);
		to->io = figures_in(vm, vm->slot_of[i])->counts;
	}
}

void vm_disks_stats(const struct vm *vm, struct vm_stats *out)
{
	out->disk_count = vm->spec.disk_count;
	for (u32 i = 0; i < vm->spec.disk_count; i++) {
		volume_name_of(out->disks[i].volume, vm->name, &vm->spec, i);
		out->disks[i].figures = *figures_in(vm, vm->slot_of[i]);
	}
}
