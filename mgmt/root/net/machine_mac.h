/* SPDX-License-Identifier: MIT */
/*
 * machine_mac.h - what tells this machine from others on its wire: the MAC address of its first network card that has a
 * driver. Addresses that root chooses for VMs and routers have it in them (nic_mac.h).
 */
#ifndef VOS_ROOT_MACHINE_MAC_H
#define VOS_ROOT_MACHINE_MAC_H

#include "types.h"

/*
 * Is it known, or is there no such card? True from then on: addresses do not change while the machine is on. Without a
 * card there is no wire, and nothing to tell it from. `is_late`: it is not waited for any more.
 */
bool machine_mac_is_known(bool is_late);

#endif
