/* SPDX-License-Identifier: MIT */
/*
 * volumes.c - see volumes.h.
 */
#include "volumes.h"

#include <stdio.h>
#include <string.h>

#include "vm_layout.h"

static struct volume volumes[STORE_VOLUMES];

struct volume *volume_at(u32 number)
{
	return number < STORE_VOLUMES && volumes[number].is_used ? &volumes[number] : NULL;
}

u32 volume_number(const struct volume *v)
{
	return (u32)(v - volumes);
}

struct volume *volume_find(const char *name)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volumes[i].is_used && !volumes[i].is_going && strcmp(volumes[i].name, name) == 0)
			return &volumes[i];
	return NULL;
}

void volume_name_of(char *name, const char *vm_name, const struct vm_spec *spec, u32 disk)
{
	if (spec->disks[disk].volume[0] != '\0')
		strcpy(name, spec->disks[disk].volume);
	else
		snprintf(name, VOLUME_NAME_BYTES, "%s.%u", vm_name, (unsigned)disk);
}

static struct error_info refuse(enum error error, const char *text, u64 need, u64 have)
{
	struct error_info no = error_info_of(error, need, have);

	snprintf(no.text, sizeof(no.text), "%s", text);
	return no;
}

/* One that is there already: it must be free, and what is asked for. */
static struct error_info judge_old(const struct volume *v, u32 vm, const struct disk_spec *want)
{
	if (v->vm != VOLUME_NOBODY && v->vm != vm)
		return refuse(ERR_VOLUME_BUSY, v->name, 0, 0);
	if (want->bytes != 0 && want->bytes != v->bytes)
		return refuse(ERR_VOLUME_SIZE, v->name, want->bytes, v->bytes);
	if (want->on[0] != '\0' && strcmp(want->on, v->on) != 0)
		return refuse(ERR_VOLUME_PLACE, v->name, 0, 0);
	return ERROR_INFO_NONE;
}

/* The whole disk of that name; "": any. */
static const struct volume *whole_disk(const char *name)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volumes[i].is_used && volumes[i].is_disk && (name[0] == '\0' || strcmp(volumes[i].name, name) == 0))
			return &volumes[i];
	return NULL;
}

static struct error_info judge_new(const char *name, const struct disk_spec *want)
{
	if (want->bytes == 0)
		return refuse(ERR_NO_VOLUME, name, 0, 0);
	if (strcmp(want->on, VOLUME_RAM) != 0 && whole_disk(want->on) != NULL)
		return refuse(ERR_WHOLE_DISK, whole_disk(want->on)->name, 0, 0);
	if (want->on[0] == '\0')
		return refuse(ERR_NO_DISK, name, 0, 0);
	if (strcmp(want->on, VOLUME_RAM) != 0)
		return refuse(ERR_UNKNOWN_DISK, want->on, 0, 0);
	return want->bytes <= STORE_RAM_STRIDE
		? ERROR_INFO_NONE : refuse(ERR_VOLUME_RAM_SIZE, name, want->bytes, STORE_RAM_STRIDE);
}

static bool is_named_twice(const char *vm_name, const struct vm_spec *spec, u32 disk)
{
	char name[VOLUME_NAME_BYTES], other[VOLUME_NAME_BYTES];

	volume_name_of(name, vm_name, spec, disk);
	for (u32 i = 0; i < disk; i++) {
		volume_name_of(other, vm_name, spec, i);
		if (strcmp(name, other) == 0)
			return true;
	}
	return false;
}

struct error_info volumes_judge(const char *vm_name, u32 vm, const struct vm_spec *spec)
{
	struct error_info no = ERROR_INFO_NONE;
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < spec->disk_count && no.error == ERR_NONE; i++) {
		const struct volume *v;

		volume_name_of(name, vm_name, spec, i);
		v = volume_find(name);
		no = v != NULL ? judge_old(v, vm, &spec->disks[i]) : judge_new(name, &spec->disks[i]);
		if (no.error == ERR_NONE && is_named_twice(vm_name, spec, i))
			no = refuse(ERR_VOLUME_BUSY, name, 0, 0);
	}
	return no;
}

static struct volume *free_place(void)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (!volumes[i].is_used)
			return &volumes[i];
	return NULL;
}

static bool is_slot_taken(u32 slot)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volumes[i].is_used && strcmp(volumes[i].on, VOLUME_RAM) == 0 && volumes[i].slot == slot)
			return true;
	return false;
}

static u32 free_slot(void)
{
	u32 slot = 0;

	while (slot < STORE_RAM_SLOTS && is_slot_taken(slot))
		slot++;
	return slot;
}

static struct volume *fill(struct volume *v, const char *name, const char *on, struct volume with)
{
	if (v == NULL)
		return NULL;
	*v = with;
	v->is_used = true;
	v->vm = v->made_for = VOLUME_NOBODY;
	strcpy(v->name, name);
	strcpy(v->on, on);
	return v;
}

struct volume *volume_new(const char *name, const char *on, u64 bytes)
{
	u32 slot = free_slot();

	if (slot == STORE_RAM_SLOTS)
		return NULL;
	return fill(free_place(), name, on, (struct volume){ .bytes = bytes, .slot = slot, .block_bytes = 512 });
}

/* A driver that was started again may have found another disk behind the name. */
static bool is_other_disk(const struct volume *v, u64 bytes, u32 block_bytes, u64 identity)
{
	return v->identity != identity || bytes < v->bytes || v->block_bytes != block_bytes;
}

struct volume *volume_set_disk(u32 slot, const char *name, u64 bytes, u32 block_bytes, u64 identity)
{
	struct volume *v = volume_find(name);

	if (v == NULL)
		return fill(free_place(), name, name, (struct volume){
			.is_disk = true, .bytes = bytes, .slot = slot, .block_bytes = block_bytes,
			.identity = identity });
	if (!v->is_disk || (v->vm != VOLUME_NOBODY && is_other_disk(v, bytes, block_bytes, identity)))
		return NULL;
	v->bytes = bytes;
	v->block_bytes = block_bytes;
	v->identity = identity;
	return v;
}

void volumes_let_go(u32 vm)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volumes[i].is_used && volumes[i].vm == vm)
			volumes[i].vm = VOLUME_NOBODY;
}
