/* SPDX-License-Identifier: MIT */
/*
 * switch_service.h - a switch as a service: its row of families.h.
 */
#ifndef VOS_SWITCH_SERVICE_H
#define VOS_SWITCH_SERVICE_H

#include "object_set.h"
#include "status.h"
#include "switches.h"

enum status switch_prepare(u32 number, u64 h_pd, u64 h_thread, struct object_set *objects) MUST_CHECK;
void switch_stopped(u32 number);
/* All that its PD had is given back. */
void switch_gone(u32 number);

#endif
