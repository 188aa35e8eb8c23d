/* SPDX-License-Identifier: MIT */
/*
 * volume_extents.c - see volume_extents.h.
 */
#include "volume_extents.h"

#include <stdio.h>
#include <string.h>

#include "pool_members.h"
#include "pools.h"
#include "rt_log.h"
#include "spec.h"
#include "vm_layout.h"
#include "volume_marks.h"

/* What the store tells of slot `slot`, in place `number` of the table. */
static struct volume *part_in(u32 number, u32 slot)
{
	struct volume *v = volume_at(number);

	return v != NULL && volume_is_part(v) && volume_place(v) == slot ? v : NULL;
}

/* Somebody has it, or waits for it. */
static bool is_kept(const struct volume *v)
{
	return volume_is_in_use(v) ||
	       (v->kind == VOLUME_ROW_POOL && (!pool_is_shut(v->pool) || pool_at(v->pool)->mark != POOL_MARK_NONE ||
						pool_volume_count(v->pool) != 0));
}

void volume_forget(struct volume *v)
{
	v->is_used = false;
	if (v->kind == VOLUME_ROW_POOL && !pool_member_remove(v))
		pool_remove(v->pool);
}

/* ---- whole disks ---- */

/* A driver that was started again may have found another disk behind the name. */
static bool is_other_disk(const struct volume *v, u64 bytes, u32 block_bytes, u64 identity)
{
	return v->identity != identity || bytes < v->bytes || v->block_bytes != block_bytes;
}

struct volume *volume_set_disk(u32 slot, const char *name, u64 bytes, u32 block_bytes, u64 identity)
{
	struct volume *v = volume_find(name);

