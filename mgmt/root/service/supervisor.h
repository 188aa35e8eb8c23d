/* SPDX-License-Identifier: MIT */
/*
 * supervisor.h - keeps the services running: starts all of them, and starts again one that has faulted. What must
 * survive that is in the shared rings and in root.
 */
#ifndef VOS_SUPERVISOR_H
#define VOS_SUPERVISOR_H

#include "types.h"

/* Start all that the machine has a use for. A service that cannot be started is named in the log. */
void supervisor_start(void);

/* A thread somewhere has faulted: if it was a service's, take the service down. */
void supervisor_check_faults(void);

/* Take this service down, if it is up, and start it again. */
void supervisor_restart(u32 id);

/* Go on with services on their way down or up again; returns the time to call again (0 = at once, DEADLINE_NONE). */
u64 supervisor_step(void);

#endif
