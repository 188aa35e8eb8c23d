/* SPDX-License-Identifier: MIT */
/*
 * change_kinds.c - see change_kinds.h.
 */
#include "change_kinds.h"

#include <string.h>

#include "change_keys.h"
#include "change_pools.h"
#include "change_snapshots.h"
#include "change_sizes.h"
#include "definition_volume.h"
#include "definitions.h"
#include "hot_disks.h"
#include "pool_judge.h"
#include "pool_members.h"
#include "pools.h"
#include "root.h"
#include "spec.h"
#include "storage_report.h"
#include "store_client.h"
#include "upkeep.h"
#include "vm_records.h"
#include "volume_judge.h"

static struct error_info judge_create(struct change *c)
{
	struct request *r = &c->request;
	struct error_info no = spec_judge(&r->spec, r->fields, &root.images, INFO->pcpu_count);
	struct vm *none;

	if (no.error == ERR_NONE && (r->flags & REQ_FLAG_NOTHING_NEW) != 0)
		no = volumes_judge_kept(r->name, &r->spec);
	if (no.error == ERR_NONE && (r->flags & REQ_FLAG_APPLIED) != 0)
		no = volumes_judge_home(r->name, &r->spec, definition_volume_pool());
	return no.error == ERR_NONE ? vm_define(r->name, &r->spec, true, &none) : no;
}

static struct error_info judge_set(struct change *c)
{
	struct vm *vm = change_vm(c);

	if (vm == NULL)
		return error_info_of(ERR_NO_VM, 0, 0);
	if ((c->request.flags & REQ_FLAG_OF_DRIVE) != 0 && vm->spec.iso[0] == '\0')
		return error_info_of(ERR_NO_CD_DRIVE, 0, 0);
	return vm_set(vm, &c->request.spec, c->request.fields, true);
}

/* A VM that has stopped meanwhile gets them too; from one that has lost a disk meanwhile, the list is out of date. */
static struct error_info attach(struct change *c, bool is_dry)
{
	struct vm *vm = change_vm(c);

	if (vm == NULL)
		return error_info_of(ERR_NO_VM, 0, 0);
	if (vm->spec.disk_count != c->disk_count)
		return error_info_of(ERR_BUSY, 0, 0);
	return vm->phase == VM_PHASE_IDLE ? vm_set(vm, &c->request.spec, BIT32(FIELD_DISK), is_dry)
					  : hot_disks_attach(vm, &c->request.spec, is_dry);
}

static struct error_info judge_attach(struct change *c)
{
	return attach(c, true);
}

static struct error_info finish_attach(struct change *c)
{
	return attach(c, false);
}

/* All of it was judged just before: make_set. */
static struct error_info judge_detach(struct change *c)
{
	(void)c;
	return ERROR_INFO_NONE;
}

static struct error_info finish_nothing(struct change *c)
{
	(void)c;
	return ERROR_INFO_NONE;
}

static struct error_info judge_volume(struct change *c)
{
	const struct disk_spec *want = change_volume(c);

	if (!spec_disk_ok(want) || want->volume[0] == '\0')
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	if (c->request.op == REQ_DELETE_VOLUME)
		return volume_judge_delete(want->volume);
	if ((c->request.flags & REQ_FLAG_UPLOAD) != 0 && want->image[0] != '\0')
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	return want->bytes != 0 || want->image[0] != '\0' ? volume_judge_new(want->volume, want)
							     : error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
}

/* A pool's name can stand where a disk's does. */
static struct error_info judge_pool(struct change *c)
{
	const struct disk_spec *want = change_volume(c);
	bool is_forced = (c->request.flags & REQ_FLAG_FORCE) != 0;

	if (!spec_disk_ok(want) || want->volume[0] == '\0' || strlen(want->volume) > STORE_POOL_NAME_MAX)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	if (c->request.op == REQ_DELETE_POOL)
		return pool_judge_delete(want->volume, is_forced);
	if (!spec_volume_name_ok(want[1].on, sizeof(want[1].on)))
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	return want->on[0] != '\0' ? pool_judge_new(want->volume, want) : error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
}

static struct error_info judge_replace(struct change *c)
{
	const struct disk_spec *want = change_volume(c);

	if (!spec_disk_ok(want) || !spec_volume_name_ok(want[1].on, sizeof(want[1].on)))
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	return pool_judge_replace(want);
}

static struct error_info judge_open(struct change *c)
{
	const struct disk_spec *want = change_volume(c);

	return spec_disk_ok(want) ? pool_judge_open(want->volume) : error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
}

static struct error_info finish_pool(struct change *c)
{
	u32 p = pool_find(change_volume(c)->volume);

	if (pool_at(p) != NULL)
		pool_row_fill(p, &c->pool);
	return ERROR_INFO_NONE;
}

/* The old disk's partition is none of the pool any more. */
static struct error_info finish_replace(struct change *c)
{
	u32 p = pool_find(change_volume(c)->volume);
	struct volume *v = pool_at(p) != NULL ? pool_left_over(p, change_volume(c)->on) : NULL;

	if (v != NULL)
		store_delete(v);
	return finish_pool(c);
}

static struct error_info finish_create(struct change *c)
{
	struct request *r = &c->request;
	/* Once more: while it waited for its volumes an image may have been deleted. */
	struct error_info no = spec_judge(&r->spec, r->fields, &root.images, INFO->pcpu_count);
	struct vm *made;

