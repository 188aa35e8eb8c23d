/* SPDX-License-Identifier: MIT */
/*
 * share.c - see share.h. The acquire load of an even generation pairs with root's release store of it; the fence keeps
 * the copy's loads in front of the second look.
 */
#include "share.h"

#include <string.h>

bool share_read_config(const struct router_config *shared, u32 taken, struct router_config *copy)
{
	u32 before = __atomic_load_n(&shared->generation, __ATOMIC_ACQUIRE);

	if ((before & 1) != 0 || before == taken)
		return false;
	memcpy(copy, (const void *)shared, sizeof(*copy));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	copy->generation = before;
	return __atomic_load_n(&shared->generation, __ATOMIC_RELAXED) == before;
}

void share_begin_report(struct router_report *r)
{
	__atomic_store_n(&r->generation, r->generation | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void share_end_report(struct router_report *r)
{
	__atomic_store_n(&r->generation, r->generation + 1, __ATOMIC_RELEASE);
}
