/*
 * object.c - see object.h. Slabs: a kernel frame is cut into objects of one kind; free ones are chained through their
 * headers and keep their generation.
 */
#include "frames.h"
#include "irq.h"
#include "mem.h"
#include "object.h"
#include "pd.h"
#include "quiesce.h"
#include "thread.h"
#include "vcpu.h"
#include "vm.h"

#include <string.h>

struct kind {
	u32 size;
	u32 offset;					/* of the struct object in it */
	/* destruction, first part: done even while references exist, before the grace period, and again until it says
	 * ST_OK and the period has passed; may be NULL */
	enum status (*begin)(struct object *object);
	enum status (*step)(struct object *object);	/* second part: when there is no reference */
	u64 (*frames)(const struct object *object);	/* kernel frames it has; NULL = none */
};

static const struct kind kinds[OBJECT_KIND_COUNT] = {
	[OBJECT_PD] = { sizeof(struct pd), offsetof(struct pd, object), pd_destroy_begin, pd_destroy_step, pd_frames },
	[OBJECT_THREAD] = { sizeof(struct thread), offsetof(struct thread, object), NULL, thread_destroy_step,
			    thread_frames },
	[OBJECT_MEM] = { sizeof(struct mem), offsetof(struct mem, object), NULL, mem_destroy_step, mem_frames },
	[OBJECT_VM] = { sizeof(struct vm), offsetof(struct vm, object), vm_destroy_begin, vm_destroy_step, vm_frames },
	[OBJECT_VCPU] = { sizeof(struct vcpu), offsetof(struct vcpu, object), NULL, vm_destroy_vcpu_step, vcpu_frames },
	[OBJECT_IRQ] = { sizeof(struct irq), offsetof(struct irq, object), irq_destroy_begin, irq_destroy_step, NULL },
	[OBJECT_ROOT] = { sizeof(struct object), 0, NULL, NULL, NULL },	/* there is one, for ever */
};
_Static_assert(sizeof(struct pd) <= PAGE_SIZE && sizeof(struct vm) <= PAGE_SIZE && sizeof(struct vcpu) <= PAGE_SIZE &&
	       sizeof(struct thread) <= PAGE_SIZE, "a slab is one frame");

static struct {
	struct lock lock;
	struct object *free[OBJECT_KIND_COUNT];
	u64 frames;	/* atomic */
} slabs;

static void slab_push(struct object *object)
{
	lock_acquire(&slabs.lock);
	object->next_free = slabs.free[object->kind];
	slabs.free[object->kind] = object;
	lock_release(&slabs.lock);
}

static struct object *slab_pop(enum object_kind kind)
{
	struct object *object;

	lock_acquire(&slabs.lock);
	object = slabs.free[kind];
	if (object != NULL)
		slabs.free[kind] = object->next_free;
	lock_release(&slabs.lock);
	return object;
}

static bool slab_grow(enum object_kind kind)
{
	u32 size = (kinds[kind].size + 15) & ~15u;
	u8 *frame = kernel_frames_alloc(1);
	struct object *object;

	if (frame == NULL)
		return false;
	__atomic_fetch_add(&slabs.frames, 1, __ATOMIC_RELAXED);
	for (u32 at = 0; at + size <= PAGE_SIZE; at += size) {
		object = (struct object *)(void *)(frame + at + kinds[kind].offset);
		*object = (struct object){ .kind = kind };
		slab_push(object);
	}
	return true;
}

u64 object_slab_frames(void)
{
	return __atomic_load_n(&slabs.frames, __ATOMIC_RELAXED);
}

u64 object_frames(const struct object *object)
{
	return kinds[object->kind].frames != NULL ? kinds[object->kind].frames(object) : 0;
}

struct object *object_alloc(enum object_kind kind)
{
	struct object *object = slab_pop(kind);
	u32 generation;

	if (object == NULL && slab_grow(kind))
		object = slab_pop(kind);
	if (object == NULL)
		return NULL;
	generation = object->generation + 1;
	memset((u8 *)object - kinds[kind].offset, 0, kinds[kind].size);
	object->kind = kind;
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
		enum status status = quiesce_passed(object->grace) ? kinds[object->kind].step(object) : ST_AGAIN;

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
	const struct kind *kind = &kinds[object->kind];
	enum status status = ST_OK;
	bool is_first;

	if (kind->step == NULL)
		return ST_STATE;
	is_first = kill_handles(object);
	object_ref(object);	/* so that `begin` can't finish it under our feet */
	if (kind->begin != NULL)
		status = kind->begin(object);
	if (is_first)
		object->grace = quiesce_begin();
	if (status == ST_OK && !quiesce_passed(object->grace))
		status = ST_AGAIN;
	if (status == ST_OK && __atomic_load_n(&object->refs, __ATOMIC_ACQUIRE) == 1)
		status = kind->step(object);
	else if (status == ST_OK)
		return object_unref(object);	/* the last reference finishes it */
	if (status == ST_OK) {
		object->refs = 0;
		object_free(object);
		return ST_OK;
	}
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
