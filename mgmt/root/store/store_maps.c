/* SPDX-License-Identifier: MIT */
/*
 * store_maps.c - see store_maps.h.
 */
#include "store_maps.h"

#include "pd.h"
#include "root.h"
#include "sys.h"
#include "vm_layout.h"

#define RW (RIGHT_R | RIGHT_W)

static u64 link_address(u32 link)
{
	return STORE_LINKS + (u64)link * BLK_LINK_BYTES;
}

static u64 ram_address(const struct volume *v)
{
	return STORE_RAM + v->slot * STORE_RAM_STRIDE;
}

static void unmap(u64 h_pd, u64 address, u64 bytes)
{
	while (h_pd != 0 && sys_mem_unmap(h_pd, address, bytes) == ST_AGAIN)
		;
}

static void destroy(u64 h_mem)
{
	while (sys_object_destroy(h_mem) == ST_AGAIN)
		;
	(void)sys_handle_close(h_mem);
}

enum status store_map_ram(u64 h_pd, const struct volume *v)
{
	return h_pd != 0 ? pd_map(h_pd, v->h_mem, ram_address(v), v->bytes, RW) : ST_OK;
}

enum status store_add_ram(u64 h_pd, struct volume *v)
{
	enum status st = sys_mem_create(HANDLE_ROOT, v->bytes, MEM_LARGE, &v->h_mem);

	if (st != ST_OK)
		return st;
	st = store_map_ram(h_pd, v);
	if (st != ST_OK) {
		destroy(v->h_mem);
		v->h_mem = 0;
		return st;
	}
	return ST_OK;
}

void store_drop_ram(u64 h_pd, const struct volume *v)
{
	unmap(h_pd, ram_address(v), v->bytes);
	destroy(v->h_mem);
}

enum status store_map_link(u64 h_pd, u32 link, u64 h_mem)
{
	enum status st;

	if (h_pd == 0)
		return ST_OK;
	st = pd_map(h_pd, h_mem, link_address(link), BLK_LINK_BYTES, RW);
	if (st != ST_OK)
		return st;
	st = pd_fill(h_pd, h_mem, link_address(link), 0, BLK_LINK_BYTES, RW);
	while (st != ST_OK && sys_mem_unmap(h_pd, link_address(link), BLK_LINK_BYTES) == ST_AGAIN)
		;
	return st;
}

void store_unmap_link(u64 h_pd, u32 link)
{
	unmap(h_pd, link_address(link), BLK_LINK_BYTES);
}
