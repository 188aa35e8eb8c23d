/* SPDX-License-Identifier: MIT */
/*
 * fake_images.h - the fake root's images and uploads: what is written is kept, and in the place of its hash is the
 * sum of its bytes, in each byte. Included by fake_root.c alone.
 */
#ifndef VOS_FAKE_IMAGES_H
#define VOS_FAKE_IMAGES_H

#include <stdlib.h>
#include <string.h>

#include "request.h"

#define FAKE_IMAGES 16u
#define FAKE_IMAGE_BYTES (4u * 1024u * 1024u)

static u8 fake_window[UPLOADS * UPLOAD_WINDOW_BYTES];	/* the console's too */

static struct image_report fake_images[FAKE_IMAGES];
static u32 fake_image_count;
static struct { struct image_request want; u64 number, taken; u8 *bytes; } fake_uploads[UPLOADS];
static u64 fake_upload_number;

static inline void fake_images_end(void)
{
	for (u32 i = 0; i < UPLOADS; i++)
		free(fake_uploads[i].bytes);
	memset(fake_uploads, 0, sizeof(fake_uploads));
}

static inline void fake_images_start(void)
{
	static const struct image_report images[] = {
		{ .name = "debian-kernel", .bytes = 7 * MIB, .is_default = 1 },
		{ .name = "debian-initrd", .bytes = 3 * MIB, .is_default = 1 },
		{ .name = "memtest", .bytes = 140 * KIB },
	};

	fake_images_end();
	memcpy(fake_images, images, sizeof(images));
	fake_image_count = ARRAY_COUNT(images);
}

static inline void fake_refuse(struct reply *reply, enum result result, enum error error, const char *text)
{
	reply->result = result;
	reply->error = error;
	strcpy(reply->text, text);
}

static inline void fake_image_row(const struct request *r, struct reply *reply)
{
	if (r->index < fake_image_count)
		reply->image = fake_images[r->index];
	else
		fake_refuse(reply, RESULT_NOT_FOUND, ERR_NO_IMAGE, "");
}

static inline u32 fake_image_find(const char *name)
{
	u32 i = 0;

	while (i < fake_image_count && strcmp(fake_images[i].name, name) != 0)
		i++;
	return i;
}

static inline void fake_upload_report(u32 slot, struct reply *reply)
{
	reply->upload = (struct upload_report){ .upload = fake_uploads[slot].number, .slot = slot,
		.bytes = fake_uploads[slot].want.bytes, .taken = fake_uploads[slot].taken };
}

static inline void fake_upload_drop(u32 slot)
{
	free(fake_uploads[slot].bytes);
	memset(&fake_uploads[slot], 0, sizeof(fake_uploads[slot]));
}

static inline u32 fake_upload_named(const char *name)
{
	u32 slot = 0;

	while (slot < UPLOADS && (fake_uploads[slot].number == 0 || strcmp(fake_uploads[slot].want.name, name) != 0))
		slot++;
	return slot;
}

static inline void fake_upload_open(const struct request *r, struct reply *reply)
{
	u32 slot = fake_upload_named(r->image.name);

	if (fake_image_find(r->image.name) < fake_image_count) {
		fake_refuse(reply, RESULT_STATE, ERR_IMAGE_EXISTS, r->image.name);
		return;
	}
	if (slot < UPLOADS && (fake_uploads[slot].want.bytes != r->image.bytes ||
			       memcmp(fake_uploads[slot].want.hash, r->image.hash, IMAGE_HASH_BYTES) != 0)) {
		if (!(r->flags & REQ_FLAG_FORCE)) {
			fake_refuse(reply, RESULT_TIMEOUT, ERR_UPLOAD_BUSY, r->image.name);
			return;
		}
		fake_upload_drop(slot);
	}
	if (slot == UPLOADS)	/* the first free one, as root */
		for (slot = 0; slot < UPLOADS && fake_uploads[slot].number != 0;)
			slot++;
	if (slot == UPLOADS || r->image.bytes > FAKE_IMAGE_BYTES) {
		fake_refuse(reply, RESULT_RESOURCES, ERR_UPLOAD_MEMORY, "");
		return;
	}
	if (fake_uploads[slot].number == 0) {
		fake_uploads[slot].want = r->image;
		fake_uploads[slot].number = ++fake_upload_number;
		fake_uploads[slot].bytes = malloc(r->image.bytes);
	}
	fake_upload_report(slot, reply);
}

