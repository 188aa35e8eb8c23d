/* SPDX-License-Identifier: MIT */
/*
 * order_ring.h - the ring of root's orders to the store. An order's id says what it is about: there is one of a kind
 * at a time about each thing.
 */
#ifndef VOS_ORDER_RING_H
#define VOS_ORDER_RING_H

#include "status.h"
#include "store.h"
#include "types.h"

static inline enum store_op store_order_op(u32 id)
{
	return (enum store_op)(id >> 24);
}

static inline u32 store_order_number(u32 id)
{
	return id & 0xffffff;
}

/* The ring is empty: of a new store. */
void order_ring_init(void);
/* False: there is no room, and the store signals when there is. */
bool store_order_send(struct store_order *order, u32 number) MUST_CHECK;
/* The same of an order about that volume. */
bool store_order_volume(u32 number, enum store_op op) MUST_CHECK;
/* After orders were sent: the store is signalled if it sleeps. */
void order_ring_kick(void);

#endif
