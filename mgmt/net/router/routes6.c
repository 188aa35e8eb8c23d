/* SPDX-License-Identifier: MIT */
/*
 * routes6.c - see routes6.h.
 */
#include "routes6.h"

enum status routes6_add(struct routes6 *t, struct route6 route)
{
	if (t->count == ROUTES6_MAX)
		return ST_FULL;
	route.prefix = ip6_prefix(route.prefix, route.bits);
	t->route[t->count++] = route;
	return ST_OK;
}

void routes6_remove(struct routes6 *t, enum route_origin origin)
{
	u32 i = 0;

	while (i < t->count)
		if (t->route[i].origin == origin)
			t->route[i] = t->route[--t->count];
		else
			i++;
}

static bool is_better(const struct route6 *a, const struct route6 *b)
{
	return b == NULL || a->bits > b->bits || (a->bits == b->bits && a->preference < b->preference);
}

const struct route6 *routes6_find(const struct routes6 *t, struct ip6 address)
{
	const struct route6 *best = NULL;

	for (u32 i = 0; i < t->count; i++) {
		const struct route6 *r = &t->route[i];

		if (is_better(r, best) && ip6_equal(ip6_prefix(address, r->bits), r->prefix))
			best = r;
	}
	return best;
}
