/* SPDX-License-Identifier: MIT */
/*
 * object.h - what handles point at. Each kind has its own slabs of kernel frames that are never given back, so
 * that a stale pointer always meets an object header whose generation tells it that it is stale.
 *
 * Life: object_alloc -> handles and references -> object_destroy (all handles are dead at once, and a grace period
 * begins, because other pCPUs may just have looked one up) -> the kind's `step` until it is done -> free. `refs` counts
 * the structures that use the object (a region its MEM, a VCPU its VM, a thread its VCPU), not handles. An object that
 * is destroyed while referenced is finished by whoever drops the last reference.
 *
 * What changes the tree of objects runs under one lock (syscall.c), so destructions don't meet. Looking at objects
 * through handles takes none.
 */
#ifndef VOS_OBJECT_H
#define VOS_OBJECT_H

#include "lock.h"
#include "status.h"
#include "types.h"

struct object;

/* The free objects of one kind. */
struct slab {
	struct lock lock;
	struct object *free;
};

/* A kind of object, described where its structure is. */
struct object_type {
	u32 size;
	u32 offset;					/* of the struct object in it */
	struct slab *slab;
	/* destruction, first part: done even while references exist, before the grace period, and again until it says
	 * ST_OK and the period has passed; may be NULL */
	enum status (*begin)(struct object *object);
	enum status (*step)(struct object *object);	/* second part: when there is no reference; NULL: never */
	u64 (*frames)(const struct object *object);	/* kernel frames it has; NULL = none */
	void (*stats)(struct object *object, u64 *words);	/* by enum stat; NULL = none of its own */
	hpa_t (*page)(const struct object *object);	/* the frame of it that a PD may map; NULL = none */
};

/* The first three; a slab is one frame. */
#define OBJECT_TYPE(structure) \
	.size = sizeof(structure) + 0 * sizeof(char[sizeof(structure) <= PAGE_SIZE ? 1 : -1]), \
	.offset = offsetof(structure, object), .slab = &(struct slab){ .free = NULL }

struct object {
	const struct object_type *type;
	u32 generation;		/* atomic: never 0 while alive; changes when destroyed */
	u32 refs;		/* atomic */
	bool is_dying;		/* atomic */
	union {
		struct object *next_free;
		u64 grace;	/* while dying: ticket of quiesce_begin */
	};
};

/* A handle or another note of this object that was made at that generation: is it dead? */
static inline bool object_is_dead(const struct object *object, u32 generation)
{
	return generation != __atomic_load_n(&object->generation, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&object->is_dying, __ATOMIC_ACQUIRE);
}

extern u64 object_slab_frames;	/* atomic: that slabs have taken */
/* By enum stat. */
void object_stats(struct object *object, u64 *words);

/* A zeroed object of that type with a fresh generation, no handle, no reference. NULL: no frames. */
struct object *object_alloc(const struct object_type *type);

/* Back into the slab. Nothing may refer to it. For creators that fail half-way; else object_destroy. */
void object_free(struct object *object);

static inline void object_ref(struct object *object)
{
	__atomic_fetch_add(&object->refs, 1, __ATOMIC_RELAXED);
}

/*
 * Drop a reference. If it was the last one of a dying object, do a bounded piece of its destruction first: ST_AGAIN
 * means that the reference is still held and the call must be repeated.
 */
enum status object_unref(struct object *object) MUST_CHECK;

/* Kill all handles and do a bounded piece of the destruction. ST_AGAIN: call again. ST_OK: gone, or left to the last
 * reference. */
enum status object_destroy(struct object *object) MUST_CHECK;

/* The same, all at once, for one that nobody has been told of. */
void object_discard(struct object *object);

#endif
