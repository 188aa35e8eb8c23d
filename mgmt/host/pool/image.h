/* SPDX-License-Identifier: MIT */
/*
 * image.h - a file, or a disk of this machine, with a pool on it: the whole of it, or a partition.
 */
#ifndef VOS_POOL_IMAGE_H
#define VOS_POOL_IMAGE_H

#include <stdio.h>

#include "types.h"

struct image {
	const char *path;
	int fd;
	u64 offset, bytes;	/* of the pool */
};

/* Where the pool begins is not known. */
#define IMAGE_ANYWHERE (~0ull)

enum image_result { IMAGE_OPEN, IMAGE_NO_POOL, IMAGE_SEVERAL_POOLS };

/* Opens it for reading, and finds the pool: at that offset, at the beginning, or in the one partition of its type.
 * Unless it is IMAGE_OPEN, it said why. */
enum image_result image_open(struct image *i, const char *path, u64 offset, FILE *err);
void image_close(struct image *i);

/* A block of the pool. */
bool image_read(const struct image *i, u64 block, void *to);

#endif
