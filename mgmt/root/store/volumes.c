/* SPDX-License-Identifier: MIT */
/*
 * volumes.c - see volumes.h.
 */
#include "volumes.h"

#include <stdio.h>
#include <string.h>

static struct volume volumes[STORE_VOLUMES];
static u32 end;		/* the highest place that was ever used, plus one */

u32 volumes_end(void)
{
	return end;
}

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
	for (u32 i = 0; i < end; i++)
		if (volumes[i].is_used && !volumes[i].is_going && volumes[i].kind != VOLUME_ROW_SNAPSHOT &&
		    strcmp(volumes[i].name, name) == 0)
			return &volumes[i];
	return NULL;
}

struct volume *volume_snapshot(const struct volume *of, const char *name)
{
	for (u32 i = 0; i < end; i++)
		if (volumes[i].is_used && !volumes[i].is_going && volumes[i].kind == VOLUME_ROW_SNAPSHOT &&
		    volume_origin(&volumes[i]) == of && strcmp(volumes[i].name, name) == 0)
			return &volumes[i];
	return NULL;
}

struct volume *volume_origin(const struct volume *v)
{
	for (u32 i = 0; i < end && volume_is_in_pool(v) && v->origin != 0; i++)
		if (volumes[i].is_used && volume_is_in_pool(&volumes[i]) && volumes[i].pool == v->pool &&
		    volumes[i].number == v->origin)
			return &volumes[i];
	return NULL;
}

const struct volume *volume_clone_of(const struct volume *snapshot)
{
	for (u32 i = 0; i < end; i++)
		if (volumes[i].is_used && volumes[i].kind == VOLUME_ROW_THIN &&
		    volume_origin(&volumes[i]) == snapshot)
			return &volumes[i];
	return NULL;
}

bool volume_has_snapshots(const struct volume *v)
{
	for (u32 i = 0; i < end; i++)
		if (volumes[i].is_used && volumes[i].kind == VOLUME_ROW_SNAPSHOT && volume_origin(&volumes[i]) == v)
			return true;
	return false;
}

u32 volumes_free_count(void)
{
	u32 count = 0;

	for (u32 i = 0; i < STORE_VOLUMES; i++)
		count += !volumes[i].is_used;
	return count;
}

void volume_name_of(char *name, const char *vm_name, const struct vm_spec *spec, u32 disk)
{
	if (spec->disks[disk].volume[0] != '\0')
		strcpy(name, spec->disks[disk].volume);
	else
		snprintf(name, VOLUME_NAME_BYTES, "%s.%u", vm_name, (unsigned)disk);
}

bool volume_is_of_vos(const char *name)
{
	return strcmp(name, VOLUME_OF_VOS) == 0 || strcmp(name, VOLUME_OF_LOGS) == 0 || volume_is_of_image(name);
}

bool volume_is_of_image(const char *name)
{
	return strncmp(name, VOLUME_OF_IMAGE, strlen(VOLUME_OF_IMAGE)) == 0;
}

bool volume_is_on_disk(const struct volume *v)
{
	return v->kind != VOLUME_ROW_MEMORY;
}

/* ---- what disks are used for ---- */

bool volumes_have_whole(u32 slot)
{
	for (u32 i = 0; i < end; i++)
		if (volumes[i].is_used && volumes[i].kind == VOLUME_ROW_DISK && volumes[i].slot == slot)
			return volumes[i].vm != VOLUME_NOBODY;
	return false;
}

bool volume_is_part(const struct volume *v)
{
	return v->is_used && v->kind != VOLUME_ROW_MEMORY && v->kind != VOLUME_ROW_DISK;
}

bool volumes_have_part(u32 slot)
{
	for (u32 i = 0; i < end; i++)
		if (volume_is_part(&volumes[i]) && volumes[i].slot == slot &&
		    (volumes[i].kind == VOLUME_ROW_POOL || volume_is_in_use(&volumes[i])))
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

struct volume *volume_add(const char *name, const char *on, const struct volume *with)
{
	struct volume *v = free_place();

	if (v == NULL)
		return NULL;
	*v = *with;
	v->is_used = true;
	if (end <= volume_number(v))
		end = volume_number(v) + 1;
	v->vm = v->made_for = VOLUME_NOBODY;
	v->change = CHANGE_NONE;
	strcpy(v->name, name);
	strcpy(v->on, on);
	return v;
}

void volumes_let_go(u32 vm)
{
	for (u32 i = 0; i < end; i++)
		if (volumes[i].is_used && volumes[i].vm == vm)
			volumes[i].vm = VOLUME_NOBODY;
}
