/* SPDX-License-Identifier: MIT */
/*
 * uplinks.h - a switch's port for a network card of the machine: its client is the card's driver (lib/proto/nic.h), and
 * whatever is on the wire is behind it. A card has one switch, as its link has one other end.
 */
#ifndef VOS_UPLINKS_H
#define VOS_UPLINKS_H

#include "error_info.h"
#include "nic.h"
#include "request.h"
#include "status.h"

/* Could a new switch have that uplink, or none? The text is foreign. */
struct error_info uplink_judge(const struct switch_spec *spec);
/* A switch that was just made has it, which was judged. It has no PD yet. */
enum status uplink_add(u32 number, const struct switch_spec *spec) MUST_CHECK;
/* The switch is deleted, and its PD gone: another one can have the card. */
void uplink_remove(u32 number);
/* The switch has begun, or ended: its card's driver is told. Nothing to do without an uplink. */
void uplink_plug(u32 number, bool is_plugged);

/* The driver of a network card has a new PD, whose first instruction is to come / has it no more. */
enum status uplink_card_up(u32 driver, u64 h_pd, u64 h_thread) MUST_CHECK;
void uplink_card_down(u32 driver);

bool uplink_has(u32 number);
/* Is that port of the switch its uplink? */
bool uplink_is(u32 number, u32 port);
/* The card's name; "" = there is none. */
const char *uplink_name(u32 number);
/* What the card's driver says: driver_nic_look. */
bool uplink_look(u32 number, struct nic_page *out);

#endif
