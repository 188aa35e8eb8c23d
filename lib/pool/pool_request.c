/* SPDX-License-Identifier: MIT */
/*
 * pool_request.c - judges requests, and splits them into tasks.
 */
#include "pool_request.h"

#include <string.h>

#include "layout.h"
#include "range.h"
#include "read.h"
#include "survey.h"
#include "task.h"
#include "volume.h"
#include "write.h"

static u32 granule_sectors(const struct volume *v)
{
	return layout_granule_blocks(v->r.kind) * POOL_BLOCK_SECTORS;
}

/* What one task does at most, a power of two. */
static u32 task_sectors(const struct volume *v, const struct pool_request *r)
{
	return r->op == POOL_SURVEY ? SURVEY_TASK_SECTORS : granule_sectors(v);
}

static struct task *take_task(struct pool *p)
{
	struct list *l = p->free_tasks.next;

	list_remove(l);
	return CONTAINER_OF(CONTAINER_OF(l, struct job, link), struct task, job);
}

/* A granule that a request covers wholly, as far as the volume has it, becomes a hole; a discard does nothing else. */
static void (*begin_of(const struct task *t, u64 left))(struct pool *p, struct job *j)
{
	u32 all = layout_granule_blocks(t->volume->r.kind) * POOL_BLOCK_SECTORS;

	if (t->request->op == POOL_READ)
		return read_begin;
	if (t->request->op == POOL_SURVEY)
		return survey_begin;
	if (t->request->op == POOL_WRITE)
		return write_begin;
	if (t->first == 0 && t->count == min_u64(all, left))
		return unmap_begin;
	return t->request->op == POOL_DISCARD ? NULL : write_begin;
}

/* The first request of the volume whose turn it is. */
static struct pool_request *first_of(struct list *turns)
{
	while (!list_is_empty(turns)) {
		struct turn *turn = CONTAINER_OF(turns->next, struct turn, link);

		if (!list_is_empty(&turn->requests))
			return CONTAINER_OF(turn->requests.next, struct pool_request, link);
		list_remove(&turn->link);
	}
	return NULL;
}

/* Some tasks are left for reads. */
static bool may_begin(const struct pool *p, enum turn_kind kind)
{
	return !list_is_empty(&p->free_tasks) &&
		(kind == TURN_READ || p->changing < p->memory.tasks - p->memory.tasks / 4);
}

/* One that a task may be begun for, or NULL. */
static struct pool_request *next_request(struct pool *p)
{
	struct pool_request *read = first_of(&p->turns[TURN_READ]);
	struct pool_request *change = may_begin(p, TURN_CHANGE) ? first_of(&p->turns[TURN_CHANGE]) : NULL;

	p->is_read_next = read != NULL && (change == NULL || !p->is_read_next);
	return p->is_read_next ? read : change;
}

/* Behind the other volumes, of which each has a piece before the next one of this. */
static void end_turn(struct pool *p, struct volume *v, enum turn_kind kind)
{
	list_remove(&v->turns[kind].link);
	list_insert_before(&p->turns[kind], &v->turns[kind].link);
}

static enum turn_kind kind_of(const struct pool_request *r)
{
	return task_reads(r) ? TURN_READ : TURN_CHANGE;
}

static void begin(struct pool *p, struct task *t, struct volume *v, struct pool_request *r)
{
	u32 all = task_sectors(v, r);
	u64 at = r->sector + r->next;
	void (*step)(struct pool *p, struct job *j);

	t->request = r;
	t->volume = v;
	t->granule = at / granule_sectors(v);
	t->first = (u32)(at % all);
	t->count = (u32)min_u64(all - t->first, r->sectors - r->next);
	t->data = r->data == NULL ? NULL : r->data + (u64)r->next * POOL_SECTOR;
	t->at = 0;
	t->job.error = POOL_OK;
	r->next += t->count;
	r->pieces++;
	p->changing += !task_reads(r);
	step = begin_of(t, v->r.sectors - t->granule * granule_sectors(v));
	if (step == NULL) {
		task_finish(p, t, POOL_OK);
		return;
	}
	t->first_step = step;
	task_restart(t);
	job_ready(p, &t->job);
}

