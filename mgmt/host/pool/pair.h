/* SPDX-License-Identifier: MIT */
/*
 * pair.h - the two images of a mirror: whether they belong together, which of them has all, and whether they have alike
 * what they must. A block may differ in a region that was being written: the next opening makes it equal.
 */
#ifndef VOS_POOL_PAIR_H
#define VOS_POOL_PAIR_H

#include <stdio.h>

#include "look.h"

/* Checks both. Returns vos-pool's exit status: a disk that lacks something is a fault, two that are not of one mirror
 * are wrong arguments. */
int pair_check(struct look side[POOL_MEMBERS], FILE *out);

/* pool_check.plain of a look with a pair. */
void pair_compare(void *context, u64 block, u32 count, u32 id);

#endif
