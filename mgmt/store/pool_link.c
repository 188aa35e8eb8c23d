/* SPDX-License-Identifier: MIT */
/*
 * pool_link.c - see pool_link.h. A request goes to the disk as it is, if the pool
 * has no part in it (pool_direct_begin); else it is one of the pool's for each segment of its data.
 */
#include "pool_link.h"

#include <string.h>

#include "blk_link.h"
#include "list.h"
#include "pool_io.h"
#include "range.h"
#include "root_limits.h"
#include "rt_log.h"
#include "store.h"

#define REQUESTS 256u			/* of a pool */
#define NOT_FULL (~0ull)

struct request {
	struct list link;		/* of those that are free */
	struct disk_tag tag;
	u32 p;
	u32 parts;			/* that have not ended */
	bool is_logged;			/* or need not be */
	enum pool_status status;
	u64 room;			/* the least that a part was refused with; NOT_FULL: none was */
	struct pool *pool;		/* of the short way, */
	struct pool_direct direct;
	struct pool_request part[BLK_SEGS];	/* or of the usual one */
};

static struct row {
	struct list free;
	u32 count;
	bool was_full, has_failed, is_stirred;
	u64 least_room;			/* of the pool, in blocks, since a request met a full one; NOT_FULL: none did */
	struct request requests[REQUESTS];
} rows[STORE_POOLS_MAX];

static void (*completed)(const struct disk_tag *tag, enum blk_status status);

void pool_link_init(void (*with)(const struct disk_tag *tag, enum blk_status status))
{
	completed = with;
	for (u32 p = 0; p < STORE_POOLS_MAX; p++) {
		rows[p].count = 0;	/* the rest when it is opened: what is not opened takes no memory */
		rows[p].was_full = rows[p].has_failed = rows[p].is_stirred = false;
		rows[p].least_room = NOT_FULL;
	}
}

void pool_link_forget(u32 p)
{
	struct row *row = &rows[p];

	list_init(&row->free);
	row->count = 0;
	row->was_full = row->has_failed = false;
	row->least_room = NOT_FULL;
	for (u32 i = 0; i < REQUESTS; i++)
		list_insert_before(&row->free, &row->requests[i].link);
}

void pool_link_gone(u32 p)
{
	rows[p].is_stirred = true;
}

bool pool_link_take_stirred(u32 p)
{
	bool is_stirred = rows[p].is_stirred;

	rows[p].is_stirred = false;
	return is_stirred;
}

u32 pool_link_count(u32 p)
{
	return rows[p].count;
}

bool pool_link_has_failed(u32 p)
{
	return rows[p].has_failed;
}

bool pool_link_take_room(u32 p)
{
	bool has_room = rows[p].was_full && !list_is_empty(&rows[p].free);

	rows[p].was_full = rows[p].was_full && !has_room;
	return has_room;
}

bool pool_link_was_full(u32 p)
{
	return rows[p].least_room != NOT_FULL;
}

bool pool_link_take_growth(u32 p, u64 room, u64 more)
{
	struct row *row = &rows[p];

	row->least_room = min_u64(row->least_room, room);
	if (room - row->least_room < more)
		return false;
	row->least_room = NOT_FULL;
	return true;
}

static enum blk_status status_of(u32 p, enum pool_status status)
{
	static const u8 as[POOL_STATUS_COUNT] = {
		[POOL_OK] = BLK_OK, [POOL_INVAL] = BLK_INVAL, [POOL_NO_SPACE] = BLK_NOSPACE,
		[POOL_READ_ONLY] = BLK_READONLY, [POOL_NO_VOLUME] = BLK_GONE,
	};

	if (status == POOL_OK || as[status] != BLK_OK)
		return (enum blk_status)as[status];
	return pool_io_is_gone(p) ? BLK_GONE : BLK_IOERR;
}

static void answer(struct request *r, enum blk_status status)
{
	const struct disk_tag tag = r->tag;

	rows[r->p].count--;
	list_insert_before(&rows[r->p].free, &r->link);
	completed(&tag, status);
}

static void end(struct request *r)
{
	struct row *row = &rows[r->p];

	row->has_failed = row->has_failed || r->status == POOL_FAILED;
	row->least_room = min_u64(row->least_room, r->room);
	answer(r, status_of(r->p, r->status));
}

static const char *name_of(const struct pool *pool, u32 id)
{
	for (u32 i = 0; i < STORE_POOL_VOLUMES; i++)
		if (pool_volume(pool, i) != NULL && pool_volume(pool, i)->id == id)
			return pool_volume(pool, i)->name;
	return "";
}

/* Who has to know where: the guest hears only that its disk failed. */
static void log_damage(const struct pool *pool, const struct pool_request *part)
{
	rt_log("store: pool %s, volume %s: the data at byte %lu was changed on the disk, or is lost",
	       pool_label_get(pool)->name, name_of(pool, part->volume),
	       (unsigned long)(part->bad_sector * POOL_SECTOR));
}

