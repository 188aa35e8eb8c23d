/* SPDX-License-Identifier: MIT */
/*
 * limits.h - how many there can be of what the kernel keeps tables of. Those of root's tables, which depend on these,
 * are in lib/proto/root_limits.h.
 */
#ifndef VOS_LIMITS_H
#define VOS_LIMITS_H

#define BOOT_MODULES 64u	/* files that the kernel hands to root: its own programs, and what the loader brought */
#define BUILT_IN_MODULES 16u	/* of those at most VOS' own programs */

/* ---- One PD ---- */
#define HANDLE_CHOSEN 512u	/* slots 1 .. HANDLE_CHOSEN - 1 are filled by SYS_HANDLE_GRANT, by number ... */
#define HANDLE_COUNT 21504u	/* ... HANDLE_CHOSEN .. HANDLE_COUNT - 1 by the kernel, with what is created */
#define SPACE_REGIONS 2048u	/* mappings of one PD or VM */
#define PORT_RANGES 8u		/* ranges of I/O ports of one PD */

/* ---- The machine ---- */
/*
 * Threads that are signalled when the log grows: the console's and the screen driver's. There are to be no more,
 * because each message signals all of them. Other programs get the log from the console, which has it on its lines.
 */
#define LOG_READERS 2u

_Static_assert(HANDLE_COUNT % 128 == 0, "the table of handles is whole frames");

#endif
