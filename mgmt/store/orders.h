/* SPDX-License-Identifier: MIT */
/*
 * orders.h - the store's talk with root: takes orders, and reports what came of them.
 */
#ifndef VOS_ORDERS_H
#define VOS_ORDERS_H

#include "ring.h"
#include "types.h"

/* At the store's start; the rings were zeroed by root. */
void orders_init(struct ring_shared *orders, struct ring_shared *reports);

/* A bounded piece of work. False: root knows that it has to signal for more. *is_news: root is to be signalled. */
bool orders_turn(bool *is_news);

#endif
