/* SPDX-License-Identifier: MIT */
/*
 * map_window.h - windows through which root looks into MEM objects: one at a time each, at fixed places of its own
 * address space.
 */
#ifndef VOS_MAP_WINDOW_H
#define VOS_MAP_WINDOW_H

#include "status.h"
#include "types.h"

enum map_window { WINDOW_SOURCE, WINDOW_TARGET, WINDOW_COUNT };

/*
 * Map `bytes` (rounded up to pages) from the MEM's start; writable or not. ST_UNSUPPORTED: nothing, or more than 4 GiB;
 * ST_STATE: the window is open; or the kernel's status.
 */
enum status map_window_open(enum map_window which, u64 h_mem, u64 bytes, bool is_writable) MUST_CHECK;
/* The same from `offset` on, a multiple of PAGE_SIZE. */
enum status map_window_open_at(enum map_window which, u64 h_mem, u64 offset, u64 bytes, bool is_writable) MUST_CHECK;
/* Where what is mapped there is seen. */
u8 *map_window_at(enum map_window which);
void map_window_close(enum map_window which);

#endif
