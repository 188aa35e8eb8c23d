/* SPDX-License-Identifier: MIT */
/*
 * virtqueue.h - the device's side of a split virtqueue (virtio 1.2, 2.7) in a guest's RAM. Pure.
 *
 * The guest writes descriptors and rings at any time. Each word is read once, and the copy is judged. What breaks a
 * rule breaks the queue: nothing is taken from it until it is set up again, and `fault` says why. The caller then sets
 * DEVICE_NEEDS_RESET; no rule ends a VM.
 *
 * Rules: rings aligned and in RAM; at most `size` entries ahead; indices below the size; at most `size` descriptors in
 * a chain and VIRTQUEUE_SEGMENTS in all; each range in RAM and not empty; readable descriptors before writable ones;
 * one level of indirection, with a table of 1 to VIRTQUEUE_SEGMENTS descriptors, as the last of a chain;
 * VIRTQUEUE_BYTES_MAX in all.
 */
#ifndef VOS_VIRTQUEUE_H
#define VOS_VIRTQUEUE_H

#include <string.h>

#include "guest_memory.h"
#include "range.h"

#define VIRTQUEUE_SIZE_MAX 256u
#define VIRTQUEUE_SEGMENTS 128u
#define VIRTQUEUE_BYTES_MAX (256u * 1024u * 1024u)

/* What the driver says before it enables the queue. Guest physical addresses. */
struct virtqueue_setup {
	u64 descriptors, available, used;
	u32 size;
	bool has_event_idx;	/* VIRTIO_F_EVENT_IDX was negotiated */
	bool has_indirect;	/* VIRTIO_F_INDIRECT_DESC was */
};

struct virtqueue {
	const struct guest_memory *memory;
	const u8 *descriptors;		/* NULL: not enabled */
	u8 *available, *used;
	u16 size;
	u16 next_available;		/* index of the next chain to take, modulo 2^16 */
	u16 next_used;
	u16 notified_used;		/* next_used at the last look of virtqueue_should_interrupt() */
	bool has_event_idx, has_indirect;
	const char *fault;		/* the rule that the guest broke; NULL: none */
};

struct virtqueue_segment { u8 *at; u32 len; };

/* A chain of buffers: first `readable` segments, which the device reads, then those that it writes. */
struct virtqueue_chain {
	u16 head;			/* for virtqueue_push() */
	u16 count, readable;		/* segments */
	u32 readable_bytes, writable_bytes;
	struct virtqueue_segment segment[VIRTQUEUE_SEGMENTS];
};

/* False: the set-up breaks a rule, and the queue is not enabled; `fault` says which. */
bool virtqueue_enable(struct virtqueue *q, const struct guest_memory *memory, const struct virtqueue_setup *setup);
/* As after power on. */
void virtqueue_disable(struct virtqueue *q);
static inline bool virtqueue_is_enabled(const struct virtqueue *q) { return q->descriptors && !q->fault; }

/* Take the next chain. False: there is none, or the queue is broken. */
bool virtqueue_pop(struct virtqueue *q, struct virtqueue_chain *chain);
/* Give a chain back; `written` bytes of its writable segments hold data. */
void virtqueue_push(struct virtqueue *q, u16 head, u32 written);
/* The same, but the driver sees it together with the next one that is pushed. */
void virtqueue_put(struct virtqueue *q, u16 head, u32 written);
/* After one or more pushes: does the driver want an interrupt for them? It is then told. */
bool virtqueue_should_interrupt(struct virtqueue *q);
/* Of how many that it was not told of does it want to hear now? Whoever tells it later has to look again. */
u32 virtqueue_untold(const struct virtqueue *q);
/*
 * Ask for a notification when there are so many chains more; 1: of the next one. Without VIRTIO_F_EVENT_IDX it comes
 * with each. True: there is one already, which may have come without a notification. Before a device that did not empty
 * the queue relies on the next notification.
 */
bool virtqueue_want_notification(struct virtqueue *q, u32 chains);
/* How many chains are there, as far as the driver can be believed. */
u32 virtqueue_waiting(const struct virtqueue *q);

/* The same as virtqueue_read() and virtqueue_write() for bytes that are in several segments. */
u32 virtqueue_gather(const struct virtqueue_chain *chain, u32 offset, void *to, u32 count);
u32 virtqueue_scatter(const struct virtqueue_chain *chain, u32 offset, const void *from, u32 count);

/* Most are in one segment, the first of its kind. */
static inline bool virtqueue_is_in(const struct virtqueue_segment *segment, u32 segments, u32 offset, u32 count)
{
	return segments != 0 && range_ok(offset, count, segment->len);
}

/* Copy from the readable segments at `offset`, or to the writable ones; returns the bytes copied. */
static inline u32 virtqueue_read(const struct virtqueue_chain *chain, u32 offset, void *to, u32 count)
{
	if (!virtqueue_is_in(chain->segment, chain->readable, offset, count))
		return virtqueue_gather(chain, offset, to, count);
	memcpy(to, chain->segment->at + offset, count);
	__asm__ volatile("" : : : "memory");	/* the copy is what the compiler has to use from now on */
	return count;
}

static inline u32 virtqueue_write(const struct virtqueue_chain *chain, u32 offset, const void *from, u32 count)
{
	const struct virtqueue_segment *writable = chain->segment + chain->readable;

	if (!virtqueue_is_in(writable, (u32)(chain->count - chain->readable), offset, count))
		return virtqueue_scatter(chain, offset, from, count);
	memcpy(writable->at + offset, from, count);
	return count;
}

#endif
