/* SPDX-License-Identifier: MIT */
/*
 * bar.h - the registers of a driver's PCI function, as its arguments give them.
 */
#ifndef VOS_BAR_H
#define VOS_BAR_H

#include "driver.h"
#include "regs.h"

/* The memory of BAR `i` from `offset` on, or its ports. False: not there, or shorter than `need`. */
bool bar_regs(const struct driver_args *args, u32 i, u32 offset, u32 need, struct regs *out);

#endif
