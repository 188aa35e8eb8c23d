/*
 * object.h - what handles point at. Seven kinds, each from its own slabs of kernel frames that are never given back, so
 * that a stale pointer always meets an object header whose generation tells it that it is stale.
 *
 * Life: object_alloc -> handles and references -> object_destroy (all handles are dead at once) -> the kind's `step`
 * until it is done -> free. `refs` counts the structures that use the object (a region its MEM, a VCPU its VM, a
 * vcpu_run its VCPU), not handles. An object that is destroyed while referenced is finished by whoever drops the last
 * reference.
 */
#ifndef VOS_OBJECT_H
#define VOS_OBJECT_H

#include "status.h"
#include "types.h"

enum object_kind {
	OBJECT_NONE, OBJECT_PD, OBJECT_THREAD, OBJECT_MEM, OBJECT_VM, OBJECT_VCPU, OBJECT_IRQ, OBJECT_ROOT,
	OBJECT_KIND_COUNT
};

struct object {
	u32 kind;		/* enum object_kind */
	u32 generation;		/* never 0 while alive; changes when destroyed */
	u32 refs;		/* atomic */
	bool is_dying;
	struct object *next_free;
};

/* A zeroed object of that kind with a fresh generation, no handle, no reference. NULL: no frames. */
struct object *object_alloc(enum object_kind kind);

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

#endif
