/* SPDX-License-Identifier: MIT */
/*
 * queue.h - bytes that wait for somebody: in chunks from the heap, so that an empty queue costs a few words, however
 * much it may hold.
 */
#ifndef VOS_QUEUE_H
#define VOS_QUEUE_H

#include "types.h"

#define QUEUE_CHUNK_BYTES 4080u

struct queue_chunk {
	struct queue_chunk *next;
	char bytes[QUEUE_CHUNK_BYTES];
};

/* Set limit; all else zero is the empty queue. */
struct queue {
	struct queue_chunk *first, *last;	/* oldest and newest; NULL when nothing waits */
	u32 head;		/* offset of the oldest byte in the first chunk */
	u32 used;
	u32 limit;		/* used never exceeds it */
	bool is_cut;		/* bytes were dropped, for the limit or for want of memory; the owner clears it */
};

void queue_push(struct queue *queue, const char *bytes, size_t count);
/* The oldest bytes that lie together; 0 = nothing waits. They stay until queue_drop. */
size_t queue_peek(const struct queue *queue, const char **bytes);
/* At most as many as queue_peek gave. */
void queue_drop(struct queue *queue, size_t count);
/* True: the newest byte was that one; it is gone. */
bool queue_take_back(struct queue *queue, char byte);
void queue_clear(struct queue *queue);

#endif
