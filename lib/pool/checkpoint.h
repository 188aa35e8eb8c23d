/* SPDX-License-Identifier: MIT */
/*
 * checkpoint.h - steps of a checkpoint: what changed in maps and tables goes to new places, then the superblock names
 * them. Maps and tables do not change meanwhile.
 */
#ifndef VOS_POOL_CHECKPOINT_H
#define VOS_POOL_CHECKPOINT_H

#include "pool_state.h"

void checkpoint_begin(struct pool *p);
/* True: there is another table node to be written. */
bool checkpoint_table(struct pool *p);
void checkpoint_super(struct pool *p);
void checkpoint_end(struct pool *p);

#endif
