/* SPDX-License-Identifier: MIT */
/*
 * judge.c - see judge.h.
 */
#include "judge.h"

#include <string.h>

#include "pool_size.h"
#include "range.h"
#include "table.h"
#include "volume.h"

/* Another GUID than the volume's. */
static bool new_table(struct table *t, const struct store_order *order)
{
	u8 guid[STORE_GUID_BYTES];

	for (u32 i = 0; i < sizeof(guid); i++)
		guid[i] = (u8)~order->guid[i];
	gpt_make_guid(guid);
	return gpt_new(&t->gpt, guid);
}

static enum store_error judge_disk(u32 disk)
{
	const struct table *t = table_of(disk);

	if (!t->is_up)
		return STORE_NO_DISK;
	if (table_is_whole_used(disk))
		return STORE_BUSY;
	return (t->info.features & BLK_IS_READ_ONLY) != 0 ? STORE_WRITE_PROTECTED : STORE_OK;
}

static bool is_guid_ok(const u8 guid[STORE_GUID_BYTES])
{
	static const u8 none[STORE_GUID_BYTES];

	return memcmp(guid, none, sizeof(none)) != 0;
}

static bool is_kind_ok(const struct store_order *order)
{
	bool is_member;

	if ((order->flags & STORE_IS_POOL) == 0)
		return (order->flags & ~(STORE_MARK | STORE_UNFINISHED)) == 0;
	is_member = (order->flags & STORE_IS_MEMBER) != 0;
	if (is_member && !volume_name_ok(order->disk))
		return false;
	return (order->flags & ~STORE_IS_MEMBER) == STORE_IS_POOL && order->bytes >= STORE_POOL_BYTES_MIN &&
	       strlen(order->volume) <= STORE_POOL_NAME_MAX &&
	       pool_arena_of(order->bytes / BLK_SECTOR_BYTES, is_member) != 0;
}

/* The one that is made of these bytes. */
static bool is_guid_there(const struct table *t, const u8 bytes[STORE_GUID_BYTES])
{
	u8 guid[STORE_GUID_BYTES];

	memcpy(guid, bytes, sizeof(guid));
	gpt_make_guid(guid);
	return gpt_find(&t->gpt, guid) >= 0;
}

enum store_error judge_create(u32 disk, const struct store_order *order)
{
	struct table *t = table_of(disk);
	enum store_error error = judge_disk(disk);
	u64 first;

	if (order->bytes == 0 || order->bytes > VOLUME_BYTES_MAX || !aligned_ok(order->bytes, VOLUME_UNIT) ||
	    !volume_name_ok(order->volume) || !is_guid_ok(order->guid) || !is_kind_ok(order))
		return STORE_BAD_ORDER;
	if (error != STORE_OK)
		return error;
	if (t->state == STORE_TABLE_UNREADABLE)
		return STORE_IO;
	if (t->state != STORE_TABLE_BLANK && !table_has_gpt(t))
		return STORE_NOT_EMPTY;
	if (volume_find(order->volume) != NULL || (table_has_gpt(t) && is_guid_there(t, order->guid)))
		return STORE_EXISTS;
	if (t->state == STORE_TABLE_BLANK && !new_table(t, order))
		return STORE_FULL;
	return gpt_find_room(&t->gpt, order->bytes / t->info.block_bytes, &first) ? STORE_OK : STORE_FULL;
}

static bool is_pool_size(u64 sectors)
{
	return sectors >= STORE_POOL_BYTES_MIN / BLK_SECTOR_BYTES && pool_arena_of(sectors, false) != 0;
}

enum store_error judge_convert(u32 disk, const struct store_order *order, u32 *number)
{
	const struct table *t = table_of(disk);
	enum store_error error = judge_disk(disk);
	s32 at = table_has_gpt(t) ? gpt_find(&t->gpt, order->new_guid) : -1;
	const struct volume *v = at >= 0 ? volume_of_part(disk, (u32)at + 1) : NULL;
	struct gpt_part part;

