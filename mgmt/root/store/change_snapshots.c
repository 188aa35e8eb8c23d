/* SPDX-License-Identifier: MIT */
/*
 * change_snapshots.c - see change_snapshots.h.
 */
#include "change_snapshots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool_groups.h"
#include "pools.h"
#include "root.h"
#include "spec.h"
#include "spec_fields.h"
#include "store_client.h"
#include "vm_disks.h"
#include "volume_judge.h"

#define DEFAULT_NAME "snap"	/* and a number: one more than the highest of the VM */

/* ---- the disks of the VM ---- */

static struct error_info judge_disk(const struct vm *vm, u32 disk)
{
	const struct volume *v = vm_disk_volume(vm, disk), *first = vm_disk_volume(vm, 0);

	if (v == NULL || v->change != CHANGE_NONE)
		return error_info_of(ERR_BUSY, 0, 0);
	if (!volume_is_in_pool(v))
		return error_info_about(ERR_NOT_IN_POOL, v->name);
	if (v->pool != first->pool)
		return error_info_about(ERR_POOLS_DIFFER, v->name);
	if (!v->is_there)
		return error_info_about(ERR_VOLUME_MISSING, v->name);
	return pool_judge_usable(v->pool);
}

/* All can have snapshots. A VM that ends for good has none. */
static struct error_info judge_disks(const struct change *c)
{
	const struct vm *vm = change_vm(c);
	struct error_info no = ERROR_INFO_NONE;

	if (vm == NULL)
		return error_info_of(ERR_NO_VM, 0, 0);
	if (vm->phase == VM_PHASE_ENDING && vm->after_teardown == AFTER_DELETE)
		return error_info_of(ERR_VM_STATE, 0, vm_state_of(vm));
	if (vm->spec.disk_count == 0)
		return error_info_of(ERR_NO_DISKS, 0, 0);
	for (u32 i = 0; i < vm->spec.disk_count && no.error == ERR_NONE; i++)
		no = judge_disk(vm, i);
	return no;
}

/* Volumes and snapshots that are to be made. */
static struct error_info judge_count(const struct vm *vm, u32 count)
{
	if (volumes_free_count() < count)
		return error_info_limit(STORE_VOLUMES, "volumes and snapshots");
	if (STORE_POOL_VOLUMES - pool_volume_count(vm_disk_volume(vm, 0)->pool) < count)
		return error_info_limit(STORE_POOL_VOLUMES, "volumes and snapshots in a pool");
	return ERROR_INFO_NONE;
}

static struct volume *snapshot_of(const struct vm *vm, u32 disk, const char *name)
{
	const struct volume *v = vm_disk_volume(vm, disk);

	return v != NULL ? volume_snapshot(v, name) : NULL;
}

static u32 count_of(const struct vm *vm, const char *name)
{
	u32 count = 0;

	for (u32 i = 0; i < vm->spec.disk_count; i++)
		count += snapshot_of(vm, i, name) != NULL;
	return count;
}

/* Each of its disks has it. */
static struct error_info judge_there(const struct vm *vm, const char *name)
{
	if (!spec_name_ok(name))
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);
	if (count_of(vm, name) == 0)
		return error_info_about(ERR_NO_SNAPSHOT, name);
	for (u32 i = 0; i < vm->spec.disk_count; i++)
		if (snapshot_of(vm, i, name) == NULL)
			return error_info_about(ERR_SNAPSHOT_LACKS, vm_disk_volume(vm, i)->name);
	return ERROR_INFO_NONE;
}

/* What is due can be sent only now. */
static struct error_info begin_group(struct change *c, enum store_op op, u32 flags)
{
	c->group = group_begin(op, flags);
	if (c->group == GROUP_NONE)
		return error_info_of(ERR_BUSY, 0, 0);
	store_groups();
	return ERROR_INFO_NONE;
}

/* ---- snapshot-vm ---- */

static u32 number_of(const struct volume *v)
{
	size_t length = strlen(DEFAULT_NAME);

	return strncmp(v->name, DEFAULT_NAME, length) == 0 ? (u32)(strtoul(v->name + length, NULL, 10) % 1000000000)
							     : 0;
}

static void choose_name(const struct vm *vm, char name[VM_NAME_BYTES])
{
	u32 highest = 0;

	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *s = volume_at(i), *of;

		if (s == NULL || s->kind != VOLUME_ROW_SNAPSHOT)
			continue;
		of = volume_origin(s);
		if (of != NULL && of->vm == vm->index && number_of(s) > highest)
			highest = number_of(s);
	}
	snprintf(name, VM_NAME_BYTES, DEFAULT_NAME "%u", (unsigned)(highest + 1));
}

