/* SPDX-License-Identifier: MIT */
/*
 * nic_mac.h - MAC addresses that root chooses: a hash of who has it, which of his cards it is, and of the machine, so
 * that it is the same next time, and another one on another machine of the same wire (docs/decisions/0071).
 */
#ifndef VOS_NIC_MAC_H
#define VOS_NIC_MAC_H

#include "types.h"

/* Once, before the first address is chosen: the MAC address of the machine's own card; 0: it has none. */
void nic_mac_set_machine(u64 mac);

/* A station's, locally administered. If another one has it already: the next attempt's. */
u64 nic_mac_of(const char *name, u32 card, u32 attempt);

#endif
