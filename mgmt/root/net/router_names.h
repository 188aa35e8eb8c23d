/* SPDX-License-Identifier: MIT */
/*
 * router_names.h - the addresses that a router gives to VMs: each VM that is defined with a card behind an inner port
 * that serves DHCP has one, reserved for its first such card.
 */
#ifndef VOS_ROUTER_NAMES_H
#define VOS_ROUTER_NAMES_H

#include "router_spec.h"

/*
 * The lower part of an inner network is for VMs; the pool is the rest. First and last address of the pool, or both 0.
 * The spec's addresses were judged.
 */
void router_pool_of(const struct router_port_spec *port, u32 *first, u32 *last);

/* Fill in names and count of `to`. A VM that has an address in `before` keeps it. */
void router_names_fill(const struct router_spec *spec, const struct router_config *before, struct router_config *to);

/* The address of that VM; 0: it has none. */
u32 router_name_address(const struct router_config *config, const char *vm);

#endif
