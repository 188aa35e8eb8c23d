/* SPDX-License-Identifier: MIT */
/*
 * root.h - what all of root shares: the machine, the clock, the images, the memory shared with other PDs, handles
 * root granted to itself.
 */
#ifndef VOS_ROOT_H
#define VOS_ROOT_H

#include "boot_modules.h"
#include "image.h"
#include "info_page.h"
#include "rt_time.h"
#include "status.h"
#include "types.h"

#define INFO ((const struct info_page *)INFO_PAGE_ADDRESS)

/* MEM objects that live as long as root does. */
enum shared {
	SHARED_CONSOLE_ARGS,
	SHARED_SERIAL_ARGS,	/* a page: struct serial_args */
	SHARED_SERIAL2_ARGS,	/* the same, of the second serial line */
	SHARED_VM_RINGS,	/* VM_RINGS_BYTES a VM */
	SHARED_CONTROLS,	/* a page a VM: struct vmm_control */
	SHARED_DRIVER_ARGS,	/* a page a driver: struct driver_args */
	SHARED_DRIVER_WINDOWS,	/* DRIVER_WINDOWS_BYTES a driver */
	SHARED_NICS,		/* a page a driver: struct nic_page */
	SHARED_STORE_FIGURES,	/* struct store_figures a link */
	SHARED_UPLOADS,		/* UPLOAD_WINDOW_BYTES an upload */
	SHARED_DEFINITIONS,	/* DEFINITIONS_BYTES */
	SHARED_STORE_WORK,	/* struct store_work */
	SHARED_GUARD,		/* struct guard_state */
	SHARED_AUDIT,		/* struct audit_log */
	SHARED_COUNT
};

struct ring_shared;

struct root {
	struct rt_time time;
	struct image_table images;
	struct boot_conf conf, users;
	u64 shared[SHARED_COUNT];	/* handles */
	u64 rings[WIRES_MAX];		/* handles of the wires' rings; 0 = it has none */
};

extern struct root root;

/* Everything up to the first wait. */
enum status root_start(void) MUST_CHECK;

/* One turn of everything, after a wait that gave `bits` (ROOT_BIT_*). Returns when to wait until; 0 = do not wait. */
u64 root_turn(u64 bits);

/* Creates the shared memory, and the rings of all wires, and maps it where shared_at() and ring_at() say. */
enum status root_share(void) MUST_CHECK;

/* Where root sees it. */
void *shared_at(enum shared which);
u64 shared_bytes(enum shared which);
/* The same of a wire's ring. */
struct ring_shared *ring_at(u32 wire);
u64 ring_bytes(u32 wire);

/* Slots of root's own handle table that hold handles with the badge it signals with. */
#define SLOT_WIRE (HANDLE_FIRST_MODULE + BOOT_MODULES)	/* + wire */
#define SLOT_VMM (SLOT_WIRE + WIRES_MAX)		/* + index: VMM_BIT_CONTROL */
#define SLOT_SWITCH (SLOT_VMM + VM_COUNT)		/* + number: SWITCH_BIT_ROOT */
#define SLOT_NIC (SLOT_SWITCH + SWITCHES)		/* + driver: DRIVER_BIT_LINK */
#define SLOT_ROUTER (SLOT_NIC + DRIVER_COUNT)		/* + number: ROUTER_BIT_CONFIG */
_Static_assert(SLOT_ROUTER + ROUTERS <= HANDLE_CHOSEN && SHARED_COUNT + WIRES_MAX <= SHARED_MAX, "slots");

#endif
