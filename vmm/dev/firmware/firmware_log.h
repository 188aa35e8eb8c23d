/* SPDX-License-Identifier: MIT */
/*
 * firmware_log.h - what firmware tells: SeaBIOS at port 402h (reading gives E9h: the port exists), OVMF on the serial
 * line. Of interest is one line only: that it has found nothing to boot, or that it starts its own shell for that. All
 * else the guest's console has, too.
 */
#ifndef VOS_FIRMWARE_LOG_H
#define VOS_FIRMWARE_LOG_H

#include "device.h"

#define FIRMWARE_LOG_PORT 0x402u
#define FIRMWARE_LOG_LINE 48u

struct firmware_log {
	void (*no_medium)(void *ctx);
	void *ctx;
	char line[FIRMWARE_LOG_LINE];
	u32 used;
};

void firmware_log_init(struct firmware_log *l, void (*no_medium)(void *ctx), void *ctx);
void firmware_log_text(struct firmware_log *l, const u8 *bytes, u32 count);
extern const struct region_ops firmware_log_region;	/* 1 port; device = struct firmware_log */

#endif
