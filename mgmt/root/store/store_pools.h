/* SPDX-License-Identifier: MIT */
/*
 * store_pools.h - what the store is to do with pools: it is given memory for one and opens it, or closes it and gives
 * the memory back. h_pd: the store's PD.
 */
#ifndef VOS_STORE_POOLS_H
#define VOS_STORE_POOLS_H

#include "pools.h"
#include "store.h"

/* The next order that is due, of pool *p or one behind it, which goes into *p. False: none. */
bool store_pools_order(u64 h_pd, u32 *p, struct store_order *out);
/* Such an order: number = p. */
bool store_pools_has_order(enum store_op op);
/* It was sent. */
void store_pools_sent(u32 p, const struct store_order *order);
/* It was answered, with an enum store_error. The pool's partition; NULL: that was not asked for. */
struct volume *store_pools_done(u64 h_pd, u32 p, enum store_op op, u32 error);
/* There is something new of it. A line in the log, which the prompt shows, when it passes 80 or 95 per cent, or a disk
 * of a mirror is lost, or is there again. */
void store_pools_warn(u32 p);
/* The store has died: no pool has memory any more. */
void store_pools_drop(void);
/* Memory that the store has for pools. */
u64 store_pools_bytes(void);

#endif
