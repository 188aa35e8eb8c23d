/* SPDX-License-Identifier: MIT */
/*
 * init.h - the second half of coming up, which root begins.
 */
#ifndef VOS_INIT_H
#define VOS_INIT_H

#include "status.h"
#include "types.h"

/* SYSTEM_CLOCK: time passes from now on; then virtualization is looked for. ST_INVAL: no TSC has that rate; ST_STATE:
 * it is known already. */
enum status kernel_clock_start(u64 tsc_hz, u64 *is_deadline_timer) MUST_CHECK;

#endif
