/* SPDX-License-Identifier: MIT */
/*
 * guard_link.h - the rings of root's orders to guard and of its reports.
 */
#ifndef VOS_ROOT_GUARD_LINK_H
#define VOS_ROOT_GUARD_LINK_H

#include "guard.h"

/* Both rings are empty: for a new guard, which is to say that it is ready. */
void guard_link_reset(void);
/* Guard takes orders. */
bool guard_link_is_up(void);
void guard_link_send(const struct guard_order *order);
bool guard_link_take(struct guard_report *report);

#endif
