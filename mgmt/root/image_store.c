/* SPDX-License-Identifier: MIT */
/*
 * image_store.c - see image_store.h. The console is not trusted: whatever it says of an upload is compared with what
 * root knows of it, and only root's own copy is hashed.
 */
#include "image_store.h"

#include <string.h>

#include "blake2b.h"
#include "client.h"
#include "image_memory.h"
#include "image_volumes.h"
#include "import.h"
#include "map_window.h"
#include "range.h"
#include "reply.h"
#include "root.h"
#include "rt_log.h"
#include "storage_report.h"
#include "sys.h"
#include "vm.h"

_Static_assert(IMAGE_HASH_BYTES == BLAKE2B_BYTES, "the digest is the hash");
_Static_assert(UPLOAD_WINDOW_BYTES % UPLOAD_WRITE_BYTES == 0, "pieces fit");

#define KEEP_LIMIT_NS (30 * NS_PER_S)	/* for a store that is silent, to keep an image, or to delete one */
#define LOOK_NS NS_PER_S		/* whether it is, after that */

static struct upload {
	u64 number;		/* 0 = none */
	char name[IMAGE_NAME_BYTES];
	u64 bytes, taken;
	u8 hash[IMAGE_HASH_BYTES];	/* announced */
	u64 h_mem;
	struct import *import;	/* it goes into a volume; NULL: into memory */
	u64 deadline_tsc;
	struct blake2b sum;	/* of what is taken */
	/* A request that is not answered yet: */
	enum { WAITS_NOT, WAITS_WRITE, WAITS_FINISH, WAITS_KEEP, WAITS_RID } waits;
	struct image_asker asker;
	struct image_request piece;
} uploads[UPLOADS];

static u64 last_number;

static struct error_info error_of(enum error error, const char *name)
{
	struct error_info no = { .error = error };

	strcpy(no.text, name);	/* a judged one: there is room */
	return no;
}

/* ---- giving back ---- */

static void drop(struct upload *u)
{
	if (u->import != NULL)
		import_leave(u->import);
	else
		image_memory_give_back(u->h_mem);
	*u = (struct upload){ .number = 0 };
}

u64 image_store_bytes(void)
{
	u64 sum = image_memory_bytes();

	for (u32 i = 0; i < UPLOADS; i++)
		if (uploads[i].number != 0)
			sum += object_bytes(uploads[i].h_mem);
	return sum;
}

/* ---- beginning ---- */

static struct upload *upload_named(const char *name, bool is_volume)
{
	for (u32 i = 0; i < UPLOADS; i++)
		if (uploads[i].number != 0 && (uploads[i].import != NULL) == is_volume &&
		    uploads[i].waits < WAITS_KEEP && strcmp(uploads[i].name, name) == 0)
			return &uploads[i];
	return NULL;
}

static struct upload *upload_numbered(u64 number)
{
	for (u32 i = 0; i < UPLOADS; i++)
		if (number != 0 && uploads[i].number == number)
			return &uploads[i];
	return NULL;
}

static void touch(struct upload *u)
{
	u->deadline_tsc = rt_time_after(&root.time, UPLOAD_KEPT_NS);
}

static void report(const struct upload *u, struct upload_report *out)
{
	*out = (struct upload_report){
		.upload = u->number, .bytes = u->bytes, .taken = u->taken, .slot = (u32)(u - uploads),
	};
}

/* Whether that can become an image at all. */
static struct error_info judge(const char *name, u64 bytes)
{
	if (!image_name_ok(name, IMAGE_NAME_BYTES))
		return error_info_of(ERR_IMAGE_NAME, 0, 0);
	switch (image_judge_uploaded(&root.images, name, bytes)) {
	case ST_OK:
		return ERROR_INFO_NONE;
	case ST_EXISTS:
		return error_of(ERR_IMAGE_EXISTS, name);
	case ST_FULL:
		return error_info_limit(IMAGES_UPLOADED, "uploaded images");
	default:
		return error_info_of(ERR_IMAGE_SIZE, bytes, VMM_IMAGE_STRIDE);
	}
}

