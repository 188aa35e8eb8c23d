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

struct volume *pool_new_member(const struct volume *first, const struct disk_spec *want)
{
	char name[VOLUME_NAME_BYTES];
	struct volume *v;

	snprintf(name, sizeof(name), "vos.mirror-%u", (unsigned)first->pool);	/* until it has a number */
	v = volume_new_on_disk(VOLUME_ROW_POOL, name, disk_find(want->on), first->bytes);
	if (v == NULL)
		return NULL;
	v->is_member = true;
	v->pool = first->pool;
	memcpy(v->guid, first->guid, sizeof(v->guid));
	v->guid[STORE_GUID_BYTES - 1] = 1;
	pool_member_add(v);
	return v;
}