struct error_info snapshot_judge(struct change *c)
{
	struct error_info no = judge_disks(c);
	char *name = c->request.snapshot;

	if (no.error != ERR_NONE)
		return no;
	if (name[0] == '\0')
		choose_name(change_vm(c), name);
	if (!spec_name_ok(name))
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);
	if (count_of(change_vm(c), name) != 0)
		return error_info_about(ERR_SNAPSHOT_EXISTS, name);
	return judge_count(change_vm(c), change_vm(c)->spec.disk_count);
}

struct error_info snapshot_order(struct change *c)
{
	const struct vm *vm = change_vm(c);
	struct error_info no = begin_group(c, STORE_SNAPSHOT, 0);

	for (u32 i = 0; i < vm->spec.disk_count && no.error == ERR_NONE; i++) {
		change_hold(c, vm_disk_volume(vm, i));
		group_add(c->group, vm_disk_volume(vm, i), c->request.snapshot, "");
	}
	return no;
}

/* ---- revert-vm ---- */

/* Newer snapshots go; one that has a clone can't. */
static struct error_info judge_newer(const struct volume *snapshot)
{
	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *s = volume_at(i);

		if (s == NULL || s->kind != VOLUME_ROW_SNAPSHOT || s->identity <= snapshot->identity ||
		    volume_origin(s) != volume_origin(snapshot))
			continue;
		if (volume_clone_of(s) != NULL)
			return error_info_about(ERR_SNAPSHOT_NEEDED, volume_clone_of(s)->name);
		if (s->is_exported)
			return error_info_about(ERR_VOLUME_EXPORTED, s->name);
	}
	return ERROR_INFO_NONE;
}

struct error_info revert_judge(struct change *c)
{
	struct error_info no = judge_disks(c);
	const struct vm *vm = change_vm(c);

	if (no.error == ERR_NONE && vm->phase != VM_PHASE_IDLE)
		no = error_info_of(ERR_VM_STATE, 0, vm_state_of(vm));
	if (no.error == ERR_NONE)
		no = judge_there(vm, c->request.snapshot);
	for (u32 i = 0; no.error == ERR_NONE && i < vm->spec.disk_count; i++)
		no = judge_newer(snapshot_of(vm, i, c->request.snapshot));
	return no;
}

struct error_info revert_order(struct change *c)
{
	const struct vm *vm = change_vm(c);
	struct error_info no = begin_group(c, STORE_REVERT, 0);

	for (u32 i = 0; i < vm->spec.disk_count && no.error == ERR_NONE; i++) {
		change_hold(c, vm_disk_volume(vm, i));
		vm_disk_volume(vm, i)->is_locked = true;
		group_add_revert(c->group, vm_disk_volume(vm, i), snapshot_of(vm, i, c->request.snapshot));
	}
	return no;
}

/* The disks have the size again that they had then. */
struct error_info revert_finish(struct change *c)
{
	struct vm *vm = change_vm(c);

	for (u32 i = 0; vm != NULL && i < vm->spec.disk_count; i++) {
		const struct volume *s = snapshot_of(vm, i, c->request.snapshot);

		if (s != NULL)
			vm_disk_resized(vm, i, s->bytes);
	}
	return ERROR_INFO_NONE;
}

/* ---- delete-snapshot ---- */

struct error_info snapshot_judge_delete(struct change *c)
{
	struct error_info no = judge_disks(c);
	const char *name = c->request.snapshot;
	const struct vm *vm = change_vm(c);

	if (no.error != ERR_NONE)
		return no;
	if (!spec_name_ok(name))
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_SET);
	if (count_of(vm, name) == 0)
		return error_info_about(ERR_NO_SNAPSHOT, name);
	for (u32 i = 0; i < vm->spec.disk_count; i++) {
		const struct volume *s = snapshot_of(vm, i, name);

		if (s != NULL && volume_clone_of(s) != NULL)
			return error_info_about(ERR_SNAPSHOT_NEEDED, volume_clone_of(s)->name);
		if (s != NULL && s->is_exported)
			return error_info_about(ERR_VOLUME_EXPORTED, s->name);
	}
	return no;
}

struct error_info snapshot_order_delete(struct change *c)
{
	const struct vm *vm = change_vm(c);
	struct error_info no = begin_group(c, STORE_DELETE, 0);

