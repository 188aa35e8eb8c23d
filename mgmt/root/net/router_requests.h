/* SPDX-License-Identifier: MIT */
/*
 * router_requests.h - what clients ask about routers: they are made, changed and deleted together with their programs.
 */
#ifndef VOS_ROUTER_REQUESTS_H
#define VOS_ROUTER_REQUESTS_H

#include "error_info.h"
#include "router_spec.h"
#include "types.h"

/* The name is one of a VM, as far as its characters go; the rest is foreign. */
struct error_info router_request_create(const char *name, const struct router_spec *spec, bool is_dry_run);
/* Its forwards become those of `spec`. */
struct error_info router_request_set(const char *name, const struct router_spec *spec, bool is_dry_run);
struct error_info router_request_delete(const char *name, bool is_dry_run);

/* Once a turn: routers on their way down go on, and the others are told of VMs that came and went. Returns the time to
 * call again (0 = at once, DEADLINE_NONE). */
u64 router_step(void);

#endif
