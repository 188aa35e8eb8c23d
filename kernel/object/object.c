/* SPDX-License-Identifier: MIT */
/*
 * object.c - see object.h. Slabs: a kernel frame is cut into objects of one kind; free ones are chained through their
 * headers and keep their generation.
 */
#include "frames.h"
#include "object.h"
#include "quiesce.h"
#include "stats.h"

#include <string.h>

u64 object_slab_frames;

static void slab_push(struct object *object)
{
	struct slab *slab = object->type->slab;

	lock_acquire(&slab->lock);
	object->next_free = slab->free;
	slab->free = object;
	lock_release(&slab->lock);
}

static struct object *slab_pop(struct slab *slab)
{
	struct object *object;

	lock_acquire(&slab->lock);
	object = slab->free;
	if (object != NULL)
		slab->free = object->next_free;
	lock_release(&slab->lock);
	return object;
}

static bool slab_grow(const struct object_type *type)
{
	u32 size = (type->size + 15) & ~15u;
	u8 *frame = kernel_frames_alloc(1);
	struct object *object;

	if (frame == NULL)
		return false;
	__atomic_fetch_add(&object_slab_frames, 1, __ATOMIC_RELAXED);
	for (u32 at = 0; at + size <= PAGE_SIZE; at += size) {
		object = (struct object *)(void *)(frame + at + type->offset);
		*object = (struct object){ .type = type };
		slab_push(object);
	}
	return true;
}

void object_stats(struct object *object, u64 *words)
{
	const struct object_type *type = object->type;

	memset(words, 0, STAT_WAKE_BUCKET * sizeof(u64));
	if (type->frames != NULL)
		words[STAT_KERNEL_BYTES] = type->frames(object) << PAGE_SHIFT;
	if (type->stats != NULL)
		type->stats(object, words);
}

struct object *object_alloc(const struct object_type *type)
{
	struct object *object = slab_pop(type->slab);
	u32 generation;

	if (object == NULL && slab_grow(type))
		object = slab_pop(type->slab);
	if (object == NULL)
		return NULL;
	generation = object->generation + 1;
	memset((u8 *)object - type->offset, 0, type->size);
	object->type = type;
	object->generation = generation != 0 ? generation : 1;
	return object;
}

void object_free(struct object *object)
{
	object->generation++;
	slab_push(object);
}

enum status object_unref(struct object *object)
{
	if (object->is_dying && __atomic_load_n(&object->refs, __ATOMIC_ACQUIRE) == 1) {
		enum status status = quiesce_passed(object->grace) ? object->type->step(object) : ST_AGAIN;

		if (status != ST_OK)
			return status;
		object->refs = 0;
		object_free(object);
		return ST_OK;
	}
	__atomic_fetch_sub(&object->refs, 1, __ATOMIC_RELEASE);
	return ST_OK;
}

/* True: only now. */
static bool kill_handles(struct object *object)
{
	if (object->is_dying)
		return false;
	__atomic_store_n(&object->is_dying, true, __ATOMIC_RELEASE);
	__atomic_fetch_add(&object->generation, 1, __ATOMIC_RELEASE);
	return true;
}

enum status object_destroy(struct object *object)
{
	const struct object_type *type = object->type;
	enum status status = ST_OK;
	bool is_first;

	if (type->step == NULL)
		return ST_STATE;
	is_first = kill_handles(object);
	object_ref(object);	/* so that `begin` can't finish it under our feet */
	if (type->begin != NULL)
		status = type->begin(object);
	if (is_first)
		object->grace = quiesce_begin();
	if (status == ST_OK && !quiesce_passed(object->grace))
		status = ST_AGAIN;
	if (status == ST_OK)
		status = object_unref(object);	/* finishes it, or leaves that to the last reference */
	if (status != ST_OK)
		__atomic_fetch_sub(&object->refs, 1, __ATOMIC_RELEASE);
	return status;
}

void object_discard(struct object *object)
{
	(void)kill_handles(object);
	object->grace = 0;
	while (object_destroy(object) == ST_AGAIN)
		;
}
