/* SPDX-License-Identifier: MIT */
/*
 * pt_frames.c - see frames.h: the frames of page tables are kernel frames.
 */
#include "arch.h"
#include "frames.h"

/* ctx: NULL, or anything if the watermark counts. */
static enum status table_alloc(void *ctx, hpa_t *out)
{
	void *p = kernel_frames(1, ctx != NULL);

	if (p == NULL)
		return ST_NOMEM;
	*out = direct_hpa(p);
	return ST_OK;
}

static void table_free(void *, hpa_t frame)
{
	kernel_frames_free(direct_pointer(frame), 1);
}

static u64 *table_pointer(void *, hpa_t frame)
{
	return direct_pointer(frame);
}

const struct pt_frames kernel_pt_frames = { .alloc = table_alloc, .free = table_free, .pointer = table_pointer };
const struct pt_frames guest_pt_frames = {
	.alloc = table_alloc, .free = table_free, .pointer = table_pointer, .ctx = &frames,
};