/* A request whose last task ends is its owner's again: nothing of it is looked at after that. */
static void split(struct pool *p, struct job *j)
{
	(void)j;
	for (;;) {
		struct pool_request *r = list_is_empty(&p->free_tasks) ? NULL : next_request(p);
		struct volume *v;
		struct task *t;
		u32 unit, first;

		if (r == NULL)
			return;
		v = &p->volume[r->at];
		t = take_task(p);
		end_turn(p, v, kind_of(r));
		unit = task_sectors(v, r);
		first = (u32)((r->sector + r->next) % unit);
		if (r->sectors - r->next <= unit - first)
			list_remove(&r->link);
		begin(p, t, v, r);
	}
}

static bool survey_ok(const struct volume *v, const struct pool_request *r)
{
	return r->op != POOL_SURVEY || (aligned_ok(r->sector, POOL_CHUNK_SECTORS) &&
		r->sectors <= POOL_SURVEY_UNITS * POOL_CHUNK_SECTORS && (r->since == 0 || v->r.head != 0));
}

static enum pool_status judge(const struct pool *p, const struct volume *v, const struct pool_request *r)
{
	if (r->op > POOL_SURVEY || r->done == NULL)
		return POOL_INVAL;
	if (!p->is_open || (p->is_failed && !task_reads(r)))
		return POOL_FAILED;
	if (r->op == POOL_FLUSH || r->op == POOL_COMMIT)
		return POOL_OK;
	if (v == NULL || (v->r.flags & POOL_VOLUME_DELETING) != 0)
		return POOL_NO_VOLUME;
	if (r->sectors == 0 || !range_ok(r->sector, r->sectors, v->r.sectors) || !survey_ok(v, r) ||
		((task_reads(r) || r->op == POOL_WRITE) != (r->data != NULL)))
		return POOL_INVAL;
	if (pool_is_locked(p, &v->r))
		return POOL_LOCKED;
	return !task_reads(r) && (v->r.flags & POOL_VOLUME_READ_ONLY) != 0 ? POOL_READ_ONLY : POOL_OK;
}

/* Who needs one task, and before whom nobody waits, needs no turn. A discard may end as it begins: that is for
 * pool_run(). */
static bool begins_at_once(const struct pool *p, const struct volume *v, const struct pool_request *r)
{
	u32 unit = granule_sectors(v);

	return r->op <= POOL_WRITE && list_is_empty(&p->turns[kind_of(r)]) && may_begin(p, kind_of(r)) &&
		(u32)(r->sector & (unit - 1)) + (u64)r->sectors <= unit;
}

static void queue(struct pool *p, struct volume *v, struct pool_request *r)
{
	struct turn *turn = &v->turns[kind_of(r)];

	v->busy++;
	if (begins_at_once(p, v, r)) {
		begin(p, take_task(p), v, r);
		return;
	}
	job_ready(p, &p->split);
	if (list_is_empty(&turn->link))
		list_insert_before(&p->turns[kind_of(r)], &turn->link);
	list_insert_before(&turn->requests, &r->link);
}

enum pool_status pool_submit(struct pool *p, struct pool_request *r)
{
	struct volume *v = volume_of(p, r->volume);
	enum pool_status status = judge(p, v, r);

	if (status != POOL_OK)
		return status;
	r->next = r->pieces = 0;
	if (r->op == POOL_SURVEY)
		memset(r->data, 0, (r->sectors + POOL_CHUNK_SECTORS - 1) / POOL_CHUNK_SECTORS);
	r->status = POOL_OK;
	r->room = ~0ull;
	list_init(&r->link);
	if (r->op == POOL_FLUSH) {
		list_insert_before(&p->commit.flushes, &r->link);
		job_ready(p, &p->commit.job);
	} else if (r->op == POOL_COMMIT) {
		list_insert_before(&p->commit.commits, &r->link);
		job_ready(p, &p->commit.job);
	} else {
		r->at = v->at;
		queue(p, v, r);
	}
	return POOL_OK;
}

void requests_init(struct pool *p)
{
	for (u32 kind = 0; kind < TURN_COUNT; kind++) {
		list_init(&p->turns[kind]);
		for (u32 i = 0; i < p->memory.volumes; i++) {
			list_init(&p->volume[i].turns[kind].link);
			list_init(&p->volume[i].turns[kind].requests);
		}
	}
	job_init(&p->split, split);
}
