/* SPDX-License-Identifier: MIT */
/*
 * commit.h - makes things durable, one commit at a time.
 */
#ifndef VOS_POOL_COMMIT_H
#define VOS_POOL_COMMIT_H

#include "pool_state.h"

void commit_init(struct pool *p);

#endif