	if (v == NULL)
		return volume_add(name, name, &(struct volume){
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

/* is_same: they are the same disk's, and what is unmarked is not forgotten. */
static void expect_parts_again(u32 slot, bool is_same)
{
	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = part_in(i, slot);

		if (v == NULL)
			continue;
		v->is_there = false;
		if (!is_kept(v) && !(is_same && volume_is_unmarked(v)))
			volume_forget(v);
	}
}

/* Partitions that their disk has no more, and that a VM had until now. */
static void drop_lost(void)
{
	for (u32 i = 0; i < volumes_end(); i++)
		if (volume_at(i) != NULL && volume_is_part(volume_at(i)) && !volume_at(i)->is_there &&
		    volume_at(i)->number == 0 && !is_kept(volume_at(i)))
			volume_forget(volume_at(i));
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
	for (u32 i = 0; i < volumes_end(); i++) {
		struct volume *v = part_in(i, slot);

		if (v != NULL && memcmp(v->guid, guid, STORE_GUID_BYTES) == 0)
			return v;
	}
	return NULL;
}

static struct volume *find_part(u32 slot, u32 number)
{
	for (u32 i = 0; i < volumes_end(); i++)
		if (part_in(i, slot) != NULL && volume_at(i)->number == number)
			return volume_at(i);
	return NULL;
}

/* It is no partition any more. What is asked of it is answered by the store; a VM that has it loses it. */
static void lose(struct volume *v)
{
	if (v == NULL || v->is_making || v->is_going)
		return;
	v->is_there = false;
	v->number = 0;
	if (!is_kept(v))
		volume_forget(v);
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

static u32 block_bytes_of(u32 slot)
{
	return slot < DISKS ? disk_at(slot)->block_bytes : pool_at(slot - STORE_POOL_SLOT)->block_bytes;
}

#define TRAIT_REPORT(id, key, off, on, order, report) [TRAIT_##id] = (report),

static u32 traits_of(u32 report_flags)
{
	static const u32 flags[TRAIT_COUNT] = { VOLUME_TRAITS(TRAIT_REPORT) };
	u32 all = 0;

	for (u32 i = 0; i < TRAIT_COUNT; i++)
		all |= DISK_TRAIT(i, (report_flags & flags[i]) != 0);
	return all;
}

/* Whoever asks for that name gets the other one. */
static void note_own_name(struct volume *v, const struct store_report *r)
{
	bool had_one = v->own_name[0] != '\0';

	v->own_name[0] = '\0';
	if ((r->flags & STORE_NAME_TAKEN) == 0 || !volume_is_in_pool(v) ||
	    !spec_volume_name_ok(r->label, sizeof(r->label)))
		return;
	strcpy(v->own_name, r->label);
	if (!had_one)
		rt_log("root: volume %s of pool %s is called %s here, for another volume has its name", v->own_name,
		       v->on, r->volume);
}

static void set_part(struct volume *v, const struct store_report *r)
{
	v->is_there = true;
	note_own_name(v, r);
	v->number = r->number;
	v->used_bytes = volume_is_in_pool(v) ? r->free_bytes : 0;
	v->origin = volume_is_in_pool(v) ? (u32)r->first : 0;
	v->reserve_bytes = v->kind == VOLUME_ROW_THIN ? r->largest_bytes : 0;
	v->traits = v->kind == VOLUME_ROW_THIN ? traits_of(r->flags) : 0;
	v->identity = r->identity;
	v->needs_key = volume_is_in_pool(v) && (r->flags & STORE_IS_LOCKED) != 0;
	volume_mark_told(v, (r->flags & STORE_IS_MARKED) != 0);
	v->is_unfinished = (r->flags & STORE_IS_UNFINISHED) != 0;
	if (keeps_name(v) || v->is_member)
		return;
	v->bytes = r->sectors * BLK_SECTOR_BYTES;
	v->block_bytes = block_bytes_of(r->slot);
	strcpy(v->name, r->volume);
}

/* The store has that disk, or has been given that pool. */
static bool is_place_known(u32 slot)
{
	const struct pool *pool = pool_at(slot - STORE_POOL_SLOT);

	return slot < DISKS ? disk_at(slot)->is_there : pool != NULL && pool->h_arena != 0;
}

/* What has no place among the volumes has no name either. */
static bool has_fit_name(const struct store_report *r)
{
	return (r->flags & STORE_NO_PLACE) != 0 ||
	       (spec_volume_name_ok(r->volume, sizeof(r->volume)) && r->volume[0] != '\0');
}

bool extent_is_ok(const struct store_report *r)
{
	bool is_in_pool = r->slot >= STORE_POOL_SLOT;

	if (!is_place_known(r->slot) || r->number == 0 || r->number > STORE_PARTITIONS ||
	    r->extent >= STORE_EXTENT_COUNT || (is_in_pool && r->extent > STORE_EXTENT_VOLUME))
		return false;
	if (r->extent == STORE_EXTENT_GONE || r->extent == STORE_EXTENT_ZEROING)
		return true;
	if (r->extent == STORE_EXTENT_POOL && (r->largest_bytes == 0 || r->largest_bytes > STORE_POOL_STRIDE ||
					       strnlen(r->volume, sizeof(r->volume)) > STORE_POOL_NAME_MAX))
		return false;
	return has_fit_name(r) && r->sectors != 0 && r->sectors <= VOLUME_BYTES_MAX / BLK_SECTOR_BYTES;
}

static u32 kind_of(const struct store_report *r)
{
	if (r->slot >= STORE_POOL_SLOT)
		return (r->flags & STORE_IS_SNAPSHOT) != 0 ? VOLUME_ROW_SNAPSHOT : VOLUME_ROW_THIN;
	return r->extent == STORE_EXTENT_VOLUME ? VOLUME_ROW_EXTENT :
	       r->extent == STORE_EXTENT_POOL ? VOLUME_ROW_POOL : VOLUME_ROW_PARTITION;
}

/* The first one of a mirror has the name that both have in their tables; it may have lost it to anything else. */
static void name_member(const struct store_report *r, bool is_first, char name[VOLUME_NAME_BYTES])
{
	char disk[DISK_NAME_BYTES];

	disk_name(disk, r->slot);
	if (is_first && spec_volume_name_ok(r->label, sizeof(r->label)) && r->label[0] != '\0' &&
	    strlen(r->label) <= STORE_POOL_NAME_MAX && volume_find(r->label) == NULL)
		strcpy(name, r->label);
	else
		snprintf(name, VOLUME_NAME_BYTES, "%sp%u", disk, (unsigned)r->number);
}

static struct volume *find_new_member(const struct store_report *r)
{
	u32 p = pool_of_guid(r->guid);
	bool is_first = p == STORE_POOLS_MAX;
	char name[VOLUME_NAME_BYTES], on[DISK_NAME_BYTES];
	struct volume *v;

	if (is_first && pools_are_full())
		return NULL;
	name_member(r, is_first, name);
	disk_name(on, r->slot);
	v = volume_find(name) == NULL ? volume_add(name, on, &(struct volume){
		.kind = VOLUME_ROW_POOL, .is_member = true, .slot = r->slot, .pool = p }) : NULL;
	if (v != NULL && is_first)
		(void)pool_add(v);
	return v;
}

/* One that was not known. NULL: there is no place for it. */
static struct volume *find_new(const struct store_report *r)
{
	bool is_in_pool = r->slot >= STORE_POOL_SLOT;
	const struct volume *partition = is_in_pool ? pool_at(r->slot - STORE_POOL_SLOT)->partition : NULL;
	char on[DISK_NAME_BYTES];
	struct volume *v;

	if ((r->flags & STORE_IS_MEMBER) != 0)
		return find_new_member(r);
	if (kind_of(r) == VOLUME_ROW_POOL && pools_are_full())
		return NULL;
	if (is_in_pool)
		strcpy(on, partition->name);
	else
		disk_name(on, r->slot);
	v = volume_add(r->volume, on, &(struct volume){
		.kind = kind_of(r), .slot = is_in_pool ? partition->slot : r->slot,
		.pool = is_in_pool ? r->slot - STORE_POOL_SLOT : 0 });
	if (v != NULL && v->kind == VOLUME_ROW_POOL)
		(void)pool_add(v);
	return v;
}

/* What two may be called is no name. */
static bool has_name(const struct store_report *r)
{
	return kind_of(r) != VOLUME_ROW_SNAPSHOT && (r->flags & STORE_IS_MEMBER) == 0;
}

static void take_pool_part(struct volume *v, const struct store_report *r)
{
	u32 member = 0;

	if (v->is_member) {
		v->bytes = r->sectors * BLK_SECTOR_BYTES;
		v->block_bytes = block_bytes_of(r->slot);
		pool_member_add(v);
		pools_elect();
		member = pool_has_member(v) ? store_member(v->guid) : STORE_MEMBERS;
	}
	pool_told(v->pool, member, r->largest_bytes, r->flags);
}

static void take_part(const struct store_report *r)
{
	struct volume *v = find_guid(r->slot, r->guid), *before = find_part(r->slot, r->number);

	if (v != NULL && v->kind != kind_of(r)) {	/* it is not what it was */
		lose(v);
		v = find_guid(r->slot, r->guid);
		if (v != NULL)
			return;
	}
	if (before != v)
		lose(before);
	if ((r->flags & STORE_NO_PLACE) != 0)
		return;
	if ((v == NULL || !keeps_name(v)) && has_name(r) && !name_is_free(r->volume, v))
		return;
	if (v == NULL)
		v = find_new(r);
	if (v == NULL)
		return;
	memcpy(v->guid, r->guid, STORE_GUID_BYTES);
	set_part(v, r);
	if (v->kind == VOLUME_ROW_POOL)
		take_pool_part(v, r);
}

/* Also of what has no name among the volumes. */
static void take_in_pool(u32 p, const struct store_report *r)
{
	bool is_volume = r->extent == STORE_EXTENT_VOLUME && (r->flags & STORE_IS_SNAPSHOT) == 0;
	char label[VOLUME_NAME_BYTES];

	memcpy(label, r->label, sizeof(label));
	label[sizeof(label) - 1] = '\0';
	pool_told_extent(p, r->number, r->extent == STORE_EXTENT_VOLUME);
	pool_told_definitions(p, r->number, is_volume && strcmp(label, VOLUME_OF_VOS) == 0);
	pool_told_system(p, r->number, is_volume && volume_is_of_vos(label));
}

void volume_take_extent(const struct store_report *r)
{
	struct volume *v = find_guid(r->slot, r->guid);

	if (r->slot >= STORE_POOL_SLOT)
		take_in_pool(r->slot - STORE_POOL_SLOT, r);
	if (r->extent == STORE_EXTENT_VOLUME || r->extent == STORE_EXTENT_OTHER || r->extent == STORE_EXTENT_POOL)
		take_part(r);
	else
		lose(v != NULL ? v : find_part(r->slot, r->number));
}

bool volume_is_served(const struct volume *v)
{
	if (!volume_is_on_disk(v))
		return true;
	return disk_at(v->slot)->is_there && (v->kind == VOLUME_ROW_DISK || v->is_there);
}

/* What is in pools first: a pool with volumes that are in use is kept. */
void volumes_expect_again(void)
{
	pools_forget();
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		expect_parts_again(STORE_POOL_SLOT + p, true);
	for (u32 slot = 0; slot < DISKS; slot++)
		expect_parts_again(slot, true);
}
