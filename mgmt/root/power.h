/* SPDX-License-Identifier: MIT */
/*
 * power.h - switches the machine off or restarts it, after the serial line has had time to send what is under way.
 */
#ifndef VOS_POWER_H
#define VOS_POWER_H

#include "types.h"

/* Somebody has asked already. */
bool power_is_planned(void);

/* Ask for it, only if nobody has; the answer comes only if the machine can't. */
void power_request(u32 client, u32 request_id, bool is_reboot);

/* Returns when to call again (DEADLINE_NONE: nothing is planned). */
u64 power_step(void);

#endif
