/* SPDX-License-Identifier: MIT */
/*
 * pool_link.h - carries out VMs' requests in open pools.
 *
 * A VM outlives the store. So a write is answered when a store that opens the pool again has it: where the pool has not
 * logged all that changed, a flush comes first. A discard is a hint, and is answered without.
 */
#ifndef VOS_POOL_LINK_H
#define VOS_POOL_LINK_H

#include "disk.h"
#include "pool.h"
#include "types.h"

void pool_link_init(void (*completed)(const struct disk_tag *tag, enum blk_status status));

/* Carry out a judged request of volume `id` of pool p, whose data lies in the window of the link at `link`; `pool`
 * NULL: it has failed. False: too many are under way; the link is asked again (vm_link_disk_has_room). */
bool pool_link_submit(u32 p, struct pool *pool, u32 id, void *link, const struct blk_sqe *sqe,
		      const struct disk_tag *tag);

/* For disk_ops: of a request that took the short way (pool_direct_begin). */
void pool_link_direct_completed(const struct disk_tag *tag, enum blk_status status);

/* A link of one of its volumes is gone. */
void pool_link_gone(u32 p);
/* A request has come since the last call that is not on the short way, or one has ended that somebody waits for; or a
 * link is gone. */
bool pool_link_take_stirred(u32 p);
/* Requests under way in pool p. */
u32 pool_link_count(u32 p);
/* A request was refused since the last call, and there is room now. */
bool pool_link_take_room(u32 p);
/* A request met a full pool, and pool_link_take_growth has not said yes since. */
bool pool_link_was_full(u32 p);
/* `room` blocks are there now, or after a checkpoint. True, once: that is `more` beyond the least since a request met a
 * full pool. */
bool pool_link_take_growth(u32 p, u64 room, u64 more);
/* The pool said that an earlier write of its own failed. Until pool_link_forget. */
bool pool_link_has_failed(u32 p);
/* Pool p begins anew; none is under way. */
void pool_link_forget(u32 p);

#endif
