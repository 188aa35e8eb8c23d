/* SPDX-License-Identifier: MIT */
/*
 * guard_link.c - see guard_link.h. There are fewer orders under way than either ring has room for.
 */
#include "guard_link.h"

#include <string.h>

#include "root.h"
#include "rt_ring.h"
#include "wires.h"

static struct ring orders, reports;
static bool is_ready;

void guard_link_reset(void)
{
	struct ring_shared *o = ring_at(WIRE_GUARD_ORDERS), *r = ring_at(WIRE_GUARD_REPORTS);

	memset(o, 0, sizeof(*o));
	memset(r, 0, sizeof(*r));
	ring_attach_producer(&orders, o, wires[WIRE_GUARD_ORDERS].ring_bytes);
	ring_attach_consumer(&reports, r, wires[WIRE_GUARD_REPORTS].ring_bytes);
	is_ready = false;
}

bool guard_link_is_up(void)
{
	return is_ready;
}

void guard_link_send(const struct guard_order *order)
{
	if (ring_put(&orders, order, sizeof(*order)))
		rt_ring_wrote(&orders, SLOT_WIRE + WIRE_GUARD_ORDERS);
}

bool guard_link_take(struct guard_report *report)
{
	if (!ring_get(&reports, report, sizeof(*report)))
		return false;
	is_ready = true;
	return true;
}
