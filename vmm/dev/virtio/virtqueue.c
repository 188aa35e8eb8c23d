/* SPDX-License-Identifier: MIT */
/*
 * virtqueue.c - split virtqueues (virtio 1.2, 2.7): descriptor table, available ring, used ring.
 *
 * RAM stays mapped for the life of the VMM, so the rings' addresses are looked up once. Orders: the driver writes
 * descriptors before the index of the available ring (acquire here); the device writes an entry of the used ring before
 * its index (release), and its index before it looks whether an interrupt is wanted, as the driver does in reverse
 * (2.7.7, 2.7.10: full barriers).
 */
#include "virtqueue.h"

#include <linux/virtio_ring.h>

_Static_assert(sizeof(struct vring_desc) == 16 && sizeof(struct vring_used_elem) == 8, "virtio 2.7");

/* Offsets in the rings: flags, index, entries, then the event word of the other side. */
enum { RING_FLAGS = 0, RING_INDEX = 2, RING_ENTRIES = 4 };
#define AVAILABLE_BYTES(size) (RING_ENTRIES + 2u * (size) + 2u)
#define USED_BYTES(size) (RING_ENTRIES + 8u * (size) + 2u)

static u16 load_u16(const u8 *at)
{
	return __atomic_load_n((const u16 *)(const void *)at, __ATOMIC_SEQ_CST);
}

static void store_u16(u8 *at, u16 value)
{
	__atomic_store_n((u16 *)(void *)at, value, __ATOMIC_RELEASE);
}

/* Before a load of what the driver writes in the reverse order: the store is a full barrier. */
static void publish_u16(u8 *at, u16 value)
{
	__atomic_store_n((u16 *)(void *)at, value, __ATOMIC_SEQ_CST);
}

static bool broken(struct virtqueue *q, const char *fault)
{
	q->fault = fault;
	return false;
}

/* ---- Set-up ---- */

static u8 *ring_at(const struct guest_memory *memory, u64 gpa, u32 bytes, u32 alignment)
{
	return aligned_ok(gpa, alignment) ? guest_memory_at(memory, GPA(gpa), bytes) : NULL;
}

bool virtqueue_enable(struct virtqueue *q, const struct guest_memory *memory, const struct virtqueue_setup *setup)
{
	u32 size = setup->size;

	*q = (struct virtqueue){ .memory = memory, .has_event_idx = setup->has_event_idx,
				 .has_indirect = setup->has_indirect };
	if (size == 0 || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)))
		return broken(q, "the size of the queue is no power of two");
	q->size = (u16)size;
	q->available = ring_at(memory, setup->available, AVAILABLE_BYTES(size), 2);
	q->used = ring_at(memory, setup->used, USED_BYTES(size), 4);
	q->descriptors = ring_at(memory, setup->descriptors, size * (u32)sizeof(struct vring_desc), 16);
	if (!q->available || !q->used || !q->descriptors)
		return broken(q, "a ring is not aligned, or not in RAM");
	return true;
}

void virtqueue_disable(struct virtqueue *q)
{
	*q = (struct virtqueue){ .descriptors = NULL };
}

/* ---- Taking chains ---- */

/* The one copy of a descriptor. */
static struct vring_desc load_descriptor(const u8 *table, u32 index)
{
	const u64 *at = (const u64 *)(const void *)(table + index * sizeof(struct vring_desc));
	u64 rest = __atomic_load_n(at + 1, __ATOMIC_RELAXED);

	return (struct vring_desc){ .addr = __atomic_load_n(at, __ATOMIC_RELAXED), .len = (u32)rest,
				    .flags = (u16)(rest >> 32), .next = (u16)(rest >> 48) };
}

static bool add_segment(struct virtqueue *q, struct virtqueue_chain *chain, const struct vring_desc *d)
{
	bool is_writable = d->flags & VRING_DESC_F_WRITE;
	u8 *at = guest_memory_at(q->memory, GPA(d->addr), d->len);
	u32 count = chain->count;

	if (count == VIRTQUEUE_SEGMENTS)
		return broken(q, "a chain has too many descriptors");
	if (!at || d->len == 0)
		return broken(q, "a buffer is empty, or not in RAM");
	if (!is_writable && chain->readable != count)
		return broken(q, "a readable buffer follows a writable one");
	if (d->len > VIRTQUEUE_BYTES_MAX - chain->readable_bytes - chain->writable_bytes)
		return broken(q, "a chain has too many bytes");
	chain->segment[count] = (struct virtqueue_segment){ .at = at, .len = d->len };
	chain->count = (u16)(count + 1);
	if (is_writable) {
		chain->writable_bytes += d->len;
	} else {
		chain->readable_bytes += d->len;
		chain->readable = chain->count;
	}
	return true;
}

/* The table that an indirect descriptor names; NULL: it may not. */
static const u8 *indirect_table(struct virtqueue *q, u64 gpa, u32 bytes)
{
	const u8 *table = guest_memory_at(q->memory, GPA(gpa), bytes);
	u32 count = bytes / (u32)sizeof(struct vring_desc);

	if (count == 0 || count > VIRTQUEUE_SEGMENTS || bytes % sizeof(struct vring_desc) != 0)
		q->fault = "an indirect table has a wrong size";
	else if (!table || !aligned_ok(gpa, sizeof(u64)))
		q->fault = "an indirect table is not aligned, or not in RAM";
	return q->fault ? NULL : table;
}

