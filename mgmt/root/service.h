/*
 * service.h - the PDs that are always there: the console and the drivers of serial line and screen. A service that
 * faults is started again; what must survive that is in the shared rings and in root.
 */
#ifndef VOS_SERVICE_H
#define VOS_SERVICE_H

#include "limits.h"
#include "status.h"
#include "types.h"

enum service_id { SERVICE_SERIAL, SERVICE_CONSOLE, SERVICE_SCREEN, SERVICE_COUNT };
_Static_assert(SERVICE_COUNT <= SERVICES_MAX, "root has a handle to everything");

/* Start all that the machine has a use for. A service that cannot be started is named in the log. */
void service_start_all(void);

/* A thread somewhere has faulted: if it was a service's, take the service down. */
void service_check_faults(void);

/* Go on with services on their way down or up again; returns the time to call again (0 = at once, DEADLINE_NONE). */
u64 service_step(void);

/* Bytes of memory that the services take. */
u64 service_bytes(void);

/* The console's thread, for grants to VMMs; 0 while there is none. */
u64 service_console_thread(void);

/* A VMM has started: let the console signal it, and it the console. */
enum status service_console_meet(u32 vm_index, u64 h_vmm_pd, u64 h_vmm_thread) MUST_CHECK;

#endif
