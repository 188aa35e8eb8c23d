/* SPDX-License-Identifier: MIT */
/*
 * link_windows.c - see link_windows.h.
 */
#include "link_windows.h"

#include "accounts.h"
#include "blk.h"
#include "drivers.h"
#include "object_set.h"

static u32 reach[BLK_WINDOWS];

void link_window_begin(u32 link)
{
	reach[link] = 0;
}

void link_window_open(u32 link, u64 h_mem, u32 slots)
{
	u64 bus = slots != 0 ? stat_of(h_mem, STAT_BUS_ADDRESS) : 0;

	for (u32 left = slots & ~reach[link]; left != 0; left &= left - 1)
		driver_window_set((u32)__builtin_ctz(left) / DRIVER_LINKS, link, bus);
	reach[link] |= slots;
}

void link_window_close(u32 link)
{
	for (u32 left = reach[link]; left != 0; left &= left - 1)
		driver_window_set((u32)__builtin_ctz(left) / DRIVER_LINKS, link, 0);
}

bool link_window_is_quiet(u32 link)
{
	for (u32 left = reach[link]; left != 0; left &= left - 1) {
		u32 slot = (u32)__builtin_ctz(left);

		if (!driver_is_quiet(slot / DRIVER_LINKS, slot % DRIVER_LINKS))
			return false;
	}
	return true;
}
