/* SPDX-License-Identifier: MIT */
/*
 * image.h - the table of images, by name: files that came with the boot (boot_modules.c), and uploads (image_store.c).
 * Pure.
 */
#ifndef VOS_IMAGE_H
#define VOS_IMAGE_H

#include "request.h"
#include "status.h"
#include "types.h"

struct image {
	char name[IMAGE_NAME_BYTES];
	u64 bytes;
	u64 h_mem;
	bool is_built_in;	/* a program of VOS, not a guest's image */
	bool is_uploaded;
	u8 hash[IMAGE_HASH_BYTES];	/* is_uploaded: BLAKE2b-256 */
	char volume[VOLUME_NAME_BYTES];	/* is_uploaded: that keeps it (image_volume_name.h) */
	bool is_looked_at;
	u64 end;		/* is_looked_at: as a kernel, image_end (image_need.h) */
	u64 again_tsc;		/* a pool did not take it (image_volumes.h): it is asked again then; 0: it did not */
};

struct image_table {
	u32 count;
	struct image images[IMAGE_COUNT];
};

/* True for a string of 1..47 of [A-Za-z0-9._+-] that ends within `bytes`. */
bool image_name_ok(const char *name, u32 bytes);

/*
 * The image that a module names: its string up to the first blank. False: the string is longer than MODULE_BYTES allow,
 * or that is no image's name.
 */
bool image_of_module(const char module[MODULE_BYTES], char name[IMAGE_NAME_BYTES]) MUST_CHECK;

/* ST_INVAL: bad name or size; ST_EXISTS: the name is taken (the first one stays); ST_FULL. */
enum status image_add(struct image_table *table, const char *name, u64 bytes, u64 h_mem, bool is_built_in) MUST_CHECK;
enum status image_add_uploaded(struct image_table *table, const char *name, u64 bytes, u64 h_mem,
			       const u8 hash[IMAGE_HASH_BYTES]) MUST_CHECK;
/* The same, if nothing were done. */
enum status image_judge_uploaded(const struct image_table *table, const char *name, u64 bytes) MUST_CHECK;
/* An uploaded one, out of the table: the handle of its memory, which is the caller's; 0: there is none of that name. */
u64 image_take_uploaded(struct image_table *table, const char *name);

/* NULL if there is none. `name` ends with a zero byte. */
const struct image *image_find(const struct image_table *table, const char *name, bool is_built_in);

/* The index-th image that is not built in, or NULL. */
const struct image *image_at(const struct image_table *table, u32 index);

#endif
