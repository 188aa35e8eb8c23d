/* SPDX-License-Identifier: MIT */
/*
 * job.c - see pool_state.h: jobs that are ready, and jobs that wait.
 */
#include "pool_state.h"

void job_init(struct job *j, void (*step)(struct pool *p, struct job *j))
{
	list_init(&j->link);
	j->step = step;
	j->error = POOL_OK;
}

void job_wait(struct list *waiters, struct job *j)
{
	list_remove(&j->link);
	list_insert_before(waiters, &j->link);
}

void job_ready(struct pool *p, struct job *j)
{
	job_wait(&p->ready, j);
}

void jobs_ready(struct pool *p, struct list *waiters)
{
	while (!list_is_empty(waiters))
		job_ready(p, CONTAINER_OF(waiters->next, struct job, link));
}

void pool_run(struct pool *p)
{
	while (!list_is_empty(&p->ready)) {
		struct job *j = CONTAINER_OF(p->ready.next, struct job, link);

		list_remove(&j->link);
		j->step(p, j);
	}
}
