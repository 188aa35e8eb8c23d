/* SPDX-License-Identifier: MIT */
/*
 * volume_judge.c - see volume_judge.h.
 */
#include "volume_judge.h"

#include <stdio.h>
#include <string.h>

#include "pools.h"
#include "range.h"
#include "vm_layout.h"

static struct error_info refuse(enum error error, const char *text, u64 need, u64 have)
{
	struct error_info no = error_info_of(error, need, have);

	snprintf(no.text, sizeof(no.text), "%s", text);
	return no;
}

/* ---- room ---- */

/* What the store's report does not know of yet. */
static u64 promised_bytes(u32 slot)
{
	u64 sum = 0;

	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v != NULL && (v->kind == VOLUME_ROW_EXTENT || v->kind == VOLUME_ROW_POOL) && v->slot == slot &&
		    v->is_making && !v->is_there &&
		    (v->kind == VOLUME_ROW_EXTENT || !pool_is_in_place(pool_at(v->pool))))
			sum += v->bytes;
	}
	return sum;
}

/* Volumes of one request that are not in the table yet: bytes on each disk, and of thick ones in each pool. */
struct plan { u64 bytes[DISKS], kept[STORE_POOLS_MAX]; };

/* Room for one volume. */
static u64 room_of(u32 slot, const struct plan *plan)
{
	const struct disk *d = disk_at(slot);
	u64 promised = promised_bytes(slot) + plan->bytes[slot];

	return promised <= d->free_bytes ? min_u64(d->largest_bytes, d->free_bytes - promised) : 0;
}

static bool is_table_fit(u32 table)
{
	return table == STORE_TABLE_BLANK || table == STORE_TABLE_GPT || table == STORE_TABLE_RECOVERED;
}

static struct error_info judge_disk(u32 slot, u64 bytes, const struct plan *plan)
{
	const struct disk *d = disk_at(slot);
	char name[DISK_NAME_BYTES];

	disk_name(name, slot);
	if (!d->is_there)
		return refuse(ERR_DISK_COMING, name, 0, 0);
	if (volumes_have_whole(slot))
		return refuse(ERR_DISK_BUSY, name, 0, 0);
	if (d->table == STORE_TABLE_UNREADABLE)
		return refuse(ERR_DISK_IO, name, 0, 0);
	if (!is_table_fit(d->table))
		return refuse(ERR_DISK_CONTENTS, name, 0, d->table);
	if ((d->features & BLK_IS_READ_ONLY) != 0)
		return refuse(ERR_DISK_READ_ONLY, name, 0, 0);
	if (room_of(slot, plan) < bytes)
		return refuse(ERR_DISK_FULL, name, bytes, room_of(slot, plan));
	return ERROR_INFO_NONE;
}

/* What can be used comes before what is full, and that before all else; then by room. */
static u64 rank(const struct error_info *no, u64 room)
{
	return no->error == ERR_NONE ? BIT64(62) | room : no->error == ERR_DISK_FULL ? BIT64(61) | room : 1;
}

/* The disk with the most room, in *slot; or why there is none. */
static struct error_info find_disk(const char *volume, u64 bytes, const struct plan *plan, u32 *slot)
{
	struct error_info best = refuse(ERR_NO_DISK, volume, 0, 0);
	char name[DISK_NAME_BYTES];
	u64 best_rank = 0;

	for (u32 i = 0; i < DISKS; i++) {
		struct error_info no;

		if (!disk_can_be(i))
			continue;
		disk_name(name, i);
		if (!disk_at(i)->is_there && best_rank == 0 && disk_is_coming(i))
			best = refuse(ERR_DISK_COMING, name, 0, 0);
		if (!disk_at(i)->is_there)
			continue;
		no = judge_disk(i, bytes, plan);
		if (rank(&no, room_of(i, plan)) <= best_rank)
			continue;
		best_rank = rank(&no, room_of(i, plan));
		best = no;
		*slot = i;
	}
	return best;
}

/* ---- judging ---- */

static struct error_info trait_differs(const struct volume *v, u32 flags)
{
	u32 trait = disk_trait_other(flags, v->traits);

	return v->kind == VOLUME_ROW_THIN ? refuse(ERR_VOLUME_TRAIT, v->name, trait, 0)
					  : refuse(ERR_TRAIT_PLACE, v->on, trait, 0);
}

