/* SPDX-License-Identifier: MIT */
/*
 * nd_guard.h - IPv6 addresses that a port must not say to have. One that is made of a MAC address (RFC 4291, appendix
 * A), as Linux and the routers of VOS make theirs, belongs to the port with that MAC address; others are anybody's.
 * Pure.
 */
#ifndef VOS_ND_GUARD_H
#define VOS_ND_GUARD_H

#include "mac_table.h"
#include "packet.h"
#include "port_rules.h"

/*
 * Of a packet of IPv6 whose headers were read, as packet_network() needs them. DROP_MALFORMED: a message of neighbour
 * discovery that breaks a rule of RFC 4861, or names another MAC address than the frame's. DROP_ADDRESS: its source, or
 * the address that it says to have or asks to be free, is another port's.
 */
enum net_drop nd_guard_judge(const struct port_guard *g, const struct mac_table *table, const struct packet *p,
			     const u8 *head, u32 frame_bytes);

#endif
