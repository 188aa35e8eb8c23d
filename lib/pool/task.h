/* SPDX-License-Identifier: MIT */
/*
 * task.h - a piece of a request, within one granule. It holds its granule (granule_lock.h).
 */
#ifndef VOS_POOL_TASK_H
#define VOS_POOL_TASK_H

#include "granule_lock.h"
#include "pool_state.h"

struct task {
	struct job job;
	struct pool_request *request;
	struct volume *volume;
	u64 granule;
	u32 first, count;		/* sectors within the granule */
	u8 *data;			/* NULL = zeros are written */
	struct granule_lock lock;	/* of its granule */
	void (*first_step)(struct pool *p, struct job *j);
	struct node *leaf;		/* pinned, or NULL */
	struct pool_granule old, new;
	struct pool_seal old_seal, new_seal;	/* of an encrypted volume */
	u64 taken;			/* first of the blocks that are given out and not in use yet; 0 = none */
	u32 block_first, block_count;	/* of the granule: what the bounce buffer holds */
	u32 at;				/* read: the next sector; survey: how many granules are done */
	u8 *bounce;
	struct pool_io io;
};

void tasks_init(struct pool *p);

/* It changes nothing. */
static inline bool task_reads(const struct pool_request *r)
{
	return r->op == POOL_READ || r->op == POOL_SURVEY;
}

/* Puts a step in place of the present one. */
static inline void task_next(struct task *t, void (*step)(struct pool *p, struct job *j))
{
	t->job.step = step;
}

static inline void task_restart(struct task *t)
{
	task_next(t, t->first_step);
}

/* Another one has blocks that no map has yet. */
bool tasks_have_taken(const struct pool *p, const struct task *but);
/* The request's part is done; everything that the task holds is given back. */
void task_finish(struct pool *p, struct task *t, enum pool_status status);
/* Gives back what the task holds; it will begin anew. */
void task_drop(struct pool *p, struct task *t);

/* Takes what the leaf has of the granule; NULL: a hole. */
void task_look(struct task *t, struct node *leaf);
void task_pin(struct task *t, struct node *leaf);
/* False: the task was dropped, and waits. */
bool task_lock(struct pool *p, struct task *t, enum lock_kind kind);
bool task_take_bounce(struct pool *p, struct task *t);

/* The io's end makes the task ready. */
void task_io(struct pool *p, struct task *t, enum pool_io_op op, struct device_range range, void *data);

/* Blocks first .. first + count - 1 as bits of a mask. */
static inline u32 task_bits(u32 first, u32 count)
{
	return (BIT32(count) - 1) << first;
}

/* The blocks that its sectors are in, and those of them that they cover only in part. */
static inline u32 task_cover(const struct task *t)
{
	u32 first = t->first / POOL_BLOCK_SECTORS, last = (t->first + t->count - 1) / POOL_BLOCK_SECTORS;

	return task_bits(first, last - first + 1);
}

static inline u32 task_partial(const struct task *t)
{
	u32 end = t->first + t->count, bits = 0;

	if (t->first % POOL_BLOCK_SECTORS != 0)
		bits |= BIT32(t->first / POOL_BLOCK_SECTORS);
	if (end % POOL_BLOCK_SECTORS != 0)
		bits |= BIT32(end / POOL_BLOCK_SECTORS);
	return bits;
}

#endif