/* A guest that writes to all of a disk can leave a pool there: its definitions and volumes count at the next start. */
static struct error_info judge_trust(const struct volume *v, const struct disk_spec *want)
{
	if (v->kind == VOLUME_ROW_DISK && (want->flags & (DISK_READ_ONLY | DISK_TRUSTED)) == 0)
		return refuse(ERR_DISK_TRUST, v->name, 0, 0);
	return ERROR_INFO_NONE;
}

/* One that is there already: it must be free, and what is asked for. */
static struct error_info judge_old(const struct volume *v, u32 vm, const struct disk_spec *want)
{
	if (v->is_exported)
		return refuse(ERR_VOLUME_EXPORTED, v->name, 0, 0);
	if (v->is_busy || v->is_unfinished)
		return refuse(ERR_VOLUME_COPYING, v->name, 0, 0);
	if (v->is_making || v->change != CHANGE_NONE)
		return refuse(ERR_VOLUME_CHANGING, v->name, 0, 0);
	if (volume_is_of_vos(v->name))
		return refuse(ERR_VOLUME_NAME, v->name, 0, 0);
	if (v->kind == VOLUME_ROW_POOL)
		return refuse(ERR_IS_POOL, v->name, 0, 0);
	if (v->vm != VOLUME_NOBODY && v->vm != vm)
		return refuse(ERR_VOLUME_BUSY, v->name, 0, 0);
	if (want->bytes != 0 && want->bytes != v->bytes)
		return refuse(ERR_VOLUME_SIZE, v->name, want->bytes, v->bytes);
	if ((want->flags & DISK_NVRAM) != 0 && v->bytes < DISK_NVRAM_BYTES)
		return refuse(ERR_NVRAM_SIZE, v->name, 0, 0);
	if (want->on[0] != '\0' && strcmp(want->on, v->on) != 0)
		return refuse(ERR_VOLUME_PLACE, v->name, 0, 0);
	if (disk_trait_other(want->flags, v->traits) < TRAIT_COUNT)
		return trait_differs(v, want->flags);
	if (v->vm == vm && vm != VOLUME_NOBODY)		/* it has it already */
		return judge_trust(v, want);
	if (v->kind == VOLUME_ROW_DISK ? volumes_have_part(v->slot) :
	    volume_is_on_disk(v) && volumes_have_whole(v->slot))
		return refuse(ERR_DISK_BUSY, v->on, 0, 0);
	if (volume_is_part(v) && !v->is_there)
		return refuse(ERR_VOLUME_MISSING, v->name, 0, 0);
	return judge_trust(v, want);
}

/* ---- pools ---- */

static struct error_info judge_pool(u32 p, u64 bytes)
{
	const struct pool *pool = pool_at(p);
	const char *name = pool->partition->name;

	if (pool_is_coming(p) || pool->partition->is_making)
		return refuse(ERR_POOL_COMING, name, 0, 0);
	if (!pool_is_usable(p))
		return refuse(ERR_POOL_SHUT, name, 0, pool->error);
	if (bytes > pool->largest_bytes)
		return refuse(ERR_DISK_FULL, name, bytes, pool->largest_bytes);
	return ERROR_INFO_NONE;
}

struct error_info pool_judge_usable(u32 p)
{
	return judge_pool(p, 0);
}

/* What thick volumes that are being made will take. */
static u64 promised_thick(u32 p)
{
	u64 sum = 0;

	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v != NULL && v->kind == VOLUME_ROW_THIN && v->pool == p && v->is_making && !v->is_there &&
		    (v->traits & DISK_TRAIT(TRAIT_THICK, true)) != 0)
			sum += v->bytes;
	}
	return sum;
}

/* Of what is to be encrypted. */
static struct error_info judge_key(u32 p)
{
	const char *name = pool_at(p)->partition->name;

	if (pool_at(p)->key == POOL_KEY_NONE)
		return refuse(ERR_POOL_NO_KEY, name, 0, 0);
	return pool_at(p)->key == POOL_KEY_LOCKED ? refuse(ERR_POOL_LOCKED, name, 0, 0) : ERROR_INFO_NONE;
}

/* Whether its maps fit too, the store says. */
static struct error_info judge_in_pool(u32 p, const struct disk_spec *want, struct plan *plan)
{
	struct error_info no = judge_pool(p, want->bytes);
	u64 taken = promised_thick(p) + plan->kept[p], room;

