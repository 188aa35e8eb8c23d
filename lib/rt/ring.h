/* SPDX-License-Identifier: MIT */
/*
 * ring.h - a single-producer single-consumer byte ring in memory that two PDs share.
 *
 * Neither side trusts the other: each keeps its own index and the size privately (struct ring), publishes its index in
 * the shared header, and reads the peer's index once per operation and judges it. A peer that publishes nonsense makes
 * the ring look empty (to the consumer) or full (to the producer) and nothing worse.
 *
 * Indices run freely modulo 2^32; size is a power of two. Ownership: bytes [tail, head) are the consumer's, the rest
 * the producer's. The release store of head pairs with the acquire load in ring_used, the release store of tail with
 * the one in ring_room.
 *
 * Signals: a side that is about to sleep sets its `waiting` word, checks the ring once more and sleeps; the other side
 * calls ring_take_waiting after it published, and signals if that says so. How to signal is the caller's business.
 */
#ifndef VOS_RING_H
#define VOS_RING_H

#include <string.h>

#include "types.h"

struct ring_shared {
	u32 head;		/* written by the producer */
	u32 producer_waiting;	/* producer: signal me when there is room */
	u64 cut;		/* written by the producer: number of cuts << 32 | index of the last one */
	u32 zero0[12];
	u32 tail;		/* written by the consumer */
	u32 consumer_waiting;	/* consumer: signal me when there are bytes */
	u32 zero1[14];
	u8 data[];
};
_Static_assert(sizeof(struct ring_shared) == 128, "ABI");

struct ring {
	struct ring_shared *shared;
	u32 size;		/* power of two, bytes of data[] */
	u32 index;		/* head for the producer, tail for the consumer */
	u32 cuts;		/* consumer: number of cuts that it has seen */
};

/* Size of the shared memory for a ring with `size` bytes of data. */
#define RING_BYTES(size) (sizeof(struct ring_shared) + (size))

/* Attach as producer or consumer of a ring that is zeroed or in use: goes on at the published index of one's own side.
 * If that can't be, because who had this end broke it, the ring is empty from here on. */
void ring_attach_producer(struct ring *r, struct ring_shared *shared, u32 size);
void ring_attach_consumer(struct ring *r, struct ring_shared *shared, u32 size);

/* Producer: bytes that can be written now. Consumer: bytes that can be read now. */
static inline u32 ring_room(const struct ring *r)
{
	u32 used = r->index - __atomic_load_n(&r->shared->tail, __ATOMIC_ACQUIRE);

	return used <= r->size ? r->size - used : 0;
}

static inline u32 ring_used(const struct ring *r)
{
	u32 used = __atomic_load_n(&r->shared->head, __ATOMIC_ACQUIRE) - r->index;

	return used <= r->size ? used : 0;
}

/* Write or read up to `count` bytes; returns how many were. */
u32 ring_write(struct ring *r, const void *bytes, u32 count);
u32 ring_read(struct ring *r, void *bytes, u32 count);

/*
 * In pieces: the producer writes bytes behind the published ones, `offset` + `count` <= ring_room(), and publishes them
 * together; the consumer copies bytes ahead, `offset` + `count` <= ring_used(), and gives them back together.
 */
static inline void ring_write_ahead(struct ring *r, u32 offset, const void *bytes, u32 count);
static inline void ring_read_ahead(const struct ring *r, u32 offset, void *bytes, u32 count);
static inline void ring_publish(struct ring *r, u32 count)
{
	r->index += count;
	__atomic_store_n(&r->shared->head, r->index, __ATOMIC_RELEASE);
}

static inline void ring_release(struct ring *r, u32 count)
{
	r->index += count;
	__atomic_store_n(&r->shared->tail, r->index, __ATOMIC_RELEASE);
}

/* The same bytes from one ring into another, behind its published ones. */
void ring_copy_ahead(const struct ring *from, u32 from_offset, struct ring *to, u32 to_offset, u32 count);

/* Producer: what is written from now on has nothing to do with what was written before. */
void ring_cut(struct ring *r);
/* Consumer: how many bytes can be read before the next cut, or all. 0 and *is_cut: this is a cut, told once. Of several
 * cuts it sees the last. */
u32 ring_used_to_cut(struct ring *r, bool *is_cut);

/* ---- Bytes: most lie in one piece ---- */

void ring_write_wrapped(struct ring *r, u32 place, const void *bytes, u32 count);
void ring_read_wrapped(const struct ring *r, u32 place, void *bytes, u32 count);

static inline u32 ring_place(const struct ring *r, u32 offset) { return (r->index + offset) & (r->size - 1); }

static inline void ring_write_ahead(struct ring *r, u32 offset, const void *bytes, u32 count)
{
	u32 place = ring_place(r, offset);

	if (count <= r->size - place)
		memcpy(r->shared->data + place, bytes, count);
	else
		ring_write_wrapped(r, place, bytes, count);
}

static inline void ring_read_ahead(const struct ring *r, u32 offset, void *bytes, u32 count)
{
	u32 place = ring_place(r, offset);

	if (count <= r->size - place)
		memcpy(bytes, r->shared->data + place, count);
	else
		ring_read_wrapped(r, place, bytes, count);
	__asm__ volatile("" : : : "memory");	/* the copy is what the compiler has to use from now on */
}

/* All or nothing, for fixed-size messages. */
bool ring_put(struct ring *r, const void *message, u32 count);
bool ring_get(struct ring *r, void *message, u32 count);
/* ring_get that leaves zeros behind: for messages with secrets in them. */
bool ring_take(struct ring *r, void *message, u32 count);

/* "Please signal me": set before sleeping (then check the ring again), and cleared when awake. */
void ring_producer_wait(struct ring *r, bool is_waiting);
void ring_consumer_wait(struct ring *r, bool is_waiting);

/* After publishing: true if the other side asked to be signalled; clears its request. */
bool ring_consumer_take_waiting(struct ring *r);	/* called by the producer */
bool ring_producer_take_waiting(struct ring *r);	/* called by the consumer */

#endif
