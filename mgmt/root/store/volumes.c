/* SPDX-License-Identifier: MIT */
/*
 * volumes.c - see volumes.h.
 */
#include "volumes.h"

#include <stdio.h>
#include <string.h>

#include "volume_marks.h"

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

bool volume_is_on_disk(const struct volume *v)
{
	return v->kind != VOLUME_ROW_MEMORY;
}

/* ---- what disks are used for ---- */

bool volumes_have_whole(u32 slot)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volumes[i].is_used && volumes[i].kind == VOLUME_ROW_DISK && volumes[i].slot == slot)
			return volumes[i].vm != VOLUME_NOBODY;
	return false;
}

bool volume_is_part(const struct volume *v)
{
	return v->is_used && (v->kind == VOLUME_ROW_EXTENT || v->kind == VOLUME_ROW_PARTITION);
}

bool volumes_have_part(u32 slot)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volume_is_part(&volumes[i]) && volumes[i].slot == slot && volume_is_in_use(&volumes[i]))
			return true;
	return false;
}

static struct volume *free_place(void)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (!volumes[i].is_used)
			return &volumes[i];
	return NULL;
}

struct volume *volume_add(const char *name, const char *on, struct volume with)
{
	struct volume *v = free_place();

	if (v == NULL)
		return NULL;
	*v = with;
	v->is_used = true;
	v->vm = v->made_for = VOLUME_NOBODY;
	v->change = CHANGE_NONE;
	strcpy(v->name, name);
	strcpy(v->on, on);
	return v;
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
		return volume_add(name, name, (struct volume){
			.kind = VOLUME_ROW_DISK, .bytes = bytes, .slot = slot, .block_bytes = block_bytes,
			.identity = identity });
	if (v->kind != VOLUME_ROW_DISK || (v->vm != VOLUME_NOBODY && is_other_disk(v, bytes, block_bytes, identity))) {
		disk_at(slot)->is_refused = true;
		return NULL;
	}
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

/* is_same: they are the same disk's, and what is unmarked is not forgotten. */
static void expect_parts_again(u32 slot, bool is_same)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++) {
		if (!volume_is_part(&volumes[i]) || volumes[i].slot != slot)
			continue;
		volumes[i].is_there = false;
		if (!volume_is_in_use(&volumes[i]) && !(is_same && volume_is_unmarked(&volumes[i])))
			volumes[i].is_used = false;
	}
}

/* Partitions that their disk has no more, and that a VM had until now. */
static void drop_lost(void)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volume_is_part(&volumes[i]) && !volumes[i].is_there && volumes[i].number == 0 &&
		    !volume_is_in_use(&volumes[i]))
			volumes[i].is_used = false;
}

void volumes_are_let_go(void)
{
	char name[DISK_NAME_BYTES];

	drop_lost();
	for (u32 slot = 0; slot < DISKS; slot++) {
		struct disk *d = disk_at(slot);

		disk_name(name, slot);
		if (d->is_refused && volume_set_disk(slot, name, d->bytes, d->block_bytes, d->identity) != NULL) {
			d->is_refused = false;
			d->is_there = true;
			expect_parts_again(slot, false);	/* those were the other disk's */
		}
	}
}

/* ---- partitions ---- */

static struct volume *find_guid(u32 slot, const u8 guid[STORE_GUID_BYTES])
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volume_is_part(&volumes[i]) && volumes[i].slot == slot &&
		    memcmp(volumes[i].guid, guid, STORE_GUID_BYTES) == 0)
			return &volumes[i];
	return NULL;
}

static struct volume *find_part(u32 slot, u32 number)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++)
		if (volume_is_part(&volumes[i]) && volumes[i].slot == slot && volumes[i].number == number)
			return &volumes[i];
	return NULL;
}

/* It is no partition any more. What is asked of it is answered by the store; a VM that has it loses it. */
static void lose(struct volume *v)
{
	if (v == NULL || v->is_making || v->is_going)
		return;
	v->is_there = false;
	v->number = 0;
	if (!volume_is_in_use(v))
		v->is_used = false;
}

/* What is remembered makes way for what is there. */
static bool name_is_free(const char *name, const struct volume *of)
{
	struct volume *v = volume_find(name);

	if (v != NULL && v != of && volume_is_remembered(v))
		v->is_used = false;
	return v == NULL || v == of || !v->is_used;
}

/* Whoever has it, or waits for it, knows it by that name. */
static bool keeps_name(const struct volume *v)
{
	return v->is_making || v->is_going || v->vm != VOLUME_NOBODY;
}

static void set_part(struct volume *v, const struct store_report *r)
{
	v->is_there = true;
	v->number = r->number;
	volume_mark_told(v, (r->flags & STORE_IS_MARKED) != 0);
	if (keeps_name(v))
		return;
	v->bytes = r->sectors * BLK_SECTOR_BYTES;
	v->block_bytes = disk_at(r->slot)->block_bytes;
	strcpy(v->name, r->volume);
}

static void take_part(const struct store_report *r)
{
	struct volume *v = find_guid(r->slot, r->guid), *before = find_part(r->slot, r->number);
	char on[DISK_NAME_BYTES];

	if (before != v)
		lose(before);
	if ((r->flags & STORE_NO_PLACE) != 0)
		return;
	if ((v == NULL || !keeps_name(v)) && !name_is_free(r->volume, v))
		return;
	disk_name(on, r->slot);
	if (v == NULL)
		v = volume_add(r->volume, on, (struct volume){
			.kind = r->extent == STORE_EXTENT_VOLUME ? VOLUME_ROW_EXTENT : VOLUME_ROW_PARTITION,
			.slot = r->slot });
	if (v == NULL)
		return;
	memcpy(v->guid, r->guid, STORE_GUID_BYTES);
	set_part(v, r);
}

void volume_take_extent(const struct store_report *r)
{
	struct volume *v = find_guid(r->slot, r->guid);

	if (r->extent == STORE_EXTENT_VOLUME || r->extent == STORE_EXTENT_OTHER)
		take_part(r);
	else
		lose(v != NULL ? v : find_part(r->slot, r->number));
}

void volumes_expect_again(void)
{
	for (u32 slot = 0; slot < DISKS; slot++)
		expect_parts_again(slot, true);
}