static bool is_same(const struct upload *u, const struct image_request *want)
{
	return u->bytes == want->bytes && memcmp(u->hash, want->hash, sizeof(u->hash)) == 0;
}

static struct upload *free_place(void)
{
	for (u32 i = 0; i < UPLOADS; i++)
		if (uploads[i].number == 0)
			return &uploads[i];
	return NULL;
}

static void set_up(struct upload *u, const struct image_request *want)
{
	*u = (struct upload){ .number = ++last_number, .bytes = want->bytes };
	strcpy(u->name, want->name);
	memcpy(u->hash, want->hash, sizeof(u->hash));
	blake2b_init(&u->sum);
	touch(u);
}

/* In the place of `old`, unless it is NULL. That is dropped when its successor has its memory, or before, if only that
 * gives enough. */
static struct error_info begin(const struct image_request *want, struct upload *old, struct upload **out)
{
	struct upload *u = old != NULL ? old : free_place();
	u64 need = align_up(want->bytes, PAGE_SIZE), have, h_mem;

	if (u == NULL)
		return error_info_limit(UPLOADS, "unfinished uploads");
	have = image_memory_room(need, old != NULL ? object_bytes(old->h_mem) : 0);
	if (need > have)
		return error_info_of(ERR_UPLOAD_MEMORY, need, have);
	if (old != NULL && need > image_memory_room(0, 0)) {
		drop(u);
		(void)image_memory_room(need, 0);
		old = NULL;
	}
	if (image_memory_create(need, &h_mem) != ST_OK)
		return error_info_of(ERR_UPLOAD_MEMORY, need, have);
	if (old != NULL)
		drop(old);
	set_up(u, want);
	u->h_mem = h_mem;
	*out = u;
	return ERROR_INFO_NONE;
}

/* Into the volume of that name, which waits for it. */
static struct error_info open_volume(const struct image_request *want, struct upload **out)
{
	struct import *import;
	struct upload *u;

	if (!image_name_ok(want->name, IMAGE_NAME_BYTES))
		return error_info_of(ERR_IMAGE_NAME, 0, 0);
	u = upload_named(want->name, true);
	if (u != NULL && u->waits == WAITS_NOT && import_is_over(u->import)) {
		drop(u);	/* its volume is gone; who sent it hears so with the next piece */
		u = NULL;
	}
	*out = u;
	if (u != NULL)
		return is_same(u, want) ? ERROR_INFO_NONE : error_of(ERR_VOLUME_COPYING, want->name);
	u = free_place();
	if (u == NULL)
		return error_info_limit(UPLOADS, "unfinished uploads");
	import = import_stream(want->name);
	if (import == NULL)
		return error_of(ERR_NOT_WAITING, want->name);
	set_up(u, want);
	u->import = import;
	*out = u;
	return ERROR_INFO_NONE;
}

struct error_info image_store_open_volume(const struct image_request *want, struct upload_report *out)
{
	struct upload *u;
	struct error_info no = open_volume(want, &u);

	if (no.error == ERR_NONE)
		report(u, out);
	return no;
}

struct error_info image_store_open(const struct image_request *want, bool is_forced, struct upload_report *out)
{
	struct error_info no = judge(want->name, want->bytes);
	struct upload *u;

	if (no.error != ERR_NONE)
		return no;
	u = upload_named(want->name, false);
	if (u != NULL && !is_same(u, want)) {
		if (!is_forced)
			return error_of(ERR_UPLOAD_BUSY, want->name);
		no = begin(want, u, &u);
	} else if (u == NULL) {
		no = begin(want, NULL, &u);
	}
	if (no.error != ERR_NONE)
		return no;
	report(u, out);
	return no;
}

/* ---- going on ---- */

static const u8 *window_of(const struct upload *u, u64 offset)
{
	return (const u8 *)shared_at(SHARED_UPLOADS) + (u64)(u - uploads) * UPLOAD_WINDOW_BYTES +
	       offset % UPLOAD_WINDOW_BYTES;
}

