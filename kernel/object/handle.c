/* SPDX-License-Identifier: MIT */
/*
 * handle.c - see handle.h. Slot numbers come from ring 3: checked, then masked, so that a mispredicted check can't read
 * beyond the table either.
 */
#include "frames.h"
#include "handle.h"

_Static_assert(HANDLES_PER_FRAME * sizeof(struct handle) <= PAGE_SIZE, "a part of the table is one frame");

static struct handle *slot_entry(const struct handle_table *table, u64 slot)
{
	struct handle *frame;

	if (slot == 0 || slot >= HANDLE_COUNT)
		return NULL;
	frame = __atomic_load_n(&table->frames[slot / HANDLES_PER_FRAME % ARRAY_COUNT(table->frames)],
				__ATOMIC_ACQUIRE);
	return frame == NULL ? NULL : &frame[slot % HANDLES_PER_FRAME];
}

/* False: free, or being changed, which is as good as not there yet or not there any more. */
static bool slot_read(const struct handle_table *table, u64 slot, struct handle *out)
{
	const struct handle *h = slot_entry(table, slot);

	if (h == NULL)
		return false;
	out->version = __atomic_load_n(&h->version, __ATOMIC_ACQUIRE);
	out->object = __atomic_load_n(&h->object, __ATOMIC_RELAXED);
	out->badge = __atomic_load_n(&h->badge, __ATOMIC_RELAXED);
	out->generation = __atomic_load_n(&h->generation, __ATOMIC_RELAXED);
	out->rights = __atomic_load_n(&h->rights, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return out->version % 2 == 0 && out->version == __atomic_load_n(&h->version, __ATOMIC_RELAXED) &&
	       out->object != NULL;
}

/* Lock held. */
static void slot_write(struct handle *h, struct object *object, u32 generation, u32 rights, u64 badge)
{
	__atomic_store_n(&h->version, h->version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&h->object, object, __ATOMIC_RELAXED);
	__atomic_store_n(&h->badge, badge, __ATOMIC_RELAXED);
	__atomic_store_n(&h->generation, generation, __ATOMIC_RELAXED);
	__atomic_store_n(&h->rights, rights, __ATOMIC_RELAXED);
	__atomic_store_n(&h->version, h->version + 1, __ATOMIC_RELEASE);
}

static bool handle_is_dead(const struct handle *h)
{
	return h->object == NULL || object_is_dead(h->object, h->generation);
}

enum status handle_get(const struct handle_table *table, u64 slot, const struct object_type *type,
		       u32 rights, struct handle *out)
{
	if (!slot_read(table, slot, out) || handle_is_dead(out) || (type != NULL && out->object->type != type))
		return ST_HANDLE;
	return (rights & ~out->rights) != 0 ? ST_RIGHTS : ST_OK;
}

enum status handle_get_dying(const struct handle_table *table, u64 slot, struct handle *out)
{
	if (!slot_read(table, slot, out) || out->generation != out->object->generation)
		return ST_HANDLE;
	return (out->rights & RIGHT_CTL) == 0 ? ST_RIGHTS : ST_OK;
}

void handle_keep_dying(struct handle_table *table, u64 slot)
{
	struct handle *h = slot_entry(table, slot);

	lock_acquire(&table->lock);
	if (h != NULL && h->object != NULL)
		slot_write(h, h->object, h->object->generation, h->rights, h->badge);
	lock_release(&table->lock);
}

static enum status put_locked(struct handle_table *table, u64 slot, struct object *object, u32 rights, u64 badge)
{
	struct handle **frame = &table->frames[slot / HANDLES_PER_FRAME];
	struct handle *h;

	if (*frame == NULL)
		__atomic_store_n(frame, kernel_frames_alloc(1), __ATOMIC_RELEASE);
	if (*frame == NULL)
		return ST_NOMEM;
	h = &(*frame)[slot % HANDLES_PER_FRAME];
	if (h->object != NULL && h->generation == __atomic_load_n(&h->object->generation, __ATOMIC_ACQUIRE))
		return ST_EXISTS;	/* alive, or kept for a destruction */
	slot_write(h, object, object->generation, rights, badge);
	return ST_OK;
}

static bool is_handle(const struct handle *h, const struct object *object, u32 rights, u64 badge)
{
	return h->object == object && h->rights == rights && h->badge == badge;
}

enum status handle_put(struct handle_table *table, u64 slot, struct object *object, u32 rights, u64 badge)
{
	enum status status;

	if (slot == 0 || slot >= HANDLE_CHOSEN)
		return ST_INVAL;
	lock_acquire(&table->lock);
	status = put_locked(table, slot, object, rights, badge);
	if (status == ST_EXISTS && is_handle(slot_entry(table, slot), object, rights, badge))
		status = ST_OK;
	lock_release(&table->lock);
	return status;
}

static enum status add_locked(struct handle_table *table, struct object *object, u32 rights, u64 badge, u64 *slot)
{
	enum status status;
	u32 at;

	for (u32 i = 0; i < HANDLE_COUNT - HANDLE_CHOSEN; i++) {
		at = HANDLE_CHOSEN + (table->search + i) % (HANDLE_COUNT - HANDLE_CHOSEN);
		status = put_locked(table, at, object, rights, badge);
		if (status == ST_EXISTS)
			continue;
		*slot = at;
		table->search = at + 1 - HANDLE_CHOSEN;
		return status;
	}
	return ST_FULL;
}

enum status handle_add(struct handle_table *table, struct object *object, u32 rights, u64 badge, u64 *slot)
{
	enum status status;

	lock_acquire(&table->lock);
	status = add_locked(table, object, rights, badge, slot);
	lock_release(&table->lock);
	return status;
}

enum status handle_close(struct handle_table *table, u64 slot)
{
	struct handle *h = slot_entry(table, slot);
	enum status status = ST_HANDLE;

	if (h == NULL)
		return ST_HANDLE;
	lock_acquire(&table->lock);
	if (h->object != NULL) {
		slot_write(h, NULL, 0, 0, 0);
		if (slot >= HANDLE_CHOSEN && slot - HANDLE_CHOSEN < table->search)
			table->search = (u32)slot - HANDLE_CHOSEN;
		status = ST_OK;
	}
	lock_release(&table->lock);
	return status;
}

u64 handle_table_frames(const struct handle_table *table)
{
	u64 count = 0;

	for (u32 i = 0; i < ARRAY_COUNT(table->frames); i++)
		count += table->frames[i] != NULL;
	return count;
}

void handle_table_fini(struct handle_table *table)
{
	for (u32 i = 0; i < ARRAY_COUNT(table->frames); i++) {
		if (table->frames[i] != NULL)
			kernel_frames_free(table->frames[i], 1);
		table->frames[i] = NULL;
	}
}
