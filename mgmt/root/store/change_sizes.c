/* SPDX-License-Identifier: MIT */
/*
 * change_sizes.c - see change_sizes.h.
 */
#include "change_sizes.h"

#include <stdlib.h>
#include <string.h>

#include "pool_groups.h"
#include "spec.h"
#include "store_client.h"
#include "vm_disks.h"
#include "volume_judge.h"

/* In a pool that is open, and nothing else is done with it. */
static struct error_info judge_volume(const struct volume *v)
{
	if (v->is_making || v->change != CHANGE_NONE)
		return error_info_about(ERR_VOLUME_CHANGING, v->name);
	if (!volume_is_in_pool(v))
		return error_info_about(ERR_NOT_IN_POOL, v->name);
	return v->is_there ? pool_judge_usable(v->pool) : error_info_about(ERR_VOLUME_MISSING, v->name);
}

static struct error_info begin_group(struct change *c, enum store_op op, struct volume *v, const char *name, u64 bytes)
{
	c->group = group_begin(op, 0);
	if (c->group == GROUP_NONE)
		return error_info_of(ERR_BUSY, 0, 0);
	change_hold(c, v);
	group_add_change(c->group, v, name, bytes);
	store_groups();
	return ERROR_INFO_NONE;
}

/* ---- resize-disk ---- */

/* The disk that is meant: its volume's name, or its number. VM_DEVICES: none. */
static u32 disk_meant(const struct vm *vm, const char *name)
{
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	for (u32 i = 0; i < vm->spec.disk_count; i++)
		if (vm_disk_volume(vm, i) != NULL && strcmp(vm_disk_volume(vm, i)->name, name) == 0)
			return i;
	return *end == '\0' && number < vm->spec.disk_count && vm_disk_volume(vm, (u32)number) != NULL
		? (u32)number : VM_DEVICES;
}

struct error_info resize_judge(struct change *c)
{
	const struct disk_spec *want = change_volume(c);
	const struct vm *vm = change_vm(c);
	struct error_info no;
	const struct volume *v;

	if (vm == NULL)
		return error_info_of(ERR_NO_VM, 0, 0);
	if (!spec_disk_ok(want) || want->volume[0] == '\0' || want->bytes == 0)
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	if (disk_meant(vm, want->volume) == VM_DEVICES)
		return error_info_about(ERR_NOT_ITS_VOLUME, want->volume);
	v = vm_disk_volume(vm, disk_meant(vm, want->volume));
	no = judge_volume(v);
	if (no.error != ERR_NONE || want->bytes > v->bytes)
		return no;
	no = error_info_of(ERR_VOLUME_SHRINKS, want->bytes, v->bytes);
	strcpy(no.text, v->name);
	return no;
}

struct error_info resize_order(struct change *c)
{
	struct volume *v = vm_disk_volume(change_vm(c), disk_meant(change_vm(c), change_volume(c)->volume));

	return begin_group(c, STORE_RESIZE, v, v->name, change_volume(c)->bytes);
}

struct error_info resize_finish(struct change *c)
{
	struct vm *vm = change_vm(c);
	u32 disk = vm != NULL ? disk_meant(vm, change_volume(c)->volume) : VM_DEVICES;

	if (disk != VM_DEVICES)
		vm_disk_resized(vm, disk, change_volume(c)->bytes);
	return ERROR_INFO_NONE;
}

/* ---- set-volume ---- */

struct error_info reserve_judge(struct change *c)
{
	const struct disk_spec *want = change_volume(c);
	struct error_info no = error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	const struct volume *v;

	if (!spec_disk_ok(want) || want->volume[0] == '\0')
		return no;
	v = volume_find(want->volume);
	if (v == NULL)
		return error_info_about(ERR_NO_VOLUME, want->volume);
	if (volume_is_of_vos(v->name))
		return error_info_about(ERR_VOLUME_OF_VOS, v->name);
	no = judge_volume(v);
	if (no.error != ERR_NONE)
		return no;
	if ((v->traits & DISK_TRAIT(TRAIT_THICK, true)) != 0)
		return error_info_about(ERR_RESERVE_THICK, v->name);
	if (want->bytes <= v->bytes)
		return no;
	no = error_info_of(ERR_RESERVE_SIZE, want->bytes, v->bytes);
	strcpy(no.text, v->name);
	return no;
}

struct error_info reserve_order(struct change *c)
{
	struct volume *v = volume_find(change_volume(c)->volume);

	return begin_group(c, STORE_RESERVE, v, v->name, change_volume(c)->bytes);
}

/* ---- rename-volume ---- */

static const char *new_name(const struct change *c)
{
	return c->request.spec.disks[1].volume;
}

struct error_info rename_judge(struct change *c)
{
	const struct disk_spec *want = change_volume(c);
	const struct volume *v;

	if (!spec_disk_ok(want) || want->volume[0] == '\0' ||
	    !spec_volume_name_ok(new_name(c), VOLUME_NAME_BYTES) || new_name(c)[0] == '\0')
		return error_info_of(ERR_BAD_FIELD, 0, FIELD_DISK);
	v = volume_find(want->volume);
	if (v == NULL)
		return error_info_about(ERR_NO_VOLUME, want->volume);
	if (v->vm != VOLUME_NOBODY)
		return error_info_about(ERR_VOLUME_BUSY, want->volume);
	if (volume_is_of_vos(v->name))
		return error_info_about(ERR_VOLUME_OF_VOS, v->name);
	if (disk_owns_name(new_name(c)) || volume_is_of_vos(new_name(c)))
		return error_info_about(ERR_VOLUME_NAME, new_name(c));
	if (volume_find(new_name(c)) != NULL)
		return error_info_about(ERR_VOLUME_EXISTS, new_name(c));
	return judge_volume(v);
}

struct error_info rename_order(struct change *c)
{
	return begin_group(c, STORE_RENAME, volume_find(change_volume(c)->volume), new_name(c), 0);
}

/* A VM of the name that it has now must not take it with it. */
struct error_info rename_finish(struct change *c)
{
	struct volume *v = volume_find(new_name(c));

	if (v != NULL)
		vm_disks_disown(v);
	return ERROR_INFO_NONE;
}
