/* SPDX-License-Identifier: MIT */
/*
 * recover.h - puts the log's entries into the maps.
 */
#ifndef VOS_POOL_RECOVER_H
#define VOS_POOL_RECOVER_H

#include "pool_state.h"

void recover_begin(struct pool *p);
/* Called again after each io of open.io, or when open.job is ready; POOL_AGAIN: there is more to do. */
enum pool_status recover_step(struct pool *p);

#endif
