/* SPDX-License-Identifier: MIT */
/*
 * store_maps.c - see store_maps.h.
 */
#include "store_maps.h"

#include "drivers.h"
#include "object_set.h"
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

u64 store_ram_bytes(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < volumes_end(); i++)
		if (volume_at(i) != NULL)
			sum += object_bytes(volume_at(i)->h_mem);
	return sum;
}

static u64 arena_address(u32 p)
{
	return STORE_POOLS + p * STORE_POOL_STRIDE;
}

enum status store_add_arena(u64 h_pd, u32 p, u64 bytes, u64 *h_mem)
{
	enum status st = sys_mem_create(HANDLE_ROOT, bytes, 0, h_mem);

	if (st != ST_OK)
		return st;
	st = pd_map(h_pd, *h_mem, arena_address(p), bytes, RW);
	if (st == ST_OK)
		st = pd_fill(h_pd, *h_mem, arena_address(p), 0, bytes, RW);
	if (st != ST_OK) {
		store_drop_arena(h_pd, p, bytes, *h_mem);
		*h_mem = 0;
	}
	return st;
}

void store_drop_arena(u64 h_pd, u32 p, u64 bytes, u64 h_mem)
{
	unmap(h_pd, arena_address(p), bytes);
	destroy(h_mem);
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

enum status store_map_disk(u64 h_pd, u32 slot, bool *is_mapped)
{
	u64 h_link = driver_link(slot / DRIVER_LINKS, slot % DRIVER_LINKS);

	*is_mapped = h_link != 0 && slot % DRIVER_LINKS < driver_link_count(slot / DRIVER_LINKS);
	if (!*is_mapped)
		return ST_OK;
	return pd_fill(h_pd, h_link, STORE_DRIVER_LINKS + slot * (u64)BLK_LINK_BYTES, 0, BLK_LINK_BYTES, RW);
}
