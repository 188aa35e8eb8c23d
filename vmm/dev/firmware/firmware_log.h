/* SPDX-License-Identifier: MIT */
/*
 * firmware_log.h - port 402h, where SeaBIOS tells what it does, besides its screen (reading gives E9h: the port
 * exists). Of interest is one line only: that it has found nothing to boot. All else the guest's console has, too.
 */
#ifndef VOS_FIRMWARE_LOG_H
#define VOS_FIRMWARE_LOG_H

#include "device.h"

#define FIRMWARE_LOG_PORT 0x402u
#define FIRMWARE_LOG_LINE 32u

struct firmware_log {
	void (*no_medium)(void *ctx);
	void *ctx;
	char line[FIRMWARE_LOG_LINE];
	u32 used;
};

void firmware_log_init(struct firmware_log *l, void (*no_medium)(void *ctx), void *ctx);
extern const struct region_ops firmware_log_region;	/* 1 port; device = struct firmware_log */

#endif
