/* SPDX-License-Identifier: MIT */
/*
 * import.c - see import.h. The steps of one: copy, flush, have the mark of an unfinished volume taken away, close the
 * link. One that fails goes on with the last step. Until the link is closed the volume is_busy: it is not deleted
 * meanwhile.
 */
#include "import.h"

#include <string.h>

#include "image.h"
#include "image_format.h"
#include "map_window.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "store_client.h"
#include "syscalls.h"
#include "volume_link.h"

#define PIECE_BYTES 65536u		/* what is either written or left as a hole: a granule of a thin volume */
#define TURN_BYTES (512 * KIB)		/* of an image, in one turn of root */

enum import_step { IMPORT_FREE, IMPORT_COPY, IMPORT_FLUSH, IMPORT_FINISH, IMPORT_CLOSE, IMPORT_OVER };

static struct import {
	enum import_step step;
	struct volume *volume;
	struct volume_link *link;
	char image[IMAGE_NAME_BYTES];
	u64 h_mem, bytes;	/* of the image */
	u64 at;			/* all before it was written, or left as a hole; or will be */
	bool is_flushing;
	struct error_info failure;
} imports[VOLUME_LINKS];

static struct error_info refuse(enum error error, const char *text, u64 need, u64 have)
{
	struct error_info no = error_info_of(error, need, have);

	strcpy(no.text, text);	/* a judged name: there is room */
	return no;
}

static struct import *import_of(const struct volume *v)
{
	for (u32 i = 0; i < VOLUME_LINKS; i++)
		if (imports[i].step != IMPORT_FREE && imports[i].volume == v)
			return &imports[i];
	return NULL;
}

static struct import *free_place(void)
{
	for (u32 i = 0; i < VOLUME_LINKS; i++)
		if (imports[i].step == IMPORT_FREE)
			return &imports[i];
	return NULL;
}

static void fail(struct import *m, enum error error)
{
	if (m->failure.error == ERR_NONE)
		m->failure = refuse(error, m->volume->name, 0, 0);
	if (m->step < IMPORT_CLOSE)
		m->step = IMPORT_CLOSE;
}

/* ---- before ---- */

/* The first bytes say of some formats that they are no raw disk image. */
static bool is_raw(const struct image *image)
{
	u8 head[IMAGE_FORMAT_BYTES] = { 0 };
	u64 bytes = min_u64(image->bytes, sizeof(head));

	if (map_window_open(WINDOW_SOURCE, image->h_mem, bytes, false) != ST_OK)
		return false;
	memcpy(head, map_window_at(WINDOW_SOURCE), bytes);
	map_window_close(WINDOW_SOURCE);
	return image_format_of(head) == IMAGE_FORMAT_RAW;
}

struct error_info import_judge(struct disk_spec *want)
{
	const struct image *image = image_name_ok(want->image, sizeof(want->image)) ?
				    image_find(&root.images, want->image, false) : NULL;

	if (image == NULL)
		return refuse(ERR_NO_IMAGE, image_name_ok(want->image, sizeof(want->image)) ? want->image : "", 0, 0);
	if (!is_raw(image))
		return refuse(ERR_IMAGE_FORMAT, image->name, 0, 0);
	if (want->bytes == 0)
		want->bytes = align_up(image->bytes, VOLUME_UNIT);
	if (want->bytes < image->bytes)
		return refuse(ERR_IMAGE_LARGER, image->name, image->bytes, want->bytes);
	return ERROR_INFO_NONE;
}

struct error_info import_begin(struct volume *v, const char *name)
{
	const struct image *image = image_find(&root.images, name, false);
	struct import *m = free_place();
	enum status st;

	if (image == NULL)		/* it was deleted while the volume was made */
		return refuse(ERR_NO_IMAGE, name, 0, 0);
	if (m == NULL)
		return error_info_limit(VOLUME_LINKS, "imports at a time");
	*m = (struct import){ .volume = v, .h_mem = image->h_mem, .bytes = image->bytes };
	m->link = volume_link_open(v, false, &st);
	if (m->link == NULL)
		return error_info_status(st);
	strcpy(m->image, name);
	m->step = IMPORT_COPY;
	v->is_busy = true;
	return ERROR_INFO_NONE;
}

/* ---- copying ---- */

static bool is_zero(const u8 *bytes, u64 count)
{
	u64 word = 0;

	for (; count >= sizeof(word) && word == 0; bytes += sizeof(word), count -= sizeof(word))
		memcpy(&word, bytes, sizeof(word));
	while (count != 0 && word == 0)
		word = bytes[--count];
	return word == 0;
}

/* What is in new blocks of a partition, nobody knows. */
static bool is_hole(const struct import *m, const u8 *bytes, u64 count)
{
	return m->volume->kind != VOLUME_ROW_EXTENT && is_zero(bytes, count);
}

/* A request of the disk's size at most, in whole blocks. */
static u64 piece_bytes(const struct import *m)
{
	u64 most = m->link->client.info.max_sectors * (u64)BLK_SECTOR_BYTES;

	return min_u64(PIECE_BYTES, most >= PAGE_SIZE ? align_down(most, PAGE_SIZE) : most);
}

