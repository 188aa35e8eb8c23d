/* SPDX-License-Identifier: MIT */
/*
 * table.c - see table.h.
 */
#include "table.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "pool_size.h"
#include "range.h"
#include "volume.h"

static struct table tables[DISKS];

void tables_init(void)
{
	for (u32 i = 0; i < DISKS; i++)
		memset(&tables[i], 0, offsetof(struct table, gpt));
}

struct table *table_of(u32 disk)
{
	return &tables[disk];
}

enum store_error table_add(u32 disk, const char *name)
{
	if (tables[disk].name[0] != '\0')
		return STORE_EXISTS;
	strcpy(tables[disk].name, name);
	return STORE_OK;
}

bool table_is_zero(const void *at, u64 bytes)
{
	const volatile u64 *words = at;
	const u64 count = bytes / sizeof(*words);

	for (u64 i = 0; i < count;) {
		u64 sum = 0, end = min_u64(i + 64, count);

		for (; i < end; i++)
			sum |= words[i];
		if (sum != 0)
			return false;
	}
	return true;
}

/* ---- looking at a disk ---- */

static void set_state(struct table *t, enum store_table state, enum store_fault fault)
{
	t->state = state;
	t->fault = fault;
	if (!table_has_gpt(t))
		t->gpt.entry_count = 0;
}

static void set_size(struct gpt *gpt, const struct blk_info *info)
{
	gpt->block_bytes = info->block_bytes;
	gpt->blocks = info->sectors / (info->block_bytes / BLK_SECTOR_BYTES);
}

/* Until the end has been read, state is what would be without a second copy. */
void table_read_first(struct table *t, const u8 *at, u32 bytes)
{
	const struct gpt_region region = { .at = at, .bytes = bytes };
	enum gpt_mbr mbr = gpt_judge_mbr(at, t->info.block_bytes);
	enum store_fault fault;

	set_size(&t->gpt, &t->info);
	fault = gpt_read(&t->gpt, &region, false);
	t->is_first_zero = table_is_zero(at, bytes);
	t->is_first_bad = false;
	t->is_mbr_zero = mbr == GPT_MBR_ZERO;
	if (mbr == GPT_MBR_PARTITIONS)
		set_state(t, STORE_TABLE_MBR, STORE_FAULT_NONE);
	else if (mbr == GPT_MBR_OTHER)
		set_state(t, STORE_TABLE_OTHER, STORE_FAULT_NONE);
	else
		set_state(t, fault == STORE_FAULT_NONE ? STORE_TABLE_RECOVERED : STORE_TABLE_DAMAGED, fault);
}

/* The first copy is right. A second one that is not at the end: the disk has grown, perhaps. */
static void judge_second(struct table *t, const struct gpt *second, enum store_fault fault)
{
	if (fault == STORE_FAULT_MISSING)
		gpt_grow(&t->gpt);
	else if (fault == STORE_FAULT_NONE && !gpt_is_same(&t->gpt, second))
		fault = STORE_FAULT_DIFFERS;
	else if (fault == STORE_FAULT_NONE && t->is_mbr_zero)
		fault = STORE_FAULT_MISSING;
	set_state(t, fault == STORE_FAULT_NONE ? STORE_TABLE_GPT : STORE_TABLE_RECOVERED, fault);
}

void table_read_last(struct table *t, const u8 *at, u32 bytes)
{
	static struct gpt second;
	struct gpt_region region = { .at = at, .bytes = bytes };
	enum store_fault fault;

	if (t->state != STORE_TABLE_RECOVERED && t->state != STORE_TABLE_DAMAGED)
		return;
	set_size(&second, &t->info);
	region.first = second.blocks - bytes / second.block_bytes;
	fault = gpt_read(&second, &region, true);
	if (t->state == STORE_TABLE_RECOVERED) {
		judge_second(t, &second, fault);
	} else if (fault == STORE_FAULT_NONE) {
		fault = t->fault;
		t->gpt = second;
		t->is_first_bad = true;
		set_state(t, STORE_TABLE_RECOVERED, fault);
	} else if (t->is_first_zero && table_is_zero(at, bytes)) {
		set_state(t, STORE_TABLE_BLANK, STORE_FAULT_NONE);
	} else if (t->is_mbr_zero && t->fault == STORE_FAULT_MISSING && fault == STORE_FAULT_MISSING) {
		set_state(t, STORE_TABLE_OTHER, STORE_FAULT_NONE);
	} else {
		set_state(t, STORE_TABLE_DAMAGED, t->fault != STORE_FAULT_MISSING ? t->fault : fault);
	}
}

