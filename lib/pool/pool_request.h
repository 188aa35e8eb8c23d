/* SPDX-License-Identifier: MIT */
/*
 * pool_request.h - see pool_request.c.
 */
#ifndef VOS_POOL_REQUEST_H
#define VOS_POOL_REQUEST_H

#include "pool_state.h"

void requests_init(struct pool *p);

#endif
