/* SPDX-License-Identifier: MIT */
/*
 * commit.c - see commit.h. A commit is a row of steps; each begins when all io of the one before has ended.
 *
 *	by the log	[flush of the data] -> records -> flush
 *	without entries	flush
 *	checkpoint	nodes of maps -> nodes of tables, one by one -> flush -> superblock -> flush
 *
 * Requests that come meanwhile wait for the next commit, and are answered by it together.
 */
#include "commit.h"

#include "checkpoint.h"
#include "commit_io.h"
#include "log.h"

enum step {
	STEP_IDLE,
	STEP_DATA_FLUSH, STEP_RECORDS, STEP_LOG_FLUSH, STEP_LOG_END,
	STEP_NODES, STEP_TABLES, STEP_NODE_FLUSH, STEP_SUPER, STEP_SUPER_FLUSH, STEP_CHECKPOINT_END,
};

static void answer(struct pool *p, struct list *requests, enum pool_status status)
{
	struct list taken;

	list_init(&taken);
	list_move_all(&taken, requests);
	while (!list_is_empty(&taken)) {
		struct pool_request *r = CONTAINER_OF(taken.next, struct pool_request, link);

		list_remove(&r->link);
		r->done(p, r, status);
	}
}

/* What the disk has is not known any more. */
static void fail(struct pool *p)
{
	struct commit *c = &p->commit;

	p->is_failed = true;
	c->is_frozen = false;
	c->step = STEP_IDLE;
	jobs_ready(p, &c->room_waiters);
	jobs_ready(p, &c->space_waiters);
	jobs_ready(p, &p->node_waiters);
	answer(p, &c->running, POOL_FAILED);
	answer(p, &c->flushes, POOL_FAILED);
	answer(p, &c->commits, POOL_FAILED);
}

/* What is to be done now; STEP_IDLE: nothing. */
static enum step choose(const struct pool *p)
{
	const struct commit *c = &p->commit;

	if (c->wants_checkpoint || !list_is_empty(&c->commits))
		return STEP_NODES;
	if (list_is_empty(&c->flushes) && !c->filling.is_full)
		return STEP_IDLE;
	return log_has_room(p) ? STEP_DATA_FLUSH : STEP_NODES;
}

static void end(struct pool *p)
{
	struct commit *c = &p->commit;

	c->step = STEP_IDLE;
	c->logged = c->batch - 1;
	jobs_ready(p, &c->room_waiters);
	answer(p, &c->running, POOL_OK);
}

static void take_step(struct pool *p)
{
	struct commit *c = &p->commit;

	switch ((enum step)c->step++) {
	case STEP_IDLE:
		c->step = choose(p);
		break;
	case STEP_DATA_FLUSH:
		log_flush_data(p);
		break;
	case STEP_RECORDS:
		log_write(p);
		break;
	case STEP_LOG_FLUSH:
		log_flush(p);
		break;
	case STEP_LOG_END:
		log_end(p);
		end(p);
		break;
	case STEP_NODES:
		checkpoint_begin(p);
		break;
	case STEP_TABLES:
		if (checkpoint_table(p))
			c->step = STEP_TABLES;
		break;
	case STEP_NODE_FLUSH:
	case STEP_SUPER_FLUSH:
		commit_flush(p);
		break;
	case STEP_SUPER:
		checkpoint_super(p);
		break;
	case STEP_CHECKPOINT_END:
		checkpoint_end(p);
		end(p);
		break;
	}
}

static void step(struct pool *p, struct job *j)
{
	struct commit *c = &p->commit;

	(void)j;
	if (c->outstanding > 0)
		return;
	do {
		if (c->is_bad || p->is_failed) {
			fail(p);
			return;
		}
		take_step(p);
	} while (c->outstanding == 0 && (c->step != STEP_IDLE || choose(p) != STEP_IDLE));
}

bool pool_is_logged(const struct pool *p, const struct pool_request *r)
{
	return p->volume[r->at].noted <= p->commit.logged;
}

bool pool_has_failed(const struct pool *p)
{
	return p->is_failed;
}

void commit_init(struct pool *p)
{
	struct commit *c = &p->commit;

	c->batch = 1;
	list_init(&c->flushes);
	list_init(&c->running);
	list_init(&c->commits);
	list_init(&c->room_waiters);
	list_init(&c->space_waiters);
	job_init(&c->job, step);
}
