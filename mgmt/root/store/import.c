/* SPDX-License-Identifier: MIT */
/*
 * import.c - see import.h. The steps of one: fill, flush, have the mark of an unfinished volume taken away, close the
 * link. One that fails goes on with the last step. Until the link is closed the volume is_busy: it is not deleted
 * meanwhile.
 */
#include "import.h"

#include <string.h>

#include "extents.h"
#include "image.h"
#include "image_format.h"
#include "map_window.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "store_client.h"
#include "syscalls.h"
#include "volume_writer.h"

#define IMPORTS (VOLUME_LINKS - 2)	/* the last links are for what root keeps in a pool itself */
#define TURN_BYTES (512 * KIB)		/* of an image, in one turn of root */

enum import_step { IMPORT_FREE, IMPORT_FILL, IMPORT_FLUSH, IMPORT_FINISH, IMPORT_CLOSE, IMPORT_OVER };

static struct import {
	enum import_step step;
	struct volume *volume;
	struct volume_writer writer;
	char image[IMAGE_NAME_BYTES];	/* "": a stream */
	u64 h_mem, bytes;	/* of the image */
	struct extents stream;
	bool is_had;		/* a stream: by its upload */
	u64 deadline_tsc;	/* a stream: for more of it */
	struct error_info failure;
} imports[IMPORTS];

static struct error_info refuse(enum error error, const char *text, u64 need, u64 have)
{
	struct error_info no = error_info_of(error, need, have);

	strcpy(no.text, text);	/* a judged name: there is room */
	return no;
}

static bool is_stream(const struct import *m)
{
	return m->image[0] == '\0';
}

/* A stream that is over, and waits for its upload, has no volume any more: that may be another one by now. */
static struct import *import_of(const struct volume *v)
{
	for (u32 i = 0; i < IMPORTS; i++) {
		struct import *m = &imports[i];

		if (m->step != IMPORT_FREE && m->volume == v && !(is_stream(m) && m->step == IMPORT_OVER))
			return m;
	}
	return NULL;
}

static struct import *free_place(void)
{
	for (u32 i = 0; i < IMPORTS; i++)
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

/* ---- the begin ---- */

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

/* What is in new blocks of a partition, nobody knows. */
static struct error_info begin(struct volume *v, struct import with)
{
	struct import *m = free_place();
	struct volume_link *link;
	enum status st;

	if (m == NULL)
		return error_info_limit(IMPORTS, "imports at a time");
	link = volume_link_open(v, false, &st);
	if (link == NULL)
		return error_info_status(st);
	*m = with;
	m->volume = v;
	volume_writer_begin(&m->writer, link, v->kind != VOLUME_ROW_EXTENT);
	m->step = IMPORT_FILL;
	v->is_busy = true;
	return ERROR_INFO_NONE;
}

struct error_info import_begin(struct volume *v, const char *name)
{
	const struct image *image = image_find(&root.images, name, false);
	struct import with = { .step = IMPORT_FREE };

	if (image == NULL)		/* it was deleted while the volume was made */
		return refuse(ERR_NO_IMAGE, name, 0, 0);
	with.h_mem = image->h_mem;
	with.bytes = image->bytes;
	strcpy(with.image, name);
	return begin(v, with);
}

struct error_info import_begin_stream(struct volume *v)
{
	struct import with = { .deadline_tsc = rt_time_after(&root.time, UPLOAD_KEPT_NS) };

