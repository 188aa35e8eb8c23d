/* SPDX-License-Identifier: MIT */
/*
 * root_pd.h - the first PD: root, from the program built into the image.
 */
#ifndef VOS_ROOT_PD_H
#define VOS_ROOT_PD_H

#include "object.h"

#include "stats.h"

struct boot_info;
struct info_page;

extern const struct object_type root_type;

/* The page that root reads the kernel's accounts in; filled under the lock of root's calls. */
extern union root_stats {
	struct stats_page page;
	u8 bytes[PAGE_SIZE];
} root_stats;

/* Make root's PD, modules, handles (info_page.h) and thread, and start it. Panics if anything is missing. info is
 * page-aligned and final. */
void root_pd_start(const struct boot_info *boot, struct info_page *info);

#endif
