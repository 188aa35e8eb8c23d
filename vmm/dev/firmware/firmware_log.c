/* SPDX-License-Identifier: MIT */
/*
 * firmware_log.c - see firmware_log.h.
 */
#include "firmware_log.h"

#include <string.h>

#define EXISTS 0xe9u
#define NO_MEDIUM "No bootable device."

static u64 firmware_log_read(void *device, u64 offset, u32 size)
{
	(void)device;
	return offset == 0 && size == 1 ? EXISTS : ~0ull;
}

static void line_ended(struct firmware_log *l)
{
	if (l->used == strlen(NO_MEDIUM) && memcmp(l->line, NO_MEDIUM, strlen(NO_MEDIUM)) == 0)
		l->no_medium(l->ctx);
	l->used = 0;
}

static void firmware_log_write(void *device, u64 offset, u32 size, u64 value)
{
	struct firmware_log *l = device;

	if (offset != 0 || size != 1)
		return;
	if ((u8)value == '\n') {
		line_ended(l);
	} else if (l->used < FIRMWARE_LOG_LINE) {
		l->line[l->used++] = (char)value;
	}
}

const struct region_ops firmware_log_region = { .read = firmware_log_read, .write = firmware_log_write };

void firmware_log_init(struct firmware_log *l, void (*no_medium)(void *ctx), void *ctx)
{
	*l = (struct firmware_log){ .no_medium = no_medium, .ctx = ctx };
}
