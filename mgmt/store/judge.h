/* SPDX-License-Identifier: MIT */
/*
 * judge.h - may a volume be made or deleted on a disk? Asked when the disk's job begins.
 */
#ifndef VOS_JUDGE_H
#define VOS_JUDGE_H

#include "store.h"
#include "types.h"

/* With STORE_OK there is room and an entry for it; a blank disk's table in memory is the one that it is to have. */
enum store_error judge_create(u32 disk, const struct store_order *order);
/* Of STORE_ON_PARTITION; of STORE_MARK_POOL; of STORE_GROW_POOL. / With STORE_OK: the number of the partition. */
enum store_error judge_convert(u32 disk, const struct store_order *order, u32 *number);
enum store_error judge_mark(u32 disk, const struct store_order *order, u32 *number);
enum store_error judge_grow(u32 disk, const struct store_order *order, u32 *number);
enum store_error judge_change(u32 disk, const struct store_order *order, u32 *number);

#endif
