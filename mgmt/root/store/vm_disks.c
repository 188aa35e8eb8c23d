/* SPDX-License-Identifier: MIT */
/*
 * vm_disks.c - see vm_disks.h.
 */
#include "vm_disks.h"

#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "drivers.h"
#include "root.h"
#include "service_time.h"
#include "spec.h"
#include "store_client.h"
#include "sys.h"
#include "volumes.h"

#define RW (RIGHT_R | RIGHT_W)

static u32 link_of(const struct vm *vm, u32 disk)
{
	return vm->index * VM_DEVICES + disk;
}

static struct volume *volume_of(const struct vm *vm, u32 disk)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++) {
		struct volume *v = volume_at(i);

		if (v != NULL && v->vm == vm->index && v->disk == disk)
			return v;
	}
	return NULL;
}

/* ---- figures ---- */

static struct io_counts deleted;

static struct store_figures *figures_of(const struct vm *vm, u32 disk)
{
	return (struct store_figures *)shared_at(SHARED_STORE_FIGURES) + link_of(vm, disk);
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

/* The figures of that disk begin again, while the store does not serve it. */
static void begin_figures(struct vm *vm, u32 disk)
{
	struct store_figures *f = figures_of(vm, disk);

	add_io(&vm->io_before, &f->counts);
	memset(f, 0, sizeof(*f));
}

/* Of all its runs. */
static struct io_counts io_of(const struct vm *vm)
{
	struct io_counts sum = vm->io_before;

	for (u32 i = 0; i < VM_DEVICES; i++)
		add_io(&sum, &figures_of(vm, i)->counts);
	return sum;
}

void vm_disks_deleted(struct io_counts *out)
{
	*out = deleted;
}

/* ---- volumes ---- */

void vm_disks_set(struct vm *vm, const struct vm_spec *next)
{
	const struct volume *old[VM_DEVICES];
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < VM_DEVICES; i++)
		old[i] = volume_of(vm, i);
	volumes_let_go(vm->index);
	for (u32 i = 0; i < next->disk_count; i++) {
		struct volume *v;

		volume_name_of(name, vm->name, next, i);
		v = volume_find(name);
		v->vm = vm->index;
		v->disk = i;
		if (v->is_fresh)
			v->made_for = vm->index;
		v->is_fresh = false;
		if (v != old[i])
			begin_figures(vm, i);
		store_rules(link_of(vm, i), &next->disks[i], next->on_io_error == IO_ERROR_PAUSE);
	}
	for (u32 i = 0; i < STORE_VOLUMES; i++)	/* what it has no more does not go with it either */
		if (volume_at(i) != NULL && volume_at(i)->made_for == vm->index && volume_at(i)->vm != vm->index)
			volume_at(i)->made_for = VOLUME_NOBODY;
	volumes_take_refused();
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
	struct error_info no = error_info_of(ERR_LIMIT, 0, VM_DEVICES);

	if (more->disk_count == 0 || more->disk_count > VM_DEVICES)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	for (u32 i = 0; i < more->disk_count; i++)
		if (!spec_disk_ok(&more->disks[i]))
			return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	strcpy(no.text, "disks of a VM");
	if (vm->spec.disk_count + more->disk_count > VM_DEVICES)
		return no;
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

bool vm_disks_have_own(const struct vm *vm)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volume_at(i) != NULL && volume_at(i)->made_for == vm->index)
			return true;
	return false;
}

void vm_disks_drop(const struct vm *vm)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volume_at(i) != NULL && volume_at(i)->made_for == vm->index && !volume_at(i)->is_going)
			store_delete(volume_at(i));
}

