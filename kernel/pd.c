/*
 * pd.c - see pd.h.
 */
#include "pd.h"
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
	pd->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
	*out = pd;
	return ST_OK;
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
