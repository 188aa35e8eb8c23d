/* SPDX-License-Identifier: MIT */
/*
 * look.h - looks at a pool on an image, as its last checkpoint left it, and says what is wrong.
 */
#ifndef VOS_POOL_LOOK_H
#define VOS_POOL_LOOK_H

#include <stdio.h>

#include "check.h"
#include "image.h"

#define SHOWN_MAX 100u		/* faults that are listed */

struct pair;

struct look {
	struct image image;
	struct pool_check check;
	void *arena;
	FILE *err;
	struct pair *pair;	/* of a mirror: what its two images must have alike; NULL = one image */
	bool is_quiet;		/* faults are only counted */
	bool has_label;
	u64 unreadable;		/* blocks */
};

/* False: no memory, which it said. */
bool look_at(struct look *r, bool is_quiet, bool with_data);
/* One more fault of this volume; 0 = of none. */
void look_found(struct look *r, u64 block, u32 id, const char *text);
/* That there were more than are listed. */
void look_rest(const struct look *r);
void look_close(struct look *r);

/* Of what was looked at. */
const char *look_name(const struct look *r, u32 id);
void look_show(const struct look *r, FILE *out);
double look_mib(u64 blocks);

#endif
