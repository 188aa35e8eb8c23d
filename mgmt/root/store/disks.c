/* SPDX-License-Identifier: MIT */
/*
 * disks.c - see disks.h.
 */
#include "disks.h"

#include <stdio.h>
#include <string.h>

#include "drivers.h"

static struct disk disks[DISKS];

struct disk *disk_at(u32 slot)
{
	return &disks[slot];
}

bool disk_can_be(u32 slot)
{
	return slot % DRIVER_LINKS < driver_link_count(slot / DRIVER_LINKS);
}

void disk_name(char name[DISK_NAME_BYTES], u32 slot)
{
	u32 number = slot / DRIVER_LINKS;

	if (driver_link_count(number) == 1)
		snprintf(name, DISK_NAME_BYTES, "%s", driver_name(number));
	else
		snprintf(name, DISK_NAME_BYTES, "%s.%u", driver_name(number), (unsigned)(slot % DRIVER_LINKS));
}

u32 disk_find(const char *name)
{
	char own[DISK_NAME_BYTES];

	for (u32 slot = 0; slot < DISKS; slot++) {
		if (!disk_can_be(slot))
			continue;
		disk_name(own, slot);
		if (strcmp(own, name) == 0)
			return slot;
	}
	return DISKS;
}

/* Without ".N" at its end. */
static u32 stem_length(const char *name)
{
	const char *dot = strrchr(name, '.');

	return (u32)(dot != NULL && strspn(dot + 1, "0123456789") == strlen(dot + 1) ? (size_t)(dot - name) :
		     strlen(name));
}

u32 disk_find_alike(const char *name)
{
	u32 length = stem_length(name);
	char own[DISK_NAME_BYTES];

	for (u32 slot = 0; slot < DISKS; slot++) {
		if (!disks[slot].is_there || !disk_can_be(slot))
			continue;
		disk_name(own, slot);
		if (strcmp(own, name) != 0 && stem_length(own) == length && memcmp(own, name, length) == 0)
			return slot;
	}
	return DISKS;
}

bool disk_owns_name(const char *name)
{
	for (u32 number = 0; number < DRIVER_COUNT; number++) {
		size_t length = driver_is_wanted(number) ? strlen(driver_name(number)) : 0;

		if (length != 0 && strncmp(name, driver_name(number), length) == 0 &&
		    (name[length] == '\0' || name[length] == '.' || name[length] == 'p'))
			return true;
	}
	return false;
}

static bool is_block_size(u32 bytes)
{
	return bytes >= BLK_SECTOR_BYTES && bytes <= BLK_BLOCK_MAX && (bytes & (bytes - 1)) == 0;
}

bool disk_take_report(const struct store_report *r)
{
	struct disk *d = r->slot < DISKS ? &disks[r->slot] : NULL;

	if (d == NULL)
		return false;
	if (r->sectors == 0) {
		d->is_there = d->is_refused = d->has_more = false;
		return true;
	}
	if (!disk_can_be(r->slot) || r->sectors > VOLUME_BYTES_MAX / BLK_SECTOR_BYTES ||
	    !is_block_size(r->block_bytes) || r->table >= STORE_TABLE_COUNT)
		return false;
	*d = (struct disk){
		.is_there = true, .block_bytes = r->block_bytes, .features = r->features, .table = r->table,
		.bytes = r->sectors * BLK_SECTOR_BYTES, .identity = r->identity, .largest_bytes = r->largest_bytes,
		.free_bytes = r->free_bytes, .has_more = (r->flags & STORE_IS_MORE) != 0,
	};
	return true;
}

void disk_take_more(const struct store_report *r)
{
	if (r->slot < DISKS)
		disks[r->slot].has_more = disks[r->slot].is_there && (r->flags & STORE_IS_MORE) != 0;
}

/* One at a time is zeroed; those that wait are at 0. */
void disk_take_zeroing(const struct store_report *r)
{
	struct disk *d = &disks[r->slot];

	if (r->extent == STORE_EXTENT_ZEROING && (r->percent != 0 || d->zeroing == 0)) {
		d->zeroing = r->number;
		d->zeroed = r->percent <= 100 ? r->percent : 100;
	} else if (r->extent != STORE_EXTENT_ZEROING && d->zeroing == r->number) {
		d->zeroing = 0;
	}
}

void disks_forget(void)
{
	for (u32 slot = 0; slot < DISKS; slot++)
		disks[slot].is_there = disks[slot].is_refused = disks[slot].has_more = false;
}

bool disk_is_coming(u32 slot)
{
	const struct disk *d = &disks[slot];

	if (!disk_can_be(slot) || d->is_refused)
		return false;
	return d->is_there ? d->has_more :
			     driver_disk(slot / DRIVER_LINKS, slot % DRIVER_LINKS) != DRIVER_DISK_NONE;
}

bool disks_are_coming(void)
{
	for (u32 slot = 0; slot < DISKS; slot++)
		if (disk_is_coming(slot))
			return true;
	return false;
}
