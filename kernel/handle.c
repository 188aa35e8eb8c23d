/*
 * handle.c - see handle.h. Slot numbers come from ring 3: checked, then masked, so that a mispredicted check can't read
 * beyond the table either.
 */
#include "frames.h"
#include "handle.h"

#define FIRST_FREE_SEARCH 16u	/* lower slots are for those who choose their slot */

_Static_assert(HANDLES_PER_FRAME * sizeof(struct handle) <= PAGE_SIZE, "a part of the table is one frame");

static struct handle *slot_entry(const struct handle_table *table, u64 slot)
{
	struct handle *frame;

	if (slot == 0 || slot >= HANDLE_COUNT)
		return NULL;
	frame = table->frames[slot / HANDLES_PER_FRAME % ARRAY_COUNT(table->frames)];
	return frame == NULL ? NULL : &frame[slot % HANDLES_PER_FRAME];
}

static bool handle_is_dead(const struct handle *h)
{
	return h->object == NULL || h->generation != h->object->generation || h->object->is_dying;
}

enum status handle_get(const struct handle_table *table, u64 slot, enum object_kind kind, u32 rights,
		       struct handle **out)
{
	struct handle *h = slot_entry(table, slot);

	if (h == NULL || handle_is_dead(h) || (kind != OBJECT_NONE && h->object->kind != kind))
		return ST_HANDLE;
	if ((rights & ~h->rights) != 0)
		return ST_RIGHTS;
	*out = h;
	return ST_OK;
}

enum status handle_get_dying(const struct handle_table *table, u64 slot, struct handle **out)
{
	struct handle *h = slot_entry(table, slot);

	if (h == NULL || h->object == NULL || h->generation != h->object->generation)
		return ST_HANDLE;
	if ((h->rights & RIGHT_CTL) == 0)
		return ST_RIGHTS;
	*out = h;
	return ST_OK;
}

enum status handle_put(struct handle_table *table, u64 slot, struct object *object, u32 rights, u64 badge)
{
	struct handle **frame;
	struct handle *h;

	if (slot == 0 || slot >= HANDLE_COUNT)
		return ST_INVAL;
	frame = &table->frames[slot / HANDLES_PER_FRAME];
	if (*frame == NULL)
		*frame = kernel_frames_alloc(1);
	if (*frame == NULL)
		return ST_NOMEM;
	h = &(*frame)[slot % HANDLES_PER_FRAME];
	if (!handle_is_dead(h))
		return ST_EXISTS;
	*h = (struct handle){ .object = object, .badge = badge, .generation = object->generation, .rights = rights };
	return ST_OK;
}

enum status handle_add(struct handle_table *table, struct object *object, u32 rights, u64 badge, u64 *slot)
{
	enum status status;
	u32 at;

	for (u32 i = 0; i < HANDLE_COUNT - FIRST_FREE_SEARCH; i++) {
		at = FIRST_FREE_SEARCH + (table->search + i) % (HANDLE_COUNT - FIRST_FREE_SEARCH);
		status = handle_put(table, at, object, rights, badge);
		if (status == ST_EXISTS)
			continue;
		*slot = at;
		table->search = at + 1 - FIRST_FREE_SEARCH;
		return status;
	}
	return ST_FULL;
}

enum status handle_close(struct handle_table *table, u64 slot)
{
	struct handle *h = slot_entry(table, slot);

	if (h == NULL || h->object == NULL)
		return ST_HANDLE;
	*h = (struct handle){ 0 };
	if (slot >= FIRST_FREE_SEARCH && slot - FIRST_FREE_SEARCH < table->search)
		table->search = (u32)slot - FIRST_FREE_SEARCH;
	return ST_OK;
}

void handle_table_fini(struct handle_table *table)
{
	for (u32 i = 0; i < ARRAY_COUNT(table->frames); i++) {
		if (table->frames[i] != NULL)
			kernel_frames_free(table->frames[i], 1);
		table->frames[i] = NULL;
	}
}
