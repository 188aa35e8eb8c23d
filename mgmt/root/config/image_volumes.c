/* SPDX-License-Identifier: MIT */
/*
 * image_volumes.c - see image_volumes.h. A volume is made as unfinished, filled, flushed, and finished: one that a
 * power cut has left is deleted at the next start, as of any import. What is read counts only if its hash is that of
 * its header; what is not right stays as it is.
 */
#include "image_volumes.h"

#include <string.h>

#include "definition_volume.h"
#include "image_header.h"
#include "image_memory.h"
#include "image_volume_name.h"
#include "map_window.h"
#include "object_set.h"
#include "pools.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "store_client.h"
#include "syscalls.h"
#include "volume_judge.h"
#include "volume_writer.h"

#define TURN_BYTES (512 * KIB)		/* that are written in one turn of root */
#define READ_BYTES (64 * KIB)		/* of a request */
#define AGAIN_NS (60 * NS_PER_S)	/* after a pool has refused a volume */
#define SILENT_NS (30 * NS_PER_S)	/* of a store, until nobody waits for it any more */

enum step {
	STEP_NONE,
	STEP_MAKE, STEP_OPEN_WRITE, STEP_FILL, STEP_FLUSH, STEP_FINISH,	/* an image goes into its volume */
	STEP_OPEN_READ, STEP_HEADER, STEP_READ,				/* a volume is read */
	STEP_CLOSE,
	STEP_COUNT
};

static struct {
	enum step step;
	struct volume *volume;
	struct volume_link *link;	/* NULL: not open */
	struct volume_writer writer;
	struct image_header header;
	u64 h_mem;		/* what is read */
	u64 at;			/* bytes of it that are there */
	struct blake2b sum;
	bool is_write, has_failed;
	u64 silent_tsc;		/* if nothing moves until then, the store is silent */
} j;

/* ---- which ---- */

/* What has that name in another pool is not ours: nothing is known of its contents. */
static struct volume *volume_of(const struct image *image)
{
	struct volume *v = volume_find(image->volume);

	return v != NULL && v->kind == VOLUME_ROW_THIN && v->pool == definition_volume_pool() ? v : NULL;
}

static bool is_kept(const struct image *image)
{
	const struct volume *v = volume_of(image);

	return v != NULL && v->is_there && !v->is_making && !v->is_unfinished && !v->is_bad_image;
}

/* No pool has it yet, or not as it is. */
static bool is_to_be_kept(const struct image *image)
{
	const struct volume *v;

	if (!image->is_uploaded)
		return false;
	v = volume_find(image->volume);
	return v == NULL || (v == volume_of(image) && v->is_bad_image);
}

static struct image *image_to_keep(void)
{
	for (u32 i = 0; i < root.images.count; i++)
		if (is_to_be_kept(&root.images.images[i]) && root.images.images[i].again_tsc <= rt_time_tsc())
			return &root.images.images[i];
	return NULL;
}

/* When an image that a pool did not take is tried again. */
static u64 again_tsc(void)
{
	u64 next = DEADLINE_NONE;

	for (u32 i = 0; i < root.images.count; i++)
		if (is_to_be_kept(&root.images.images[i]) && root.images.images[i].again_tsc > rt_time_tsc())
			next = min_u64(next, root.images.images[i].again_tsc);
	return next;
}

static bool is_to_be_read(const struct volume *v)
{
	return volume_is_of_image(v->name) && v->kind == VOLUME_ROW_THIN && v->pool == definition_volume_pool() &&
	       v->is_there && !v->is_unfinished && !v->is_looked_at && !volume_is_in_use(v) && pool_is_usable(v->pool);
}

static struct volume *volume_to_read(void)
{
	for (u32 i = 0; i < volumes_end(); i++)
		if (volume_at(i) != NULL && is_to_be_read(volume_at(i)))
			return volume_at(i);
	return NULL;
}

bool image_volumes_are_coming(void)
{
	return volume_to_read() != NULL || (j.step != STEP_NONE && !j.is_write);
}

/* ---- writing ---- */

static enum step fail(const char *what)
{
	rt_log("root: image %s: %s pool %s", j.header.name, what, j.volume->on);
	j.has_failed = true;
	return STEP_CLOSE;
}

/* NULL: there is no place for it in a table. */
static struct volume *make_volume(const char *name, const struct disk_spec *want)
{
	struct volume *v = volume_new(name, want);

