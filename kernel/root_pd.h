/*
 * root_pd.h - the first PD: root, from the program built into the image.
 */
#ifndef VOS_ROOT_PD_H
#define VOS_ROOT_PD_H

#include "object.h"

struct boot_info;
struct info_page;

extern const struct object_type root_type;

/* Make root's PD, modules, handles (info_page.h) and thread, and start it. Panics if anything is missing. info is
 * page-aligned and final. */
void root_pd_start(const struct boot_info *boot, struct info_page *info);

#endif
