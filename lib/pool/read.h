/* SPDX-License-Identifier: MIT */
/*
 * read.h - the first steps of tasks.
 */
#ifndef VOS_POOL_READ_H
#define VOS_POOL_READ_H

#include "pool_state.h"

/* Blocks that were not written are never read from the disk into memory of others: they may hold what another volume
 * had there. Data with a checksum passes only if it is right. */
void read_begin(struct pool *p, struct job *j);

#endif
