/* SPDX-License-Identifier: MIT */
/*
 * pvpanic.h - the port through which a guest's kernel says that it has panicked (QEMU's pvpanic interface, ACPI
 * QEMU0001).
 */
#ifndef VOS_PVPANIC_H
#define VOS_PVPANIC_H

#include "device.h"

struct pvpanic {
	void (*panicked)(void *ctx);	/* only takes note, like struct power_ops */
	void *ctx;
};

void pvpanic_init(struct pvpanic *p, void (*panicked)(void *ctx), void *ctx);
extern const struct region_ops pvpanic_region;	/* 1 port; device = struct pvpanic */

#endif