	extents_init(&with.stream);
	return begin(v, with);
}

/* ---- a stream ---- */

struct import *import_stream(const char *volume)
{
	for (u32 i = 0; i < IMPORTS; i++) {
		struct import *m = &imports[i];

		if (m->step != IMPORT_FILL || !is_stream(m) || m->is_had || strcmp(m->volume->name, volume) != 0)
			continue;
		m->is_had = true;
		return m;
	}
	return NULL;
}

const struct volume *import_volume(const struct import *m)
{
	return m->volume;
}

u64 import_feed(struct import *m, const u8 *bytes, u64 count, struct error_info *no)
{
	u64 taken = 0, some = 1;

	m->deadline_tsc = rt_time_after(&root.time, UPLOAD_KEPT_NS);
	while (m->step == IMPORT_FILL && taken < count && some != 0) {
		enum extents_state state = extents_next(&m->stream, bytes + taken, count - taken, &some);

		if (state == EXTENTS_BAD || m->stream.disk_bytes > m->volume->bytes)
			fail(m, ERR_IMPORT_STREAM);
		else if (state == EXTENTS_DATA) {
			some = volume_writer_put(&m->writer, m->stream.offset, bytes + taken, some);
			extents_took(&m->stream, some);
		}
		taken += some;
	}
	volume_link_kick(m->writer.link);
	*no = m->failure;
	return taken;
}

void import_finish(struct import *m)
{
	if (m->step != IMPORT_FILL)
		return;
	if (m->stream.is_over)
		m->step = IMPORT_FLUSH;
	else
		fail(m, ERR_IMPORT_STREAM);
}

bool import_is_over(const struct import *m)
{
	return m->step == IMPORT_OVER;
}

bool import_result(struct import *m, struct error_info *no)
{
	if (m->step != IMPORT_OVER)
		return false;
	*no = m->failure;
	m->step = IMPORT_FREE;
	return true;
}

void import_leave(struct import *m)
{
	m->is_had = false;
	if (m->step == IMPORT_OVER)
		m->step = IMPORT_FREE;
	else
		fail(m, ERR_IMPORT_CANCELED);
}

/* ---- the course of one ---- */

static void fill_from_image(struct import *m)
{
	struct volume_writer *w = &m->writer;
	u64 page = align_down(w->at, PAGE_SIZE), end = min_u64(m->bytes, w->at + TURN_BYTES);

	if (map_window_open_at(WINDOW_SOURCE, m->h_mem, page, end - page, false) != ST_OK) {
		fail(m, ERR_IMPORT_IO);
		return;
	}
	(void)volume_writer_put(w, w->at, map_window_at(WINDOW_SOURCE) + (w->at - page), end - w->at);
	map_window_close(WINDOW_SOURCE);
}

static void step_fill(struct import *m)
{
	if (is_stream(m)) {
		if (m->deadline_tsc <= rt_time_tsc())
			fail(m, ERR_IMPORT_CANCELED);
		return;
	}
	if (m->writer.at < m->bytes)
		fill_from_image(m);
	if (m->writer.at == m->bytes && m->step == IMPORT_FILL)
		m->step = IMPORT_FLUSH;
}

/* What is behind a stream's last extent is zero, too. */
static bool is_filled(struct import *m)
{
	struct volume_writer *w = &m->writer;

	if (w->at < m->stream.disk_bytes)
		(void)volume_writer_put(w, m->stream.disk_bytes, NULL, 0);
	return w->at >= m->stream.disk_bytes;
}

static void step_flush(struct import *m)
{
	if (!is_filled(m) || !volume_writer_end(&m->writer))
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

/* A stream's volume is nobody's but the import's. */
static void step_close(struct import *m)
{
	struct volume *v = m->volume;

	if (!volume_link_close(m->writer.link))
		return;
	m->step = is_stream(m) && !m->is_had ? IMPORT_FREE : IMPORT_OVER;
	store_release(v);
	if (is_stream(m) && m->failure.error != ERR_NONE && !v->is_going)
		store_delete(v);
}

static u64 next_of(const struct import *m)
{
	return m->step == IMPORT_FILL && is_stream(m) ? m->deadline_tsc : DEADLINE_NONE;
}

static u64 step_one(struct import *m)
{
	static void (*const steps[])(struct import *m) = {
		[IMPORT_FILL] = step_fill, [IMPORT_FLUSH] = step_flush, [IMPORT_FINISH] = step_finish,
	};
	enum import_step step = m->step;
	u64 at = m->writer.at;

	if (m->step < IMPORT_CLOSE) {
		volume_writer_turn(&m->writer);
		if (m->writer.failure != ERR_NONE)
			fail(m, m->writer.failure);
		if (m->volume->is_going)
			fail(m, ERR_IMPORT_CANCELED);
	}
	if (m->step < IMPORT_CLOSE) {
		steps[m->step](m);
		volume_link_kick(m->writer.link);
		if (m->writer.at != at || volume_link_wait(m->writer.link))
			return 0;
	}
	if (m->step == IMPORT_CLOSE)
		step_close(m);
	return m->step != step ? 0 : next_of(m);
}

/* What a machine that lost its power has left. */
static void delete_unfinished(void)
{
	for (u32 i = 0; i < volumes_end(); i++) {
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

	for (u32 i = 0; i < IMPORTS; i++)
		if (imports[i].step != IMPORT_FREE && imports[i].step != IMPORT_OVER)
			next = min_u64(next, step_one(&imports[i]));
	delete_unfinished();
	return next;
}

/* ---- the end ---- */

bool import_end(const struct volume *v, struct error_info *no)
{
	struct import *m = import_of(v);

	*no = ERROR_INFO_NONE;
	return m == NULL || is_stream(m) || import_result(m, no);
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
	u64 bytes = m == NULL ? 0 : is_stream(m) ? m->stream.disk_bytes : m->bytes;

	return bytes != 0 ? (u32)(min_u64(m->writer.at, bytes) * 100 / bytes) : 0;
}

bool import_uses(const char *image)
{
	for (u32 i = 0; i < IMPORTS; i++)
		if (imports[i].step != IMPORT_FREE && imports[i].step != IMPORT_OVER &&
		    strcmp(imports[i].image, image) == 0)
			return true;
	return false;
}
