/* SPDX-License-Identifier: MIT */
/*
 * queue.c - a list of chunks. There are exactly as many as the bytes need, counted from the start of the first one.
 */
#include <stdlib.h>
#include <string.h>

#include "queue.h"

/* Where the next byte goes, within its chunk; 0 = a new one is needed. */
static u32 end_offset(const struct queue *q)
{
	return (q->head + q->used) % QUEUE_CHUNK_BYTES;
}

static bool add_chunk(struct queue *q)
{
	struct queue_chunk *chunk = malloc(sizeof(*chunk));

	if (!chunk)
		return false;
	chunk->next = NULL;
	if (q->last)
		q->last->next = chunk;
	else
		q->first = chunk;
	q->last = chunk;
	return true;
}

void queue_push(struct queue *q, const char *bytes, size_t count)
{
	while (count && q->used < q->limit) {
		u32 at = end_offset(q), room = QUEUE_CHUNK_BYTES - at, left = q->limit - q->used;
		u32 some = room < left ? room : left;

		if (some > count)
			some = (u32)count;
		if (at == 0 && !add_chunk(q))
			break;
		memcpy(q->last->bytes + at, bytes, some);
		q->used += some;
		bytes += some;
		count -= some;
	}
	q->is_cut = q->is_cut || count > 0;
}

size_t queue_peek(const struct queue *q, const char **bytes)
{
	u32 room = QUEUE_CHUNK_BYTES - q->head;

	if (q->used == 0)
		return 0;
	*bytes = q->first->bytes + q->head;
	return q->used < room ? q->used : room;
}

void queue_drop(struct queue *q, size_t count)
{
	struct queue_chunk *chunk = q->first;

	q->head += (u32)count;
	q->used -= (u32)count;
	if (q->used == 0) {
		queue_clear(q);
	} else if (q->head == QUEUE_CHUNK_BYTES) {
		q->first = chunk->next;
		q->head = 0;
		free(chunk);
	}
}

static void drop_last_chunk(struct queue *q)
{
	struct queue_chunk *chunk = q->first;

	while (chunk->next != q->last)
		chunk = chunk->next;
	free(q->last);
	chunk->next = NULL;
	q->last = chunk;
}

bool queue_take_back(struct queue *q, char byte)
{
	if (q->used == 0 || q->last->bytes[(q->head + q->used - 1) % QUEUE_CHUNK_BYTES] != byte)
		return false;
	q->used--;
	if (q->used == 0)
		queue_clear(q);
	else if (end_offset(q) == 0)
		drop_last_chunk(q);
	return true;
}

void queue_clear(struct queue *q)
{
	struct queue_chunk *next;

	for (struct queue_chunk *chunk = q->first; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	q->first = q->last = NULL;
	q->head = q->used = 0;
}
