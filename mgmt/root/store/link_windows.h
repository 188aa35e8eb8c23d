/* SPDX-License-Identifier: MIT */
/*
 * link_windows.h - which disks' devices may reach the window of a link: that of the volume's disk, or of a mirror's
 * two. slots: bit = slot of a disk.
 */
#ifndef VOS_LINK_WINDOWS_H
#define VOS_LINK_WINDOWS_H

#include "types.h"

/* The link has other memory now, which no device reaches. */
void link_window_begin(u32 link);
/* Those may reach it, beside those that may already. */
void link_window_open(u32 link, u64 h_mem, u32 slots);
/* None may. */
void link_window_close(u32 link);
/* None writes there any more: after link_window_close. */
bool link_window_is_quiet(u32 link);

#endif
