/* SPDX-License-Identifier: MIT */
/*
 * write.h - the first steps of tasks that change something.
 */
#ifndef VOS_POOL_WRITE_H
#define VOS_POOL_WRITE_H

#include "pool_state.h"

void write_begin(struct pool *p, struct job *j);

/* The whole granule becomes a hole. */
void unmap_begin(struct pool *p, struct job *j);

#endif
