/* SPDX-License-Identifier: MIT */
/*
 * service_time.h - the time of the store and of the drivers of disks: whose it is. What they did for a VM counts as if
 * the VM had run so long (PD_CHARGE).
 *
 * How long they ran is what the kernel says; the store says for whom, in what proportions (struct store_work). So all
 * VMs together are never charged for more than the services took, and for a driver for no more than SERVICE_NS_EACH
 * for each request that they made; the rest is the system's.
 */
#ifndef VOS_SERVICE_TIME_H
#define VOS_SERVICE_TIME_H

#include "types.h"

#define SERVICE_NS_EACH 50000u

/* Divide what they took since the last call. */
void service_time_collect(void);

/* TSC ticks, also those that were for no VM. */
u64 service_time_all(void);

#endif
