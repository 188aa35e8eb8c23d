/* SPDX-License-Identifier: MIT */
/*
 * service_time.h - the time of the store and of the drivers of disks: whose it is. What they did for a VM counts as if
 * the VM had run so long (PD_CHARGE).
 *
 * How long they ran is what the kernel says; the store says for whom, in what proportions (struct store_work). So all
 * VMs together are never charged for more than the services took; for the store for no more than STORE_TICKS_EACH ticks
 * for one that it names, for a driver for no more than SERVICE_NS_EACH for each request. The rest is the system's: what
 * somebody causes who wakes the store and asks for nothing, or a driver that spins.
 */
#ifndef VOS_SERVICE_TIME_H
#define VOS_SERVICE_TIME_H

#include "types.h"

#define SERVICE_NS_EACH 50000u
#define SERVICE_LOOK_NS NS_PER_MS	/* a look costs a system call for each service */
#define STORE_TICKS_EACH 4u	/* of the store's time for one that it names: waking it costs some, too */

/* Divide what they took since the last call. What a VM that is gone since then has caused is the system's, or its
 * successor's in its place: no more than SERVICE_LOOK_NS of it. */
void service_time_collect(void);
/* The last call is so long ago that the VMs' shares of the pCPUs should know of it. */
bool service_time_is_due(void);

/* TSC ticks, also those that were for no VM. */
u64 service_time_all(void);

#endif
