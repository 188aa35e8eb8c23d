/* SPDX-License-Identifier: MIT */
/*
 * router_service.h - a router as a service: its row of families.h.
 */
#ifndef VOS_ROUTER_SERVICE_H
#define VOS_ROUTER_SERVICE_H

#include "object_set.h"
#include "routers.h"
#include "status.h"

enum status router_prepare(u32 number, u64 h_pd, u64 h_thread, struct object_set *objects) MUST_CHECK;
void router_stopped(u32 number);

#endif
