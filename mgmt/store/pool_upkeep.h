/* SPDX-License-Identifier: MIT */
/*
 * pool_upkeep.h - STORE_SCRUB: an open pool's disk is read and judged beside its requests (lib/pool/scrub.h), and root
 * is told how far it is and what was found.
 */
#ifndef VOS_POOL_UPKEEP_H
#define VOS_POOL_UPKEEP_H

#include "store_pool.h"

/* Of a pool that is open. STORE_BUSY: one is under way. */
enum store_error pool_upkeep_begin(struct store_pool *s, const struct store_order *order);
/* The pool has gone; one that is under way has ended with that error. */
void pool_upkeep_end(struct store_pool *s, enum store_error error);
/* It may have gone on. */
void pool_upkeep_look(struct store_pool *s);

bool pool_upkeep_has_report(const struct store_pool *s);
/* The next one. */
void pool_upkeep_report(struct store_pool *s, u32 slot, struct store_report *out);

#endif
