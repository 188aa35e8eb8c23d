/* SPDX-License-Identifier: MIT */
/*
 * pd.h - makes a PD from a program: its text shared with the image, its data copied, a heap, a stack, the info page.
 */
#ifndef VOS_PD_H
#define VOS_PD_H

#include "image.h"
#include "object_set.h"
#include "status.h"
#include "types.h"

struct pd {
	u64 h_pd;
	u64 entry;
	u64 heap_bytes;
};

/*
 * What is created goes into `objects`, also when it fails half-way. ST_INVAL, ST_UNSUPPORTED: not a program; or the
 * kernel's status.
 */
enum status pd_build(struct pd *out, const struct image *program, u64 heap_bytes,
		     struct object_set *objects) MUST_CHECK;

/* A stopped thread of that PD. Its faults raise ROOT_BIT_FAULT at root. */
enum status pd_thread(const struct pd *pd, u32 index, u64 stack_top, struct object_set *objects,
		      u64 *h_thread) MUST_CHECK;

/* Map the MEM's first `bytes`, rounded up to pages; they are granted at the first touch. */
enum status pd_map(u64 h_pd, u64 h_mem, u64 address, u64 bytes, u32 rights) MUST_CHECK;

/* Map and grant now, whole pages, a MEM or a vCPU's page. For what is not large and must be there even when memory
 * has run out. */
enum status pd_fill(u64 h_pd, u64 h_mem, u64 address, u64 offset, u64 bytes, u32 rights) MUST_CHECK;

/* Let the PD raise `badge` at that thread (0: there is none, nothing to do). ST_OK if it could already;
 * ST_EXISTS: the slot is taken. */
enum status pd_signal(u64 h_pd, u64 slot, u64 h_thread, u64 badge) MUST_CHECK;

#endif
