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
	SHARED_REQUEST, SHARED_REPLY, SHARED_SERIAL_RX, SHARED_SERIAL_TX, SHARED_CONSOLE_ARGS,
	SHARED_VM_RINGS,	/* VM_RINGS_BYTES a VM */
	SHARED_CONTROLS,	/* a page a VM: struct vmm_control */
	SHARED_COUNT
};

struct root {
	struct rt_time time;
	struct image_table images;
	struct boot_conf conf;
	u64 shared[SHARED_COUNT];	/* handles */
};

extern struct root root;

/* Everything up to the first wait. */
enum status root_start(void) MUST_CHECK;

/* One turn of everything, after a wait that gave `bits` (ROOT_BIT_*). Returns when to wait until; 0 = do not wait. */
u64 root_turn(u64 bits);

/* Creates the shared memory and maps it where shared_at() says. */
enum status root_share(void) MUST_CHECK;

/* Where root sees it. */
void *shared_at(enum shared which);
u64 shared_bytes(enum shared which);

/* Slots of root's own handle table that hold handles with the badge it signals with. */
#define SLOT_CONSOLE_REPLY (HANDLE_FIRST_MODULE + BOOT_MODULES)
#define SLOT_CONSOLE_LOG (SLOT_CONSOLE_REPLY + 1)
#define SLOT_SCREEN_LOG (SLOT_CONSOLE_REPLY + 2)
#define SLOT_VMM (SLOT_CONSOLE_REPLY + 3)	/* + index: VMM_BIT_CONTROL */
_Static_assert(SLOT_VMM + VM_COUNT <= HANDLE_CHOSEN && SHARED_COUNT <= SHARED_MAX, "slots");

#endif
