/* SPDX-License-Identifier: MIT */
/*
 * upkeep.h - check-pool and scrub-pool: the store is asked to read what a pool has on its disk, and tells how far it is
 * and what it found. One at a time for each pool. Also what the requests are as changes (change.h).
 */
#ifndef VOS_UPKEEP_H
#define VOS_UPKEEP_H

#include "change_kinds.h"
#include "store.h"

/* What is due, as far as there is room for orders. True: nothing is left that could be sent. */
bool upkeep_send(void);
/* STORE_SCRUB was answered, with an enum store_error. */
void upkeep_begun(u32 p, u32 error);
/* STORE_SCRUBBED, STORE_FOUND: foreign. */
void upkeep_take_report(const struct store_report *report);
/* The store is another one, and knows of none. */
void upkeep_forget(void);

/* For the table of pools. */
void upkeep_fill(u32 p, struct pool_row *out);

struct error_info upkeep_judge(struct change *c);
/* Its run is asked for. */
void upkeep_begin(struct change *c);
/* False: it is under way. */
bool upkeep_is_done(struct change *c, struct error_info *info);

#endif
