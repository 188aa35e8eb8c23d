/* SPDX-License-Identifier: MIT */
/*
 * share.h - the two areas that a router shares with root (router.h): the configuration is copied whole or not at all,
 * the report is written under an odd generation.
 */
#ifndef VOS_SHARE_H
#define VOS_SHARE_H

#include "router.h"

/* False: it is the one that was taken, and nothing is copied; or root is writing: it signals again. */
bool share_read_config(const struct router_config *shared, u32 taken, struct router_config *copy);
/* Between these two the report may be written. */
void share_begin_report(struct router_report *r);
void share_end_report(struct router_report *r);

#endif
