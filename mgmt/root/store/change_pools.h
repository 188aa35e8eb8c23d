/* SPDX-License-Identifier: MIT */
/*
 * change_pools.h - import-pool, export-pool and grow-pool as changes (change.h): whose a pool is, its name, its size.
 */
#ifndef VOS_CHANGE_POOLS_H
#define VOS_CHANGE_POOLS_H

#include "change_kinds.h"

struct error_info pool_import_judge(struct change *c);
struct error_info pool_export_judge(struct change *c);
/* The pool is closed, marked, and opened. */
struct error_info pool_mark_order(struct change *c);
/* False: it is under way; *no says so. */
bool pool_mark_is_done(const struct change *c, struct error_info *no);
void pool_mark_give_up(const struct change *c);
struct error_info pool_mark_finish(struct change *c);

/* grow-pool: its partition, then the store that opens it. */
struct error_info pool_grow_judge(struct change *c);
struct error_info pool_grow_order(struct change *c);
bool pool_grow_is_done(const struct change *c, struct error_info *no);
void pool_grow_give_up(const struct change *c);

#endif
