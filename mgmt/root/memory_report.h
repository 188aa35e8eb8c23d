/* SPDX-License-Identifier: MIT */
/*
 * memory_report.h - who has how much of the machine's memory, exactly: what the kernel counts by class on one side,
 * what root knows that it made on the other.
 */
#ifndef VOS_MEMORY_REPORT_H
#define VOS_MEMORY_REPORT_H

#include "request.h"

/* Before root makes anything: what is in use now is root's own, for ever. */
void memory_report_init(void);

/*
 * The parts add up to installed, or somebody lost (sum too small) or was given (too large) what nobody knows of. Taken
 * again when memory changed hands meanwhile; under a storm of that the last attempt counts, which is not exact.
 */
void memory_report_fill(struct memory_report *out);

#endif
