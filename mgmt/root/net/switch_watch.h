/* SPDX-License-Identifier: MIT */
/*
 * switch_watch.h - a switch that hangs is started again: then it sees nothing of a port any more that is taken from it.
 */
#ifndef VOS_SWITCH_WATCH_H
#define VOS_SWITCH_WATCH_H

#include "types.h"

/* That switch has to follow until then; its signal wakes root. Returns when to look again (0: at once). */
u64 switch_watch(u32 number, u64 limit_tsc, u64 now);

#endif
