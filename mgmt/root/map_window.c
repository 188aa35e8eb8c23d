/* SPDX-License-Identifier: MIT */
/*
 * map_window.c - see map_window.h.
 */
#include "map_window.h"

#include "info_page.h"
#include "range.h"
#include "sys.h"

#define WINDOWS_ADDRESS 0x200000000000ull
#define WINDOW_BYTES (4 * GIB)

static u64 open_bytes[WINDOW_COUNT];

static u64 window(enum map_window which)
{
	return WINDOWS_ADDRESS + which * WINDOW_BYTES;
}

enum status map_window_open_at(enum map_window which, u64 h_mem, u64 offset, u64 bytes, bool is_writable)
{
	u32 rights = RIGHT_R | (is_writable ? RIGHT_W : 0);
	enum status st;

	if (open_bytes[which] != 0)
		return ST_STATE;
	if (bytes == 0 || bytes > WINDOW_BYTES)
		return ST_UNSUPPORTED;
	bytes = align_up(bytes, PAGE_SIZE);
	st = sys_mem_map(HANDLE_SELF_PD, h_mem, window(which), offset, bytes, rights);
	if (st == ST_OK)
		open_bytes[which] = bytes;
	return st;
}

enum status map_window_open(enum map_window which, u64 h_mem, u64 bytes, bool is_writable)
{
	return map_window_open_at(which, h_mem, 0, bytes, is_writable);
}

u8 *map_window_at(enum map_window which)
{
	return (u8 *)window(which);	/* an address that the layout fixes */
}

void map_window_close(enum map_window which)
{
	if (open_bytes[which] == 0)
		return;
	while (sys_mem_unmap(HANDLE_SELF_PD, window(which), open_bytes[which]) == ST_AGAIN)
		;
	open_bytes[which] = 0;
}
