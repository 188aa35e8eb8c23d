/* SPDX-License-Identifier: MIT */
/*
 * overlay.c - see overlay.h.
 */
#include "overlay.h"

#include <stdlib.h>
#include <unistd.h>

#include "pool_format.h"
#include "range.h"

bool overlay_open(struct overlay *o, const struct image *image)
{
	*o = (struct overlay){ .image = image, .written = calloc(image->bytes / POOL_BLOCK / 8 + 1, 1),
		.changes = tmpfile() };
	if (o->written != NULL && o->changes != NULL)
		return true;
	overlay_close(o);
	return false;
}

void overlay_close(struct overlay *o)
{
	free(o->written);
	if (o->changes != NULL)
		fclose(o->changes);
}

static bool is_written(const struct overlay *o, u64 block)
{
	return (o->written[block / 8] & BIT32(block % 8)) != 0;
}

bool overlay_read(struct overlay *o, u64 block, void *to)
{
	if (!range_ok(block * POOL_BLOCK, POOL_BLOCK, o->image->bytes))
		return false;
	if (!is_written(o, block))
		return image_read(o->image, block, to);
	return pread(fileno(o->changes), to, POOL_BLOCK, (off_t)(block * POOL_BLOCK)) == POOL_BLOCK;
}

bool overlay_write(struct overlay *o, u64 block, const void *from)
{
	if (!range_ok(block * POOL_BLOCK, POOL_BLOCK, o->image->bytes) ||
		pwrite(fileno(o->changes), from, POOL_BLOCK, (off_t)(block * POOL_BLOCK)) != POOL_BLOCK)
		return false;
	o->written[block / 8] = (u8)(o->written[block / 8] | BIT32(block % 8));
	return true;
}
