/* SPDX-License-Identifier: MIT */
/*
 * object_set.c - see object_set.h.
 */
#include "object_set.h"

#include "accounts.h"

#define STEPS 16u	/* destroy calls in one step; each does a bounded piece of work in the kernel */

enum status object_set_add(struct object_set *h, enum object_kind kind, u64 handle)
{
	if (h->count == OBJECT_SET_MAX)
		return ST_FULL;
	h->items[h->count].handle = (u32)handle;
	h->items[h->count].kind = kind;
	h->count++;
	return ST_OK;
}

enum status object_set_mem(struct object_set *h, u64 bytes, u32 flags, u64 *h_mem)
{
	enum status st = sys_mem_create(HANDLE_ROOT, bytes, flags, h_mem);

	if (st != ST_OK)
		return st;
	st = object_set_add(h, OBJECT_MEM, *h_mem);
	if (st != ST_OK)
		(void)sys_object_destroy(*h_mem);
	return st;
}

u64 object_bytes(u64 handle)
{
	const u64 *stats = stats_of(handle);

	return stats[STAT_BYTES_HELD] + stats[STAT_KERNEL_BYTES];
}

u64 object_set_bytes(const struct object_set *h)
{
	u64 sum = 0;

	for (u32 i = 0; i < h->count; i++)
		sum += object_bytes(h->items[i].handle);
	return sum;
}

/* The item to go next: of the lowest kind, the youngest. */
static u32 next_item(const struct object_set *h)
{
	u32 best = 0;

	for (u32 i = 1; i < h->count; i++)
		if (h->items[i].kind <= h->items[best].kind)
			best = i;
	return best;
}

enum status object_set_release_step(struct object_set *h)
{
	for (u32 step = 0; step < STEPS && h->count != 0; step++) {
		u32 i = next_item(h);

		if (sys_object_destroy(h->items[i].handle) == ST_AGAIN)
			continue;
		(void)sys_handle_close(h->items[i].handle);	/* the slot may be free already */
		h->items[i] = h->items[--h->count];
	}
	return h->count == 0 ? ST_OK : ST_AGAIN;
}

void object_set_drop_mem(struct object_set *h, u64 h_mem)
{
	u32 i = 0;

	while (i < h->count && h->items[i].handle != h_mem)
		i++;
	if (i == h->count)
		return;
	while (sys_object_destroy(h_mem) == ST_AGAIN)
		;
	(void)sys_handle_close(h_mem);
	h->items[i] = h->items[--h->count];
}
