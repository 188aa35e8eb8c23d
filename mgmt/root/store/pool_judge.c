/* SPDX-License-Identifier: MIT */
/*
 * pool_judge.c - see pool_judge.h.
 */
#include "pool_judge.h"

#include <stdio.h>
#include <string.h>

#include "guid.h"
#include "pool_members.h"
#include "pools.h"
#include "range.h"
#include "volume_judge.h"

#define MEMBER_TURN_MAX 127u	/* 7 bits of a GUID */

static struct error_info refuse(enum error error, const char *text, u64 need, u64 have)
{
	struct error_info no = error_info_of(error, need, have);

	snprintf(no.text, sizeof(no.text), "%s", text);
	return no;
}

/* A partition that somebody else has made. NULL: that is none. */
static const struct volume *partition_of(const char *on)
{
	const struct volume *v = volume_find(on);

	return v != NULL && v->kind == VOLUME_ROW_PARTITION ? v : NULL;
}

/* A pool in place of it. */
static struct error_info judge_partition(const struct volume *v, u64 bytes)
{
	struct error_info no = volume_judge_taken(v, bytes);

	return no.error == ERR_NONE ? volume_judge_room(v->slot, 0) : no;
}

static struct error_info judge_disk(const char *on, u64 bytes)
{
	u32 slot = disk_find(on);

	if (slot == DISKS || (!disk_at(slot)->is_there && !disk_is_coming(slot)))
		return volume_no_disk(on, ERR_UNKNOWN_DISK);
	return volume_judge_room(slot, bytes != 0 ? bytes : STORE_POOL_BYTES_MIN);
}

static struct error_info judge_mirror(const struct disk_spec want[2], u64 bytes)
{
	struct error_info no;

	if (strcmp(want[0].on, want[1].on) == 0)
		return refuse(ERR_MIRROR_TWICE, want[0].on, 0, 0);
	no = judge_disk(want[0].on, bytes);
	return no.error == ERR_NONE ? judge_disk(want[1].on, bytes) : no;
}

struct error_info pool_judge_new(const char *name, const struct disk_spec want[2])
{
	const struct volume *partition = want[1].on[0] == '\0' ? partition_of(want->on) : NULL;
	u64 bytes = want->bytes == 0 && partition != NULL ? partition->bytes : want->bytes;

	if (volume_find(name) != NULL)
		return refuse(pool_find(name) < STORE_POOLS_MAX ? ERR_POOL_EXISTS : ERR_VOLUME_EXISTS, name, 0, 0);
	if (disk_owns_name(name) || volume_is_of_vos(name) || strcmp(name, VOLUME_RAM) == 0)
		return refuse(ERR_VOLUME_NAME, name, 0, 0);
	if (pools_are_full())
		return error_info_limit(STORE_POOLS_MAX, "pools");
	if (bytes != 0 && bytes < STORE_POOL_BYTES_MIN)
		return refuse(ERR_POOL_SMALL, name, 0, STORE_POOL_BYTES_MIN / VOLUME_UNIT);
	if (partition != NULL)
		return judge_partition(partition, want->bytes);
	return want[1].on[0] != '\0' ? judge_mirror(want, bytes) : judge_disk(want->on, bytes);
}

/* What may be in one that can't be opened, nobody knows. */
struct error_info pool_judge_delete(const char *name, bool is_forced)
{
	const struct volume *v = volume_find(name);
	u32 p = pool_find(name);

	if (p == STORE_POOLS_MAX)
		return refuse(ERR_NO_POOL, name, 0, 0);
	if (v->is_making || v->change != CHANGE_NONE)
		return refuse(ERR_VOLUME_CHANGING, name, 0, 0);
	if (pool_volume_count(p) != pool_system_count(p))
		return refuse(ERR_POOL_NOT_EMPTY, name, 0, pool_volume_count(p) - pool_system_count(p));
	if (!v->is_there || !disk_at(v->slot)->is_there)
		return refuse(ERR_VOLUME_MISSING, name, 0, 0);
	if (pool_is_coming(p))
		return refuse(ERR_POOL_COMING, name, 0, 0);
	return pool_is_usable(p) || is_forced ? ERROR_INFO_NONE : refuse(ERR_POOL_UNREADABLE, name, 0, 0);
}

/* Of a mirror: what both disks have. */
static u64 room_for(const struct disk_spec want[2])
{
	u64 room = volume_room(disk_find(want[0].on));

	return want[1].on[0] == '\0' ? room : min_u64(room, volume_room(disk_find(want[1].on)));
}

static struct volume *new_partition(const char *name, const struct disk_spec want[2])
{
	const struct volume *in_place_of = partition_of(want->on);
	u64 bytes = want->bytes;

	if (in_place_of != NULL)
		return volume_new_on_disk(VOLUME_ROW_POOL, name, in_place_of->slot, in_place_of->bytes);
	return volume_new_on_disk(VOLUME_ROW_POOL, name, disk_find(want->on), bytes != 0 ? bytes : room_for(want));
}

/* In free room, or in place of a partition. */
struct volume *pool_new(const char *name, const struct disk_spec want[2])
{
	const struct volume *in_place_of = partition_of(want->on);
	struct volume *v = new_partition(name, want);