	if (v == NULL)
		return NULL;
	v->is_unfinished = v->is_looked_at = true;
	return store_create(v) == ST_OK ? v : NULL;
}

static enum step begin_keep(struct image *image)
{
	struct disk_spec want = { .bytes = align_up(image->bytes + IMAGE_HEADER_BYTES, VOLUME_UNIT) };
	u32 p = definition_volume_pool();	/* images are where VMs that have them are defined */

	if (!pool_is_usable(p))
		return STEP_NONE;
	if (volume_of(image) != NULL) {		/* what was there was not right */
		store_delete(volume_of(image));
		return STEP_NONE;
	}
	strcpy(want.on, pool_at(p)->partition->name);
	j.volume = make_volume(image->volume, &want);
	if (j.volume == NULL) {
		rt_log("root: image %s: there is no place for a volume in pool %s", image->name, want.on);
		image->again_tsc = rt_time_after(&root.time, AGAIN_NS);
		return STEP_NONE;
	}
	j.is_write = true;
	j.has_failed = false;
	image_header_fill(&j.header, image);
	return STEP_MAKE;
}

static enum step step_make(void)
{
	if (j.volume->error != STORE_OK)
		return fail("there is no room for it in");
	j.volume->is_busy = !j.volume->is_making;	/* before import.h looks for what nobody fills */
	return j.volume->is_busy ? STEP_OPEN_WRITE : STEP_MAKE;
}

/* False: not now, or never: *next. */
static bool open_link(bool is_read_only, enum step *next)
{
	enum status st;

	j.link = volume_link_open(j.volume, is_read_only, &st);
	if (j.link == NULL && st != ST_FULL)
		*next = fail("there is no memory for a link with");
	return j.link != NULL;
}

static enum step step_open_write(void)
{
	enum step next = STEP_OPEN_WRITE;

	if (!open_link(false, &next))
		return next;
	volume_writer_begin(&j.writer, j.link, true);
	return STEP_FILL;
}

/* What is written, or was read. NULL: it was deleted meanwhile. */
static struct image *image_of_job(void)
{
	for (u32 i = 0; i < root.images.count; i++)
		if (root.images.images[i].is_uploaded && volume_find(root.images.images[i].volume) == j.volume)
			return &root.images.images[i];
	return NULL;
}

static bool fill_from(const struct image *image)
{
	struct volume_writer *w = &j.writer;
	u64 at = w->at - IMAGE_HEADER_BYTES, page = align_down(at, PAGE_SIZE);
	u64 end = min_u64(image->bytes, at + TURN_BYTES);

	if (map_window_open_at(WINDOW_SOURCE, image->h_mem, page, end - page, false) != ST_OK)
		return false;
	(void)volume_writer_put(w, w->at, map_window_at(WINDOW_SOURCE) + (at - page), end - at);
	map_window_close(WINDOW_SOURCE);
	return true;
}

static enum step step_fill(void)
{
	const struct image *image = image_of_job();
	struct volume_writer *w = &j.writer;

	if (image == NULL)
		return fail("it is deleted, and not kept in");
	if (w->at < IMAGE_HEADER_BYTES)
		(void)volume_writer_put(w, w->at, (const u8 *)&j.header + w->at, IMAGE_HEADER_BYTES - w->at);
	else if (!fill_from(image))
		return fail("it can't be read, for");
	return w->at == IMAGE_HEADER_BYTES + image->bytes ? STEP_FLUSH : STEP_FILL;
}

static enum step step_flush(void)
{
	if (!volume_writer_end(&j.writer))
		return STEP_FLUSH;
	store_finish(j.volume);
	return STEP_FINISH;
}

static enum step step_finish(void)
{
	if (j.volume->error != STORE_OK)
		return fail("it could not be finished in");
	return j.volume->is_unfinished ? STEP_FINISH : STEP_CLOSE;
}

/* ---- reading ---- */

static enum step begin_read(struct volume *v)
{
	j.volume = v;
	v->is_busy = v->is_looked_at = true;
	j.is_write = j.has_failed = false;
	memset(&j.header, 0, sizeof(j.header));
	return STEP_OPEN_READ;
}

