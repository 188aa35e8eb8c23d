/* SPDX-License-Identifier: MIT */
/*
 * jobs.c - see jobs.h.
 *
 * A blank disk gets an empty table first, whose second copy is one block that differs from zero: so it is blank or has
 * a table. After a failure the disk is looked at, and what it has is what counts.
 *
 * No volume has another one's data: the space of a deleted one stays a partition, of another type, until it is zero on
 * stable storage.
 */
#include "jobs.h"

#include <string.h>

#include "disk.h"
#include "disk_io.h"
#include "entries.h"
#include "judge.h"
#include "range.h"
#include "table.h"
#include "table_write.h"
#include "vm_link.h"
#include "volume.h"

#define QUEUE 16u

enum step {
	STEP_NONE,
	STEP_READ_FIRST, STEP_READ_LAST,	/* looking at the disk */
	STEP_ZERO,				/* of a new volume's space */
	STEP_WRITE,				/* a table (table_write.h) */
	/* of a deleted volume's space */
	STEP_CLEAN_DISCARD, STEP_CLEAN, STEP_CLEAN_ZEROED, STEP_CLEAN_READ, STEP_CLEAN_WRITE,
	STEP_COUNT
};

static struct job {
	enum step step;
	void (*written)(u32 disk);	/* what comes after the table */
	bool is_scan_due;
	bool was_whole_used;
	bool cannot_zero;		/* a write of zeros failed: do without */
	bool cannot_clean;		/* nor zero a partition, or remove it: not before the disk is there anew */
	u64 at, end;			/* sectors of a new volume: to be zeroed from `at` on */
	u64 clean_begin, clean_at, clean_end, clean_count;	/* of a deleted one; count: on the way */
	u32 count;			/* orders in the queue; the first one is being carried out, or is answered: */
	bool is_begun, is_answered;
	enum store_error error;
	struct store_order queue[QUEUE];
} jobs[DISKS];

static u32 news;			/* bit: disk */
_Static_assert(DISKS <= 32, "a bit each");

static void go_on(u32 disk);

void jobs_init(void)
{
	memset(jobs, 0, sizeof(jobs));
	news = 0;
	tables_init();
}

/* ---- orders ---- */

static void answer(u32 disk, enum store_error error)
{
	jobs[disk].is_answered = true;
	jobs[disk].error = error;
}

bool jobs_queue(u32 disk, const struct store_order *order)
{
	struct job *j = &jobs[disk];

	if (j->count == QUEUE)
		return false;
	j->queue[j->count++] = *order;
	go_on(disk);
	return true;
}

static void take_out(struct job *j, u32 at)
{
	j->count--;
	memmove(&j->queue[at], &j->queue[at + 1], (j->count - at) * sizeof(j->queue[0]));
}

bool jobs_take_attach(u32 link, u32 *id)
{
	for (u32 disk = 0; disk < DISKS; disk++) {
		struct job *j = &jobs[disk];

		for (u32 i = j->is_begun ? 1 : 0; i < j->count; i++) {
			if (j->queue[i].op != STORE_ATTACH || j->queue[i].link != link)
				continue;
			*id = j->queue[i].id;
			take_out(j, i);
			return true;
		}
	}
	return false;
}

/* What an order changed has been reported; or will not be, as the disk is gone. */
static bool is_reported(u32 disk)
{
	const struct table *t = table_of(disk);

	if (table_has_report(disk))
		return false;
	return !t->is_up || (t->is_settled && (!jobs[disk].is_scan_due || table_is_whole_used(disk)));
}

bool jobs_take_answer(u32 disk, u32 *id, enum store_error *error)
{
	struct job *j = &jobs[disk];

	if (!j->is_answered || (j->queue[0].op != STORE_ATTACH && !is_reported(disk)))
		return false;
	*id = j->queue[0].id;
	*error = j->error;
	take_out(j, 0);
	j->is_begun = j->is_answered = false;
	go_on(disk);
	return true;
}

