/*
 * pd.c - see pd.h.
 */
#include "pd.h"
#include "sched.h"
#include "thread.h"

static u32 next_id;	/* atomic; root is 0 */

enum status pd_create(struct pd **out)
{
	struct object *object = object_alloc(OBJECT_PD);
	struct pd *pd = (struct pd *)(void *)object;
	enum status status;

	if (object == NULL)
		return ST_NOMEM;
	status = space_init_pd(&pd->space);
	if (status != ST_OK) {
		object_free(object);
		return status;
	}
	list_init(&pd->threads);
	pd->class = SCHED_CLASS_FAIR;
	pd->weight = SCHED_WEIGHT_DEFAULT;
	pd->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
	*out = pd;
	return ST_OK;
}

static void apply(struct pd *pd)
{
	for (struct list *i = pd->threads.next; i != &pd->threads; i = i->next) {
		struct thread *t = CONTAINER_OF(i, struct thread, pd_link);

		if (t->weight != pd->weight)
			sched_set_weight(t, pd->weight);
		if (t->class != pd->class)
			sched_set_class(t, (enum sched_class)pd->class);
	}
}

enum status pd_ctl(struct pd *pd, u64 op, u64 a)
{
	switch (op) {
	case PD_SET_CLASS:
		if (a >= SCHED_CLASS_COUNT)
			return ST_INVAL;
		pd->class = (u32)a;
		break;
	case PD_SET_WEIGHT:
		if (a < SCHED_WEIGHT_MIN || a > SCHED_WEIGHT_MAX)
			return ST_INVAL;
		pd->weight = (u32)a;
		break;
	default:
		return ST_UNSUPPORTED;
	}
	apply(pd);
	return ST_OK;
}

u64 pd_time(struct pd *pd, u64 stat)
{
	u64 sum = stat == STAT_TIME_TSC ? pd->time_tsc : pd->time_guest_tsc;

	for (struct list *i = pd->threads.next; i != &pd->threads; i = i->next) {
		struct thread *t = CONTAINER_OF(i, struct thread, pd_link);

		sum += stat == STAT_TIME_TSC ? sched_thread_time(t) : t->time_guest_tsc;
	}
	return sum;
}

enum status pd_destroy_step(struct object *object)
{
	struct pd *pd = (struct pd *)(void *)object;
	enum status status;

	while (!list_is_empty(&pd->threads)) {
		status = object_destroy(&CONTAINER_OF(pd->threads.next, struct thread, pd_link)->object);
		if (status != ST_OK)
			return status;
	}
	status = space_fini_step(&pd->space);
	if (status == ST_OK)
		handle_table_fini(&pd->handles);
	return status;
}
