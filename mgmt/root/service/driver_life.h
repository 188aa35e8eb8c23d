/* SPDX-License-Identifier: MIT */
/*
 * driver_life.h - how often a driver that fails is started again, and when its disks are given up. Pure.
 */
#ifndef VOS_ROOT_DRIVER_LIFE_H
#define VOS_ROOT_DRIVER_LIFE_H

#include "driver.h"
#include "types.h"

#define LIFE_TRIES 6u			/* failures before the driver is given up: pauses of 1, 2, 4, 8, 16 s between */
#define LIFE_STUCK 3u			/* times that a disk may be stuck */
#define LIFE_STEADY_NS (5 * 60 * NS_PER_S)	/* who ran so long has not failed before */

struct driver_life {
	u32 failures;
	u32 stuck[DRIVER_LINKS];	/* of these, how often by that disk */
	u32 known, lost;		/* disks by bit: driver.h */
	bool is_given_up;
};

enum life_verdict { LIFE_AGAIN, LIFE_DISK_LOST, LIFE_GIVEN_UP };

/* It has ended: with an enum driver_exit, or by a fault (code 0). was_steady: it had run for LIFE_STEADY_NS. */
enum life_verdict driver_life_failed(struct driver_life *l, u64 code, bool was_steady);

/* Before the next start. */
u64 driver_life_pause_ns(const struct driver_life *l);

#endif