u32 jobs_news(void)
{
	return news;
}

void jobs_told(u32 disk)
{
	if (!table_has_report(disk) && !jobs[disk].is_answered)
		news &= ~BIT32(disk);
}

/* ---- transfers ---- */

static void start(u32 disk, enum step step, enum blk_op op, u64 sector, u64 sectors)
{
	jobs[disk].step = step;
	disk_io_start(disk, op, sector, sectors, &table_of(disk)->info);
}

/* Zeros fast, and without filling a sparse image: a write of zeros alone may allocate what was never written. */
#define UNMAPS (BLK_CAN_WRITE_ZEROES | BLK_CAN_UNMAP)
/* The same in two requests, of a piece at a time. */
#define ZEROES_AND_DISCARDS (BLK_CAN_WRITE_ZEROES | BLK_CAN_DISCARD | BLK_DISCARD_KEEPS_ZEROES)

static bool can(u32 disk, u32 all)
{
	return (table_of(disk)->info.features & all) == all && !jobs[disk].cannot_zero;
}

static enum store_error error_of(enum blk_status status)
{
	return status == BLK_GONE ? STORE_NO_DISK : status == BLK_READONLY ? STORE_WRITE_PROTECTED : STORE_IO;
}

/* The disk is looked at again: it may have the old table or the new one. */
static void fail(u32 disk, enum blk_status status)
{
	struct job *j = &jobs[disk];
	struct volume *v = j->count != 0 ? volume_find(j->queue[0].volume) : NULL;

	if (j->is_begun && !j->is_answered) {
		if (v != NULL && v->kind == VOLUME_TO_BE)
			volume_drop(v);
		answer(disk, error_of(status));
	} else {
		j->cannot_clean = true;
	}
	j->step = STEP_NONE;
	j->is_scan_due = true;
}

/* ---- looking at a disk ---- */

static u64 edge_sectors(u32 disk)
{
	return min_u64(DISK_IO_BYTES / BLK_SECTOR_BYTES, table_of(disk)->info.sectors);
}

static void begin_scan(u32 disk)
{
	jobs[disk].is_scan_due = false;
	table_of(disk)->is_settled = false;
	start(disk, STEP_READ_FIRST, BLK_READ, 0, edge_sectors(disk));
}

static void end_scan(u32 disk)
{
	struct table *t = table_of(disk);

	jobs[disk].step = STEP_NONE;
	t->is_settled = true;
	t->zeroing = t->zeroed = 0;
	if (t->state != STORE_TABLE_UNREADABLE)
		table_sync(disk);
}

static void first_read(u32 disk)
{
	struct table *t = table_of(disk);

	table_read_first(t, disk_window(disk), (u32)edge_sectors(disk) * BLK_SECTOR_BYTES);
	start(disk, STEP_READ_LAST, BLK_READ, t->info.sectors - edge_sectors(disk), edge_sectors(disk));
}

static void last_read(u32 disk)
{
	table_read_last(table_of(disk), disk_window(disk), (u32)edge_sectors(disk) * BLK_SECTOR_BYTES);
	end_scan(disk);
}

/* A disk that is gone is looked at when it is there again. */
static void scan_failed(u32 disk, enum blk_status status)
{
	if (status == BLK_GONE && !table_of(disk)->is_up) {
		jobs[disk].step = STEP_NONE;
		jobs[disk].is_scan_due = true;
		return;
	}
	table_unreadable(table_of(disk));
	end_scan(disk);
}

/* ---- writing a table ---- */

static void write_next(u32 disk)
{
	struct job *j = &jobs[disk];

	j->step = STEP_WRITE;
	if (table_write_next(disk))
		return;
	j->step = STEP_NONE;
	j->written(disk);
}

