/* SPDX-License-Identifier: MIT */
/*
 * clock.h - time in nanoseconds from KVM's paravirtual clock, which the VMM offers: since the guest's start, and of the
 * day. The latter is the same for all guests of a machine, which is what lets work of several be compared.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "guest.h"

/* Once, on the boot processor, before the others; false if there is no such clock (times are TSC ticks then). */
bool clock_init(void);
u64 clock_ns(void);
u64 clock_wall_ns(void);

#endif
