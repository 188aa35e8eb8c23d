/* SPDX-License-Identifier: MIT */
/*
 * order_ring.c - see order_ring.h.
 */
#include "order_ring.h"

#include <string.h>

#include "pools.h"
#include "root.h"
#include "rt_ring.h"
#include "volumes.h"
#include "wires.h"

static struct ring orders, reports;

void order_ring_init(void)
{
	struct ring_shared *o = ring_at(WIRE_STORE_ORDERS), *r = ring_at(WIRE_STORE_REPORTS);

	memset(o, 0, sizeof(*o));
	memset(r, 0, sizeof(*r));
	ring_attach_producer(&orders, o, wires[WIRE_STORE_ORDERS].ring_bytes);
	ring_attach_consumer(&reports, r, wires[WIRE_STORE_REPORTS].ring_bytes);
}

bool order_ring_has_room(u32 count)
{
	if (ring_room(&orders) >= count * sizeof(struct store_order))
		return true;
	ring_producer_wait(&orders, true);
	return ring_room(&orders) >= count * sizeof(struct store_order);
}

bool store_order_send(struct store_order *order, u32 number)
{
	order->id = order->op << 24 | number;
	return order_ring_has_room(1) && ring_put(&orders, order, sizeof(*order));
}

#define TRAIT_ORDER(id, key, off, on, order, report) [TRAIT_##id] = (order),

static u32 trait_flags(const struct volume *v)
{
	static const u32 flags[TRAIT_COUNT] = { VOLUME_TRAITS(TRAIT_ORDER) };
	u32 all = 0;

	for (u32 i = 0; i < TRAIT_COUNT; i++)
		all |= (v->traits & DISK_TRAIT(i, true)) != 0 ? flags[i] : 0;
	return all;
}

/* It is made of a partition that is there. */
static void set_partition(const struct pool *pool, struct store_order *order)
{
	if (!pool_is_in_place(pool))
		return;
	order->flags |= STORE_ON_PARTITION;
	order->bytes = 0;
	memcpy(order->new_guid, pool->in_place_of, sizeof(order->new_guid));
}

bool store_order_volume(u32 number, enum store_op op)
{
	const struct volume *v = volume_at(number);
	struct store_order order = { .op = op, .slot = volume_place(v), .bytes = v->bytes,
				     .flags = (v->is_marked ? STORE_MARK : 0) |
					      (op == STORE_CREATE ? trait_flags(v) : 0) |
					      (v->is_unfinished && volume_is_on_disk(v) ? STORE_UNFINISHED : 0) |
					      (v->kind == VOLUME_ROW_POOL ? STORE_IS_POOL : 0) };
	const struct pool *pool = v->is_member ? pool_at(v->pool) : NULL;

	if (pool != NULL && op == STORE_CREATE) {
		order.flags |= STORE_IS_MEMBER;
		memcpy(order.disk, pool->partition->name, sizeof(order.disk) - 1);
	}

	memcpy(order.volume, v->name, sizeof(order.volume));
	memcpy(order.guid, v->guid, sizeof(order.guid));
	if (op == STORE_CREATE && v->kind == VOLUME_ROW_POOL)
		set_partition(pool_at(v->pool), &order);
	return store_order_send(&order, number);
}

void order_ring_kick(void)
{
	rt_ring_wrote(&orders, SLOT_WIRE + WIRE_STORE_ORDERS);
}

bool store_report_take(struct store_report *report)
{
	return ring_get(&reports, report, sizeof(*report));
}

void store_reports_taken(void)
{
	rt_ring_took(&reports, SLOT_WIRE + WIRE_STORE_ORDERS);
}

bool store_reports_may_sleep(void)
{
	ring_consumer_wait(&reports, true);
	return ring_used(&reports) < sizeof(struct store_report);
}