/* The table as it is in memory; `written` when it is on the disk. */
static void write_table(u32 disk, void (*written)(u32 disk))
{
	jobs[disk].written = written;
	table_write_begin(disk);
	write_next(disk);
}

/* The table is on the disk, so it can be written. A name that waited for its partition has that now. */
static void changed(u32 disk)
{
	struct volume *v = volume_find(jobs[disk].queue[0].volume);

	if (v != NULL && v->kind == VOLUME_TO_BE)
		volume_drop(v);
	jobs[disk].cannot_clean = false;
	table_sync(disk);
	answer(disk, STORE_OK);
}

/* ---- STORE_CREATE ---- */

/* Its space is zero, or can't be made so fast (decision 57). */
static void add_entry(u32 disk)
{
	struct job *j = &jobs[disk];
	struct table *t = table_of(disk);
	const struct store_order *order = &j->queue[0];
	struct gpt_part part = { .blocks = order->bytes / t->info.block_bytes };

	part.first = (j->end - table_sectors(t, part.blocks)) / table_sectors(t, 1);
	memcpy(part.type, (order->flags & STORE_IS_POOL) != 0 ? gpt_type_pool : gpt_type_volume, sizeof(part.type));
	memcpy(part.guid, order->guid, sizeof(part.guid));
	strcpy(part.label, (order->flags & STORE_IS_MEMBER) != 0 ? order->disk : order->volume);
	gpt_mark(&part, order->flags);
	gpt_make_guid(part.guid);
	(void)gpt_add(&t->gpt, &part);		/* gpt_find_room has seen that there is an entry */
	table_write_new(disk, &part);
	write_table(disk, changed);
}

static void zero_next(u32 disk)
{
	struct job *j = &jobs[disk];

	if (j->at == j->end || !can(disk, UNMAPS)) {
		add_entry(disk);
		return;
	}
	start(disk, STEP_ZERO, BLK_WRITE_ZEROES, j->at, j->end - j->at);
	j->at = j->end;
}

static void make_room(u32 disk)
{
	struct job *j = &jobs[disk];
	struct table *t = table_of(disk);
	u64 first, blocks = j->queue[0].bytes / t->info.block_bytes;

	(void)gpt_find_room(&t->gpt, blocks, &first);	/* as it was found before */
	j->at = table_sectors(t, first);
	j->end = j->at + table_sectors(t, blocks);
	zero_next(disk);
}

static void create_volume(u32 disk, const struct store_order *order)
{
	enum store_error error = judge_create(disk, order);
	struct table *t = table_of(disk);

	/* A place for it, and one for its name until it has the former. */
	if (error == STORE_OK && volume_add(order->volume, VOLUME_TO_BE) == NULL)
		error = STORE_FULL;
	if (error != STORE_OK)
		answer(disk, error);
	else if (t->state == STORE_TABLE_BLANK)
		write_table(disk, make_room);
	else
		make_room(disk);
}

/* ---- what changes an entry of the table ---- */

static void change_entry(u32 disk, const struct store_order *order)
{
	enum store_error error = entry_change(disk, order);

	if (error != STORE_OK)
		answer(disk, error);
	else
		write_table(disk, changed);
}

/* ---- STORE_ATTACH of a whole disk ---- */

static void attach_whole(u32 disk, const struct store_order *order)
{
	const struct table *t = table_of(disk);
	struct volume *v = volume_of_part(disk, 0);
	enum store_error error = STORE_NO_VOLUME;

	if (!t->is_settled)	/* nobody would look at it while it is attached, nor tell of it */
		error = STORE_NO_DISK;
	else if (volume_is_part_used(disk))
		error = STORE_BUSY;
	else if (v != NULL)
		error = vm_link_attach(order->link, v, (order->flags & STORE_READ_ONLY) != 0, order->serial);
	jobs[disk].was_whole_used = table_is_whole_used(disk);
	answer(disk, error);
}

