/* SPDX-License-Identifier: MIT */
/*
 * task.c - see task.h.
 */
#include "task.h"

#include "layout.h"
#include "node.h"
#include "space.h"

void tasks_init(struct pool *p)
{
	list_init(&p->free_tasks);
	list_init(&p->bounce_waiters);
	granule_locks_init(p);
	for (u32 i = 0; i < p->memory.tasks; i++) {
		job_init(&p->task[i].job, NULL);
		list_init(&p->task[i].lock.link);
		list_insert_before(&p->free_tasks, &p->task[i].job.link);
	}
	p->free_bounces = p->memory.bounces;
	for (u32 i = 0; i < p->memory.bounces; i++)
		p->free_bounce[i] = p->bounces + (u64)i * POOL_CHUNK_BLOCKS * POOL_BLOCK;
}

void task_drop(struct pool *p, struct task *t)
{
	if (t->leaf != NULL)
		node_unpin(p, t->leaf);
	t->leaf = NULL;
	if (t->taken != 0)
		space_put_back(p, t->taken, layout_granule_blocks(t->volume->r.kind));
	t->taken = 0;
	if (t->bounce != NULL) {
		p->free_bounce[p->free_bounces++] = t->bounce;
		t->bounce = NULL;
		jobs_ready(p, &p->bounce_waiters);
	}
	if (t->lock.kind != LOCK_NONE)
		granule_unlock(p, &t->lock);
}

void task_finish(struct pool *p, struct task *t, enum pool_status status)
{
	struct pool_request *r = t->request;

	task_drop(p, t);
	job_wait(&p->free_tasks, &t->job);
	p->changing -= !task_reads(r);
	if (!list_is_empty(&p->turns[TURN_READ]) || !list_is_empty(&p->turns[TURN_CHANGE]))
		job_ready(p, &p->split);
	if (status != POOL_OK) {
		r->status = status;
		r->bad_sector = t->granule * layout_granule_blocks(t->volume->r.kind) * POOL_BLOCK_SECTORS;
	}
	if (--r->pieces > 0 || r->next < r->sectors)
		return;
	t->volume->busy--;
	r->done(p, r, r->status);
}

bool tasks_have_taken(const struct pool *p, const struct task *but)
{
	for (u32 i = 0; i < p->memory.tasks; i++)
		if (&p->task[i] != but && p->task[i].taken != 0)
			return true;
	return false;
}

void task_look(struct task *t, struct node *leaf)
{
	t->old = leaf != NULL ? *node_granule(leaf, t->granule) : (struct pool_granule){ 0 };
	if (leaf != NULL && t->volume->r.kind == POOL_ENCRYPTED)
		t->old_seal = *node_seal(leaf, t->granule);
}

void task_pin(struct task *t, struct node *leaf)
{
	t->leaf = leaf;
	node_pin(leaf);
}

bool task_lock(struct pool *p, struct task *t, enum lock_kind kind)
{
	t->lock.volume = t->volume;
	t->lock.granule = t->granule;
	if (granule_lock(p, &t->lock, kind))
		return true;
	task_drop(p, t);
	job_wait(&p->lock_waiters, &t->job);
	return false;
}

bool task_take_bounce(struct pool *p, struct task *t)
{
	if (p->free_bounces == 0) {
		task_drop(p, t);
		job_wait(&p->bounce_waiters, &t->job);
		return false;
	}
	t->bounce = p->free_bounce[--p->free_bounces];
	return true;
}

static void io_done(struct pool *p, struct pool_io *io)
{
	job_ready(p, &CONTAINER_OF(io, struct task, io)->job);
}

void task_io(struct pool *p, struct task *t, enum pool_io_op op, struct device_range range, void *data)
{
	t->io.done = io_done;
	device_submit(p, &t->io, op, range, data);
}
