/* SPDX-License-Identifier: MIT */
/*
 * pool_volumes.c - see pool_volumes.h. A volume's number is its place in the pool's table, from 1 on.
 */
#include "pool_volumes.h"

#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "pool_members.h"
#include "range.h"
#include "vm_link.h"

#define TELL_PARTS 64u			/* a change of 1/64 of the pool is told */
#define MAX_ZERO_GRANULES 4096u		/* of a request */

static const struct pool_record *record_of(const struct store_pool *s, u32 number)
{
	const struct pool_record *r = s->pool != NULL ? pool_volume(s->pool, number - 1) : NULL;

	return r != NULL && (r->flags & POOL_VOLUME_DELETING) == 0 ? r : NULL;
}

static u32 granule_sectors(const struct pool_record *r)
{
	return r->kind == POOL_PLAIN ? POOL_CHUNK_SECTORS : POOL_BLOCK_SECTORS;
}

/* ---- volumes ---- */

void pool_volumes_name(char full[POOL_RECORD_NAME], const char *name, u32 head)
{
	if (head == 0)
		strcpy(full, name);
	else
		snprintf(full, POOL_RECORD_NAME, "%.*s@%u", (int)VOLUME_NAME_MAX, name,
			 (unsigned)head);
}

/* A snapshot's without what makes it unique. */
static void own_name(const struct pool_record *r, char name[sizeof(r->name)])
{
	strcpy(name, r->name);
	if (r->head != 0)
		name[strcspn(name, "@")] = '\0';
}

static bool is_name_fit(const char *name)
{
	return strlen(name) < VOLUME_NAME_BYTES && volume_name_ok(name);
}

static void take_name(const struct store_pool *s, const struct pool_record *r, u32 number, char name[VOLUME_NAME_BYTES])
{
	char own[sizeof(r->name)];

	own_name(r, own);
	if (is_name_fit(own))
		strcpy(name, own);
	else
		snprintf(name, VOLUME_NAME_BYTES, "%.24sp%u", s->part->name, (unsigned)number);
}

/* What is VOS' own in another machine's pool has no name, by which a VM could have it. */
static bool is_hidden(const struct store_pool *s, const char *name)
{
	return volume_name_of_vos(name) && (s->part->is_imported || volume_find(name) != NULL);
}

static void add_volume(const struct store_pool *s, u32 slot, u32 number, const struct pool_record *r)
{
	char name[VOLUME_NAME_BYTES];
	struct volume *v;

	take_name(s, r, number, name);
	if (r->head != 0)
		snprintf(name, sizeof(name), "@%u.%u", (unsigned)slot, (unsigned)number);	/* no volume's */
	else if (is_hidden(s, name))
		return;
	else if (volume_find(name) != NULL)
		snprintf(name, sizeof(name), "%.24sp%u", s->part->name, (unsigned)number);
	v = volume_find(name) == NULL ? volume_add(name, VOLUME_IN_POOL) : NULL;
	if (v == NULL)
		return;
	volume_place(v, slot, number);
	v->pool_id = r->id;
	v->is_waiting = pool_is_locked(s->pool, r);	/* a clone */
	memcpy(v->guid, r->uuid, sizeof(v->guid));
	v->info = (struct blk_info){
		.block_bytes = BLK_SECTOR_BYTES, .physical_bytes = BLK_SLOT_BYTES, .max_sectors = BLK_MAX_SECTORS,
		.max_zero_sectors = MAX_ZERO_GRANULES * granule_sectors(r),
		.features = BLK_CAN_FLUSH | BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES | BLK_CAN_UNMAP,
	};
}

static void sync_volume(struct store_pool *s, u32 slot, u32 number)
{
	const struct pool_record *r = record_of(s, number);
	struct volume *v = volume_of_part(slot, number);
	char name[VOLUME_NAME_BYTES];

	if (r != NULL && r->head != 0 && (v == NULL || v->links == 0))
		r = NULL;		/* a snapshot is one only while a link has it */
	if (v != NULL && (r == NULL || r->id != v->pool_id)) {
		if (v->links != 0)
			return;
		volume_drop(v);
		v = NULL;
	}
	if (r == NULL)
		return;
	if (v == NULL)
		add_volume(s, slot, number, r);
	v = volume_of_part(slot, number);
	if (v == NULL)
		return;
	take_name(s, r, number, name);
	if (r->head == 0 && volume_find(name) == NULL)
		strcpy(v->name, name);
	v->pool = s->pool;
	if (v->sectors == r->sectors)
		return;
	v->sectors = r->sectors;
	vm_link_resized(v);
}