static inline void fake_upload_write(u32 slot, const struct request *r, struct reply *reply)
{
	u64 at = r->image.offset;

	if (at == fake_uploads[slot].taken) {
		if (r->image.count > UPLOAD_WRITE_BYTES || r->image.count == 0 ||
		    at % UPLOAD_WINDOW_BYTES + r->image.count > UPLOAD_WINDOW_BYTES ||
		    at + r->image.count > fake_uploads[slot].want.bytes) {
			fake_refuse(reply, RESULT_USAGE, ERR_IMAGE_SIZE, "");
			return;
		}
		memcpy(fake_uploads[slot].bytes + at,
		       fake_window + slot * UPLOAD_WINDOW_BYTES + at % UPLOAD_WINDOW_BYTES, r->image.count);
		fake_uploads[slot].taken += r->image.count;
	}
	fake_upload_report(slot, reply);
}

static inline void fake_upload_finish(u32 slot, struct reply *reply)
{
	const struct image_request *want = &fake_uploads[slot].want;
	u8 digest[IMAGE_HASH_BYTES], sum = 0;

	if (fake_uploads[slot].taken != want->bytes) {
		fake_refuse(reply, RESULT_STATE, ERR_UPLOAD_SHORT, "");
		return;
	}
	for (u64 i = 0; i < want->bytes; i++)
		sum = (u8)(sum + fake_uploads[slot].bytes[i]);
	memset(digest, sum, sizeof(digest));
	if (memcmp(digest, want->hash, sizeof(digest)) != 0) {
		fake_refuse(reply, RESULT_INTEGRITY, ERR_IMAGE_HASH, want->name);
	} else if (fake_image_count < FAKE_IMAGES) {
		reply->image = (struct image_report){ .bytes = want->bytes, .is_uploaded = 1 };
		memcpy(reply->image.name, want->name, IMAGE_NAME_BYTES);
		memcpy(reply->image.hash, digest, sizeof(digest));
		fake_images[fake_image_count++] = reply->image;
	}
	fake_upload_drop(slot);
}

static inline void fake_image_delete(const char *name, struct reply *reply)
{
	u32 i = fake_image_find(name), slot = fake_upload_named(name);

	if (i == fake_image_count && slot == UPLOADS)
		fake_refuse(reply, RESULT_NOT_FOUND, ERR_NO_IMAGE, name);
	else if (i < fake_image_count && !fake_images[i].is_uploaded)
		fake_refuse(reply, RESULT_DENIED, ERR_IMAGE_BOOT, name);
	else if (i < fake_image_count)
		fake_images[i] = fake_images[--fake_image_count];
	if (slot < UPLOADS)
		fake_upload_drop(slot);
}

static inline void fake_upload(const struct request *r, struct reply *reply)
{
	u32 slot = 0;

	while (slot < UPLOADS && (fake_uploads[slot].number != r->image.upload || r->image.upload == 0))
		slot++;
	if (r->op == REQ_UPLOAD_OPEN)
		fake_upload_open(r, reply);
	else if (r->op == REQ_DELETE_IMAGE)
		fake_image_delete(r->image.name, reply);
	else if (slot == UPLOADS)
		fake_refuse(reply, RESULT_NOT_FOUND, ERR_NO_UPLOAD, "");
	else if (r->op == REQ_UPLOAD_WRITE)
		fake_upload_write(slot, r, reply);
	else
		fake_upload_finish(slot, reply);
}

const u8 *fake_upload_bytes(u32 slot, u64 *taken)
{
	*taken = fake_uploads[slot].taken;
	return fake_uploads[slot].number ? fake_uploads[slot].bytes : NULL;
}

#endif
