/* SPDX-License-Identifier: MIT */
/*
 * pools.h - the pools that are open: opened by root's order, opened anew when their disk is back, closed.
 *
 * A pool whose disk failed at a write of its own takes no changes. What is under way ends, and then it has failed:
 * requests of its volumes fail, until it is opened anew, with what is on the disk: after a delay, which doubles with
 * each try, and at a STORE_RETRY. What was answered is there (pool_link.h).
 */
#ifndef VOS_POOLS_H
#define VOS_POOLS_H

#include "blk.h"
#include "store.h"
#include "types.h"
#include "volume.h"

/* arenas: where the arena of pool 0 is mapped; that of pool p follows at p * STORE_POOL_STRIDE. */
void pools_init(u8 *arenas, u64 (*now_ns)(void));

/* STORE_OPEN_POOL, STORE_CLOSE_POOL, or one with the slot of a pool. STORE_ERROR_COUNT: answered later. */
enum store_error pools_open(const struct store_order *order);
enum store_error pools_close(const struct store_order *order);
enum store_error pools_order(const struct store_order *order);
/* STORE_JOIN. */
enum store_error pools_join(const struct store_order *order);
/* STORE_SCRUB. */
enum store_error pools_scrub(const struct store_order *order);
/* False: the pool of that slot is being closed, and its volumes end with it. */
bool pools_may_attach(u32 slot);

/* The snapshot that an order means, as a volume that is there while a link has it. NULL: there is none. */
struct volume *pools_snapshot(const struct store_order *order);

/* For disk_ops: the disk is there with this info, or gone (NULL). */
void pools_disk_changed(u32 disk, const struct blk_info *info);
/* Open anew, now, what has failed although its disk is there. */
void pools_retry(void);

/* A bounded piece of work. True: something was done, so call it again, after orders_turn and vm_link_turn. */
bool pools_turn(void);
/* When to call it even if nothing happens: in so many nanoseconds; POOLS_NEVER. */
#define POOLS_NEVER (~0ull)
u64 pools_wait_ns(void);

/* The next thing to report. False: nothing. */
bool pools_report(struct store_report *out);
/* An order has been carried out, and all that it changed has been reported. */
bool pools_take_answer(u32 *id, enum store_error *error);

#endif
