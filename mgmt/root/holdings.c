/*
 * holdings.c - see holdings.h.
 */
#include "holdings.h"

#include "accounts.h"

#define STEPS 16u	/* destroy calls in one step; each does a bounded piece of work in the kernel */

enum status holdings_add(struct holdings *h, enum hold_kind kind, u64 handle)
{
	if (h->count == HOLDINGS_MAX)
		return ST_FULL;
	h->items[h->count].handle = (u32)handle;
	h->items[h->count].kind = kind;
	h->count++;
	return ST_OK;
}

enum status holdings_mem(struct holdings *h, u64 bytes, u32 flags, u64 *h_mem)
{
	enum status st = sys_mem_create(HANDLE_ROOT, bytes, flags, h_mem);

	if (st != ST_OK)
		return st;
	st = holdings_add(h, HOLD_MEM, *h_mem);
	if (st != ST_OK)
		(void)sys_object_destroy(*h_mem);
	return st;
}

u64 object_bytes(u64 handle)
{
	const u64 *stats = stats_of(handle);

	return stats[STAT_BYTES_HELD] + stats[STAT_KERNEL_BYTES];
}

u64 holdings_bytes(const struct holdings *h)
{
	u64 sum = 0;

	for (u32 i = 0; i < h->count; i++)
		sum += object_bytes(h->items[i].handle);
	return sum;
}

/* The item to go next: of the lowest kind, the youngest. */
static u32 next_item(const struct holdings *h)
{
	u32 best = 0;

	for (u32 i = 1; i < h->count; i++)
		if (h->items[i].kind <= h->items[best].kind)
			best = i;
	return best;
}

enum status holdings_release_step(struct holdings *h)
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
