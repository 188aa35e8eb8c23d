/* SPDX-License-Identifier: MIT */
/*
 * pool_orders.h - orders about what is in an open pool: one after the other, each answered when it is on the disk and
 * what it changed was reported.
 */
#ifndef VOS_POOL_ORDERS_H
#define VOS_POOL_ORDERS_H

#include "store_pool.h"

/* Anything but STORE_OK: not taken; then pool_orders_refused() is to be called. An order that comes in the middle of a
 * group of another operation ends that group, which is refused. */
enum store_error pool_orders_queue(struct store_pool *s, const struct store_order *order);
/* An order was not taken: nor is the rest of its group, what has come and what is to come. */
void pool_orders_refused(struct store_pool *s, const struct store_order *order, enum store_error error);
/* Go on, while the pool is open. True: something was done. */
bool pool_orders_turn(struct store_pool *s, u32 slot);
/* The pool is open no more: all are answered. */
void pool_orders_end(struct store_pool *s, u32 slot, enum store_error error);

#endif
