/* SPDX-License-Identifier: MIT */
/*
 * change_sizes.h - the changes that give a volume in a pool another size, reserve or name (change_kinds.h).
 */
#ifndef VOS_CHANGE_SIZES_H
#define VOS_CHANGE_SIZES_H

#include "change_kinds.h"

struct error_info resize_judge(struct change *c);
struct error_info resize_order(struct change *c);
struct error_info resize_finish(struct change *c);
struct error_info reserve_judge(struct change *c);
struct error_info reserve_order(struct change *c);
struct error_info rename_judge(struct change *c);
struct error_info rename_order(struct change *c);
struct error_info rename_finish(struct change *c);

#endif
