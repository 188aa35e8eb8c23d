/* SPDX-License-Identifier: MIT */
/*
 * e1000.h - driver of Intel's gigabit controllers with legacy descriptors: 8254x (PCI; Software Developer's Manual,
 * 317453, "SDM" here) and 82571 to 82574 and 82583 (PCI Express; Datasheet of the 82574, 317694, "82574" here). For
 * copper alone. One receive and one transmit queue, an interrupt by line or MSI.
 */
#ifndef VOS_E1000_H
#define VOS_E1000_H

#include "nic_driver.h"

extern const struct nic_driver_ops e1000_ops;

#endif
