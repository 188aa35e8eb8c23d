/* SPDX-License-Identifier: MIT */
/*
 * object_set.h - the kernel objects that belong to one VM or one service, and how they are given back: kind by kind,
 * users before what they use.
 */
#ifndef VOS_OBJECT_SET_H
#define VOS_OBJECT_SET_H

#include "root_limits.h"
#include "status.h"
#include "types.h"

/* In the order of their destruction. */
enum object_kind { OBJECT_THREAD, OBJECT_IRQ, OBJECT_PD, OBJECT_VCPU, OBJECT_VM, OBJECT_MEM, OBJECT_KIND_COUNT };

struct object_set {
	u32 count;
	struct { u32 handle; u32 kind; } items[OBJECT_SET_MAX];
};

/* ST_FULL: no room; the object is destroyed by the caller. */
enum status object_set_add(struct object_set *h, enum object_kind kind, u64 handle) MUST_CHECK;

/* Destroy a bounded piece. ST_AGAIN: call again; ST_OK: nothing is left. */
enum status object_set_release_step(struct object_set *h) MUST_CHECK;

/* Bytes that this object takes of the machine: its frames, and the kernel's for it. 0: no such handle. */
u64 object_bytes(u64 handle);

/* The same of all of them, also half destroyed. */
u64 object_set_bytes(const struct object_set *h);

/* Destroy one MEM object of them, a small one. */
void object_set_drop_mem(struct object_set *h, u64 h_mem);

/* Create and add. */
enum status object_set_mem(struct object_set *h, u64 bytes, u32 flags, u64 *h_mem) MUST_CHECK;

#endif