/* False: there is no room for a request. */
static bool write_piece(struct import *m, const u8 *bytes, u64 count)
{
	struct volume_link *l = m->link;
	u64 whole = align_up(count, l->client.info.block_bytes);
	u32 number, slots = (u32)(align_up(whole, BLK_SLOT_BYTES) / BLK_SLOT_BYTES);
	struct blk_sqe *sqe = blk_client_next(&l->client, &number);

	if (sqe == NULL)
		return false;
	sqe->seg_count = (u16)blk_slots_take(&l->slots, slots, sqe->seg);
	if (sqe->seg_count == 0)
		return false;
	for (u32 i = 0; i < sqe->seg_count; i++) {
		u64 room = sqe->seg[i].count * (u64)BLK_SLOT_BYTES, some = min_u64(count, room);
		u8 *to = volume_link_slot(l, sqe->seg[i].slot);

		memcpy(to, bytes, some);
		memset(to + some, 0, room - some);
		bytes += some;
		count -= some;
	}
	sqe->op = BLK_WRITE;
	sqe->sector = m->at / BLK_SECTOR_BYTES;
	sqe->sectors = (u32)(whole / BLK_SECTOR_BYTES);
	blk_client_submit_next(&l->client, number);
	return true;
}

static void copy_some(struct import *m)
{
	u64 page = align_down(m->at, PAGE_SIZE), end = min_u64(m->bytes, m->at + TURN_BYTES);
	const u8 *from = map_window_at(WINDOW_SOURCE);

	if (map_window_open_at(WINDOW_SOURCE, m->h_mem, page, end - page, false) != ST_OK) {
		fail(m, ERR_IMPORT_IO);
		return;
	}
	while (m->at < end) {
		const u8 *bytes = from + (m->at - page);
		u64 count = min_u64(piece_bytes(m), end - m->at);

		if (!is_hole(m, bytes, count) && !write_piece(m, bytes, count))
			break;
		m->at += count;
	}
	map_window_close(WINDOW_SOURCE);
}

static void flush(struct import *m)
{
	struct blk_sqe sqe = { .op = BLK_FLUSH };

	m->is_flushing = blk_client_submit(&m->link->client, &sqe) >= 0;
}

static void take_completions(struct import *m)
{
	struct blk_client *c = &m->link->client;
	enum blk_status status;
	u32 number;

	(void)blk_client_poll(c);
	while (blk_client_completed(c, &number, &status)) {
		const struct blk_sqe *sqe = &c->pending[number].sqe;

		blk_slots_give(&m->link->slots, sqe->seg, sqe->seg_count);
		if (status != BLK_OK)
			fail(m, status == BLK_NOSPACE ? ERR_IMPORT_FULL : ERR_IMPORT_IO);
	}
	if (m->link->is_full)
		fail(m, ERR_IMPORT_FULL);
	if (m->volume->is_going)
		fail(m, ERR_IMPORT_CANCELED);
}

/* ---- the course of one ---- */

static void step_copy(struct import *m)
{
	if (!m->link->client.is_up)
		return;
	if (m->at < m->bytes)
		copy_some(m);
	if (m->at == m->bytes && m->link->client.outstanding == 0 && m->step == IMPORT_COPY) {
		m->step = IMPORT_FLUSH;
		flush(m);
	}
}

static void step_flush(struct import *m)
{
	if (m->link->client.outstanding != 0)
		return;
	m->step = IMPORT_FINISH;
	store_finish(m->volume);
}

static void step_finish(struct import *m)
{
	if (m->volume->error != STORE_OK)
		fail(m, ERR_IMPORT_IO);
	else if (!m->volume->is_unfinished)
		m->step = IMPORT_CLOSE;
}

static void step_close(struct import *m)
{
	if (!volume_link_close(m->link))
		return;
	m->step = IMPORT_OVER;
	store_release(m->volume);
}

static u64 step_one(struct import *m)
{
	static void (*const steps[])(struct import *m) = {
		[IMPORT_COPY] = step_copy, [IMPORT_FLUSH] = step_flush, [IMPORT_FINISH] = step_finish,
	};

	if (m->step < IMPORT_CLOSE)
		take_completions(m);
	if (m->step < IMPORT_CLOSE) {
		u64 at = m->at;

		steps[m->step](m);
		volume_link_kick(m->link);
		if (m->at != at || volume_link_wait(m->link))
			return 0;
	}
	if (m->step == IMPORT_CLOSE)
		step_close(m);
	return m->step == IMPORT_OVER ? 0 : DEADLINE_NONE;
}

/* What a machine that lost its power has left. */
static void delete_unfinished(void)
{
	for (u32 i = 0; i < STORE_VOLUMES; i++) {
		struct volume *v = volume_at(i);

		if (v == NULL || !v->is_unfinished || !v->is_there || volume_is_in_use(v) || v->error != STORE_OK)
			continue;
		rt_log("root: volume %s is deleted: the import into it did not come to its end", v->name);
		store_delete(v);
	}
}

u64 import_step(void)
{
	u64 next = DEADLINE_NONE;

	for (u32 i = 0; i < VOLUME_LINKS; i++)
		if (imports[i].step != IMPORT_FREE && imports[i].step != IMPORT_OVER)
			next = min_u64(next, step_one(&imports[i]));
	delete_unfinished();
	return next;
}

/* ---- after ---- */

bool import_end(const struct volume *v, struct error_info *no)
{
	struct import *m = import_of(v);

	*no = ERROR_INFO_NONE;
	if (m == NULL)
		return true;
	if (m->step != IMPORT_OVER)
		return false;
	*no = m->failure;
	*m = (struct import){ .step = IMPORT_FREE };
	return true;
}

void import_cancel(const struct volume *v)
{
	struct import *m = import_of(v);

	if (m != NULL)
		fail(m, ERR_IMPORT_CANCELED);
}

u32 import_percent(const struct volume *v)
{
	const struct import *m = import_of(v);

	return m != NULL ? (u32)(m->at * 100 / m->bytes) : 0;
}

bool import_uses(const char *image)
{
	for (u32 i = 0; i < VOLUME_LINKS; i++)
		if (imports[i].step != IMPORT_FREE && imports[i].step != IMPORT_OVER &&
		    strcmp(imports[i].image, image) == 0)
			return true;
	return false;
}
