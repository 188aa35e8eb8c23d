/* SPDX-License-Identifier: MIT */
/*
 * pool_origins.h - snapshots that were made with a clone, as what it begins as: they go by themselves, with the last
 * clone. Each has POOL_VOLUME_MARKED, so that one whose clone has gone is known after a power cut, too.
 */
#ifndef VOS_POOL_ORIGINS_H
#define VOS_POOL_ORIGINS_H

#include "store_pool.h"

/* It was made just now, with the clone that is made next, and is not committed yet. */
enum pool_status pool_origins_mark(struct store_pool *s, u32 snapshot);
/* Lets go those that have no clones and no links: once nothing of the last clone is left to be freed. True: some, which
 * are to be committed. Not while orders are carried out. */
bool pool_origins_let_go(struct store_pool *s, u32 slot);

#endif