static void submit_read(u64 offset, u64 bytes)
{
	u64 whole = align_up(bytes, IMAGE_HEADER_BYTES);
	struct blk_sqe sqe = {
		.op = BLK_READ, .sector = offset / BLK_SECTOR_BYTES, .sectors = (u32)(whole / BLK_SECTOR_BYTES),
		.seg_count = 1,
		.seg[0] = { .window = BLK_WINDOW_OWN, .slot = 0, .count = (u16)(whole / BLK_SLOT_BYTES) },
	};

	j.has_failed = blk_client_submit(&j.link->client, &sqe) < 0 || j.has_failed;
}

/* The one request is completed. */
static bool has_come(void)
{
	enum blk_status status;
	u32 number;

	(void)blk_client_poll(&j.link->client);
	while (blk_client_completed(&j.link->client, &number, &status))
		j.has_failed = j.has_failed || status != BLK_OK;
	j.has_failed = j.has_failed || j.link->client.is_lost;
	return j.link->client.outstanding == 0 || j.has_failed;
}

static enum step step_open_read(void)
{
	enum step next = STEP_OPEN_READ;

	if (j.link == NULL && !open_link(true, &next))
		return next;
	(void)has_come();
	if (!j.link->client.is_up && !j.has_failed)
		return STEP_OPEN_READ;
	submit_read(0, IMAGE_HEADER_BYTES);
	return STEP_HEADER;
}

static enum step read_next(void)
{
	submit_read(IMAGE_HEADER_BYTES + j.at, min_u64(READ_BYTES, j.header.bytes - j.at));
	return STEP_READ;
}

/* Only what is deleted with its image is an image. */
static bool is_its_name(void)
{
	char name[VOLUME_NAME_BYTES];

	image_volume_name(name, j.header.name, j.header.image_hash);
	return strcmp(name, j.volume->name) == 0;
}

static enum step step_header(void)
{
	if (!has_come())
		return STEP_HEADER;
	memcpy(&j.header, volume_link_slot(j.link, 0), sizeof(j.header));
	if (j.has_failed || !image_header_ok(&j.header, j.volume->bytes) || !is_its_name()) {
		strcpy(j.header.name, "?");
		return fail("its volume is not as VOS writes it, in");
	}
	if (image_judge_uploaded(&root.images, j.header.name, j.header.bytes) != ST_OK)
		return fail("there is one of that name, or too many are there; it stays only in");
	if (j.header.bytes > image_memory_room(j.header.bytes, 0) ||
	    image_memory_create(j.header.bytes, &j.h_mem) != ST_OK) {
		j.h_mem = 0;
		return fail("there is no memory for it; it stays only in");
	}
	j.at = 0;
	blake2b_init(&j.sum);
	return read_next();
}

/* A copy, which nobody else can write to, is hashed. */
static bool take_piece(u64 bytes)
{
	if (map_window_open_at(WINDOW_TARGET, j.h_mem, j.at, bytes, true) != ST_OK)
		return false;
	memcpy(map_window_at(WINDOW_TARGET), volume_link_slot(j.link, 0), bytes);
	blake2b_add(&j.sum, map_window_at(WINDOW_TARGET), bytes);
	map_window_close(WINDOW_TARGET);
	j.at += bytes;
	return true;
}

static enum step become_image(void)
{
	u8 digest[BLAKE2B_BYTES];

	blake2b_finish(&j.sum, digest);
	if (memcmp(digest, j.header.image_hash, sizeof(digest)) != 0)
		return fail("it is damaged, and stays as it is in");
	if (image_add_uploaded(&root.images, j.header.name, j.header.bytes, j.h_mem, digest) != ST_OK)
		return fail("there is no place for it; it stays only in");
	j.h_mem = 0;
	return STEP_CLOSE;
}

static enum step step_read(void)
{
	if (!has_come())
		return STEP_READ;
	if (j.has_failed || !take_piece(min_u64(READ_BYTES, j.header.bytes - j.at)))
		return fail("it can't be read from");
	return j.at < j.header.bytes ? read_next() : become_image();
}

/* ---- the end ---- */

static enum step step_close(void)
{
	struct image *image = image_of_job();
	bool is_no_image = j.is_write ? j.has_failed || image == NULL : !j.has_failed && image == NULL;

