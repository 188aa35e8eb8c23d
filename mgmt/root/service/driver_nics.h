/* SPDX-License-Identifier: MIT */
/*
 * driver_nics.h - what a network card's driver has beside what drivers.h gives: its link with a switch, and the page in
 * which it says what it is (lib/proto/nic.h). Both stay while VOS runs. Of drivers that driver_is_nic() names, which
 * are called nic0, nic1 and so on.
 */
#ifndef VOS_ROOT_DRIVER_NICS_H
#define VOS_ROOT_DRIVER_NICS_H

#include "nic.h"
#include "status.h"
#include "types.h"

/* Once: makes its link. */
enum status driver_nic_make(u32 number) MUST_CHECK;
/* Maps link and page into its PD, before the first instruction. */
enum status driver_nic_give(u32 number, u64 h_pd) MUST_CHECK;
/* It has ended: what it said is true no more. */
void driver_nic_forget(u32 number);

/* Handle of the link, NET_LINK_BYTES; 0 = there is none. A switch that gets it drops what the ring to it holds, as it
 * may be old. */
u64 driver_nic_link(u32 number);
/* A switch has the link's other end, or not (any more): without one the driver drops what the wire brings. */
void driver_nic_plug(u32 number, bool is_plugged);
/* A copy of what the driver says, judged. False: it has said nothing yet, or nonsense. */
bool driver_nic_look(u32 number, struct nic_page *out);

/* What the links take. */
u64 driver_nics_bytes(void);

#endif
