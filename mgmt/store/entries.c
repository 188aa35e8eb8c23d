/* SPDX-License-Identifier: MIT */
/*
 * entries.c - see entries.h.
 */
#include "entries.h"

#include <string.h>

#include "judge.h"
#include "table.h"
#include "table_write.h"
#include "volume.h"

/* Its blocks stay as they are: a pool shows nothing that was not written to it. */
static void make_pool(u32 disk, u32 number, const struct store_order *order)
{
	struct gpt *gpt = &table_of(disk)->gpt;
	struct gpt_part old, part;

	(void)gpt_part(gpt, number - 1, &old);	/* judge_convert has seen it */
	part = (struct gpt_part){ .first = old.first, .blocks = old.blocks };
	memcpy(part.type, gpt_type_pool, sizeof(part.type));
	memcpy(part.guid, order->guid, sizeof(part.guid));
	gpt_make_guid(part.guid);
	strcpy(part.label, order->volume);
	gpt_replace(gpt, number - 1, &part);
	table_write_new(disk, &part);
}

static enum store_error convert(u32 disk, const struct store_order *order)
{
	u32 number = 0;
	enum store_error error = judge_convert(disk, order, &number);

	if (error != STORE_OK)
		return error;
	if (volume_add(order->volume, VOLUME_TO_BE) == NULL)
		return STORE_FULL;
	volume_of_part(disk, number)->is_going = true;
	make_pool(disk, number, order);
	return STORE_OK;
}

static enum store_error mark_pool(u32 disk, const struct store_order *order)
{
	struct gpt *gpt = &table_of(disk)->gpt;
	u32 number = 0;
	enum store_error error = judge_mark(disk, order, &number);
	struct gpt_part part;

	if (error != STORE_OK || !gpt_part(gpt, number - 1, &part))
		return error != STORE_OK ? error : STORE_NO_VOLUME;
	strcpy(part.label, order->volume);
	part.is_imported = (order->flags & STORE_IS_IMPORTED) != 0;
	part.is_exported = (order->flags & STORE_IS_EXPORTED) != 0;
	gpt_replace(gpt, number - 1, &part);
	return STORE_OK;
}

/* The volume stays what it is, whatever has it: a pool that is open uses no more than it had. */
static enum store_error grow_pool(u32 disk, const struct store_order *order)
{
	struct table *t = table_of(disk);
	u32 number = 0;
	enum store_error error = judge_grow(disk, order, &number);
	struct gpt_part part;

	if (error != STORE_OK || !gpt_part(&t->gpt, number - 1, &part))
		return error != STORE_OK ? error : STORE_NO_VOLUME;
	part.blocks += gpt_room_behind(&t->gpt, number - 1);
	gpt_replace(&t->gpt, number - 1, &part);
	volume_of_part(disk, number)->sectors = table_sectors(t, part.blocks);
	return STORE_OK;
}

enum store_error entry_change(u32 disk, const struct store_order *order)
{
	struct gpt *gpt = &table_of(disk)->gpt;
	u32 number = 0;
	enum store_error error;

	if (order->op == STORE_CREATE)
		return convert(disk, order);
	if (order->op == STORE_MARK_POOL)
		return mark_pool(disk, order);
	if (order->op == STORE_GROW_POOL)
		return grow_pool(disk, order);
	error = judge_change(disk, order, &number);
	if (error != STORE_OK)
		return error;
	if (order->op != STORE_DELETE) {
		gpt_unmark(gpt, number - 1, order->op == STORE_FINISH ? STORE_UNFINISHED : STORE_MARK);
		return STORE_OK;
	}
	volume_meant(order)->is_going = true;
	gpt_retype(gpt, number - 1, gpt_type_zeroing);
	return STORE_OK;
}