struct volume *pool_volumes_snapshot(struct store_pool *s, u32 slot, const u8 guid[STORE_GUID_BYTES])
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++) {
		const struct pool_record *r = record_of(s, number);
		struct volume *v = volume_of_part(slot, number);

		if (r == NULL || r->head == 0 || memcmp(r->uuid, guid, sizeof(r->uuid)) != 0)
			continue;
		if (v == NULL)
			add_volume(s, slot, number, r);
		v = volume_of_part(slot, number);
		if (v == NULL)
			return NULL;
		v->pool = s->pool;
		v->sectors = r->sectors;
		return v;
	}
	return NULL;
}

/* ---- what is told ---- */

static u64 own_bytes(const struct pool_record *r)
{
	return min_u64(r->own, r->mapped) * granule_sectors(r) * BLK_SECTOR_BYTES;
}

static struct pool_told tell_of(const struct store_pool *s, u32 slot, u32 number)
{
	const struct pool_record *r = record_of(s, number);
	const struct volume *v = volume_of_part(slot, number);
	struct pool_told now = { 0 };

	if (r == NULL)
		return now;
	now = (struct pool_told){ .id = r->id, .flags = r->flags, .sectors = r->sectors, .own = own_bytes(r),
				  .reserve = r->reserve * granule_sectors(r) * BLK_SECTOR_BYTES,
				  .is_locked = pool_is_locked(s->pool, r) };
	if (r->head == 0 && v != NULL && v->pool_id == r->id)
		strcpy(now.name, v->name);
	else if (r->head != 0)
		take_name(s, r, number, now.name);
	return now;
}

static bool is_same(const struct pool_told *a, const struct pool_told *b)
{
	return a->id == b->id && a->flags == b->flags && a->is_locked == b->is_locked &&
		a->sectors == b->sectors && a->own == b->own && a->reserve == b->reserve &&
		strcmp(a->name, b->name) == 0;
}

static void mark_due(struct store_pool *s, u32 slot)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++) {
		const struct pool_told now = tell_of(s, slot, number);

		if (!is_same(&now, &s->told[number - 1]))
			s->due[(number - 1) / 64] |= BIT64((number - 1) % 64);
	}
	s->is_due = true;
}

void pool_volumes_sync(struct store_pool *s, u32 slot)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++)
		sync_volume(s, slot, number);
	mark_due(s, slot);
}

void pool_volumes_look(struct store_pool *s, u32 slot)
{
	struct pool_space space;
	u64 changed;

	pool_space_get(s->pool, &space);
	changed = space.free_blocks > s->told_free ? space.free_blocks - s->told_free
		: s->told_free - space.free_blocks;
	if (changed > space.blocks / TELL_PARTS)
		mark_due(s, slot);
}

/* ---- links ---- */

void pool_volumes_hold(u32 slot)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++) {
		struct volume *v = volume_of_part(slot, number);

		if (v != NULL)
			v->is_waiting = true;
	}
}

/* Its requests wait until it is unlocked: after a restart of the store, root does that at once. */
static bool is_locked(const struct store_pool *s, u32 number)
{
	const struct pool_record *r = s->state == POOLS_OPEN ? record_of(s, number) : NULL;

	return r != NULL && pool_is_locked(s->pool, r);
}

void pool_volumes_go_on(struct store_pool *s, u32 slot)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++) {
		struct volume *v = volume_of_part(slot, number);

		if (v == NULL)
			continue;
		v->pool = s->state == POOLS_OPEN ? s->pool : NULL;
		v->is_waiting = is_locked(s, number);
		if (!v->is_waiting)
			vm_link_go_on(v);
	}
}

void pool_volumes_stay(u32 slot)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++) {
		struct volume *v = volume_of_part(slot, number);

		if (v != NULL)
			v->is_going = false;
	}
}

bool pool_volumes_is_used(u32 slot)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++) {
		const struct volume *v = volume_of_part(slot, number);

		if (v != NULL && v->links != 0)
			return true;
	}
	return false;
}

void pool_volumes_drop(struct store_pool *s, u32 slot)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++)
		if (volume_of_part(slot, number) != NULL)
			volume_drop(volume_of_part(slot, number));
	mark_due(s, slot);
}

/* ---- reports ---- */

