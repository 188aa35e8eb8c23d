/* SPDX-License-Identifier: MIT */
/*
 * platform_memory.c - a window on physical memory, for the firmware's tables and a register here and there. The kernel
 * refuses what is its own.
 */
#include <string.h>

#include "platform_parts.h"
#include "range.h"

#define WINDOW_ADDRESS 0x18000000ull
#define WINDOW_BYTES (64 * KIB)		/* tables lie close together */

static struct {
	u64 start, bytes, h_mem;	/* bytes = 0: there is none */
	u32 rights;
} window;

void platform_unmap(void)
{
	if (window.bytes == 0)
		return;
	while (sys_mem_unmap(HANDLE_SELF_PD, WINDOW_ADDRESS, window.bytes) == ST_AGAIN)
		;
	while (sys_object_destroy(window.h_mem) == ST_AGAIN)
		;
	window.bytes = 0;
}

static bool window_open(u64 start, u64 bytes, u32 rights)
{
	if (sys_mem_create_device(HANDLE_ROOT, start, bytes, &window.h_mem) != ST_OK)
		return false;
	if (sys_mem_map(HANDLE_SELF_PD, window.h_mem, WINDOW_ADDRESS, 0, bytes, rights) != ST_OK) {
		while (sys_object_destroy(window.h_mem) == ST_AGAIN)
			;
		return false;
	}
	window.start = start;
	window.bytes = bytes;
	window.rights = rights;
	return true;
}

volatile u8 *platform_map(u64 at, u64 bytes, u32 rights)
{
	u64 start = align_down(at, PAGE_SIZE);
	u64 least;

	if (bytes > WINDOW_BYTES || !range_ok(at, bytes, 1ull << 52))
		return NULL;
	if (at < window.start || !range_ok(at - window.start, bytes, window.bytes) || window.rights != rights) {
		platform_unmap();
		least = align_up(at + bytes, PAGE_SIZE) - start;
		/* What follows may be RAM. */
		if (!window_open(start, max_u64(least, WINDOW_BYTES), rights) && !window_open(start, least, rights))
			return NULL;
	}
	return (volatile u8 *)(WINDOW_ADDRESS + (at - window.start));
}

bool platform_read(void *ctx, u64 at, void *to, u32 bytes)
{
	const volatile u8 *from = platform_map(at, bytes, RIGHT_R);

	(void)ctx;
	if (from == NULL)
		return false;
	memcpy(to, (const u8 *)from, bytes);	/* tables don't change */
	return true;
}
