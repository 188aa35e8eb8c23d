/* SPDX-License-Identifier: MIT */
/*
 * handle.h - the table of handles of a PD: HANDLE_COUNT slots in kernel frames that are added on demand.
 *
 * Looking a handle up takes no lock, since every system call does it: a slot has a version that is odd while it is
 * being changed, and what was read under two versions does not count. The object that was found stays valid as
 * quiesce.h says.
 */
#ifndef VOS_HANDLE_H
#define VOS_HANDLE_H

#include "lock.h"
#include "object.h"
#include "syscalls.h"

struct handle {
	struct object *object;	/* NULL = free slot */
	u64 badge;
	u32 generation;		/* of the object when the handle was made; differs = dead */
	u32 rights;		/* RIGHT_* */
	u32 version;		/* atomic; odd: being changed */
};

#define HANDLES_PER_FRAME 128u

struct handle_table {
	struct handle *frames[HANDLE_COUNT / HANDLES_PER_FRAME];	/* atomic to read; lock to change */
	u32 search;		/* lock: where to look for a free slot first */
	struct lock lock;
};

/* A copy of the live handle in that slot. ST_HANDLE: free, dead, or not of this type (NULL = any); ST_RIGHTS: a
 * right is missing. */
enum status handle_get(const struct handle_table *table, u64 slot, const struct object_type *type,
		       u32 rights, struct handle *out) MUST_CHECK;

/* As handle_get, for object_destroy and object_stat: also finds the caller's handle of an object whose destruction it
 * has begun. */
enum status handle_get_dying(const struct handle_table *table, u64 slot, struct handle *out) MUST_CHECK;
/* The handle in that slot stays good for going on with the destruction of its object, and for nothing else. The slot is
 * not free before that is done. */
void handle_keep_dying(struct handle_table *table, u64 slot);

/* Fill a slot below HANDLE_CHOSEN, or any free one from there on. ST_EXISTS: another live handle is there. */
enum status handle_put(struct handle_table *table, u64 slot, struct object *object, u32 rights, u64 badge) MUST_CHECK;
enum status handle_add(struct handle_table *table, struct object *object, u32 rights, u64 badge, u64 *slot) MUST_CHECK;

/* Free a slot, dead or alive. ST_HANDLE: it is free already. */
enum status handle_close(struct handle_table *table, u64 slot) MUST_CHECK;

/* Kernel frames it has. */
u64 handle_table_frames(const struct handle_table *table);
/* No thread of the PD is left. */
void handle_table_fini(struct handle_table *table);

#endif
