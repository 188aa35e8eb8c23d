/* SPDX-License-Identifier: MIT */
/*
 * order_ring.h - the rings of root's orders to the store and of its reports. An order's id says what it is about: there
 * is one of a kind at a time about each thing.
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

/* In the number of an order of a group (pool_groups.h). */
#define ORDER_OF_GROUP BIT32(23)

/* Both rings are empty: at root's start, and for a new store. */
void order_ring_init(void);
/* False: there is no room, and the store signals when there is. / Is there room for so many, which come together? */
bool store_order_send(struct store_order *order, u32 number) MUST_CHECK;
bool order_ring_has_room(u32 count);
/* The same of an order about that volume. */
bool store_order_volume(u32 number, enum store_op op) MUST_CHECK;
/* After orders were sent: the store is signalled if it sleeps. */
void order_ring_kick(void);

bool store_report_take(struct store_report *report);
/* After reports were taken: the store is signalled if it waits for room. */
void store_reports_taken(void);
/* Before root sleeps. False: there is a report after all. */
bool store_reports_may_sleep(void);

#endif