void jobs_detached(void)
{
	for (u32 disk = 0; disk < DISKS; disk++) {
		if (!jobs[disk].was_whole_used || table_is_whole_used(disk))
			continue;
		jobs[disk].was_whole_used = false;
		jobs[disk].is_scan_due = true;
		go_on(disk);
	}
}

/* ---- zeroing what was deleted ---- */

static void cleaned(u32 disk)
{
	table_of(disk)->zeroing = 0;
	table_sync(disk);
}

/* As much as one request does where the disk zeroes by itself, so that an order does not wait for long. */
static void clean_next(u32 disk)
{
	struct job *j = &jobs[disk];
	bool can_zero = can(disk, UNMAPS) || can(disk, ZEROES_AND_DISCARDS);
	u64 most = DISK_IO_BYTES / BLK_SECTOR_BYTES;

	if (can_zero)
		most = max_u64(most, table_of(disk)->info.max_zero_sectors);
	j->clean_count = min_u64(j->clean_end - j->clean_at, most);
	if (can_zero)
		start(disk, STEP_CLEAN, BLK_WRITE_ZEROES, j->clean_at, j->clean_count);
	else
		start(disk, STEP_CLEAN_READ, BLK_READ, j->clean_at, j->clean_count);
}

/* A hint, which gives back blocks where it is followed: whether they are zero is seen by reading. */
static void discard(u32 disk)
{
	const struct job *j = &jobs[disk];

	if (can(disk, UNMAPS) || can(disk, ZEROES_AND_DISCARDS) || !can(disk, BLK_CAN_DISCARD))
		clean_next(disk);
	else
		start(disk, STEP_CLEAN_DISCARD, BLK_DISCARD, j->clean_begin, j->clean_end - j->clean_begin);
}

static void begin_clean(u32 disk, u32 number)
{
	struct job *j = &jobs[disk];
	struct table *t = table_of(disk);
	struct gpt_part part;

	if (t->zeroing != number) {
		(void)gpt_part(&t->gpt, number - 1, &part);
		t->zeroing = number;
		t->zeroed = 0;
		j->clean_begin = j->clean_at = table_sectors(t, part.first);
		j->clean_end = j->clean_at + table_sectors(t, part.blocks);
		discard(disk);
		return;
	}
	if (j->clean_at != j->clean_end) {
		clean_next(disk);
		return;
	}
	gpt_remove(&t->gpt, number - 1);
	write_table(disk, cleaned);
}

/* That piece is zero. Orders come before the rest. */
static void zeroed_some(u32 disk)
{
	struct job *j = &jobs[disk];
	struct table *t = table_of(disk);
	u32 index = t->zeroing - 1, zeroed;

	j->clean_at += j->clean_count;
	j->step = STEP_NONE;
	zeroed = (u32)((j->clean_at - j->clean_begin) * 100 / (j->clean_end - j->clean_begin));
	if (zeroed != t->zeroed)
		t->due[index / 64] |= BIT64(index % 64);
	t->zeroed = zeroed;
}

static void write_zeroes(u32 disk)
{
	const struct job *j = &jobs[disk];

	memset(disk_window(disk), 0, j->clean_count * BLK_SECTOR_BYTES);
	start(disk, STEP_CLEAN_WRITE, BLK_WRITE, j->clean_at, j->clean_count);
}

static void zeroed(u32 disk)
{
	const struct job *j = &jobs[disk];

	if (can(disk, UNMAPS))
		zeroed_some(disk);
	else
		start(disk, STEP_CLEAN_ZEROED, BLK_DISCARD, j->clean_at, j->clean_count);
}

/* It is zero, whether it was discarded or not. */
static void not_discarded(u32 disk, enum blk_status status)
{
	if (status == BLK_GONE)
		fail(disk, status);
	else
		zeroed_some(disk);
}

