/*
 * holdings.h - the kernel objects that belong to one VM or one service, and how they are given back: kind by kind,
 * users before what they use.
 */
#ifndef VOS_HOLDINGS_H
#define VOS_HOLDINGS_H

#include "limits.h"
#include "status.h"
#include "types.h"

/* In the order of their destruction. */
enum hold_kind { HOLD_THREAD, HOLD_IRQ, HOLD_PD, HOLD_VCPU, HOLD_VM, HOLD_MEM, HOLD_KIND_COUNT };

struct holdings {
	u32 count;
	struct { u32 handle; u32 kind; } items[HOLDINGS_MAX];
};

/* ST_FULL: no room; the object is destroyed by the caller. */
enum status holdings_add(struct holdings *h, enum hold_kind kind, u64 handle) MUST_CHECK;

/* Destroy a bounded piece. ST_AGAIN: call again; ST_OK: nothing is left. */
enum status holdings_release_step(struct holdings *h) MUST_CHECK;

/* Bytes that this object takes of the machine: its frames, and the kernel's for it. 0: no such handle. */
u64 object_bytes(u64 handle);

/* The same of all of them, also half destroyed. */
u64 holdings_bytes(const struct holdings *h);

/* Create and add. */
enum status holdings_mem(struct holdings *h, u64 bytes, u32 flags, u64 *h_mem) MUST_CHECK;

#endif
