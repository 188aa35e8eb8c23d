/* SPDX-License-Identifier: MIT */
/*
 * router_ports.h - a router's ports: each has a link of its own with a port of a switch (switch_ports.h), whose client
 * the router's PD is while it is up. The links stay while either end is started again.
 */
#ifndef VOS_ROUTER_PORTS_H
#define VOS_ROUTER_PORTS_H

#include "error_info.h"
#include "status.h"
#include "types.h"

/* Of a router that was just made, whose switches are there: links and ports for all of `spec`. What was made when it
 * fails goes with router_ports_remove. */
enum status router_ports_add(u32 number) MUST_CHECK;

/* Its PD is new, its first instruction to come: links and handles / it has none any more. */
enum status router_ports_connect(u32 number, u64 h_pd, u64 h_thread) MUST_CHECK;
void router_ports_disconnect(u32 number);

/* Of a deleted router whose PD has given back everything: true, and no switch has anything to do with its links, which
 * are gone. Else call again after a switch's next signal; *waits_for is a switch that has not followed, and *limit_tsc
 * the time when it is taken to hang (DEADLINE_NONE: it is down). */
bool router_ports_remove(u32 number, u32 *waits_for, u64 *limit_tsc) MUST_CHECK;

/* On a wire there may be other machines with routers of the same names: a port there gets another MAC address as soon
 * as the card's is known, which is mixed in. True: some port has another one now. *is_waiting: a card is not up yet. */
bool router_ports_find_cards(u32 number, bool *is_waiting);

/* Its address in that network: the same for the same router's name, port and card. */
u64 router_port_mac(u32 number, u32 port);
/* ST_OK: the switch has its port up; ST_STATE: there is no such port. */
enum status router_port_status(u32 number, u32 port);

/* False: there is no such port. Else which one of which switch. */
bool router_port_place(u32 number, u32 port, u32 *switch_number, u32 *switch_port);
/* Which router's port is that of a switch? ROUTERS: none; else *router_port says which. */
u32 router_with_port(u32 switch_number, u32 switch_port, u32 *router_port);
/* The first router with a port on that switch, or ROUTERS. */
u32 router_on_switch(u32 switch_number);

/* What all links take of memory. */
u64 router_ports_bytes(void);

#endif
