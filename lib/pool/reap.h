/* SPDX-License-Identifier: MIT */
/*
 * reap.h - see reap.c.
 */
#ifndef VOS_POOL_REAP_H
#define VOS_POOL_REAP_H

#include "pool_state.h"

void reap_init(struct pool *p);

#endif