static void part_done(struct pool *pool, struct pool_request *part, enum pool_status status)
{
	struct request *r = part->context;

	if (status != POOL_OK)
		r->status = status;
	if (status == POOL_CORRUPT)
		log_damage(pool, part);
	if (status == POOL_NO_SPACE)
		r->room = min_u64(r->room, part->room);
	if (--r->parts != 0)
		return;
	if (r->is_logged || r->status != POOL_OK || pool_is_logged(pool, part)) {
		end(r);
		return;
	}
	r->is_logged = true;
	r->parts = 1;
	r->part[0] = (struct pool_request){ .op = POOL_FLUSH, .done = part_done, .context = r };
	r->status = pool_submit(pool, &r->part[0]);
	if (r->status != POOL_OK)
		end(r);
}

/* The data of a part, or all of a request without data. Returns the parts. */
static u32 split(struct request *r, void *link, const struct blk_sqe *sqe, u32 id)
{
	static const u8 ops[BLK_OP_COUNT] = {
		[BLK_READ] = POOL_READ, [BLK_WRITE] = POOL_WRITE, [BLK_FLUSH] = POOL_FLUSH,
		[BLK_DISCARD] = POOL_DISCARD, [BLK_WRITE_ZEROES] = POOL_WRITE_ZEROES, [BLK_SURVEY] = POOL_SURVEY,
	};
	u32 at = 0, parts = sqe->seg_count != 0 ? sqe->seg_count : 1;

	for (u32 i = 0; i < parts; i++) {
		struct pool_request *part = &r->part[i];

		part->op = (enum pool_op)ops[sqe->op];
		part->volume = id;
		part->sector = sqe->sector + at;
		part->sectors = sqe->sectors;
		part->data = NULL;
		part->since = (u32)sqe->since;
		part->done = part_done;
		part->context = r;
		if (sqe->seg_count == 0)
			break;
		if (sqe->op != BLK_SURVEY)
			part->sectors = (u32)min_u64(sqe->sectors - at, (u64)sqe->seg[i].count * BLK_SLOT_SECTORS);
		part->data = blk_slot(link, sqe->seg[i].slot);
		at += part->sectors;
	}
	return parts;
}

/* ---- the short way ---- */

static u64 cookie_of(const struct request *r)
{
	return r->p * REQUESTS + (u64)(r - rows[r->p].requests);
}

/* The data lies in the window of the VM's link, whose number the tag has. */
static bool submit_direct(struct request *r, struct pool *pool, u32 id, const struct blk_sqe *sqe)
{
	struct row *row = &rows[r->p];
	struct blk_sqe to = *sqe;
	const struct disk_tag tag = {
		.link = DISK_DIRECT, .party = (u16)(r->tag.link / VM_DEVICES), .cookie = cookie_of(r),
	};

	if ((sqe->op != BLK_READ && sqe->op != BLK_WRITE) || pool == NULL)
		return false;
	r->pool = pool;
	r->direct.volume = id;
	r->direct.is_write = sqe->op == BLK_WRITE;
	r->direct.sector = sqe->sector;
	r->direct.sectors = sqe->sectors;
	if (!pool_direct_begin(pool, &r->direct))
		return false;
	for (u32 i = 0; i < to.seg_count; i++)
		to.seg[i].window = r->tag.link;
	if (pool_io_direct(r->p, r->direct.place, &to, &tag))
		return true;
	row->is_stirred = pool_direct_end(pool, &r->direct) || row->is_stirred;
	return false;
}

void pool_link_direct_completed(const struct disk_tag *tag, enum blk_status status)
{
	struct row *row = &rows[tag->cookie / REQUESTS];
	struct request *r = &row->requests[tag->cookie % REQUESTS];

	row->is_stirred = pool_direct_end(r->pool, &r->direct) || row->was_full || row->is_stirred;
	answer(r, status);
}

bool pool_link_submit(u32 p, struct pool *pool, u32 id, void *link, const struct blk_sqe *sqe,
		      const struct disk_tag *tag)
{
	struct row *row = &rows[p];
	struct request *r;
	u32 parts;

	if (list_is_empty(&row->free)) {
		row->was_full = true;
		return false;
	}
	r = CONTAINER_OF(row->free.next, struct request, link);
	list_remove(&r->link);
	row->count++;
	r->tag = *tag;
	r->p = p;
	if (submit_direct(r, pool, id, sqe))
		return true;
	row->is_stirred = true;
	r->status = POOL_OK;
	r->room = NOT_FULL;
	r->is_logged = sqe->op != BLK_WRITE && sqe->op != BLK_WRITE_ZEROES;
	parts = split(r, link, sqe, id);
	r->parts = parts + 1;		/* this function's own: no part ends it meanwhile */
	for (u32 i = 0; i < parts; i++) {
		enum pool_status status = pool != NULL ? pool_submit(pool, &r->part[i]) : POOL_FAILED;

		if (status == POOL_OK)
			continue;
		r->status = status;
		r->parts--;
	}
	if (--r->parts == 0)
		end(r);
	return true;
}
