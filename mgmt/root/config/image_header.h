/* SPDX-License-Identifier: MIT */
/*
 * image_header.h - how an uploaded image lies in a volume of a pool: a header of one block, then the image's bytes.
 * Pure. What is read is foreign.
 */
#ifndef VOS_IMAGE_HEADER_H
#define VOS_IMAGE_HEADER_H

#include "blake2b.h"
#include "image.h"
#include "store.h"
#include "types.h"

#define IMAGE_HEADER_BYTES 4096u

/* Little endian, as all of VOS is. */
struct image_header {
	char magic[8];		/* IMAGE_MAGIC */
	u64 bytes;		/* of the image */
	char name[IMAGE_NAME_BYTES];
	u8 image_hash[IMAGE_HASH_BYTES];	/* BLAKE2b-256 */
	u8 hash[BLAKE2B_BYTES];	/* of all before it */
	u8 zero[IMAGE_HEADER_BYTES - 128];
};
_Static_assert(sizeof(struct image_header) == IMAGE_HEADER_BYTES, "one block");

#define IMAGE_MAGIC "VOSIMG01"

void image_header_fill(struct image_header *h, const struct image *image);
/* A copy of one that is foreign: it is right, and fits into a volume of that size. */
bool image_header_ok(const struct image_header *h, u64 volume_bytes);
#endif
