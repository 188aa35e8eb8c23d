/* SPDX-License-Identifier: MIT */
/*
 * supervisor.h - keeps the services running: starts all of them, and starts again one that has faulted. What must
 * survive that is in the shared rings and in root.
 */
#ifndef VOS_SUPERVISOR_H
#define VOS_SUPERVISOR_H

#include "request.h"
#include "types.h"

/* Start all that the machine has a use for. A service that cannot be started is named in the log. */
void supervisor_start(void);

/* A thread somewhere has faulted: if it was a service's, take the service down. */
void supervisor_check_faults(void);

/* Take this service down, if it is up, and start it again; with the store also all drivers. */
void supervisor_restart(u32 id);

/* A place of a family (families.h) is wanted from now on, or not any more: start it, or take it down for good. */
void supervisor_add(u32 id);
void supervisor_remove(u32 id);
/* Some service of that name is wanted. */
bool supervisor_has(const char *name);

/* The same on request, by name. ERR_NO_SERVICE, or ERR_SERVICE_DOWN: it is not up, or can't be. A
 * driver that was given up is tried again. */
enum error supervisor_request(const char *name, bool is_dry_run);

/* Service *index, or the next that this machine has a use for, or had; *index is behind it then. False: no more. */
bool supervisor_report(u32 *index, struct service_report *out);

/* Go on with services on their way down or up again; returns the time to call again (0 = at once, DEADLINE_NONE). */
u64 supervisor_step(void);

#endif