void table_unreadable(struct table *t)
{
	set_size(&t->gpt, &t->info);
	set_state(t, STORE_TABLE_UNREADABLE, STORE_FAULT_NONE);
	memset(t->due, 0, sizeof(t->due));
	t->is_due = true;
}

/* ---- volumes ---- */

enum store_extent table_kind_of(const struct gpt_part *part)
{
	if (memcmp(part->type, gpt_type_volume, sizeof(part->type)) == 0)
		return STORE_EXTENT_VOLUME;
	if (memcmp(part->type, gpt_type_zeroing, sizeof(part->type)) == 0)
		return STORE_EXTENT_ZEROING;
	if (memcmp(part->type, gpt_type_pool, sizeof(part->type)) == 0)
		return STORE_EXTENT_POOL;
	return STORE_EXTENT_OTHER;
}

u32 table_find_zeroing(const struct table *t)
{
	struct gpt_part part;

	for (u32 i = 0; i < t->gpt.entry_count; i++)
		if (gpt_part(&t->gpt, i, &part) && table_kind_of(&part) == STORE_EXTENT_ZEROING)
			return i + 1;
	return 0;
}

/* The partition of a pool that is open may become larger. */
static bool is_size_of(const struct volume *v, u64 sectors)
{
	return v->sectors == sectors || (v->is_pool && v->links != 0 && sectors >= v->least);
}

static bool is_part_of(const struct volume *v, const struct table *t, const struct gpt_part *part)
{
	enum store_extent kind = table_kind_of(part);

	return kind != STORE_EXTENT_ZEROING && v->is_pool == (kind == STORE_EXTENT_POOL) &&
	       v->is_imported == (v->is_pool && part->is_imported) &&
	       memcmp(v->guid, part->guid, sizeof(v->guid)) == 0 &&
	       v->first == table_sectors(t, part->first) && is_size_of(v, table_sectors(t, part->blocks));
}

static void name_by_place(const struct table *t, u32 number, char name[VOLUME_NAME_BYTES])
{
	snprintf(name, VOLUME_NAME_BYTES, "%sp%u", t->name, (unsigned)number);
}

static bool is_vos(const struct gpt_part *part)
{
	return table_kind_of(part) == STORE_EXTENT_VOLUME || table_kind_of(part) == STORE_EXTENT_POOL;
}

static bool is_label_ok(const struct gpt_part *part)
{
	return volume_name_ok(part->label) && !volume_name_of_vos(part->label) &&
	       (table_kind_of(part) != STORE_EXTENT_POOL || strlen(part->label) <= STORE_POOL_NAME_MAX);
}

/* The name that its partition has in the table, if it can have that. */
static bool has_own_name(const struct gpt_part *part)
{
	return is_vos(part) && is_label_ok(part) && volume_find(part->label) == NULL;
}

static bool is_named_as(const struct volume *v, const struct table *t, const struct gpt_part *part)
{
	char name[VOLUME_NAME_BYTES];

	name_by_place(t, v->part, name);
	return strcmp(v->name, is_vos(part) && is_label_ok(part) ? part->label : name) == 0;
}