/* Follow the chain through the queue's table, and through the one that its last descriptor may name. */
static bool follow(struct virtqueue *q, struct virtqueue_chain *chain)
{
	const u8 *table = q->descriptors;
	u32 count = q->size, index = chain->head;
	bool may_be_indirect = q->has_indirect;

	for (u32 left = count; left != 0; left--) {
		struct vring_desc d;

		if (index >= count)
			return broken(q, "a descriptor's index is out of range");
		d = load_descriptor(table, index);
		index = d.next;
		if (d.flags & VRING_DESC_F_INDIRECT) {
			if (!may_be_indirect || (d.flags & VRING_DESC_F_NEXT))
				return broken(q, "an indirect descriptor is not allowed there");
			table = indirect_table(q, d.addr, d.len);
			if (!table)
				return false;
			may_be_indirect = false;
			index = 0;
			count = d.len / (u32)sizeof(d);
			left = count + 1;
			continue;
		}
		if (!add_segment(q, chain, &d))
			return false;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return true;
	}
	return broken(q, "a chain has a loop");
}

bool virtqueue_pop(struct virtqueue *q, struct virtqueue_chain *chain)
{
	u16 ahead;

	if (!virtqueue_is_enabled(q))
		return false;
	ahead = (u16)(load_u16(q->available + RING_INDEX) - q->next_available);
	if (ahead == 0)
		return false;
	if (ahead > q->size)
		return broken(q, "the available index is too far ahead");
	chain->head = load_u16(q->available + RING_ENTRIES + 2 * (q->next_available & (q->size - 1u)));
	chain->count = chain->readable = 0;
	chain->readable_bytes = chain->writable_bytes = 0;
	if (!follow(q, chain))
		return false;
	q->next_available++;
	return true;
}

bool virtqueue_want_notification(struct virtqueue *q, u32 chains)
{
	u16 event = (u16)(q->next_available + chains - 1);

	if (!virtqueue_is_enabled(q))
		return false;
	if (q->has_event_idx)
		publish_u16(q->used + RING_ENTRIES + 8u * q->size, event);
	return load_u16(q->available + RING_INDEX) != q->next_available;
}

u32 virtqueue_waiting(const struct virtqueue *q)
{
	return virtqueue_is_enabled(q) ? (u16)(load_u16(q->available + RING_INDEX) - q->next_available) : 0;
}

/* ---- Giving them back ---- */

void virtqueue_put(struct virtqueue *q, u16 head, u32 written)
{
	u8 *entry;

	if (!virtqueue_is_enabled(q))
		return;
	entry = q->used + RING_ENTRIES + 8 * (q->next_used & (q->size - 1u));
	__atomic_store_n((u32 *)(void *)entry, head, __ATOMIC_RELAXED);
	__atomic_store_n((u32 *)(void *)(entry + 4), written, __ATOMIC_RELAXED);
	q->next_used++;
}

void virtqueue_push(struct virtqueue *q, u16 head, u32 written)
{
	virtqueue_put(q, head, written);
	if (virtqueue_is_enabled(q))
		store_u16(q->used + RING_INDEX, q->next_used);
}

u32 virtqueue_untold(const struct virtqueue *q)
{
	u16 given = (u16)(q->next_used - q->notified_used), wanted;

	if (!virtqueue_is_enabled(q) || given == 0)
		return 0;
	publish_u16(q->used + RING_INDEX, q->next_used);
	if (!q->has_event_idx)
		return load_u16(q->available + RING_FLAGS) & VRING_AVAIL_F_NO_INTERRUPT ? 0 : given;
	wanted = (u16)(q->next_used - load_u16(q->available + RING_ENTRIES + 2u * q->size));
	return wanted <= given ? wanted : 0;
}

bool virtqueue_should_interrupt(struct virtqueue *q)
{
	bool wants = virtqueue_untold(q) != 0;

	q->notified_used = q->next_used;
	return wants;
}

/* ---- Bytes ---- */

/* Copy to (`to`) or from (`from`) the segments of one kind. */
static u32 copy(const struct virtqueue_segment *segment, u32 segments, u32 offset, u8 *to, const u8 *from, u32 count)
{
	u32 done = 0;

	for (u32 i = 0; i < segments && done < count; i++) {
		u32 len;

		if (offset >= segment[i].len) {
			offset -= segment[i].len;
			continue;
		}
		len = segment[i].len - offset < count - done ? segment[i].len - offset : count - done;
		if (to)
			memcpy(to + done, segment[i].at + offset, len);
		else
			memcpy(segment[i].at + offset, from + done, len);
		done += len;
		offset = 0;
	}
	return done;
}

u32 virtqueue_gather(const struct virtqueue_chain *chain, u32 offset, void *to, u32 count)
{
	return copy(chain->segment, chain->readable, offset, to, NULL, count);
}

u32 virtqueue_scatter(const struct virtqueue_chain *chain, u32 offset, const void *from, u32 count)
{
	return copy(chain->segment + chain->readable, (u32)(chain->count - chain->readable), offset, NULL, from, count);
}