static bool piece_ok(const struct upload *u, const struct image_request *piece)
{
	return piece->count != 0 && piece->count <= UPLOAD_WRITE_BYTES &&
	       range_ok(piece->offset % UPLOAD_WINDOW_BYTES, piece->count, UPLOAD_WINDOW_BYTES) &&
	       range_ok(piece->offset, piece->count, u->bytes);
}

/* Into the image's memory, and from there into the sum: the window may change at any time. */
static enum status take(struct upload *u, u32 count)
{
	u64 page = align_down(u->taken, PAGE_SIZE), at = u->taken - page;
	enum status st = map_window_open_at(WINDOW_TARGET, u->h_mem, page, at + count, true);
	u8 *to;

	if (st != ST_OK)
		return st;
	to = map_window_at(WINDOW_TARGET) + at;
	memcpy(to, window_of(u, u->taken), count);
	blake2b_add(&u->sum, to, count);
	map_window_close(WINDOW_TARGET);
	u->taken += count;
	return ST_OK;
}

/* Into the volume, as much of it as there is room for. */
static struct error_info take_for_volume(struct upload *u, u32 count)
{
	static u8 copy[UPLOAD_WRITE_BYTES];
	struct error_info no;
	u64 taken;

	memcpy(copy, window_of(u, u->taken), count);
	taken = import_feed(u->import, copy, count, &no);
	blake2b_add(&u->sum, copy, taken);
	u->taken += taken;
	return no;
}

bool image_store_write(struct image_asker asker, const struct image_request *piece, struct error_info *no,
		       struct upload_report *out)
{
	struct upload *u = upload_numbered(piece->upload);
	u64 before = piece->offset;

	*no = ERROR_INFO_NONE;
	if (u == NULL || u->waits != WAITS_NOT) {
		*no = error_info_of(u == NULL ? ERR_NO_UPLOAD : ERR_BUSY, 0, 0);
		return true;
	}
	if (piece->offset == u->taken && !piece_ok(u, piece)) {
		*no = error_info_of(ERR_IMAGE_SIZE, piece->offset + piece->count, u->bytes);
		return true;
	}
	if (piece->offset == u->taken) {
		*no = u->import != NULL ? take_for_volume(u, piece->count) :
					  error_info_status(take(u, piece->count));
		touch(u);
	}
	report(u, out);
	if (no->error == ERR_NONE && u->import != NULL && u->taken == before) {
		u->waits = WAITS_WRITE;
		u->asker = asker;
		u->piece = *piece;
		return false;
	}
	if (no->error != ERR_NONE && u->import != NULL)
		drop(u);
	return true;
}

/* ---- ending ---- */

void image_report_fill(const struct image *image, struct image_report *out)
{
	*out = (struct image_report){ .bytes = image->bytes, .is_uploaded = image->is_uploaded };
	strcpy(out->name, image->name);
	strcpy(out->pool, image_volumes_pool(image));
	memcpy(out->hash, image->hash, sizeof(out->hash));
	out->is_default =
		strcmp(image->name, IMAGE_DEFAULT_KERNEL) == 0 || strcmp(image->name, IMAGE_DEFAULT_INITRD) == 0;
}

static struct error_info become_image(const struct upload *u)
{
	struct error_info no = judge(u->name, u->bytes);	/* the last place may be taken by now */

	if (no.error == ERR_NONE)
		no = error_info_status(image_add_uploaded(&root.images, u->name, u->bytes, u->h_mem, u->hash));
	return no;
}

/* It is whole; what is not is refused. */
static struct error_info judge_whole(struct upload *u)
{
	u8 digest[BLAKE2B_BYTES];

	if (u == NULL)
		return error_info_of(ERR_NO_UPLOAD, 0, 0);
	if (u->waits != WAITS_NOT)
		return error_info_of(ERR_BUSY, 0, 0);
	if (u->taken != u->bytes)
		return error_info_of(ERR_UPLOAD_SHORT, u->bytes, u->taken);
	blake2b_finish(&u->sum, digest);
	return memcmp(digest, u->hash, sizeof(digest)) == 0 ? ERROR_INFO_NONE : error_of(ERR_IMAGE_HASH, u->name);
}

