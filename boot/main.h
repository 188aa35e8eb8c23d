/*
 * main.h - called by header.S only.
 */
#ifndef VOS_BOOT_MAIN_H
#define VOS_BOOT_MAIN_H

#include "types.h"

/* kind: the loader's magic; at: physical address of its structure. */
_Noreturn void boot_main(u32 kind, u32 at);

#endif
