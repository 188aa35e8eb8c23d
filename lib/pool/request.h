/* SPDX-License-Identifier: MIT */
/*
 * request.h - see request.c.
 */
#ifndef VOS_POOL_REQUEST_H
#define VOS_POOL_REQUEST_H

#include "pool_state.h"

void requests_init(struct pool *p);

#endif
