/* SPDX-License-Identifier: MIT */
/*
 * router_words.h - words for what a router reports, the same for people and for programs.
 */
#ifndef VOS_ROUTER_WORDS_H
#define VOS_ROUTER_WORDS_H

#include "inventory.h"
#include "router_spec.h"

/* "running", ...: enum service_state. */
const char *router_state_text(const struct router_row *row);
/* "off", "asking", "bound", ...: enum router_dhcp_state. */
const char *router_dhcp_text(u32 state);
/* Of an enum router_drop; NULL: there is none of that number. */
const char *router_drop_text(u32 drop);
const char *router_origin_text(u32 origin);
/* "up", "waiting", ...: enum status of a switch's port. */
const char *router_port_text(u32 status);
/* Into text[MAC_TEXT_BYTES]; returned. */
const char *router_mac_text(char *text, const u8 mac[6]);
/* The VM with a card of that MAC address, or "". */
const char *router_vm_with_mac(const struct inventory *inventory, const u8 mac[6]);

/* The row of that name, which is there. */
const struct router_row *router_row_of(const struct inventory *inventory, const char *name);
/* Its port, or NULL: it has none of that number, which is below ROUTER_PORTS. */
const struct router_port_spec *router_port_of(const struct router_row *row, u32 port);
u64 router_drop_sum(const struct router_row *row);

#endif
