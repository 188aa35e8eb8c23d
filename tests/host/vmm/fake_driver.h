/* SPDX-License-Identifier: MIT */
/*
 * fake_driver.h - the driver's side of a split virtqueue, for host tests: rings in a piece of RAM, chains put into
 * them, used entries taken out.
 */
#ifndef VOS_FAKE_DRIVER_H
#define VOS_FAKE_DRIVER_H

#include <linux/virtio_ring.h>
#include <string.h>

#include "guest_memory.h"
#include "virtqueue.h"

#define DRIVER_SIZE 8u
/* Layout of one queue's rings from `base`, a multiple of 4096. */
enum { DRIVER_DESCRIPTORS = 0, DRIVER_AVAILABLE = 0x400, DRIVER_USED = 0x800 };

struct fake_driver {
	u8 *ram;
	u64 base;
	u16 next_descriptor, used_seen;
};

static inline struct vring_desc *driver_descriptor(const struct fake_driver *d, u32 index)
{
	return (struct vring_desc *)(void *)(d->ram + d->base + DRIVER_DESCRIPTORS) + index;
}

/* [0] flags, [1] index, [2..] entries, then used_event. */
static inline u16 *driver_available(const struct fake_driver *d)
{
	return (u16 *)(void *)(d->ram + d->base + DRIVER_AVAILABLE);
}

static inline u16 *driver_used(const struct fake_driver *d)
{
	return (u16 *)(void *)(d->ram + d->base + DRIVER_USED);
}

static inline struct virtqueue_setup driver_setup(const struct fake_driver *d)
{
	return (struct virtqueue_setup){ .descriptors = d->base + DRIVER_DESCRIPTORS,
					 .available = d->base + DRIVER_AVAILABLE, .used = d->base + DRIVER_USED,
					 .size = DRIVER_SIZE };
}

struct driver_buffer { u64 gpa; u32 len; bool is_writable; };

/* Make a chain of the next descriptors and offer it; returns its head. */
static inline u16 driver_offer(struct fake_driver *d, const struct driver_buffer *buffers, u32 count)
{
	u16 head = d->next_descriptor % DRIVER_SIZE, *available = driver_available(d);

	for (u32 i = 0; i < count; i++) {
		u16 index = d->next_descriptor++ % DRIVER_SIZE;
		bool is_last = i + 1 == count;

		*driver_descriptor(d, index) = (struct vring_desc){
			.addr = buffers[i].gpa, .len = buffers[i].len,
			.flags = (u16)((buffers[i].is_writable ? VRING_DESC_F_WRITE : 0) |
				       (is_last ? 0 : VRING_DESC_F_NEXT)),
			.next = d->next_descriptor % DRIVER_SIZE,
		};
	}
	available[2 + available[1] % DRIVER_SIZE] = head;
	available[1]++;
	return head;
}

/* The next used entry, false if there is none. */
static inline bool driver_collect(struct fake_driver *d, u32 *head, u32 *written)
{
	const struct vring_used_elem *entries = (const void *)(driver_used(d) + 2);

	if (driver_used(d)[1] == d->used_seen)
		return false;
	*head = entries[d->used_seen % DRIVER_SIZE].id;
	*written = entries[d->used_seen % DRIVER_SIZE].len;
	d->used_seen++;
	return true;
}

#endif