static u32 next_due(const struct store_pool *s)
{
	for (u32 word = 0; word < POOL_WORDS; word++)
		if (s->due[word] != 0)
			return word * 64 + (u32)__builtin_ctzll(s->due[word]);
	return STORE_POOL_VOLUMES;
}

bool pool_volumes_has_report(const struct store_pool *s)
{
	return s->is_due || next_due(s) != STORE_POOL_VOLUMES;
}

static void report_pool(struct store_pool *s, struct store_report *out)
{
	struct pool_space space;

	out->kind = STORE_DISK;
	out->error = s->error;
	if (s->part != NULL)
		strcpy(out->volume, s->part->name);
	memcpy(out->guid, s->uuid, sizeof(out->guid));
	if (s->state != POOLS_OPEN)
		return;
	pool_space_get(s->pool, &space);
	s->told_free = space.free_blocks;
	out->sectors = space.blocks * POOL_BLOCK_SECTORS;
	out->block_bytes = BLK_SECTOR_BYTES;
	out->free_bytes = space.free_blocks * POOL_BLOCK;
	out->largest_bytes = VOLUME_BYTES_MAX;
	out->percent = pool_space_percent(&space);
	pool_members_report(s, out);
	if (keys_are_set(s->pool))
		out->flags |= STORE_IS_ENCRYPTED | (keys_are_here(out->slot - STORE_POOL_SLOT) ? 0 : STORE_IS_LOCKED);
}

/* The number of the volume or snapshot with that id. */
static u32 number_of(const struct store_pool *s, u32 id)
{
	for (u32 number = 1; number <= STORE_POOL_VOLUMES; number++) {
		const struct pool_record *r = pool_volume(s->pool, number - 1);

		if (r != NULL && r->id == id)
			return number;
	}
	return 0;
}

static u32 flags_of(const struct pool_record *r, const struct pool_told *told)
{
	char own[sizeof(r->name)];
	u32 flags = 0;

	own_name(r, own);
	flags |= r->head == 0 && (r->flags & POOL_VOLUME_MARKED) != 0 ? STORE_IS_MARKED : 0;
	flags |= (r->flags & POOL_VOLUME_UNFINISHED) != 0 ? STORE_IS_UNFINISHED : 0;
	flags |= r->head != 0 ? STORE_IS_SNAPSHOT : 0;
	flags |= r->origin != 0 ? STORE_IS_CLONE : 0;
	flags |= (r->flags & POOL_VOLUME_THICK) != 0 ? STORE_IS_THICK : 0;
	flags |= r->kind == POOL_INTEGRITY ? STORE_HAS_CHECKSUMS : 0;
	flags |= r->kind == POOL_ENCRYPTED ? STORE_IS_ENCRYPTED : 0;
	flags |= told->is_locked ? STORE_IS_LOCKED : 0;
	if (told->name[0] == '\0')
		return flags | STORE_NO_PLACE;
	if (strcmp(told->name, own) != 0)
		flags |= is_name_fit(own) ? STORE_NAME_TAKEN : STORE_NAME_UNFIT;
	return flags;
}

static void report_volume(struct store_pool *s, u32 slot, u32 number, struct store_report *out)
{
	const struct pool_record *r = record_of(s, number);
	struct pool_told *told = &s->told[number - 1];

	s->due[(number - 1) / 64] &= ~BIT64((number - 1) % 64);
	*told = tell_of(s, slot, number);
	out->kind = STORE_EXTENT;
	out->number = number;
	if (r == NULL)
		return;
	out->extent = STORE_EXTENT_VOLUME;
	out->sectors = r->sectors;
	out->block_bytes = BLK_SECTOR_BYTES;
	out->free_bytes = told->own;
	out->largest_bytes = told->reserve;
	out->flags = flags_of(r, told);
	out->first = r->head != 0 ? number_of(s, r->head) : r->origin != 0 ? number_of(s, r->origin) : 0;
	out->identity = r->head != 0 ? r->birth : 0;
	memcpy(out->guid, r->uuid, sizeof(out->guid));
	strcpy(out->volume, told->name);
	snprintf(out->label, sizeof(out->label), "%.39s", r->name);
}

void pool_volumes_report(struct store_pool *s, u32 slot, struct store_report *out)
{
	*out = (struct store_report){ .slot = slot };
	if (s->is_due) {
		report_pool(s, out);
		s->is_due = false;
		return;
	}
	report_volume(s, slot, next_due(s) + 1, out);
}