bool image_store_finish(struct image_asker asker, u64 upload, struct error_info *no)
{
	struct upload *u = upload_numbered(upload);

	*no = judge_whole(u);
	if (no->error == ERR_NO_UPLOAD || no->error == ERR_BUSY || no->error == ERR_UPLOAD_SHORT)
		return true;
	if (no->error == ERR_NONE && u->import == NULL)
		*no = become_image(u);
	if (no->error != ERR_NONE) {
		drop(u);
		return true;
	}
	if (u->import != NULL)
		import_finish(u->import);
	u->waits = u->import != NULL ? WAITS_FINISH : WAITS_KEEP;
	u->deadline_tsc = rt_time_after(&root.time, KEEP_LIMIT_NS);
	u->h_mem = 0;
	u->asker = asker;
	return false;
}

/* ---- what is answered later ---- */

static bool send(const struct image_asker *asker, const struct error_info *no, struct reply *reply)
{
	if (asker->client == CLIENTS_MAX)
		return true;
	if (no->error != ERR_NONE)
		return reply_send(asker->client, asker->id, no, NULL);
	reply->kind = REPLY_ANSWER;
	reply->id = asker->id;
	return client_send(asker->client, reply);
}

/* The volume has all of it, or has failed: the upload is no more. */
static void answer_finish(struct upload *u)
{
	static struct reply reply;
	struct image_asker asker = u->asker;
	struct error_info no;

	memset(&reply, 0, sizeof(reply));
	volume_row_fill(import_volume(u->import), &reply.volume);
	if ((asker.client != CLIENTS_MAX && client_room(asker.client) == 0) || !import_result(u->import, &no))
		return;
	reply.volume.state = VOLUME_ROW_READY;
	*u = (struct upload){ .number = 0 };
	(void)send(&asker, &no, &reply);
}

static void answer_write(struct upload *u)
{
	static struct reply reply;
	const struct image_asker asker = u->asker;
	const struct image_request piece = u->piece;
	struct error_info no;

	if (asker.client != CLIENTS_MAX && client_room(asker.client) == 0)
		return;
	u->waits = WAITS_NOT;
	memset(&reply, 0, sizeof(reply));
	if (image_store_write(asker, &piece, &no, &reply.upload))
		(void)send(&asker, &no, &reply);
}

/* It is an image, and is in a pool if there is one. */
static void answer_keep(struct upload *u)
{
	static struct reply reply;
	const struct upload was = *u;
	const struct image *image;
	struct error_info no;

	if ((was.asker.client != CLIENTS_MAX && client_room(was.asker.client) == 0) ||
	    !image_volumes_have(was.name, was.deadline_tsc, &no))
		return;
	memset(&reply, 0, sizeof(reply));
	image = image_find(&root.images, was.name, false);
	if (image != NULL)
		image_report_fill(image, &reply.image);
	else
		no = error_of(ERR_NO_IMAGE, was.name);	/* it was deleted meanwhile */
	*u = (struct upload){ .number = 0 };
	(void)send(&was.asker, &no, &reply);
}

/* It is no image any more: its volume goes. If it is an image again, it has one. */
static void answer_rid(struct upload *u)
{
	static struct reply reply;
	const struct image_asker asker = u->asker;
	bool is_lost, is_rid = image_volumes_are_rid(u->name, u->hash, &is_lost);
	bool is_again = image_find(&root.images, u->name, false) != NULL;
	struct error_info no = is_rid || is_again ? ERROR_INFO_NONE : error_of(ERR_IMAGE_STAYS, u->name);

	if ((asker.client != CLIENTS_MAX && client_room(asker.client) == 0) ||
	    !(is_rid || is_again || is_lost || rt_time_tsc() >= u->deadline_tsc))
		return;
	memset(&reply, 0, sizeof(reply));
	*u = (struct upload){ .number = 0 };
	(void)send(&asker, &no, &reply);
}

