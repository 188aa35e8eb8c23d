/* SPDX-License-Identifier: MIT */
/*
 * image_store.c - see image_store.h. The console is not trusted: whatever it says of an upload is compared with what
 * root knows of it, and only root's own copy is hashed.
 */
#include "image_store.h"

#include <string.h>

#include "blake2b.h"
#include "import.h"
#include "map_window.h"
#include "object_set.h"
#include "range.h"
#include "root.h"
#include "rt_log.h"
#include "service.h"
#include "sys.h"
#include "vm.h"

#define SPARE_BYTES (16 * MIB)	/* that uploads leave free, for what VMs take beside their RAM */

_Static_assert(IMAGE_HASH_BYTES == BLAKE2B_BYTES, "the digest is the hash");
_Static_assert(UPLOAD_WINDOW_BYTES % UPLOAD_WRITE_BYTES == 0 && UPLOADS + IMAGES_UPLOADED <= OBJECT_SET_MAX,
	       "pieces fit, and all memory may be on its way back at the same time");

static struct upload {
	u64 number;		/* 0 = none */
	char name[IMAGE_NAME_BYTES];
	u64 bytes, taken;
	u8 hash[IMAGE_HASH_BYTES];	/* announced */
	u64 h_mem;
	u64 deadline_tsc;
	struct blake2b sum;	/* of what is taken */
} uploads[UPLOADS];

static u64 last_number;
static struct object_set doomed;	/* memory on its way back */

static struct error_info error_of(enum error error, const char *name)
{
	struct error_info no = { .error = error };

	strcpy(no.text, name);	/* a judged one: there is room */
	return no;
}

/* ---- giving back ---- */

static bool can_give_back(void)
{
	return doomed.count < OBJECT_SET_MAX;
}

static void give_back(u64 h_mem)
{
	while (!can_give_back())
		(void)!object_set_release_step(&doomed);
	(void)!object_set_add(&doomed, OBJECT_MEM, h_mem);
}

/* All of it is back. */
static void settle(void)
{
	while (object_set_release_step(&doomed) != ST_OK)
		;
}

static void drop(struct upload *u)
{
	give_back(u->h_mem);
	*u = (struct upload){ .number = 0 };
}

static u64 earlier(u64 a, u64 b)
{
	return a < b ? a : b;
}

u64 image_store_step(void)
{
	u64 next = DEADLINE_NONE;

	for (u32 i = 0; i < UPLOADS; i++) {
		struct upload *u = &uploads[i];

		if (u->number != 0 && rt_time_tsc() >= u->deadline_tsc) {
			rt_log("root: the upload of image %s got no more bytes and is dropped", u->name);
			drop(u);
		}
		if (u->number != 0)
			next = earlier(next, u->deadline_tsc);
	}
	return object_set_release_step(&doomed) == ST_OK ? next : 0;
}

u64 image_store_bytes(void)
{
	u64 sum = object_set_bytes(&doomed);

	for (u32 i = 0; i < UPLOADS; i++)
		if (uploads[i].number != 0)
			sum += object_bytes(uploads[i].h_mem);
	return sum;
}

/* ---- beginning ---- */