/* A volume that nothing has is made anew if its name is another one, or may be its own now. */
static void drop_old(u32 disk, u32 number)
{
	struct table *t = &tables[disk];
	struct volume *v = volume_of_part(disk, number);
	struct gpt_part part;
	bool is_there = gpt_part(&t->gpt, number - 1, &part);

	if (v == NULL)
		return;
	v->is_going = false;
	if (is_there && is_part_of(v, t, &part))
		v->sectors = table_sectors(t, part.blocks);
	if (v->links != 0 && (!is_there || !is_part_of(v, t, &part))) {
		t->state = STORE_TABLE_DAMAGED;		/* its entries stay: they are reported */
		t->fault = STORE_FAULT_CHANGED;
	} else if (v->links == 0 && (!is_there || !is_part_of(v, t, &part) || !is_named_as(v, t, &part))) {
		volume_drop(v);
	}
}

static void add_new(u32 disk, u32 number)
{
	struct table *t = &tables[disk];
	struct gpt_part part;
	struct volume *v;
	char name[VOLUME_NAME_BYTES];

	if (!gpt_part(&t->gpt, number - 1, &part) || table_kind_of(&part) == STORE_EXTENT_ZEROING ||
	    volume_of_part(disk, number) != NULL)
		return;
	name_by_place(t, number, name);
	if (!has_own_name(&part) && volume_find(name) != NULL)
		return;
	v = volume_add(has_own_name(&part) ? part.label : name, VOLUME_ON_DISK);
	if (v == NULL)
		return;
	volume_place(v, disk, number);
	v->first = table_sectors(t, part.first);
	v->sectors = table_sectors(t, part.blocks);
	v->info = t->info;
	v->is_pool = table_kind_of(&part) == STORE_EXTENT_POOL;
	v->is_member = v->is_pool && part.is_member;
	v->is_imported = v->is_pool && part.is_imported;
	memcpy(v->guid, part.guid, sizeof(v->guid));
}

void table_sync(u32 disk)
{
	struct table *t = &tables[disk];
	struct gpt_part part;

	for (u32 number = 1; number <= STORE_PARTITIONS; number++)
		drop_old(disk, number);
	for (u32 number = 1; number <= STORE_PARTITIONS; number++) {
		u64 bit = BIT64((number - 1) % 64), *due = &t->due[(number - 1) / 64];

		add_new(disk, number);
		*due &= ~bit;
		if ((t->told[(number - 1) / 64] & bit) != 0 || gpt_part(&t->gpt, number - 1, &part))
			*due |= bit;
	}
	t->is_due = true;
}

/* A partition that nothing has makes way for a disk of that name: any system, or a VM with a disk of its own, may have
 * called it so. */
void table_set_whole(u32 disk)
{
	const struct table *t = &tables[disk];
	struct volume *v = volume_of_part(disk, 0), *other = volume_find(t->name);
	u32 from = DISKS;

	if (v == NULL && other != NULL && other->kind == VOLUME_ON_DISK && other->part != 0 && other->links == 0) {
		from = other->disk;
		volume_drop(other);
		other = NULL;
	}
	if (v == NULL && other == NULL)
		v = volume_add(t->name, VOLUME_ON_DISK);
	if (v != NULL) {
		volume_place(v, disk, 0);
		v->sectors = t->info.sectors;
	}
	if (from != DISKS && tables[from].is_settled)
		table_sync(from);
}

bool table_is_whole_used(u32 disk)
{
	const struct volume *v = volume_of_part(disk, 0);

	return v != NULL && v->links != 0;
}

/* ---- reports ---- */

/* FNV-1a: a disk is told from another by it, not protected. */
static u64 hash(u64 sum, const char *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++)
		sum = (sum ^ (u8)bytes[i]) * 0x100000001b3ull;
	return sum;
}

static u32 next_due(const struct table *t)
{
	for (u32 word = 0; word < TABLE_WORDS; word++)
		if (t->due[word] != 0)
			return word * 64 + (u32)__builtin_ctzll(t->due[word]);
	return STORE_PARTITIONS;
}

bool table_has_report(u32 disk)
{
	const struct table *t = &tables[disk];

	return (t->is_due && (t->is_settled || !t->is_up)) || (t->is_settled && next_due(t) != STORE_PARTITIONS);
}