	if (no.error == ERR_NONE && (want->flags & DISK_TRAIT(TRAIT_ENCRYPT, true)) != 0)
		no = judge_key(p);
	if (no.error != ERR_NONE || (want->flags & DISK_TRAIT(TRAIT_THICK, true)) == 0)
		return no;
	room = taken <= pool_at(p)->free_bytes ? pool_at(p)->free_bytes - taken : 0;
	plan->kept[p] += want->bytes;
	return want->bytes <= room ? ERROR_INFO_NONE
				   : refuse(ERR_POOL_ROOM, pool_at(p)->partition->name, want->bytes, room);
}

/* The one with the most room; STORE_POOLS_MAX if there is none that can be used. */
static u32 best_pool(u64 bytes)
{
	u32 best = STORE_POOLS_MAX;

	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (pool_at(p) != NULL && judge_pool(p, bytes).error == ERR_NONE &&
		    (best == STORE_POOLS_MAX || pool_at(p)->free_bytes > pool_at(best)->free_bytes))
			best = p;
	return best;
}

u32 volume_default_pool(void)
{
	return best_pool(0);
}

/* A volume goes into a pool if `want` names one; or names nothing, and there is one. */
static u32 choose_pool(const struct disk_spec *want)
{
	return want->on[0] != '\0' ? pool_find(want->on) : best_pool(want->bytes);
}

static bool is_pool_coming(const char **name)
{
	for (u32 p = 0; p < STORE_POOLS_MAX; p++)
		if (pool_is_coming(p)) {
			*name = pool_at(p)->partition->name;
			return true;
		}
	return false;
}

/* ---- disks ---- */

/* There is no disk of that name. */
struct error_info volume_no_disk(const char *name, enum error error)
{
	char alike[DISK_NAME_BYTES];
	u32 slot = disk_find_alike(name);

	if (slot == DISKS)
		return refuse(error, name, 0, 0);
	disk_name(alike, slot);
	return refuse(ERR_DISK_ALIKE, alike, 0, 0);
}

/* One without a size must be there: perhaps it is a disk that is not up yet. */
static struct error_info judge_named(const char *name)
{
	u32 slot = disk_find(name);

	return slot != DISKS && disk_is_coming(slot) ? refuse(ERR_DISK_COMING, name, 0, 0) :
						       volume_no_disk(name, ERR_NO_VOLUME);
}

/* That is no pool. */
static struct error_info no_traits(const char *on, u32 flags)
{
	return refuse(ERR_TRAIT_PLACE, on, disk_trait_other(flags, 0), 0);
}

/* In a pool, or on a disk: which is chosen goes into *plan. */
static struct error_info judge_place(const char *name, const struct disk_spec *want, struct plan *plan)
{
	u32 slot = disk_find(want->on), p = choose_pool(want);
	struct error_info no;
	const char *coming;

	if (p != STORE_POOLS_MAX)
		return judge_in_pool(p, want, plan);
	if (want->on[0] == '\0' && is_pool_coming(&coming))
		return refuse(ERR_POOL_COMING, coming, 0, 0);
	if ((want->flags & DISK_TRAITS_ALL) != 0 && (want->on[0] == '\0' || slot != DISKS))
		return no_traits(want->on, want->flags);
	if (want->on[0] == '\0')
		no = find_disk(name, want->bytes, plan, &slot);
	else if (slot == DISKS || (!disk_at(slot)->is_there && !disk_is_coming(slot)))
		no = volume_no_disk(want->on, ERR_UNKNOWN_DISK);
	else
		no = judge_disk(slot, want->bytes, plan);
	if (no.error == ERR_NONE)
		plan->bytes[slot] += want->bytes;
	return no;
}

static struct error_info judge_new(const char *name, const struct disk_spec *want, struct plan *plan)
{
	if (want->bytes == 0)
		return judge_named(name);
	if (disk_owns_name(name) || volume_is_of_vos(name))
		return refuse(ERR_VOLUME_NAME, name, 0, 0);
	if (strcmp(want->on, VOLUME_RAM) != 0)
		return judge_place(name, want, plan);
	if ((want->flags & DISK_TRAITS_ALL) != 0)
		return no_traits(VOLUME_RAM, want->flags);
	return want->bytes <= STORE_RAM_STRIDE
		? ERROR_INFO_NONE : refuse(ERR_VOLUME_RAM_SIZE, name, want->bytes, STORE_RAM_STRIDE);
}

