/* SPDX-License-Identifier: MIT */
/*
 * router_config.h - what root writes for a router's PD (lib/proto/router.h), from what the operator said and from the
 * VMs that are defined. A VM's first card behind an inner port that serves DHCP gets an address of its own there, which
 * it keeps while it is defined, and which others look up by the VM's name.
 */
#ifndef VOS_ROUTER_CONFIG_H
#define VOS_ROUTER_CONFIG_H

#include "error_info.h"
#include "router_spec.h"
#include "types.h"

/* Could a router be that? Its fields are foreign. ERR_ROUTER_SPEC, ERR_NO_SWITCH, ERR_BAD_NAME. */
struct error_info router_config_judge(const struct router_spec *spec);

/* Write it anew if it is another one than what is there, and signal the router. */
void router_config_write(u32 number);
/* The same for a PD that is to start: with new random numbers. */
void router_config_begin(u32 number);

/* Where a forward goes; 0: nowhere, for its VM is not there. */
u32 router_config_forward(u32 number, const struct router_forward_spec *forward);

/* The router is to send that echo request, or none (number 0). */
void router_config_probe(u32 number, const struct router_probe *probe);

#endif
