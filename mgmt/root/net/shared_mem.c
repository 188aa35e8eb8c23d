/* SPDX-License-Identifier: MIT */
/*
 * shared_mem.c - see shared_mem.h.
 */
#include "shared_mem.h"

#include "info_page.h"
#include "pd.h"
#include "sys.h"

#define RW (RIGHT_R | RIGHT_W)

void shared_mem_destroy(u64 *h_mem)
{
	if (*h_mem == 0)
		return;
	while (sys_object_destroy(*h_mem) == ST_AGAIN)
		;
	(void)sys_handle_close(*h_mem);
	*h_mem = 0;
}

void shared_mem_drop(u64 *h_mem, u64 address, u64 bytes)
{
	if (*h_mem == 0)
		return;
	while (sys_mem_unmap(HANDLE_SELF_PD, address, bytes) == ST_AGAIN)
		;
	shared_mem_destroy(h_mem);
}

enum status shared_mem_make(u64 bytes, u64 address, u64 *h_mem)
{
	enum status st = sys_mem_create(HANDLE_ROOT, bytes, 0, h_mem);

	if (st != ST_OK) {
		*h_mem = 0;
		return st;
	}
	st = pd_map(HANDLE_SELF_PD, *h_mem, address, bytes, RW);
	if (st != ST_OK) {
		shared_mem_destroy(h_mem);
		return st;
	}
	st = pd_fill(HANDLE_SELF_PD, *h_mem, address, 0, bytes, RW);
	if (st != ST_OK)
		shared_mem_drop(h_mem, address, bytes);
	return st;
}
