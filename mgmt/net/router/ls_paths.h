/* SPDX-License-Identifier: MIT */
/*
 * ls_paths.h - shortest paths through what routers say of themselves (Dijkstra). Pure.
 */
#ifndef VOS_LS_PATHS_H
#define VOS_LS_PATHS_H

#include "ls_message.h"

#define LS_ROUTERS 64u			/* in one network of routers, this one included */
#define LS_FAR 0xffffffffu

struct ls_path {
	u32 cost;		/* LS_FAR: it is not reached */
	u64 first;		/* the neighbour that the path begins with; 0: it is this router */
};

/*
 * From the router `from` to each of states[count <= LS_ROUTERS]; path[i] is the way to states[i]. A link counts if both
 * its ends say that there is one. Of equal paths, the one that begins with the lower id is taken, so all agree.
 */
void ls_paths(const struct ls_state *states, u32 count, u64 from, struct ls_path *path);

#endif
