/* SPDX-License-Identifier: MIT */
/*
 * storage_report.c - see storage_report.h.
 */
#include "storage_report.h"

#include <string.h>

#include "definition_volume.h"
#include "disks.h"
#include "drivers.h"
#include "import.h"
#include "pool_members.h"
#include "pools.h"
#include "upkeep.h"
#include "vm.h"
#include "volume_judge.h"
#include "volume_marks.h"
#include "volumes.h"

static void copy_vm_name(char to[VM_NAME_BYTES], u32 index)
{
	const struct vm *vm = vm_at(index);

	if (vm != NULL)
		memcpy(to, vm->name, VM_NAME_BYTES);
}

static u32 state_of(const struct disk *d, const struct volume *whole)
{
	static const u8 states[STORE_TABLE_COUNT] = {
		[STORE_TABLE_UNREADABLE] = DISK_ROW_FAILED, [STORE_TABLE_BLANK] = DISK_ROW_BLANK,
		[STORE_TABLE_GPT] = DISK_ROW_READY, [STORE_TABLE_RECOVERED] = DISK_ROW_READY,
		[STORE_TABLE_DAMAGED] = DISK_ROW_UNKNOWN, [STORE_TABLE_MBR] = DISK_ROW_UNKNOWN,
		[STORE_TABLE_OTHER] = DISK_ROW_UNKNOWN,
	};

	if (whole != NULL && whole->vm != VOLUME_NOBODY)
		return DISK_ROW_WHOLE;
	return d->is_there ? states[d->table] : DISK_ROW_COMING;
}

static void fill(u32 slot, struct disk_row *out)
{
	const struct disk *d = disk_at(slot);
	const struct volume *whole;

	out->index = slot;
	disk_name(out->name, slot);
	whole = volume_find(out->name);
	out->state = state_of(d, whole);
	strcpy(out->program, driver_program(slot / DRIVER_LINKS));
	if (whole != NULL)
		copy_vm_name(out->vm, whole->vm);
	if (!d->is_there)
		return;
	out->bytes = d->bytes;
	out->free_bytes = d->largest_bytes;
	out->block_bytes = d->block_bytes;
	out->features = d->features;
	out->zeroing = d->zeroing != 0 ? 1 + d->zeroed : 0;
	driver_disk_names(slot / DRIVER_LINKS, slot % DRIVER_LINKS, out->model, out->serial);
}

bool storage_disk_row(u32 *index, struct disk_row *out)
{
	while (*index < DISKS && !disk_at(*index)->is_there && !disk_at(*index)->is_refused &&
	       !disk_is_coming(*index))
		++*index;
	if (*index >= DISKS)
		return false;
	fill((*index)++, out);
	return true;
}

static u32 row_state(const struct volume *v)
{
	if (v->is_making || v->is_going)
		return v->is_making ? VOLUME_ROW_MAKING : VOLUME_ROW_DELETING;
	if (v->is_unfinished && v->is_busy)
		return VOLUME_ROW_IMPORTING;
	if (volume_is_in_pool(v))
		return v->is_there && pool_is_usable(v->pool) ? VOLUME_ROW_READY : VOLUME_ROW_MISSING;
	if (!volume_is_on_disk(v) || (disk_at(v->slot)->is_there && (v->kind == VOLUME_ROW_DISK || v->is_there)))
		return VOLUME_ROW_READY;
	return VOLUME_ROW_MISSING;
}

static void fill_origin(const struct volume *v, struct volume_row *out)
{
	const struct volume *from = volume_origin(v);

	if (from != NULL && from->kind == VOLUME_ROW_SNAPSHOT) {
		strcpy(out->snapshot, from->name);
		from = volume_origin(from);
	}
	if (from != NULL)
		strcpy(out->of, from->name);
}

void volume_row_fill(const struct volume *v, struct volume_row *out)
{
	out->index = volume_number(v);
	out->kind = volume_is_of_vos(v->name) ? VOLUME_ROW_VOS : v->kind;
	out->state = row_state(v);
	out->block_bytes = v->block_bytes;
	out->bytes = v->bytes;
	strcpy(out->name, v->name);
	strcpy(out->on, v->on);
	out->used_bytes = v->used_bytes;
	out->traits = v->traits;
	out->reserve_bytes = v->reserve_bytes;
	out->percent = import_percent(v);
	out->age = v->kind == VOLUME_ROW_SNAPSHOT ? v->identity : 0;
	fill_origin(v, out);
}

