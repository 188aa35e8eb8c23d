/* SPDX-License-Identifier: MIT */
/*
 * ls_paths.c - see ls_paths.h.
 */
#include "ls_paths.h"

static u32 place_of(const struct ls_state *states, u32 count, u64 id)
{
	u32 i = 0;

	while (i < count && states[i].id != id)
		i++;
	return i;
}

static bool has_link_to(const struct ls_state *s, u64 id)
{
	for (u32 i = 0; i < s->link_count; i++)
		if (s->link[i].id == id)
			return true;
	return false;
}

static void offer(struct ls_path *path, u32 cost, u64 first)
{
	if (cost < path->cost || (cost == path->cost && first < path->first))
		*path = (struct ls_path){ cost, first };
}

/* The nearest one that is not done yet; count: the rest is not reached. */
static u32 nearest(const struct ls_path *path, u32 count, u64 done)
{
	u32 best = count;

	for (u32 i = 0; i < count; i++)
		if ((done >> i & 1) == 0 && path[i].cost != LS_FAR && (best == count || path[i].cost < path[best].cost))
			best = i;
	return best;
}
_Static_assert(LS_ROUTERS <= 64, "a bit of `done` each");

void ls_paths(const struct ls_state *states, u32 count, u64 from, struct ls_path *path)
{
	u64 done = 0;
	u32 at;

	for (u32 i = 0; i < count; i++)
		path[i] = (struct ls_path){ states[i].id == from ? 0 : LS_FAR, 0 };
	while ((at = nearest(path, count, done)) < count) {
		const struct ls_state *s = &states[at];

		done |= BIT64(at);
		for (u32 i = 0; i < s->link_count; i++) {
			u32 to = place_of(states, count, s->link[i].id);

			if (to < count && has_link_to(&states[to], s->id))
				offer(&path[to], path[at].cost + s->link[i].cost,
				      s->id == from ? s->link[i].id : path[at].first);
		}
	}
}
