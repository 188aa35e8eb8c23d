/* SPDX-License-Identifier: MIT */
/*
 * nic_mac.h - MAC addresses that root chooses: a hash of who has it and which of his cards it is, so that it is the
 * same next time.
 */
#ifndef VOS_NIC_MAC_H
#define VOS_NIC_MAC_H

#include "types.h"

/* A station's, locally administered. If another one has it already: the next attempt's. */
u64 nic_mac_of(const char *name, u32 card, u32 attempt);

#endif
