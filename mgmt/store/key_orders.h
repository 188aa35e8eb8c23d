/* SPDX-License-Identifier: MIT */
/*
 * key_orders.h - orders about a pool's key, as pool_orders.c carries them out.
 */
#ifndef VOS_KEY_ORDERS_H
#define VOS_KEY_ORDERS_H

#include "store_pool.h"

enum store_error key_order_set(struct store_pool *s, u32 slot, const struct store_order *order);
enum store_error key_order_unlock(struct store_pool *s, u32 slot, const struct store_order *order);

#endif
