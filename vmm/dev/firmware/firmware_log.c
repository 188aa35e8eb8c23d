/* SPDX-License-Identifier: MIT */
/*
 * firmware_log.c - see firmware_log.h.
 */
#include "firmware_log.h"

#include <string.h>

#define EXISTS 0xe9u
#define NO_MEDIUM "No bootable device."
/* With the option's number, of four digits, between them (edk2, BdsBoot.c). */
#define STARTING "BdsDxe: starting Boot"
#define SHELL " \"EFI Internal Shell\""
#define AT_SHELL (strlen(STARTING) + 4)

static u64 firmware_log_read(void *device, u64 offset, u32 size)
{
	(void)device;
	return offset == 0 && size == 1 ? EXISTS : ~0ull;
}

static bool has_text(const struct firmware_log *l, u64 at, const char *text)
{
	return l->used >= at + strlen(text) && memcmp(l->line + at, text, strlen(text)) == 0;
}

static void line_ended(struct firmware_log *l)
{
	if ((has_text(l, 0, NO_MEDIUM) && l->used == strlen(NO_MEDIUM)) ||
	    (has_text(l, 0, STARTING) && has_text(l, AT_SHELL, SHELL)))
		l->no_medium(l->ctx);
	l->used = 0;
}

void firmware_log_text(struct firmware_log *l, const u8 *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (bytes[i] == '\n')
			line_ended(l);
		else if (l->used < FIRMWARE_LOG_LINE)
			l->line[l->used++] = (char)bytes[i];
}

static void firmware_log_write(void *device, u64 offset, u32 size, u64 value)
{
	u8 byte = (u8)value;

	if (offset == 0 && size == 1)
		firmware_log_text(device, &byte, 1);
}

const struct region_ops firmware_log_region = { .read = firmware_log_read, .write = firmware_log_write };

void firmware_log_init(struct firmware_log *l, void (*no_medium)(void *ctx), void *ctx)
{
	*l = (struct firmware_log){ .no_medium = no_medium, .ctx = ctx };
}
