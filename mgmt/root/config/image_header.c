/* SPDX-License-Identifier: MIT */
/*
 * image_header.c - see image_header.h.
 */
#include "image_header.h"

#include <string.h>

#include "range.h"
#include "syscalls.h"

static void hash_of(const struct image_header *h, u8 hash[BLAKE2B_BYTES])
{
	struct blake2b sum;

	blake2b_init(&sum);
	blake2b_add(&sum, h, offsetof(struct image_header, hash));
	blake2b_finish(&sum, hash);
}

void image_header_fill(struct image_header *h, const struct image *image)
{
	memset(h, 0, sizeof(*h));
	memcpy(h->magic, IMAGE_MAGIC, sizeof(h->magic));
	h->bytes = image->bytes;
	strcpy(h->name, image->name);
	memcpy(h->image_hash, image->hash, sizeof(h->image_hash));
	hash_of(h, h->hash);
}

bool image_header_ok(const struct image_header *h, u64 volume_bytes)
{
	u8 hash[BLAKE2B_BYTES];

	hash_of(h, hash);
	return memcmp(h->magic, IMAGE_MAGIC, sizeof(h->magic)) == 0 && memcmp(hash, h->hash, sizeof(hash)) == 0 &&
	       h->bytes != 0 && range_ok(IMAGE_HEADER_BYTES, h->bytes, volume_bytes) &&
	       image_name_ok(h->name, sizeof(h->name));
}
