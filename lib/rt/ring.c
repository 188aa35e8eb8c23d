/* SPDX-License-Identifier: MIT */
/*
 * ring.c - see ring.h.
 */
#include "ring.h"

#include <string.h>

static u32 load_acquire(const u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static u64 load_cut(const struct ring *r)
{
	return __atomic_load_n(&r->shared->cut, __ATOMIC_ACQUIRE);
}

static u32 cut_number(u64 cut)
{
	return (u32)(cut >> 32);
}

void ring_attach_producer(struct ring *r, struct ring_shared *shared, u32 size)
{
	*r = (struct ring){ .shared = shared, .size = size, .index = load_acquire(&shared->head) };
	if (r->index - load_acquire(&shared->tail) > size)
		ring_publish(r, load_acquire(&shared->tail) - r->index);
}

void ring_attach_consumer(struct ring *r, struct ring_shared *shared, u32 size)
{
	*r = (struct ring){ .shared = shared, .size = size, .index = load_acquire(&shared->tail) };
	if (load_acquire(&shared->head) - r->index > size)
		ring_release(r, load_acquire(&shared->head) - r->index);
	r->cuts = cut_number(load_cut(r));
}

void ring_write_wrapped(struct ring *r, u32 place, const void *bytes, u32 count)
{
	u32 first = r->size - place;

	memcpy(r->shared->data + place, bytes, first);
	memcpy(r->shared->data, (const u8 *)bytes + first, count - first);
}

void ring_read_wrapped(const struct ring *r, u32 place, void *bytes, u32 count)
{
	u32 first = r->size - place;

	memcpy(bytes, r->shared->data + place, first);
	memcpy((u8 *)bytes + first, r->shared->data, count - first);
}

void ring_copy_ahead(const struct ring *from, u32 from_offset, struct ring *to, u32 to_offset, u32 count)
{
	while (count != 0) {
		u32 place = ring_place(from, from_offset), left = from->size - place;
		u32 now = count < left ? count : left;

		ring_write_ahead(to, to_offset, from->shared->data + place, now);
		from_offset += now;
		to_offset += now;
		count -= now;
	}
}

u32 ring_write(struct ring *r, const void *bytes, u32 count)
{
	u32 room = ring_room(r);

	if (count > room)
		count = room;
	ring_write_ahead(r, 0, bytes, count);
	ring_publish(r, count);
	return count;
}

u32 ring_read(struct ring *r, void *bytes, u32 count)
{
	u32 used = ring_used(r);

	if (count > used)
		count = used;
	if (count == 0)
		return 0;
	ring_read_ahead(r, 0, bytes, count);
	ring_release(r, count);
	return count;
}

void ring_cut(struct ring *r)
{
	u64 cut = (u64)(cut_number(load_cut(r)) + 1) << 32 | r->index;

	__atomic_store_n(&r->shared->cut, cut, __ATOMIC_RELEASE);
}

/* What is used is looked at first: a cut among those bytes was made before they were published. */
u32 ring_used_to_cut(struct ring *r, bool *is_cut)
{
	u32 used = ring_used(r);
	u64 cut = load_cut(r);
	s32 before = (s32)((u32)cut - r->index);

	*is_cut = false;
	if (cut_number(cut) == r->cuts)
		return used;
	if (before > 0)
		return (u32)before < used ? (u32)before : used;
	r->cuts = cut_number(cut);
	*is_cut = true;
	return 0;
}

bool ring_put(struct ring *r, const void *message, u32 count)
{
	return ring_room(r) >= count && ring_write(r, message, count) == count;
}

bool ring_get(struct ring *r, void *message, u32 count)
{
	return ring_used(r) >= count && ring_read(r, message, count) == count;
}

bool ring_take(struct ring *r, void *message, u32 count)
{
	u32 place = ring_place(r, 0), left = r->size - place, first = count < left ? count : left;

	if (ring_used(r) < count)
		return false;
	ring_read_ahead(r, 0, message, count);
	memset(r->shared->data + place, 0, first);
	memset(r->shared->data, 0, count - first);
	ring_release(r, count);
	return true;
}

/* A wish that still stands need not be repeated: whoever takes it back later has published before, and signals. */
static void set_wish(u32 *word, bool is_waiting)
{
	if (load_acquire(word) != is_waiting)
		__atomic_store_n(word, is_waiting, __ATOMIC_SEQ_CST);
}

void ring_producer_wait(struct ring *r, bool is_waiting)
{
	set_wish(&r->shared->producer_waiting, is_waiting);
}

void ring_consumer_wait(struct ring *r, bool is_waiting)
{
	set_wish(&r->shared->consumer_waiting, is_waiting);
}

bool ring_consumer_take_waiting(struct ring *r)
{
	return __atomic_exchange_n(&r->shared->consumer_waiting, 0, __ATOMIC_SEQ_CST) != 0;
}

bool ring_producer_take_waiting(struct ring *r)
{
	return __atomic_exchange_n(&r->shared->producer_waiting, 0, __ATOMIC_SEQ_CST) != 0;
}
