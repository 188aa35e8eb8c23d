/* SPDX-License-Identifier: MIT */
/*
 * driver_life.c - see driver_life.h.
 */
#include "driver_life.h"

#include <string.h>

#include "rt_time.h"

static enum life_verdict give_up(struct driver_life *l)
{
	l->is_given_up = true;
	return LIFE_GIVEN_UP;
}

/* The others go on without it. */
static enum life_verdict stuck(struct driver_life *l, u32 disk)
{
	if (++l->stuck[disk] < LIFE_STUCK)
		return LIFE_AGAIN;
	l->lost |= BIT32(disk);
	l->failures = 0;
	return LIFE_DISK_LOST;
}

/* One that was lost before has had its tries: it counts against the driver, which ought to leave it alone. */
static bool is_stuck(const struct driver_life *l, u64 code)
{
	return code >= DRIVER_EXIT_STUCK && code < DRIVER_EXIT_STUCK + DRIVER_LINKS &&
	       (l->lost & BIT32(code - DRIVER_EXIT_STUCK)) == 0;
}

enum life_verdict driver_life_failed(struct driver_life *l, u64 code, bool was_steady)
{
	if (was_steady) {
		l->failures = 0;
		memset(l->stuck, 0, sizeof(l->stuck));
	}
	l->failures++;
	if (code == DRIVER_EXIT_UNUSABLE && l->known == 0)
		return give_up(l);
	if (is_stuck(l, code))
		return stuck(l, (u32)code - DRIVER_EXIT_STUCK);
	return l->failures < LIFE_TRIES ? LIFE_AGAIN : give_up(l);
}

u64 driver_life_pause_ns(const struct driver_life *l)
{
	return NS_PER_S << (l->failures != 0 ? l->failures - 1 : 0);
}
