/* SPDX-License-Identifier: MIT */
/*
 * main.h - called by header.S only.
 */
#ifndef VOS_BOOT_MAIN_H
#define VOS_BOOT_MAIN_H

#include "types.h"

/* at: physical address of the loader's structure. */
_Noreturn void boot_main(u32 magic, u32 at);

#endif
