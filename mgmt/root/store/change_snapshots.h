/* SPDX-License-Identifier: MIT */
/*
 * change_snapshots.h - the changes that are about snapshots of a VM's disks (change_kinds.h): to make and to delete
 * one, to go back to one, and a new VM that begins as one.
 */
#ifndef VOS_CHANGE_SNAPSHOTS_H
#define VOS_CHANGE_SNAPSHOTS_H

#include "change_kinds.h"

struct error_info snapshot_judge(struct change *c);
struct error_info snapshot_order(struct change *c);
struct error_info revert_judge(struct change *c);
struct error_info revert_order(struct change *c);
struct error_info revert_finish(struct change *c);
struct error_info snapshot_judge_delete(struct change *c);
struct error_info snapshot_order_delete(struct change *c);
struct error_info clone_judge(struct change *c);
struct error_info clone_order(struct change *c);
struct error_info clone_finish(struct change *c);

#endif
