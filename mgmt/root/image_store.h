/* SPDX-License-Identifier: MIT */
/*
 * image_store.h - images that come while VOS runs, and go (lib/proto/upload.h). What comes is copied once out of the
 * console's window, hashed as it is kept, and becomes an image when its hash is the announced one. From then on nobody
 * has it writable. Or it becomes the contents of a volume.
 */
#ifndef VOS_IMAGE_STORE_H
#define VOS_IMAGE_STORE_H

#include "error_info.h"
#include "image.h"

/*
 * Begin an upload, or go on with one of the same name, size and hash. is_forced: one of that name that differs is
 * dropped, else that is ERR_UPLOAD_BUSY. All its memory is set aside now, or it is refused; what the dropped one had
 * counts as free. That one stays if all of it is too little, or if there is room for both and the kernel gives none.
 */
struct error_info image_store_open(const struct image_request *want, bool is_forced, struct upload_report *out);
/* The same for a volume that waits for it (import.h): the bytes are a stream of extents. It can't begin anew. */
struct error_info image_store_open_volume(const struct image_request *want, struct upload_report *out);

/* Who asked, where an answer may come later. */
struct image_asker {
	u32 client, id;
};

/* Take one piece. One that is not the next one changes nothing: the report says what is taken, which may be a part.
 * False: the volume has no room for it now, and the answer comes later. */
bool image_store_write(struct image_asker asker, const struct image_request *piece, struct error_info *no,
		       struct upload_report *out);
/* All bytes are there: it is an image, or ERR_IMAGE_HASH and gone. False: the answer, struct image_report or
 * volume_row, comes when all of it is on stable storage, or an image can't be. True: *no says what is wrong. */
bool image_store_finish(struct image_asker asker, u64 upload, struct error_info *no);
/* Nobody waits for the answers to that client's requests any more. */
void image_store_drop(u32 client);
/* Refused for an image that a VM is defined with, and for a boot module. An upload of that name is dropped. False: the
 * answer comes when the pool that has it has it no more, or can't delete it. */
bool image_store_delete(struct image_asker asker, const char name[IMAGE_NAME_BYTES], bool is_dry_run,
			struct error_info *no);

void image_report_fill(const struct image *image, struct image_report *out);

/* Drops uploads that get no more bytes, and gives back memory, a slice at a time. When to be called again; 0 = soon. */
u64 image_store_step(void);
/* Memory of uploads, and of what is being given back; that of images is not in it. */
u64 image_store_bytes(void);

#endif
