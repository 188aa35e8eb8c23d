/* SPDX-License-Identifier: MIT */
/*
 * routes.c - see routes.h. A router has a few routes; a list in order finds one in two instructions for each.
 */
#include "routes.h"

static bool is_before(const struct route *a, const struct route *b)
{
	return a->bits != b->bits ? a->bits > b->bits : a->preference < b->preference;
}

enum status routes_add(struct routes *t, struct route route)
{
	u32 at = t->count;

	if (t->count == ROUTES_MAX)
		return ST_FULL;
	route.mask = prefix_mask(route.bits);
	route.prefix &= route.mask;
	for (; at > 0 && is_before(&route, &t->route[at - 1]); at--)
		t->route[at] = t->route[at - 1];
	t->route[at] = route;
	t->count++;
	t->generation++;
	return ST_OK;
}

void routes_remove(struct routes *t, enum route_origin origin)
{
	u32 kept = 0;

	for (u32 i = 0; i < t->count; i++)
		if (t->route[i].origin != origin)
			t->route[kept++] = t->route[i];
	t->count = kept;
	t->generation++;
}

const struct route *routes_find(const struct routes *t, u32 address)
{
	for (u32 i = 0; i < t->count; i++)
		if ((address & t->route[i].mask) == t->route[i].prefix)
			return &t->route[i];
	return NULL;
}
