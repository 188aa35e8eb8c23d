/* SPDX-License-Identifier: MIT */
/*
 * upload.h - images that come while VOS runs: what the console and root say about them. The console writes an image's
 * bytes into a window that both map; root copies them into memory of its own, hashes that copy, and gives the image its
 * name only if the hash is the announced one.
 */
#ifndef VOS_UPLOAD_H
#define VOS_UPLOAD_H

#include "types.h"

#define IMAGE_NAME_BYTES 48u	/* 1..47 of [A-Za-z0-9._+-] and a zero */
#define IMAGE_HASH_BYTES 32u	/* BLAKE2b-256 */
#define IMAGES_UPLOADED 64u	/* that there can be */
#define UPLOADS 8u		/* that are not finished */
#define UPLOAD_WINDOW_BYTES 65536u	/* of each: byte n of the image is at n % UPLOAD_WINDOW_BYTES */
#define UPLOAD_WRITE_BYTES 16384u	/* that root takes with one request */
#define UPLOAD_KEPT_NS (300 * 1000000000ull)	/* without a further byte; then it is dropped */

/* What of it a request needs, request.h says. */
struct image_request {
	char name[IMAGE_NAME_BYTES];
	u64 bytes;
	u64 upload;		/* as the answer to REQ_UPLOAD_OPEN has it */
	u64 offset;		/* of the piece: all before it is taken */
	u32 count;		/* 1..UPLOAD_WRITE_BYTES, and not beyond the window's end */
	u32 zero;
	u8 hash[IMAGE_HASH_BYTES];
};

struct upload_report {
	u64 upload;		/* its number; no other upload has it, before or after */
	u64 bytes;
	u64 taken;		/* bytes that need not be sent again */
	u32 slot;		/* its piece of the window: below UPLOADS */
	u32 zero;
};

#endif
