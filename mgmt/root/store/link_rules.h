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
/* Requests that are held are done again; by a store that has not begun with the link they are anyway. */
void link_rules_retry(u32 link, bool is_begun);
/* The store serves it, and is to detach it: then it forgets what it was told. */
void link_rules_end(u32 link);
/* The store is new, and the link begins anew there. Whether a pool is still full it does not know: that is news. */
void link_rules_again(u32 link);

/* What is due of it, the rules first. False: nothing. */
bool link_rules_order(u32 link, struct store_order *out);
/* That order was sent. */
void link_rules_sent(u32 link, u32 op);

/* What the store says of a link whose requests it holds. */
enum link_news {
	LINK_NO_NEWS,
	LINK_FAILED,		/* counts where errors are held */
	LINK_POOL_FULL,		/* its pool is; such requests are always held */
	LINK_POOL_HAS_ROOM,	/* after that */
};
/* STORE_FAILED or STORE_ROOM. */
void link_rules_take(const struct store_report *report, bool is_in_pool);
/* A link with news; the last of each are told once. */
bool link_rules_news(u32 *link, enum link_news *news);

#endif