bool vm_disks_are_gone(const struct vm *vm, struct error_info *no)
{
	bool is_done = true;

	for (u32 i = 0; i < STORE_VOLUMES; i++) {
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
	service_time_forget(vm);
	for (u32 i = 0; i < VM_DEVICES; i++)	/* another VM has that place next */
		memset(figures_of(vm, i), 0, sizeof(struct store_figures));
	volumes_let_go(vm->index);
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volume_at(i) != NULL && volume_at(i)->made_for == vm->index)
			volume_at(i)->made_for = VOLUME_NOBODY;
	volumes_take_refused();
}

/* ---- links ---- */

static enum status build_link(struct vm *vm, u32 disk)
{
	u64 h_mem, h_own;
	enum status st = object_set_mem(&vm->objects, VMM_DISK_BYTES, 0, &h_own);

	if (st == ST_OK)
		st = pd_fill(vm->pd.h_pd, h_own, VMM_DISKS + disk * VMM_DISK_STRIDE, 0, VMM_DISK_BYTES, RW);
	if (st == ST_OK)
		st = object_set_mem(&vm->links, BLK_LINK_BYTES, driver_memory_flags(), &h_mem);
	if (st == ST_OK)
		st = pd_fill(vm->pd.h_pd, h_mem, VMM_LINKS + disk * BLK_LINK_BYTES, 0, BLK_LINK_BYTES, RW);
	if (st == ST_OK)
		st = store_attach(link_of(vm, disk), h_mem, volume_of(vm, disk), &vm->spec.disks[disk]);
	if (st == ST_OK)
		store_rules(link_of(vm, disk), &vm->spec.disks[disk], vm->spec.on_io_error == IO_ERROR_PAUSE);
	return st;
}

void vm_disks_retry(const struct vm *vm)
{
	for (u32 i = 0; i < vm->spec.disk_count; i++)
		store_retry(link_of(vm, i));
}

enum status vm_disks_build(struct vm *vm)
{
	enum status st = ST_OK;

	for (u32 i = 0; i < VM_DEVICES; i++)
		begin_figures(vm, i);
	for (u32 i = 0; i < vm->spec.disk_count && st == ST_OK; i++)
		st = volume_of(vm, i) != NULL ? build_link(vm, i) : ST_STATE;
	return st;
}

void vm_disks_args(const struct vm *vm, struct vmm_args *args)
{
	args->disk_count = vm->spec.disk_count;
	for (u32 i = 0; i < vm->spec.disk_count; i++) {
		const struct disk_spec *disk = &vm->spec.disks[i];

		args->disks[i] = (struct vmm_disk){
			.bytes = volume_of(vm, i)->bytes, .block_bytes = volume_of(vm, i)->block_bytes,
			.flags = (disk->flags & DISK_READ_ONLY) != 0 ? VMM_DISK_READ_ONLY : 0,
		};
		strcpy(args->disks[i].serial, disk->serial);
	}
}

bool vm_disks_detach(const struct vm *vm)
{
	bool is_free = true;

	for (u32 i = 0; i < VM_DEVICES; i++)
		is_free = store_detach(link_of(vm, i)) && is_free;
	return is_free;
}

void vm_disks_report(const struct vm *vm, struct vm_report *out)
{
	out->io = io_of(vm);
	for (u32 i = 0; i < vm->spec.disk_count; i++) {
		const struct volume *v = volume_of(vm, i);
		struct disk_report *to = &out->disks[i];

		if (v == NULL)
			continue;
		strcpy(to->volume, v->name);
		strcpy(to->on, v->on);
		to->bytes = v->bytes;
		to->flags = vm->spec.disks[i].flags | (v->made_for == vm->index ? DISK_MADE : 0) |
			    (v->was_blank ? DISK_WAS_BLANK : 0);
		to->io = figures_of(vm, i)->counts;
	}
}

void vm_disks_stats(const struct vm *vm, struct vm_stats *out)
{
	out->disk_count = vm->spec.disk_count;
	for (u32 i = 0; i < vm->spec.disk_count; i++) {
		volume_name_of(out->disks[i].volume, vm->name, &vm->spec, i);
		out->disks[i].figures = *figures_of(vm, i);
	}
}