	for (u32 i = 0; i < vm->spec.disk_count && no.error == ERR_NONE; i++) {
		const struct volume *s = snapshot_of(vm, i, c->request.snapshot);

		change_hold(c, vm_disk_volume(vm, i));
		if (s != NULL)
			group_add_change(c->group, s, s->name, 0);
	}
	return no;
}

/* ---- clone-vm ---- */

/* Like the VM, but for what is asked, with disks of its own and other addresses. It does not start by itself unasked:
 * two that do the same, at the next start of the machine, are seldom what is meant. */
static void fill_spec(const struct change *c, struct vm_spec *spec)
{
	static struct vm_spec asked;	/* too large for the stack */

	asked = *spec;
	*spec = change_vm(c)->spec;
	spec->autostart = 0;
	for (u32 i = 0; i < spec->nic_count; i++)
		spec->nics[i].mac = 0;
	spec_merge(spec, &asked, c->request.fields);
	for (u32 i = 0; i < spec->disk_count; i++) {
		spec->disks[i].volume[0] = '\0';
		volume_name_of(spec->disks[i].volume, c->request.to, spec, i);
		spec->disks[i].bytes = 0;
		spec->disks[i].flags &= ~DISK_TRAITS_ALL;	/* a clone is thin, and else as its origin */
		spec->disks[i].on[0] = spec->disks[i].image[0] = '\0';
	}
}

/* The names of its disks are free. */
static struct error_info judge_names(const struct vm_spec *spec)
{
	for (u32 i = 0; i < spec->disk_count; i++) {
		if (disk_owns_name(spec->disks[i].volume))
			return error_info_about(ERR_VOLUME_NAME, spec->disks[i].volume);
		if (volume_find(spec->disks[i].volume) != NULL)
			return error_info_about(ERR_VOLUME_EXISTS, spec->disks[i].volume);
	}
	return ERROR_INFO_NONE;
}

struct error_info clone_judge(struct change *c)
{
	struct error_info no = judge_disks(c);
	bool is_of_now = c->request.snapshot[0] == '\0';
	const struct vm *vm = change_vm(c);
	struct vm *none;

	if (no.error != ERR_NONE)
		return no;
	if (!spec_name_ok(c->request.to))
		return error_info_of(ERR_BAD_NAME, 0, 0);
	if ((c->request.fields & (BIT32(FIELD_DISK) | ~FIELDS_ALL)) != 0)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	if (vm_find(c->request.to) != NULL)
		return error_info_of(ERR_VM_EXISTS, 0, vm_state_of(vm_find(c->request.to)));
	if (is_of_now && count_of(vm, c->request.to) != 0)
		return error_info_about(ERR_SNAPSHOT_EXISTS, c->request.to);
	if (!is_of_now)
		no = judge_there(vm, c->request.snapshot);
	if (no.error == ERR_NONE)
		no = judge_count(vm, vm->spec.disk_count * (is_of_now ? 2 : 1));
	if (no.error != ERR_NONE)
		return no;
	fill_spec(c, &c->request.spec);
	no = spec_judge(&c->request.spec, c->request.fields, &root.images, INFO->pcpu_count);
	if (no.error == ERR_NONE)
		no = judge_names(&c->request.spec);
	if (no.error != ERR_NONE)
		return no;
	c->request.spec.disk_count = 0;		/* they are not there yet */
	no = vm_define(c->request.to, &c->request.spec, true, &none);
	c->request.spec.disk_count = vm->spec.disk_count;
	return no;
}

struct error_info clone_order(struct change *c)
{
	const struct vm *vm = change_vm(c);
	bool is_of_now = c->request.snapshot[0] == '\0';
	struct error_info no = begin_group(c, STORE_CLONE, STORE_MARK);

	for (u32 i = 0; i < vm->spec.disk_count && no.error == ERR_NONE; i++) {
		struct volume *from = vm_disk_volume(vm, i);

		change_hold(c, from);
		if (!is_of_now)
			from = snapshot_of(vm, i, c->request.snapshot);
		group_add(c->group, from, c->request.spec.disks[i].volume, is_of_now ? c->request.to : "");
	}
	return no;
}

struct error_info clone_finish(struct change *c)
{
	struct vm *made;

	for (u32 i = 0; i < c->request.spec.disk_count; i++)
		if (group_made(c->group, i) != NULL)
			group_made(c->group, i)->is_fresh = true;
	return vm_define(c->request.to, &c->request.spec, false, &made);
}
