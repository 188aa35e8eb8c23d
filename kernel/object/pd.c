/* SPDX-License-Identifier: MIT */
/*
 * pd.c - see pd.h.
 */
#include "pd.h"
#include "sched.h"
#include "thread.h"

static u32 next_id;	/* atomic; root is 0 */

enum status pd_create(struct pd **out)
{
	struct object *object = object_alloc(&pd_type);
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
	sched_group_init(&pd->group);
	pd->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
	*out = pd;
	return ST_OK;
}

#define THREAD_AT(link) CONTAINER_OF(link, struct thread, pd_link)

enum status pd_ctl(struct pd *pd, u64 op, u64 a)
{
	switch (op) {
	case PD_SET_CLASS:
		if (a >= SCHED_CLASS_COUNT)
			return ST_INVAL;
		pd->group.class = (u32)a;
		break;
	case PD_SET_WEIGHT:
		if (a < SCHED_WEIGHT_MIN || a > SCHED_WEIGHT_MAX)
			return ST_INVAL;
		pd->group.weight = (u32)a;
		break;
	case PD_SET_CAP:
		if (a > SCHED_CAP_MAX)
			return ST_INVAL;
		sched_group_set_cap(&pd->group, (u32)a, arch_tsc());
		break;
	case PD_SET_AFFINITY:
		if (!sched_mask_ok(a))
			return ST_INVAL;
		__atomic_store_n(&pd->group.affinity, a, __ATOMIC_RELAXED);
		break;
	case PD_CHARGE:
		if (a > UINT32_MAX)
			return ST_INVAL;
		__atomic_fetch_add(&pd->group.owed, a, __ATOMIC_RELAXED);
		return ST_OK;
	default:
		return ST_INVAL;
	}
	for (struct list *i = pd->threads.next; i != &pd->threads; i = i->next)
		sched_changed(THREAD_AT(i));
	return ST_OK;
}

static void fill_stats(struct object *object, u64 *words)
{
	struct pd *pd = (struct pd *)(void *)object;

	__builtin_memcpy(words, pd->gone_times, sizeof(pd->gone_times));
	for (struct list *i = pd->threads.next; i != &pd->threads; i = i->next)
		sched_add_times(THREAD_AT(i), words);
	words[STAT_TABLE_BYTES] = pd->space.pt.table_count * PAGE_SIZE;
	for (u32 i = 0; i < STAT_WAKE_BUCKETS; i++)
		words[STAT_WAKE_BUCKET + i] = __atomic_load_n(&pd->group.wakes[i], __ATOMIC_RELAXED);
}

/* All threads at once, so that their grace periods pass together. */
static enum status destroy_begin(struct object *object)
{
	struct pd *pd = (struct pd *)(void *)object;
	enum status status = ST_OK;
	struct list *next;

	for (struct list *i = pd->threads.next; i != &pd->threads; i = next) {
		next = i->next;
		if (object_destroy(&THREAD_AT(i)->object) != ST_OK)
			status = ST_AGAIN;
	}
	return status;
}

static u64 count_frames(const struct object *object)
{
	const struct pd *pd = (const struct pd *)(const void *)object;

	return space_frames(&pd->space) + handle_table_frames(&pd->handles);
}

static enum status destroy_step(struct object *object)
{
	struct pd *pd = (struct pd *)(void *)object;
	enum status status = space_fini_step(&pd->space);

	if (status == ST_OK)
		handle_table_fini(&pd->handles);
	return status;
}

const struct object_type pd_type = {
	OBJECT_TYPE(struct pd), .begin = destroy_begin, .step = destroy_step, .frames = count_frames,
	.stats = fill_stats,
};