	if (order->bytes != 0 || !volume_name_ok(order->volume) || !is_guid_ok(order->guid) ||
	    order->flags != (STORE_IS_POOL | STORE_ON_PARTITION) || strlen(order->volume) > STORE_POOL_NAME_MAX)
		return STORE_BAD_ORDER;
	if (error != STORE_OK)
		return error;
	if (v == NULL || !gpt_part(&t->gpt, (u32)at, &part) || memcmp(v->guid, part.guid, sizeof(v->guid)) != 0)
		return STORE_NO_VOLUME;
	if (table_kind_of(&part) != STORE_EXTENT_OTHER || !is_pool_size(v->sectors))
		return STORE_BAD_ORDER;
	if (volume_find(order->volume) != NULL || is_guid_there(t, order->guid))
		return STORE_EXISTS;
	*number = (u32)at + 1;
	return v->links != 0 || v->is_going ? STORE_BUSY : STORE_OK;
}

/* Both partitions of a mirror have its name. */
static bool are_members(const struct volume *a, const struct volume *b)
{
	return a->is_member && b->is_member && memcmp(a->guid, b->guid, STORE_GUID_BYTES - 1) == 0;
}

enum store_error judge_mark(u32 disk, const struct store_order *order, u32 *number)
{
	const struct volume *v = volume_meant(order), *other = volume_find(order->volume);
	enum store_error error = judge_disk(disk);

	if ((order->flags & ~(STORE_IS_IMPORTED | STORE_IS_EXPORTED)) != 0 || !volume_name_ok(order->volume) ||
	    volume_name_of_vos(order->volume) || strlen(order->volume) > STORE_POOL_NAME_MAX)
		return STORE_BAD_ORDER;
	if (error != STORE_OK)
		return error;
	if (v == NULL || v->kind != VOLUME_ON_DISK || v->disk != disk || !v->is_pool)
		return STORE_NO_VOLUME;
	if (!table_has_gpt(table_of(disk)))
		return STORE_IO;
	if (v->links != 0)
		return STORE_BUSY;
	*number = v->part;
	return other != NULL && other != v && !are_members(other, v) ? STORE_EXISTS : STORE_OK;
}

enum store_error judge_grow(u32 disk, const struct store_order *order, u32 *number)
{
	const struct table *t = table_of(disk);
	const struct volume *v = volume_meant(order);
	enum store_error error = judge_disk(disk);
	u64 more;

	if (error != STORE_OK)
		return error;
	if (v == NULL || v->kind != VOLUME_ON_DISK || v->disk != disk || !v->is_pool)
		return STORE_NO_VOLUME;
	if (!table_has_gpt(t))
		return STORE_IO;
	more = gpt_room_behind(&t->gpt, v->part - 1);
	if (more == 0 || pool_arena_of(v->sectors + table_sectors(t, more), false) == 0)
		return STORE_FULL;
	*number = v->part;
	return STORE_OK;
}

enum store_error judge_change(u32 disk, const struct store_order *order, u32 *number)
{
	const struct table *t = table_of(disk);
	const struct volume *v = volume_meant(order);
	enum store_error error = judge_disk(disk);
	struct gpt_part part;

	if (error != STORE_OK)
		return error;
	if (v == NULL || v->kind != VOLUME_ON_DISK || v->disk != disk || v->part == 0)
		return STORE_NO_VOLUME;
	if (t->state == STORE_TABLE_UNREADABLE)
		return STORE_IO;
	if (!table_has_gpt(t) || !gpt_part(&t->gpt, v->part - 1, &part))
		return STORE_NOT_EMPTY;
	if (memcmp(part.type, gpt_type_volume, sizeof(part.type)) != 0 && (!v->is_pool || order->op != STORE_DELETE))
		return STORE_NOT_VOS;
	*number = v->part;
	return v->links != 0 && order->op == STORE_DELETE ? STORE_BUSY : STORE_OK;
}