/* Of a blank disk: the table that it will have. */
static void find_room(const struct table *t, struct store_report *out)
{
	static struct gpt blank;
	const struct gpt *gpt = &t->gpt;
	const u8 guid[STORE_GUID_BYTES] = { 0 };
	u64 largest = 0, sum = 0;

	if ((t->info.features & BLK_IS_READ_ONLY) != 0)
		return;
	if (t->state == STORE_TABLE_BLANK) {
		set_size(&blank, &t->info);
		gpt = &blank;
	}
	if (table_has_gpt(t) || (t->state == STORE_TABLE_BLANK && gpt_new(&blank, guid)))
		gpt_free(gpt, &largest, &sum);
	out->largest_bytes = min_u64(largest * t->info.block_bytes, VOLUME_BYTES_MAX);
	out->free_bytes = sum * t->info.block_bytes;
}

static void report_disk(const struct table *t, struct store_report *out)
{
	out->kind = STORE_DISK;
	if (!t->is_up)
		return;
	out->sectors = t->info.sectors;
	out->block_bytes = t->info.block_bytes;
	out->features = t->info.features;
	out->identity = hash(hash(0xcbf29ce484222325ull, t->info.model, sizeof(t->info.model)), t->info.serial,
			     sizeof(t->info.serial));
	out->table = t->state;
	out->fault = t->fault;
	find_room(t, out);
	if (table_has_gpt(t))
		memcpy(out->guid, t->gpt.guid, sizeof(out->guid));
}

static void report_volume(u32 disk, const struct gpt_part *part, struct store_report *out)
{
	const struct volume *v = volume_of_part(disk, out->number);

	if (v == NULL || !is_part_of(v, &tables[disk], part)) {
		out->flags = STORE_NO_PLACE;
		return;
	}
	strcpy(out->volume, v->name);
	if (out->extent == STORE_EXTENT_VOLUME && part->is_marked)
		out->flags = STORE_IS_MARKED;
	if (out->extent == STORE_EXTENT_VOLUME && part->is_unfinished)
		out->flags |= STORE_IS_UNFINISHED;
	if (v->is_pool)
		out->largest_bytes = pool_arena_of(v->sectors, v->is_member);
	if (v->is_pool)
		out->flags = (part->is_imported ? STORE_IS_IMPORTED : 0) |
			     (part->is_exported ? STORE_IS_EXPORTED : 0) | (v->is_member ? STORE_IS_MEMBER : 0);
	if (!is_vos(part) || strcmp(v->name, part->label) == 0)
		return;
	out->flags |= is_label_ok(part) ? STORE_NAME_TAKEN : STORE_NAME_UNFIT;
}

static void report_part(u32 disk, u32 index, struct store_report *out)
{
	struct table *t = &tables[disk];
	struct gpt_part part;

	out->kind = STORE_EXTENT;
	out->number = index + 1;
	t->due[index / 64] &= ~BIT64(index % 64);
	t->told[index / 64] &= ~BIT64(index % 64);
	if (!gpt_part(&t->gpt, index, &part))
		return;
	t->told[index / 64] |= BIT64(index % 64);
	out->extent = table_kind_of(&part);
	out->first = table_sectors(t, part.first);
	out->sectors = table_sectors(t, part.blocks);
	out->block_bytes = t->info.block_bytes;
	out->features = t->info.features;
	memcpy(out->guid, part.guid, sizeof(out->guid));
	memcpy(out->type, part.type, sizeof(out->type));
	strcpy(out->label, part.label);
	if (out->extent == STORE_EXTENT_ZEROING)
		out->percent = out->number == t->zeroing ? t->zeroed : 0;
	else
		report_volume(disk, &part, out);
}

void table_report(u32 disk, struct store_report *out)
{
	struct table *t = &tables[disk];

	*out = (struct store_report){ .slot = disk };
	if (t->is_due)
		report_disk(t, out);
	else
		report_part(disk, next_due(t), out);
	t->is_due = false;
	out->flags |= table_has_report(disk) ? STORE_IS_MORE : 0;
}