	if (v == NULL)
		return NULL;
	if (!pool_add(v)) {
		v->is_used = false;
		return NULL;
	}
	if (in_place_of != NULL)
		memcpy(pool_at(v->pool)->in_place_of, in_place_of->guid, sizeof(in_place_of->guid));
	if (want[1].on[0] == '\0')
		return v;
	v->is_member = true;
	guid_choose(v->guid);
	v->guid[STORE_GUID_BYTES - 1] = 0;
	pool_member_add(v);
	return v;
}

/* `last`: the last byte of its GUID, by which alone it differs from the other's. */
static struct volume *new_member(const struct volume *other, const char *on, u8 last)
{
	char name[VOLUME_NAME_BYTES];
	struct volume *v;

	snprintf(name, sizeof(name), "vos.mirror-%u", (unsigned)other->pool);	/* until it has a number */
	v = volume_new_on_disk(VOLUME_ROW_POOL, name, disk_find(on), other->bytes);
	if (v == NULL)
		return NULL;
	v->is_member = true;
	v->pool = other->pool;
	memcpy(v->guid, other->guid, sizeof(v->guid));
	v->guid[STORE_GUID_BYTES - 1] = last;
	return v;
}

struct volume *pool_new_member(const struct volume *first, const struct disk_spec *want)
{
	struct volume *v = new_member(first, want->on, 1);

	if (v != NULL)
		pool_member_add(v);
	return v;
}

/* ---- mirrors that lack a disk ---- */

/* How many disks have had the place of that member. */
static u32 turns_of(u32 p, u32 member)
{
	u32 turns = 0;

	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v != NULL && v->is_member && v->pool == p && store_member(v->guid) == member)
			turns = (u32)max_u64(turns, store_member_turn(v->guid) + 1);
	}
	return turns;
}

/* The disk that it was on last may not have been seen. */
static u32 next_turn(u32 p, u32 member)
{
	return (u32)max_u64(turns_of(p, member), pool_at(p)->member_turn[member] + 1);
}

static struct error_info judge_same(const struct pool *pool, u32 member)
{
	const struct volume *v = pool->member[member];

	if (v == NULL || !v->is_there || !disk_at(v->slot)->is_there)
		return refuse(ERR_VOLUME_MISSING, v != NULL ? v->on : "", 0, 0);
	return pool->member_state[member] == STORE_MEMBER_GONE ? ERROR_INFO_NONE : refuse(ERR_MIRROR_GOOD, v->on, 0, 0);
}

struct error_info pool_judge_replace(const struct disk_spec want[2])
{
	u32 p = pool_find(want->volume), member;
	const struct pool *pool = pool_at(p);

	if (pool == NULL)
		return refuse(ERR_NO_POOL, want->volume, 0, 0);
	if (!pool->is_mirror)
		return refuse(ERR_NOT_MIRROR, want->volume, 0, 0);
	if (!pool_is_usable(p))
		return pool_judge_usable(p);
	member = pool_member_named(p, want[0].on);
	if (member == STORE_MEMBERS)
		return refuse(ERR_NOT_MEMBER, want[0].on, 0, 0);
	if (pool->member_state[1 - member] != STORE_MEMBER_GOOD || pool->member[1 - member] == NULL)
		return refuse(ERR_MIRROR_LAST, want->volume, 0, 0);
	if (pool->is_joining || pool->partition->change != CHANGE_NONE)
		return refuse(ERR_POOL_BUSY, want->volume, 0, 0);
	if (strcmp(want[0].on, want[1].on) == 0)
		return judge_same(pool, member);
	if (strcmp(pool->member[1 - member]->on, want[1].on) == 0)
		return refuse(ERR_MIRROR_TWICE, want[1].on, 0, 0);
	if (next_turn(p, member) > MEMBER_TURN_MAX)
		return refuse(ERR_MIRROR_TURNS, want->volume, 0, 0);
	return judge_disk(want[1].on, pool->member[1 - member]->bytes);
}

struct volume *pool_replace(const struct disk_spec want[2])
{
	u32 p = pool_find(want->volume), member = pool_member_named(p, want[0].on);
	struct pool *pool = pool_at(p);
	bool is_same = strcmp(want[0].on, want[1].on) == 0;
	struct volume *v = is_same ? pool->member[member] : new_member(pool->member[1 - member], want[1].on,
		(u8)(next_turn(p, member) << 1 | member));

	if (v == NULL)
		return NULL;
	v->is_joining = true;
	v->error = STORE_OK;
	pool->was_asked[member] = false;
	return v;
}

struct error_info pool_judge_open(const char *name)
{
	const struct pool *pool = pool_at(pool_find(name));

	if (pool == NULL)
		return refuse(ERR_NO_POOL, name, 0, 0);
	if (!pool->is_mirror || pool->state != POOL_HAS_FAILED || pool->error != STORE_MISSING)
		return refuse(ERR_MIRROR_OPEN, name, 0, 0);
	if (!pool->partition->is_there || !disk_at(pool->partition->slot)->is_there)
		return refuse(ERR_VOLUME_MISSING, name, 0, 0);
	return ERROR_INFO_NONE;
}
