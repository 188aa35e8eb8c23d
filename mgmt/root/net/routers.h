/* SPDX-License-Identifier: MIT */
/*
 * routers.h - the routers: each has a name, what the operator said of it, a PD (families.h) and two pages that root
 * shares with it (lib/proto/router.h). The memory stays while the PD is started again. Its ports are router_ports.h's,
 * what root writes for it router_config.h's.
 */
#ifndef VOS_ROUTERS_H
#define VOS_ROUTERS_H

#include "error_info.h"
#include "router_spec.h"
#include "status.h"
#include "types.h"

#define ROUTER_PROGRAM "router"

/* ROUTERS: there is none of that name. Not one that is being deleted. */
u32 router_find(const char *name);
bool router_is_there(u32 number);
const char *router_name(u32 number);
/* Of its PD: ROUTER_SERVICE_PREFIX and its name. One buffer for each router. */
const char *router_service_name(u32 number);
/* ROUTERS: all places are taken. */
u32 router_free_place(void);

/* With its memory; its ports and its PD are the caller's. The place is free, the name too. */
enum status router_create(u32 number, const char *name, const struct router_spec *spec) MUST_CHECK;
/* From here on it is none; router_forget ends it when nobody uses its memory any more. */
void router_delete(u32 number);
bool router_is_going(u32 number);
void router_forget(u32 number);

/* What the operator said, of any router that has a place. */
const struct router_spec *router_spec_of(u32 number);
void router_set_forwards(u32 number, const struct router_spec *from);
/* The port of it, or NULL: there is no such port. `port` is below ROUTER_PORTS. */
const struct router_port_spec *router_port_spec_of(const struct router_spec *spec, u32 port);

/* The router to which the operator gave that address on that switch and VLAN (0: VLAN_DEFAULT); ROUTERS: none. */
u32 router_with_address(const char *network, u32 vlan, u32 address);

/* Where root sees its memory. The report is foreign. */
struct router_config *router_config_at(u32 number);
const struct router_report *router_report_at(u32 number);

/* What came of its echo request: foreign. False: it is just being written; the router signals root when it is. */
bool router_read_probe(u32 number, struct router_probe_report *out);

/* Its PD and its thread; 0 while it is down. */
u64 router_pd(u32 number);
u64 router_thread(u32 number);
void router_signal(u32 number);

/* ---- For router_service.c ---- */

/* Its memory into a new PD. */
enum status router_map(u32 number, u64 h_pd) MUST_CHECK;
void router_set_pd(u32 number, u64 h_pd, u64 h_thread);
/* All that its PD had is given back. */
void router_released(u32 number);
/* Deleted, and without a PD. */
bool router_is_released(u32 number);

/* What all take of memory, without their links. */
u64 routers_bytes(void);

#endif