static void clean_read(u32 disk)
{
	if (table_is_zero(disk_window(disk), jobs[disk].clean_count * BLK_SECTOR_BYTES))
		zeroed_some(disk);
	else
		write_zeroes(disk);
}

/* Writes of zeros that fail are done without, and blocks that can't be read are written. If that fails too, the
 * partition stays what it is. */
static void clean_failed(u32 disk, enum blk_status status)
{
	struct job *j = &jobs[disk];

	if (status == BLK_GONE) {
		fail(disk, status);
	} else if (j->step == STEP_CLEAN_DISCARD) {
		clean_next(disk);
	} else if (j->step == STEP_CLEAN_READ) {
		write_zeroes(disk);
	} else {
		j->cannot_clean = j->step == STEP_CLEAN_WRITE;
		j->cannot_zero = true;
		j->step = STEP_NONE;
	}
}

static void zero_failed(u32 disk, enum blk_status status)
{
	if (status == BLK_GONE) {
		fail(disk, status);
		return;
	}
	jobs[disk].cannot_zero = true;
	add_entry(disk);
}

/* ---- one after the other ---- */

static const struct {
	void (*done)(u32 disk);
	void (*failed)(u32 disk, enum blk_status status);
} steps[STEP_COUNT] = {
	[STEP_READ_FIRST] = { first_read, scan_failed },
	[STEP_READ_LAST] = { last_read, scan_failed },
	[STEP_ZERO] = { zero_next, zero_failed },
	[STEP_WRITE] = { write_next, fail },
	[STEP_CLEAN_DISCARD] = { clean_next, clean_failed },
	[STEP_CLEAN] = { zeroed, clean_failed },
	[STEP_CLEAN_ZEROED] = { zeroed_some, not_discarded },
	[STEP_CLEAN_READ] = { clean_read, clean_failed },
	[STEP_CLEAN_WRITE] = { zeroed_some, clean_failed },
};

void jobs_io_done(u32 disk, enum blk_status status)
{
	enum step step = jobs[disk].step;

	if (status == BLK_OK)
		steps[step].done(disk);
	else
		steps[step].failed(disk, status);
	go_on(disk);
}

static void begin_order(u32 disk)
{
	const struct store_order *order = &jobs[disk].queue[0];

	jobs[disk].is_begun = true;
	if (order->op == STORE_CREATE && (order->flags & STORE_ON_PARTITION) == 0)
		create_volume(disk, order);
	else if (order->op == STORE_ATTACH)
		attach_whole(disk, order);
	else
		change_entry(disk, order);
}

static bool may_clean(u32 disk)
{
	const struct table *t = table_of(disk);

	return t->is_up && t->is_settled && table_has_gpt(t) && !jobs[disk].cannot_clean &&
	       (t->info.features & BLK_IS_READ_ONLY) == 0 && !table_is_whole_used(disk);
}

static void go_on(u32 disk)
{
	struct job *j = &jobs[disk];
	u32 dirty;

	news |= BIT32(disk);
	if (j->step != STEP_NONE)
		return;
	if (j->is_scan_due && table_of(disk)->is_up && !table_is_whole_used(disk))
		begin_scan(disk);
	else if (j->count != 0 && !j->is_begun)
		begin_order(disk);
	else if (may_clean(disk) && (dirty = table_find_zeroing(table_of(disk))) != 0)
		begin_clean(disk, dirty);
}

/* ---- disks that come and go ---- */

void jobs_disk_changed(u32 disk, const struct blk_info *info)
{
	struct table *t = table_of(disk);

	t->is_due = t->is_due || t->is_up || info != NULL;
	t->is_up = info != NULL;
	news |= BIT32(disk);
	if (info == NULL)
		return;
	t->info = *info;
	table_set_whole(disk);
	news = ~0u;			/* a partition of any disk may have got another name */
	volume_set_disk_info(disk, info);
	jobs[disk].is_scan_due = true;
	jobs[disk].cannot_clean = false;
	go_on(disk);
}