	if (no.error == ERR_NONE)
		no = vm_define(r->name, &r->spec, false, &made);
	if (no.error == ERR_NONE && (r->flags & REQ_FLAG_APPLIED) != 0 && definitions_are_read())
		vm_records_restore(made);
	return no;
}

static struct error_info finish_set(struct change *c)
{
	struct vm *vm = change_vm(c);
	struct error_info no;

	if (vm == NULL)
		return error_info_of(ERR_NO_VM, 0, 0);
	no = vm_set(vm, &c->request.spec, c->request.fields, false);
	if (no.error == ERR_NONE && vm_is_alive(vm))
		vm_signal(vm);
	return no;
}

static struct error_info finish_volume(struct change *c)
{
	const struct volume *v = volume_find(change_volume(c)->volume);

	if (v != NULL && c->request.op == REQ_CREATE_VOLUME)
		volume_row_fill(v, &c->row);
	return ERROR_INFO_NONE;
}

const struct change_kind change_kinds[REQ_OP_COUNT] = {
	[REQ_CREATE] = { .judge = judge_create, .finish = finish_create, .has_vm = true },
	[REQ_SET] = { .judge = judge_set, .finish = finish_set, .has_vm = true },
	[REQ_ATTACH_DISK] = { .judge = judge_attach, .finish = finish_attach, .has_vm = true },
	[REQ_DETACH_DISK] = { .judge = judge_detach },
	[REQ_SNAPSHOT_VM] = {
		.judge = snapshot_judge, .order = snapshot_order, .finish = finish_nothing, .has_vm = true,
		.is_of_vm = true,
	},
	[REQ_REVERT_VM] = {
		.judge = revert_judge, .order = revert_order, .finish = revert_finish, .has_vm = true, .is_of_vm = true,
	},
	[REQ_DELETE_SNAPSHOT] = {
		.judge = snapshot_judge_delete, .order = snapshot_order_delete, .finish = finish_nothing,
		.has_vm = true, .is_of_vm = true,
	},
	[REQ_CLONE_VM] = {
		.judge = clone_judge, .order = clone_order, .finish = clone_finish, .has_vm = true, .is_of_vm = true,
	},
	[REQ_RESIZE_DISK] = {
		.judge = resize_judge, .order = resize_order, .finish = resize_finish, .has_vm = true, .is_of_vm = true,
	},
	[REQ_RENAME_VOLUME] = { .judge = rename_judge, .order = rename_order, .finish = rename_finish },
	[REQ_SET_POOL_KEY] = { .judge = key_judge, .order = key_order, .finish = key_finish, .has_secret = true },
	[REQ_UNLOCK_POOL] = { .judge = key_judge, .order = key_order, .finish = key_finish, .has_secret = true },
	[REQ_SET_VOLUME] = { .judge = reserve_judge, .order = reserve_order, .finish = finish_nothing },
	[REQ_CREATE_VOLUME] = { .judge = judge_volume, .finish = finish_volume },
	[REQ_DELETE_VOLUME] = { .judge = judge_volume, .finish = finish_volume, .deletes = true },
	[REQ_CREATE_POOL] = { .judge = judge_pool, .finish = finish_pool, .tells_pool = true },
	[REQ_DELETE_POOL] = { .judge = judge_pool, .finish = finish_pool, .deletes = true },
	[REQ_REPLACE_DISK] = { .judge = judge_replace, .finish = finish_replace, .tells_pool = true },
	[REQ_OPEN_POOL] = { .judge = judge_open, .finish = finish_pool, .tells_pool = true },
	[REQ_CHECK_POOL] = {
		.judge = upkeep_judge, .finish = finish_pool, .reads_pool = true, .tells_pool = true,
	},
	[REQ_SCRUB_POOL] = {
		.judge = upkeep_judge, .finish = finish_pool, .reads_pool = true, .tells_pool = true,
	},
	[REQ_IMPORT_POOL] = {
		.judge = pool_import_judge, .order = pool_mark_order, .is_done = pool_mark_is_done,
		.finish = pool_mark_finish, .give_up = pool_mark_give_up, .tells_pool = true,
	},
	[REQ_EXPORT_POOL] = {
		.judge = pool_export_judge, .order = pool_mark_order, .is_done = pool_mark_is_done,
		.finish = pool_mark_finish, .give_up = pool_mark_give_up, .tells_pool = true,
	},
	[REQ_GROW_POOL] = {
		.judge = pool_grow_judge, .order = pool_grow_order, .is_done = pool_grow_is_done,
		.finish = pool_mark_finish, .give_up = pool_grow_give_up, .tells_pool = true,
	},
};

bool change_concerns_disks(const struct change *c)
{
	return c->request.op != REQ_SET || (c->request.fields & BIT32(FIELD_DISK)) != 0;
}

bool change_needs_choice(const struct change *c)
{
	if (change_kinds[c->request.op].order != NULL)		/* makes none of its spec, which nobody has judged */
		return false;
	if (change_kinds[c->request.op].has_vm)
		return volumes_need_choice(c->request.name, &c->request.spec);
	return c->request.op == REQ_CREATE_VOLUME && change_volume(c)->on[0] == '\0';
}
