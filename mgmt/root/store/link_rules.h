/* SPDX-License-Identifier: MIT */
/*
 * link_rules.h - what root has told, or has to tell, the store of a VM's link besides serving it: limits, whether
 * requests that fail are held, and that these are to be done again. Pure.
 */
#ifndef VOS_LINK_RULES_H
#define VOS_LINK_RULES_H

#include "request.h"
#include "store.h"
#include "types.h"

/* A link begins: no limits, errors are reported. That is due if the store was told something of one before it. */
void link_rules_clear(u32 link);
/* True: they are others, and due. */
bool link_rules_set(u32 link, const struct disk_spec *disk, bool holds_errors);
void link_rules_retry(u32 link);
/* The store serves it, and is to detach it: then it forgets what it was told. */
void link_rules_end(u32 link);
/* The store is new, and the link begins anew there. */
void link_rules_again(u32 link);

/* What is due of it, the rules first. False: nothing. */
bool link_rules_order(u32 link, struct store_order *out);
/* That order was sent. */
void link_rules_sent(u32 link, u32 op);

/* The store says that it holds something of that link; is_full: without any rule, as its pool has no room. */
void link_rules_failed(u32 link, bool is_full);
/* A link of which that is so; each is told once. */
bool link_rules_failure(u32 *link, bool *is_full);

#endif