static struct upload *upload_named(const char *name)
{
	for (u32 i = 0; i < UPLOADS; i++)
		if (uploads[i].number != 0 && strcmp(uploads[i].name, name) == 0)
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

/* What is neither in use, nor promised to VMs that live, nor to services that start again. */
static u64 room_bytes(void)
{
	u64 kept = vm_untouched_bytes() + service_bytes_down() + SPARE_BYTES, free_bytes = vm_free_bytes();

	return free_bytes > kept ? free_bytes - kept : 0;
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

/* What an upload of that size can have, in the place of `old` (NULL: of none). Memory on its way back is waited for
 * only if it is needed. */
static u64 room_for(u64 need, const struct upload *old)
{
	u64 own = old != NULL ? object_bytes(old->h_mem) : 0;

	if (need > room_bytes() + own)
		settle();
	return room_bytes() + own;
}

/* In the place of `old`, unless it is NULL. That is dropped when its successor has its memory, or before, if only that
 * gives enough. */
static struct error_info begin(const struct image_request *want, struct upload *old, struct upload **out)
{
	struct upload *u = old != NULL ? old : free_place();
	u64 need = align_up(want->bytes, PAGE_SIZE), have, h_mem;

	if (u == NULL)
		return error_info_limit(UPLOADS, "unfinished uploads");
	have = room_for(need, old);
	if (need > have)
		return error_info_of(ERR_UPLOAD_MEMORY, need, have);
	if (old != NULL && need > room_bytes()) {
		drop(u);
		settle();
		old = NULL;
	}
	if (sys_mem_create(HANDLE_ROOT, need, MEM_LARGE, &h_mem) != ST_OK)
		return error_info_of(ERR_UPLOAD_MEMORY, need, have);
	if (old != NULL)
		drop(old);
	*u = (struct upload){ .number = ++last_number, .bytes = want->bytes, .h_mem = h_mem };
	strcpy(u->name, want->name);
	memcpy(u->hash, want->hash, sizeof(u->hash));
	blake2b_init(&u->sum);
	touch(u);
	*out = u;
	return ERROR_INFO_NONE;
}

struct error_info image_store_open(const struct image_request *want, bool is_forced, struct upload_report *out)
{
	struct error_info no = judge(want->name, want->bytes);
	struct upload *u;

	if (no.error != ERR_NONE)
		return no;
	u = upload_named(want->name);
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

struct error_info image_store_write(const struct image_request *piece, struct upload_report *out)
{
	struct upload *u = upload_numbered(piece->upload);
	enum status st = ST_OK;

	if (u == NULL)
		return error_info_of(ERR_NO_UPLOAD, 0, 0);
	if (piece->offset == u->taken) {
		if (!piece_ok(u, piece))
			return error_info_of(ERR_IMAGE_SIZE, piece->offset + piece->count, u->bytes);
		st = take(u, piece->count);
		touch(u);
	}
	report(u, out);
	return error_info_status(st);
}

/* ---- ending ---- */

void image_report_fill(const struct image *image, struct image_report *out)
{
	*out = (struct image_report){ .bytes = image->bytes, .is_uploaded = image->is_uploaded };
	strcpy(out->name, image->name);
	memcpy(out->hash, image->hash, sizeof(out->hash));
	out->is_default =
		strcmp(image->name, IMAGE_DEFAULT_KERNEL) == 0 || strcmp(image->name, IMAGE_DEFAULT_INITRD) == 0;
}

static struct error_info become_image(const struct upload *u, struct image_report *out)
{
	struct error_info no = judge(u->name, u->bytes);	/* the last place may be taken by now */

	if (no.error == ERR_NONE)
		no = error_info_status(image_add_uploaded(&root.images, u->name, u->bytes, u->h_mem, u->hash));
	if (no.error == ERR_NONE)
		image_report_fill(image_find(&root.images, u->name, false), out);
	return no;
}

struct error_info image_store_finish(u64 upload, struct image_report *out)
{
	struct upload *u = upload_numbered(upload);
	struct error_info no;
	u8 digest[BLAKE2B_BYTES];

	if (u == NULL)
		return error_info_of(ERR_NO_UPLOAD, 0, 0);
	if (u->taken != u->bytes)
		return error_info_of(ERR_UPLOAD_SHORT, u->bytes, u->taken);
	blake2b_finish(&u->sum, digest);
	no = memcmp(digest, u->hash, sizeof(digest)) == 0 ? become_image(u, out) : error_of(ERR_IMAGE_HASH, u->name);
	if (no.error != ERR_NONE)
		drop(u);
	else
		*u = (struct upload){ .number = 0 };
	return no;
}

static void remove_named(const char *name)
{
	struct upload *u = upload_named(name);
	u64 h_mem = image_take_uploaded(&root.images, name);

	if (h_mem != 0)
		give_back(h_mem);
	if (u != NULL)
		drop(u);
}

struct error_info image_store_delete(const char name[IMAGE_NAME_BYTES], bool is_dry_run)
{
	const struct image *image;
	const struct vm *vm;

	if (!image_name_ok(name, IMAGE_NAME_BYTES))
		return error_info_of(ERR_IMAGE_NAME, 0, 0);
	image = image_find(&root.images, name, false);
	vm = vm_with_image(name);
	if (image == NULL && upload_named(name) == NULL)
		return error_of(ERR_NO_IMAGE, name);
	if (image != NULL && !image->is_uploaded)
		return error_of(ERR_IMAGE_BOOT, name);
	if (vm != NULL)
		return error_of(ERR_IMAGE_USED, vm->name);
	if (import_uses(name))
		return error_of(ERR_IMAGE_COPIED, name);
	if (!is_dry_run)
		remove_named(name);
	return ERROR_INFO_NONE;
}
