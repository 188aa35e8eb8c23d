/* SPDX-License-Identifier: MIT */
/*
 * root_limits.h - how many there can be of what root makes. All of them are here, because they depend on each other and
 * on the kernel's (limits.h): who raises one sees at compile time which others have to follow.
 */
#ifndef VOS_ROOT_LIMITS_H
#define VOS_ROOT_LIMITS_H

#include "limits.h"

/* ---- What an operator can have ---- */
#define VM_NAME_BYTES 32u	/* of a VM, switch or router: [a-z0-9][a-z0-9-]{0,30} and a zero */
#define VM_COUNT 128u		/* VMs that can be defined */
#define VM_VCPUS 16u		/* vCPUs of one VM */
#define VM_DEVICES 8u		/* disks and network cards of one VM, when there are some: room is kept for them */
#define DEVICE_OBJECTS 8u	/* kernel objects that each may take */
#define SWITCHES 8u		/* virtual switches */
#define ROUTERS 4u		/* and what joins them */
#define IMAGE_COUNT 128u	/* files that root knows by name: boot modules, what is in a bundle of them, uploads */

/* ---- The machine ---- */
#define SERVICES_MAX 34u	/* PDs that are always there, drivers of devices, switches, routers */

/* ---- Root ---- */
#define OBJECT_SET_MAX 128u	/* kernel objects of one VM or service */
#define WIRES_MAX 48u		/* signals and rings between root and the services */
#define CLIENTS_MAX 4u		/* services that may ask root for something */
#define SHARED_MAX (WIRES_MAX + 16u + 2 * SWITCHES)	/* MEM objects that root shares with services and VMMs */

/* Three for a vCPU: itself, its thread, its stack; for all: PD, VM, RAM, arguments, heap, stack, writable segments. */
_Static_assert(3 * VM_VCPUS + VM_DEVICES * DEVICE_OBJECTS + 16 <= OBJECT_SET_MAX, "one VM's objects");
_Static_assert((VM_COUNT + SERVICES_MAX) * OBJECT_SET_MAX + IMAGE_COUNT + SHARED_MAX <= HANDLE_COUNT - HANDLE_CHOSEN,
	       "root has a handle to everything");
_Static_assert(2 * OBJECT_SET_MAX + IMAGE_COUNT <= SPACE_REGIONS, "a PD maps what belongs to it, and images");
_Static_assert(BOOT_MODULES <= IMAGE_COUNT, "each boot module may be an image");

#endif