static void answer_late(struct upload *u)
{
	static void (*const answers[])(struct upload *u) = {
		[WAITS_WRITE] = answer_write, [WAITS_FINISH] = answer_finish, [WAITS_KEEP] = answer_keep,
		[WAITS_RID] = answer_rid,
	};

	answers[u->waits](u);
}

void image_store_drop(u32 client)
{
	for (u32 i = 0; i < UPLOADS; i++)
		if (uploads[i].waits != WAITS_NOT && uploads[i].asker.client == client)
			uploads[i].asker.client = CLIENTS_MAX;
}

static void remove_named(const char *name)
{
	struct upload *u = upload_named(name, false);
	const struct image *image = image_find(&root.images, name, false);
	u64 h_mem;

	if (image != NULL)
		image_volumes_drop(image);
	h_mem = image_take_uploaded(&root.images, name);

	if (h_mem != 0)
		image_memory_give_back(h_mem);
	if (u != NULL)
		drop(u);
}

static struct error_info judge_delete(const char name[IMAGE_NAME_BYTES])
{
	const struct image *image;
	const struct vm *vm;

	if (!image_name_ok(name, IMAGE_NAME_BYTES))
		return error_info_of(ERR_IMAGE_NAME, 0, 0);
	image = image_find(&root.images, name, false);
	vm = vm_with_image(name);
	if (image == NULL && upload_named(name, false) == NULL)
		return error_of(ERR_NO_IMAGE, name);
	if (image != NULL && !image->is_uploaded)
		return error_of(ERR_IMAGE_BOOT, name);
	if (vm != NULL)
		return error_of(ERR_IMAGE_USED, vm->name);
	if (import_uses(name))
		return error_of(ERR_IMAGE_COPIED, name);
	return ERROR_INFO_NONE;
}

/* The place of an upload has what is waited for. */
static bool wait_until_rid(struct image_asker asker, const struct image *image)
{
	struct upload *u = free_place();

	if (u == NULL)
		return false;
	*u = (struct upload){ .number = ++last_number, .waits = WAITS_RID, .asker = asker,
		.deadline_tsc = rt_time_after(&root.time, KEEP_LIMIT_NS) };
	strcpy(u->name, image->name);
	memcpy(u->hash, image->hash, sizeof(u->hash));
	return true;
}

bool image_store_delete(struct image_asker asker, const char name[IMAGE_NAME_BYTES], bool is_dry_run,
			struct error_info *no)
{
	const struct image *image;
	bool is_waiting;

	*no = judge_delete(name);
	if (no->error != ERR_NONE || is_dry_run)
		return true;
	image = image_find(&root.images, name, false);
	is_waiting = image != NULL && image_volumes_pool(image)[0] != '\0';
	if (is_waiting && !wait_until_rid(asker, image)) {
		*no = error_info_limit(UPLOADS, "unfinished uploads");
		return true;
	}
	remove_named(name);
	return !is_waiting;
}

/* ---- turns ---- */

static u64 earlier(u64 a, u64 b)
{
	return a < b ? a : b;
}

u64 image_store_step(void)
{
	u64 next = DEADLINE_NONE;

	for (u32 i = 0; i < UPLOADS; i++) {
		struct upload *u = &uploads[i];

		if (u->waits != WAITS_NOT)
			answer_late(u);
		if (u->number != 0 && u->waits == WAITS_NOT && rt_time_tsc() >= u->deadline_tsc) {
			rt_log("root: the upload of %s %s got no more bytes and is dropped",
			       u->import != NULL ? "volume" : "image", u->name);
			drop(u);
		}
		/* Else the store's signal is what it waits for. */
		if (u->number != 0 && (u->waits == WAITS_NOT || u->waits >= WAITS_KEEP))
			next = earlier(next, u->deadline_tsc > rt_time_tsc() ? u->deadline_tsc
				       : rt_time_after(&root.time, LOOK_NS));
	}
	return image_memory_step() ? next : 0;
}
