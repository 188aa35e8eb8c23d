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

/* Blocks of the granule as it was are in the bounce: judge them, and clear those that were never written. False: they
 * can't be had, and the task is finished. */
bool read_end(struct pool *p, struct task *t);
/* Of the blocks in the bounce, zeros where nothing was ever written. */
void read_clear_unwritten(struct task *t);

#endif
