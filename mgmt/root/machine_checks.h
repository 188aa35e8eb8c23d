/* SPDX-License-Identifier: MIT */
/*
 * machine_checks.h - what the processors report of errors of the hardware: counted, logged, and acted on. Damaged
 * memory is not given out again; a VM that has it ends, a service that has it is started again.
 */
#ifndef VOS_ROOT_MACHINE_CHECKS_H
#define VOS_ROOT_MACHINE_CHECKS_H

#include "request.h"

void machine_checks_start(void);
/* The kernel has something. */
void machine_checks_take(void);
/* A bounded piece of work; when to call again (0 = at once). */
u64 machine_checks_step(void);
void machine_checks_report(struct hardware_report *out);

#endif
