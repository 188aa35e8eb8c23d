/*
 * view.h - windows through which root looks into MEM objects: one at a time each, at fixed places of its own address
 * space.
 */
#ifndef VOS_VIEW_H
#define VOS_VIEW_H

#include "status.h"
#include "types.h"

enum view { VIEW_SOURCE, VIEW_TARGET, VIEW_COUNT };

/*
 * Map `bytes` (rounded up to pages) from the MEM's start; writable or not. ST_UNSUPPORTED: nothing, or more than 4 GiB;
 * ST_STATE: the window is open; or the kernel's status.
 */
enum status view_open(enum view view, u64 h_mem, u64 bytes, bool is_writable) MUST_CHECK;
/* Where what is mapped there is seen. */
u8 *view_at(enum view view);
void view_close(enum view view);

#endif
