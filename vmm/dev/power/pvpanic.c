/* SPDX-License-Identifier: MIT */
/*
 * pvpanic.c - the port that reports a panic of the guest. Reading gives the events that are understood: a panic is, a
 * crash kernel being loaded means the guest looks after itself, which is told by not claiming it.
 */
#include "pvpanic.h"

#define EVENT_PANICKED BIT32(0)

static u64 pvpanic_read(void *device, u64 offset, u32 size)
{
	(void)device;
	return offset == 0 && size == 1 ? EVENT_PANICKED : ~0ull;
}

static void pvpanic_write(void *device, u64 offset, u32 size, u64 value)
{
	struct pvpanic *p = device;

	if (offset == 0 && size == 1 && (value & EVENT_PANICKED))
		p->panicked(p->ctx);
}

const struct region_ops pvpanic_region = { .read = pvpanic_read, .write = pvpanic_write };

void pvpanic_init(struct pvpanic *p, void (*panicked)(void *ctx), void *ctx)
{
	*p = (struct pvpanic){ .panicked = panicked, .ctx = ctx };
}