/* Before there is a VM of that name, what the disk says. */
static void fill_made_for(const struct volume *v, struct volume_row *out)
{
	u32 length;

	copy_vm_name(out->made_for, v->made_for);
	if (v->made_for == VOLUME_NOBODY && v->vm == VOLUME_NOBODY && v->is_marked && volume_names_vm(v, &length))
		memcpy(out->made_for, v->name, length);
}

bool storage_volume_row(u32 *index, struct volume_row *out)
{
	while (*index < STORE_VOLUMES &&
	       (volume_at(*index) == NULL || volume_at(*index)->kind == VOLUME_ROW_POOL))
		++*index;
	if (*index >= STORE_VOLUMES)
		return false;
	volume_row_fill(volume_at(*index), out);
	copy_vm_name(out->vm, volume_at(*index)->vm);
	fill_made_for(volume_at(*index), out);
	++*index;
	return true;
}

static u32 pool_state(u32 p)
{
	const struct volume *v = pool_at(p)->partition;

	if (v->is_making || v->is_going)
		return v->is_making ? POOL_ROW_MAKING : POOL_ROW_DELETING;
	if (!v->is_there || !disk_at(v->slot)->is_there ||
	    (pool_at(p)->state == POOL_IS_OPEN && pool_at(p)->has_lost_disk))
		return POOL_ROW_MISSING;
	if (pool_is_coming(p) || pool_at(p)->mark != POOL_MARK_NONE)
		return POOL_ROW_OPENING;
	if (pool_at(p)->is_exported)
		return POOL_ROW_EXPORTED;
	return pool_is_usable(p) ? POOL_ROW_READY : POOL_ROW_FAILED;
}

static void fill_members(u32 p, struct pool_row *out)
{
	const struct pool *pool = pool_at(p);

	out->members = pool->is_mirror ? STORE_MEMBERS : 1;
	if (!pool->is_mirror)
		return;
	out->member_percent = pool->member_percent;
	out->repaired = pool->repaired;
	out->read_errors = pool->read_errors;
	for (u32 k = 0; k < STORE_MEMBERS; k++) {
		out->member_state[k] = pool->member_state[k];
		strcpy(out->member_on[k], pool_member_on(p, k));
	}
}

void pool_row_fill(u32 p, struct pool_row *out)
{
	const struct pool *pool = pool_at(p);

	out->index = p;
	out->state = pool_state(p);
	out->error = pool->error;
	out->key = pool->key;
	out->bytes = pool->bytes != 0 ? pool->bytes : pool->partition->bytes;
	if (pool->state == POOL_IS_OPEN) {
		out->used_bytes = pool_used_bytes(pool);
		out->free_bytes = pool->free_bytes;
	}
	out->memory_bytes = pool->h_arena != 0 ? pool->arena_bytes : 0;
	strcpy(out->name, pool->partition->name);
	strcpy(out->on, pool->partition->on);
	memcpy(out->uuid, pool->partition->guid, sizeof(out->uuid));
	out->owner = pool->is_imported ? POOL_IMPORTED :
		     pool_is_of_other(p, definition_volume_pool()) ? POOL_OF_OTHER : POOL_OWN;
	out->is_default = p == volume_default_pool();
	upkeep_fill(p, out);
	fill_members(p, out);
	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v == NULL || !volume_is_in_pool(v) || v->pool != p)
			continue;
		out->snapshots += v->kind == VOLUME_ROW_SNAPSHOT;
		out->volumes += v->kind == VOLUME_ROW_THIN && !volume_is_of_vos(v->name);
		out->promised_bytes += v->kind == VOLUME_ROW_THIN ? v->bytes : 0;
	}
}

bool storage_pool_row(u32 *index, struct pool_row *out)
{
	while (*index < STORE_POOLS_MAX && pool_at(*index) == NULL)
		++*index;
	if (*index >= STORE_POOLS_MAX)
		return false;
	pool_row_fill((*index)++, out);
	return true;
}
