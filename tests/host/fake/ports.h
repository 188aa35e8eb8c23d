/* SPDX-License-Identifier: MIT */
/*
 * In front of arch/x86_64/user/ports.h: the test is the machine.
 */
#ifndef VOS_PORTS_H
#define VOS_PORTS_H

#include "types.h"

u32 port_in(u32 port, u32 bytes);
void port_out(u32 port, u32 bytes, u32 value);

#endif
