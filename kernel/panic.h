/* SPDX-License-Identifier: MIT */
/*
 * panic.h - an invariant of our own is broken. Never reachable by what ring 3 or a guest does.
 */
#ifndef VOS_PANIC_H
#define VOS_PANIC_H

#include "types.h"

_Noreturn __attribute__((format(printf, 1, 2))) void panic(const char *format, ...);

/* `noreboot`: halt after a panic instead of restarting the machine after ten seconds. Set at boot. */
extern bool panic_halts;

#endif