	if (j.link != NULL && !volume_link_close(j.link))
		return STEP_CLOSE;
	j.link = NULL;
	if (j.h_mem != 0)
		image_memory_give_back(j.h_mem);
	j.h_mem = 0;
	store_release(j.volume);
	j.volume->is_bad_image = !j.is_write && j.has_failed;
	if (j.is_write && j.has_failed && image != NULL)
		image->again_tsc = rt_time_after(&root.time, AGAIN_NS);
	if (is_no_image)
		store_delete(j.volume);
	j.volume = NULL;
	return STEP_NONE;
}

static enum step step_none(void)
{
	struct volume *v = volume_to_read();
	struct image *image = v == NULL ? image_to_keep() : NULL;

	return v != NULL ? begin_read(v) : image != NULL ? begin_keep(image) : STEP_NONE;
}

/* ---- all of it ---- */

/* Its name is another's, or its pool does not take it, or is not there, or its store is silent. */
static bool is_not_kept(const struct image *image, u64 late_tsc)
{
	u64 now = rt_time_tsc();

	return now < image->again_tsc || !pool_is_usable(definition_volume_pool()) ||
	       volume_find(image->volume) != volume_of(image) || (now >= late_tsc && now >= j.silent_tsc);
}

bool image_volumes_have(const char *name, u64 late_tsc, struct error_info *no)
{
	const struct image *image = image_find(&root.images, name, false);
	const struct pool *pool = pool_at(definition_volume_pool());

	*no = ERROR_INFO_NONE;
	if (image == NULL || pool == NULL || is_kept(image))
		return true;
	if (!is_not_kept(image, late_tsc))
		return false;
	*no = error_info_of(ERR_NOT_KEPT, 0, 0);
	strcpy(no->text, pool->partition->name);
	return true;
}

const char *image_volumes_pool(const struct image *image)
{
	return is_kept(image) ? volume_of(image)->on : "";
}

/* One that is busy is being written, or was just read: it is deleted when that ends without its image. */
void image_volumes_drop(const struct image *image)
{
	struct volume *v = image->is_uploaded ? volume_of(image) : NULL;

	if (v != NULL && !volume_is_in_use(v))
		store_delete(v);
}

bool image_volumes_are_rid(const char *image, const u8 hash[IMAGE_HASH_BYTES], bool *is_lost)
{
	char name[VOLUME_NAME_BYTES];

	*is_lost = false;
	image_volume_name(name, image, hash);
	for (u32 i = 0; i < volumes_end(); i++) {
		const struct volume *v = volume_at(i);

		if (v == NULL || v->kind != VOLUME_ROW_THIN || v->pool != definition_volume_pool() ||
		    strcmp(v->name, name) != 0)
			continue;
		*is_lost = !volume_is_in_use(v);
		return false;
	}
	return true;
}

static enum step (*const steps[STEP_COUNT])(void) = {
	[STEP_NONE] = step_none, [STEP_MAKE] = step_make, [STEP_OPEN_WRITE] = step_open_write, [STEP_FILL] = step_fill,
	[STEP_FLUSH] = step_flush, [STEP_FINISH] = step_finish, [STEP_OPEN_READ] = step_open_read,
	[STEP_HEADER] = step_header, [STEP_READ] = step_read, [STEP_CLOSE] = step_close,
};

/* What may end any step of a volume that has a link. */
static void look_for_end(void)
{
	bool is_going = j.volume->is_going || !pool_is_usable(j.volume->pool) ||
			pool_at(j.volume->pool)->partition->is_going;

	if (j.step == STEP_FILL || j.step == STEP_FLUSH) {
		volume_writer_turn(&j.writer);
		if (j.writer.failure != ERR_NONE)
			j.step = fail("there is no room for it in");
	}
	if (is_going && j.step != STEP_CLOSE) {
		j.step = fail("gone is");
		j.volume->is_looked_at = j.is_write;	/* else it may be read when the pool is back */
	}
}

u64 image_volumes_step(void)
{
	enum step before;
	u64 at = j.writer.at;

	if (j.volume != NULL)
		look_for_end();
	before = j.step;
	j.step = steps[before]();
	if (j.link != NULL && j.step != STEP_CLOSE) {
		volume_link_kick(j.link);
		if (volume_link_wait(j.link))
			return 0;
	}
	if (j.step != before || j.writer.at != at) {
		j.silent_tsc = rt_time_after(&root.time, SILENT_NS);
		return 0;
	}
	return j.step == STEP_NONE ? again_tsc() : DEADLINE_NONE;
}

u64 image_volumes_bytes(void)
{
	return object_bytes(j.h_mem);
}
