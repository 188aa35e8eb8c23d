/* SPDX-License-Identifier: MIT */
/*
 * power.h - what a device calls when the guest switches its machine off, resets or suspends it, and the smallest reset
 * port: 92h.
 *
 * The callbacks only take note: the device's write handler returns normally and the VMM ends the run afterwards.
 */
#ifndef VOS_POWER_H
#define VOS_POWER_H

#include "device.h"

struct power_ops {
	void (*reset)(void *ctx);
	void (*poweroff)(void *ctx);
	void (*suspend)(void *ctx, bool is_suspended);	/* the guest suspends itself, or works again */
	void *ctx;
};

/* System control port A (92h): bit 0 rising = reset, bit 1 = A20, which is always on and reads as written. */
struct fast_reset {
	struct power_ops power;
	u8 value;
};

void fast_reset_init(struct fast_reset *f, const struct power_ops *power);
extern const struct region_ops fast_reset_region;	/* 1 port; device = struct fast_reset */

#endif
