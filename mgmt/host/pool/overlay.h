/* SPDX-License-Identifier: MIT */
/*
 * overlay.h - an image whose changes go to a file of their own that nobody else sees.
 */
#ifndef VOS_POOL_OVERLAY_H
#define VOS_POOL_OVERLAY_H

#include "image.h"

struct overlay {
	const struct image *image;
	u8 *written;		/* bit = block: it is in `changes`, at the same offset */
	FILE *changes;
};

/* False: no memory, or no temporary file. */
bool overlay_open(struct overlay *o, const struct image *image);
void overlay_close(struct overlay *o);
/* A block of the pool. */
bool overlay_read(struct overlay *o, u64 block, void *to);
bool overlay_write(struct overlay *o, u64 block, const void *from);

#endif
