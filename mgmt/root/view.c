/*
 * view.c - see view.h.
 */
#include "view.h"

#include "info_page.h"
#include "range.h"
#include "sys.h"

#define WINDOWS_ADDRESS 0x200000000000ull
#define WINDOW_BYTES (4 * GIB)

static u64 open_bytes[VIEW_COUNT];

static u64 window(enum view view)
{
	return WINDOWS_ADDRESS + view * WINDOW_BYTES;
}

enum status view_open(enum view view, u64 h_mem, u64 bytes, bool is_writable)
{
	u32 rights = RIGHT_R | (is_writable ? RIGHT_W : 0);
	enum status st;

	if (open_bytes[view] != 0)
		return ST_STATE;
	if (bytes == 0 || bytes > WINDOW_BYTES)
		return ST_UNSUPPORTED;
	bytes = align_up(bytes, PAGE_SIZE);
	st = sys_mem_map(HANDLE_SELF_PD, h_mem, window(view), 0, bytes, rights);
	if (st == ST_OK)
		open_bytes[view] = bytes;
	return st;
}

u8 *view_at(enum view view)
{
	return (u8 *)window(view);	/* an address that the layout fixes */
}

void view_close(enum view view)
{
	if (open_bytes[view] == 0)
		return;
	while (sys_mem_unmap(HANDLE_SELF_PD, window(view), open_bytes[view]) == ST_AGAIN)
		;
	open_bytes[view] = 0;
}
