/* SPDX-License-Identifier: MIT */
/*
 * change_kinds.h - what each request that is a change (change.h) is: how it is judged, and what is done when its
 * volumes are there.
 */
#ifndef VOS_CHANGE_KINDS_H
#define VOS_CHANGE_KINDS_H

#include "error_info.h"
#include "request.h"
#include "vm.h"
#include "volumes.h"

/* COPY: images are copied into its volumes. EJECT: a guest is asked to let a disk go. UPKEEP: a pool is read. KEEP:
 * what has changed is being written (definitions.h). */
enum step { STEP_FREE, STEP_DISKS, STEP_STORE, STEP_COPY, STEP_EJECT, STEP_UPKEEP, STEP_KEEP, STEP_ANSWER };

struct change {
	u32 number;		/* of its place: volume.change */
	enum step step;
	u32 client;		/* NO_CLIENT: nobody waits */
	u64 deadline_tsc;
	struct error_info info;		/* STEP_ANSWER; STEP_COPY: of the first copy that failed */
	u64 changes;			/* STEP_KEEP: up to that count (definition_changes.h) */
	struct volume_row row;		/* of REQ_CREATE_VOLUME */
	struct pool_row pool;		/* of a kind that tells a pool */
	u32 run;			/* STEP_UPKEEP: the pool's run (upkeep.h); change_pools.h: its number */
	u64 vm_id;			/* of a VM that is to change: which of those that have had that name */
	u64 built_tsc;			/* STEP_EJECT: which of its runs */
	u32 disk_count;			/* REQ_ATTACH_DISK: that it had when `spec` was made */
	u32 sized;			/* bit = disk of `spec` that has the size of its image, as none was given */
	u32 group;			/* pool_groups.h: what the store is asked for; or GROUP_NONE */
	struct request request;
};

static inline const struct disk_spec *change_volume(const struct change *c)
{
	return &c->request.spec.disks[0];
}

static inline bool change_is_dry(const struct change *c)
{
	return (c->request.flags & REQ_FLAG_DRY_RUN) != 0;
}

/* Of a VM that ran when the request came: the disks of others are a REQ_SET. */
static inline bool change_is_hot(const struct change *c)
{
	return c->request.op == REQ_ATTACH_DISK || c->request.op == REQ_DETACH_DISK;
}

/* The VM that it is to change; NULL: that is no more. */
static inline struct vm *change_vm(const struct change *c)
{
	struct vm *vm = vm_find(c->request.name);

	return vm != NULL && vm->id == c->vm_id ? vm : NULL;
}

/* It was there before: nobody else gets or deletes it until the change ends. */
static inline void change_hold(const struct change *c, struct volume *v)
{
	v->change = c->number;
	v->is_held = true;
}

bool change_concerns_disks(const struct change *c);
/* Some volume is to be made on the best of all disks. Only of a request whose fields were judged. */
bool change_needs_choice(const struct change *c);

struct change_kind {
	struct error_info (*judge)(struct change *c);
	/* Ask the store for more than the volumes that it lacks; NULL: for these. */
	struct error_info (*order)(struct change *c);
	/* NULL: its volumes, or its group, say so. */
	bool (*is_done)(const struct change *c, struct error_info *no);
	struct error_info (*finish)(struct change *c);
	/* It failed: what was not begun is not done. NULL: that is as change_volumes.h does it. */
	void (*give_up)(const struct change *c);
	bool tells_pool;	/* it is answered with one */
	bool reads_pool;	/* upkeep.h; it changes nothing */
	bool has_vm;		/* its disks are those of a VM's spec */
	bool has_secret;	/* request.secret, which is wiped with the answer */
	bool deletes;		/* the volume or pool that it names */
	bool is_of_vm;		/* whose disks it is about, and which is there: no other change is, meanwhile */
};
extern const struct change_kind change_kinds[REQ_OP_COUNT];

#endif
