/* SPDX-License-Identifier: MIT */
/*
 * table_write.c - see table_write.h.
 */
#include "table_write.h"

#include <string.h>

#include "disk.h"
#include "disk_io.h"
#include "pool_size.h"
#include "table.h"

#define STEPS 8u

static u32 steps[DISKS];		/* the next one */
static struct gpt_part pools[DISKS];	/* that are to be made; without blocks: none */

void table_write_new(u32 disk, const struct gpt_part *part)
{
	if (memcmp(part->type, gpt_type_pool, sizeof(part->type)) == 0)
		pools[disk] = *part;
}

void table_write_begin(u32 disk)
{
	table_of(disk)->is_settled = false;
	steps[disk] = 0;
}

/* The table names it only when it is there (judge_create has seen that it can be). */
static bool write_pool(u32 disk)
{
	const struct table *t = table_of(disk);
	const struct gpt_part part = pools[disk];

	pools[disk].blocks = 0;
	if (part.blocks == 0 ||
	    !pool_new(&part, table_sectors(t, part.blocks), disk_window(disk)))
		return false;
	disk_io_start(disk, BLK_WRITE, table_sectors(t, part.first), POOL_NEW_BYTES / BLK_SECTOR_BYTES, &t->info);
	return true;
}

static bool flush(u32 disk)
{
	const struct table *t = table_of(disk);

	if ((t->info.features & BLK_CAN_FLUSH) == 0)
		return false;
	disk_io_start(disk, BLK_FLUSH, 0, 0, &t->info);
	return true;
}

static bool write_blocks(u32 disk, u64 block, u32 blocks)
{
	const struct table *t = table_of(disk);

	disk_io_start(disk, BLK_WRITE, table_sectors(t, block), table_sectors(t, blocks), &t->info);
	return true;
}

static bool write_second(u32 disk)
{
	const struct gpt *gpt = &table_of(disk)->gpt;
	u8 *window = disk_window(disk);
	u32 array = gpt_array_blocks(gpt);

	gpt_build_array(gpt, window);
	gpt_build_header(gpt, true, window + array * gpt->block_bytes);
	return write_blocks(disk, gpt_array_block(gpt, true), array + 1);
}

static bool write_entries(u32 disk)
{
	const struct gpt *gpt = &table_of(disk)->gpt;

	gpt_build_array(gpt, disk_window(disk));
	return write_blocks(disk, gpt->array, gpt_array_blocks(gpt));
}

static bool write_header(u32 disk)
{
	const struct gpt *gpt = &table_of(disk)->gpt;

	gpt_build_header(gpt, false, disk_window(disk));
	return write_blocks(disk, gpt_header_block(gpt, false), 1);
}

/* One that is there stays as it is. */
static bool write_mbr(u32 disk)
{
	const struct table *t = table_of(disk);

	if (!t->is_mbr_zero)
		return false;
	gpt_build_mbr(&t->gpt, disk_window(disk));
	return write_blocks(disk, 0, 1);
}

/* Of each step: false if there is nothing to do. */
static bool (*const orders[2][STEPS])(u32 disk) = {
	{ write_pool, flush, write_second, flush, write_entries, write_header, write_mbr, flush },
	/* the first copy is bad */
	{ write_pool, flush, write_entries, write_header, write_mbr, flush, write_second, flush },
};

bool table_write_next(u32 disk)
{
	struct table *t = table_of(disk);

	while (steps[disk] < STEPS)
		if (orders[t->is_first_bad][steps[disk]++](disk))
			return true;
	t->state = STORE_TABLE_GPT;
	t->fault = STORE_FAULT_NONE;
	t->is_mbr_zero = t->is_first_bad = false;
	t->is_settled = true;
	return false;
}
