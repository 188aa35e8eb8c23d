/* SPDX-License-Identifier: MIT */
/*
 * key_orders.c - see key_orders.h.
 */
#include "key_orders.h"

#include "keys.h"
#include "pool_volumes.h"

enum store_error key_order_set(struct store_pool *s, u32 slot, const struct store_order *order)
{
	return keys_set(slot - STORE_POOL_SLOT, s->pool, order);
}

enum store_error key_order_unlock(struct store_pool *s, u32 slot, const struct store_order *order)
{
	enum store_error error = keys_unlock(slot - STORE_POOL_SLOT, s->pool, order);

	if (error == STORE_OK)
		pool_volumes_go_on(s, slot);
	return error;
}