bool volumes_need_choice(const char *vm_name, const struct vm_spec *spec)
{
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < spec->disk_count; i++) {
		volume_name_of(name, vm_name, spec, i);
		if (volume_find(name) == NULL && spec->disks[i].on[0] == '\0' && spec->disks[i].bytes != 0)
			return true;
	}
	return false;
}

bool volume_may_come(const struct error_info *no, bool is_choice)
{
	switch (no->error) {
	case ERR_NO_DISK: case ERR_NO_VOLUME: case ERR_DISK_COMING: case ERR_VOLUME_MISSING: case ERR_POOL_COMING:
	case ERR_UNKNOWN_DISK:
		return true;
	case ERR_NONE: case ERR_DISK_FULL: case ERR_DISK_CONTENTS: case ERR_DISK_READ_ONLY: case ERR_DISK_BUSY:
	case ERR_DISK_IO: case ERR_TRAIT_PLACE: case ERR_POOL_ROOM:
		return is_choice;
	default:
		return false;
	}
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

/* A whole disk and a part of it can't both be had. */
static bool is_had_twice(const struct volume *v, const char *vm_name, const struct vm_spec *spec, u32 disk)
{
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < disk; i++) {
		const struct volume *other;

		volume_name_of(name, vm_name, spec, i);
		other = volume_find(name);
		if (other != NULL && volume_is_on_disk(other) && volume_is_on_disk(v) && other->slot == v->slot &&
		    (other->kind == VOLUME_ROW_DISK) != (v->kind == VOLUME_ROW_DISK))
			return true;
	}
	return false;
}

struct error_info volumes_judge(const char *vm_name, u32 vm, const struct vm_spec *spec)
{
	struct error_info no = ERROR_INFO_NONE;
	struct plan plan = { .bytes = { 0 } };
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < spec->disk_count && no.error == ERR_NONE; i++) {
		const struct volume *v;

		volume_name_of(name, vm_name, spec, i);
		if (is_named_twice(vm_name, spec, i))
			return refuse(ERR_VOLUME_TWICE, name, 0, 0);
		v = volume_find(name);
		no = v != NULL ? judge_old(v, vm, &spec->disks[i]) : judge_new(name, &spec->disks[i], &plan);
		if (no.error == ERR_NONE && v != NULL && is_had_twice(v, vm_name, spec, i))
			no = refuse(ERR_DISK_BUSY, v->on, 0, 0);
	}
	return no;
}

struct error_info volumes_judge_there(const char *vm_name, const struct vm_spec *spec)
{
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < spec->disk_count; i++) {
		volume_name_of(name, vm_name, spec, i);
		if (volume_find(name) == NULL)
			return refuse(ERR_NO_VOLUME, name, 0, 0);
	}
	return ERROR_INFO_NONE;
}

static bool is_taken_from(u32 home, const char *name)
{
	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v != NULL && volume_is_in_pool(v) && v->pool == home && v->is_there &&
		    strcmp(v->own_name, name) == 0)
			return true;
	}
	return false;
}

struct error_info volumes_judge_home(const char *vm_name, const struct vm_spec *spec, u32 home)
{
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < spec->disk_count; i++) {
		volume_name_of(name, vm_name, spec, i);
		if (is_taken_from(home, name))
			return refuse(ERR_VOLUME_TAKEN, name, 0, 0);
	}
	return ERROR_INFO_NONE;
}

struct error_info volumes_judge_kept(const char *vm_name, const struct vm_spec *spec)
{
	char name[VOLUME_NAME_BYTES];

	for (u32 i = 0; i < spec->disk_count; i++) {
		volume_name_of(name, vm_name, spec, i);
		if (strcmp(spec->disks[i].on, VOLUME_RAM) != 0 && volume_find(name) == NULL)
			return refuse(ERR_NO_VOLUME, name, 0, 0);
	}
	return ERROR_INFO_NONE;
}

struct error_info volume_judge_new(const char *name, const struct disk_spec *want)
{
	struct plan plan = { .bytes = { 0 } };

	if (volume_find(name) != NULL)
		return refuse(ERR_VOLUME_EXISTS, name, 0, 0);
	return judge_new(name, want, &plan);
}

