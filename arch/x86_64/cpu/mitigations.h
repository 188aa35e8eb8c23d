/* SPDX-License-Identifier: MIT */
/*
 * mitigations.h - what ring 0 does against flaws of the processor. Which ones is root's choice (SYSTEM_MITIGATE).
 */
#ifndef VOS_MITIGATIONS_H
#define VOS_MITIGATIONS_H

#include "types.h"

extern u64 mitigations;		/* MITIGATE_*; constant once there is a second pCPU */

/* An address space of ring 3 is left, for whichever other one. */
void mitigations_leave_space(void);

#endif
