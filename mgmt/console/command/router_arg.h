/* SPDX-License-Identifier: MIT */
/*
 * router_arg.h - ports and forwards of a router as --outer, --inner and --forward write them, and back.
 */
#ifndef VOS_ROUTER_ARG_H
#define VOS_ROUTER_ARG_H

#include "cmd_error.h"
#include "router_spec.h"

#define ROUTER_TEXT_BYTES 160u

/* Each adds to `to`. False: *error says why. */
bool router_parse_outer(struct router_spec *to, const char *value, struct cmd_error *error);
bool router_parse_inner(struct router_spec *to, const char *value, struct cmd_error *error);
bool router_parse_forward(struct router_spec *to, const char *value, struct cmd_error *error);

/* As these take it, into text[ROUTER_TEXT_BYTES]; returned. */
const char *router_outer_text(char *text, const struct router_spec *spec);
const char *router_inner_text(char *text, const struct router_port_spec *port);
const char *router_forward_text(char *text, const struct router_forward_spec *forward);

/* "10.0.0.1/24", into text[ROUTER_TEXT_BYTES]; returned. */
const char *router_network_text(char *text, u32 address, u32 bits);
/* The same of IPv6: "fd00:1:2:3::/64". */
const char *router_network6_text(char *text, const u64 address[2], u32 bits);
/* "tcp", "udp", "icmp". */
const char *router_protocol_text(u32 protocol);

#endif