struct error_info volume_judge_room(u32 slot, u64 bytes)
{
	static const struct plan none;

	return judge_disk(slot, bytes, &none);
}

u64 volume_room(u32 slot)
{
	static const struct plan none;

	return room_of(slot, &none);
}

struct error_info volume_judge_taken(const struct volume *v, u64 bytes)
{
	const struct disk_spec want = { .bytes = bytes };

	return judge_old(v, VOLUME_NOBODY, &want);
}

struct error_info volume_judge_delete(const char *name)
{
	const struct volume *v = volume_find(name);

	if (v == NULL)
		return refuse(ERR_NO_VOLUME, name, 0, 0);
	if (v->is_busy && v->is_unfinished)	/* that ends its import */
		return ERROR_INFO_NONE;
	if (v->is_making || v->change != CHANGE_NONE)
		return refuse(ERR_VOLUME_CHANGING, name, 0, 0);
	if (v->kind == VOLUME_ROW_POOL)
		return refuse(ERR_IS_POOL, name, 0, 0);
	if (v->kind == VOLUME_ROW_DISK || v->kind == VOLUME_ROW_PARTITION)
		return refuse(ERR_VOLUME_FOREIGN, name, 0, 0);
	if (v->is_exported)
		return refuse(ERR_VOLUME_EXPORTED, name, 0, 0);
	if (v->vm != VOLUME_NOBODY || v->is_busy)
		return refuse(v->is_busy ? ERR_VOLUME_OF_VOS : ERR_VOLUME_BUSY, name, 0, 0);
	if (v->kind == VOLUME_ROW_EXTENT && volumes_have_whole(v->slot))
		return refuse(ERR_DISK_BUSY, v->on, 0, 0);
	if (v->kind != VOLUME_ROW_MEMORY && !v->is_there)
		return refuse(ERR_VOLUME_MISSING, name, 0, 0);
	if (volume_has_snapshots(v))
		return refuse(ERR_VOLUME_NEEDED, name, 0, 0);
	return volume_is_in_pool(v) ? judge_pool(v->pool, 0) : ERROR_INFO_NONE;
}

static bool is_slot_taken(u32 slot)
{
	for (u32 i = 0; i < volumes_end(); i++)
		if (volume_at(i) != NULL && volume_at(i)->kind == VOLUME_ROW_MEMORY && volume_at(i)->slot == slot)
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

static struct volume *new_in_memory(const char *name, u64 bytes)
{
	u32 slot = free_slot();

	if (slot == STORE_RAM_SLOTS)
		return NULL;
	return volume_add(name, VOLUME_RAM, &(struct volume){
		.kind = VOLUME_ROW_MEMORY, .is_making = true, .bytes = bytes, .slot = slot, .block_bytes = 512 });
}

struct volume *volume_new_on_disk(u32 kind, const char *name, u32 slot, u64 bytes)
{
	char on[DISK_NAME_BYTES];

	disk_name(on, slot);
	return volume_add(name, on, &(struct volume){
		.kind = kind, .is_making = true, .slot = slot, .block_bytes = disk_at(slot)->block_bytes,
		.bytes = bytes, .was_blank = disk_at(slot)->table == STORE_TABLE_BLANK && promised_bytes(slot) == 0 });
}

struct volume *volume_new(const char *name, const struct disk_spec *want)
{
	struct volume v = { .kind = VOLUME_ROW_THIN, .is_making = true, .bytes = want->bytes };
	u32 p = choose_pool(want);
	struct plan plan = { .bytes = { 0 } };

	v.slot = disk_find(want->on);
	if (strcmp(want->on, VOLUME_RAM) == 0)
		return new_in_memory(name, want->bytes);
	if (p != STORE_POOLS_MAX) {
		v.pool = p;
		v.traits = disk_traits_full(want->flags);
		v.slot = pool_at(p)->partition->slot;
		v.block_bytes = pool_at(p)->block_bytes;
		return volume_add(name, pool_at(p)->partition->name, &v);
	}
	if (want->on[0] == '\0' && find_disk(name, want->bytes, &plan, &v.slot).error != ERR_NONE)
		return NULL;
	return volume_new_on_disk(VOLUME_ROW_EXTENT, name, v.slot, want->bytes);
}
